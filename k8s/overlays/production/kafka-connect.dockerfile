# Strimzi's own image with the MongoDB sink of the project's Kafka Connect image:
#   docker build --target kafka-connect --tag activity/kafka-connect:0.1.0 .
#   docker build --file k8s/overlays/production/kafka-connect.dockerfile --tag activity/kafka-connect-strimzi:0.1.0 .
ARG SINK_IMAGE=activity/kafka-connect:0.1.0
ARG STRIMZI_IMAGE=quay.io/strimzi/kafka:1.2.0-kafka-4.3.1

FROM ${SINK_IMAGE} AS sink

FROM ${STRIMZI_IMAGE}
COPY --from=sink /opt/plugins /opt/kafka/plugins
