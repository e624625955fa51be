# The pipeline's images, one target each: ingest, processor, connect, query, setup; and kafka-connect, which is Kafka Connect
# with the MongoDB sink and the project's own classes for it.
#   docker build --target ingest --tag activity/ingest .
ARG NODE_IMAGE=node:26.10.0-bookworm-slim
ARG MAVEN_IMAGE=maven:3.9.11-eclipse-temurin-17
ARG KAFKA_IMAGE=apache/kafka:4.4.0

# The lockfile covers all workspaces, so npm wants to see each of them.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/catalogue/package.json packages/catalogue/
COPY packages/contracts/package.json packages/contracts/
COPY packages/create-streams-app/package.json packages/create-streams-app/
COPY packages/kafka/package.json packages/kafka/
COPY packages/service/package.json packages/service/
COPY packages/streams/package.json packages/streams/
COPY packages/testbed/package.json packages/testbed/
COPY ingest/package.json ingest/
COPY processor/package.json processor/
COPY connect/package.json connect/
COPY query/package.json query/
COPY deploy/package.json deploy/
COPY local/package.json local/
COPY e2e/package.json e2e/
COPY benchmarks/package.json benchmarks/
COPY examples/package.json examples/
COPY site/package.json site/

# A workspace is a root to npm: without the first command it would install what the tests need, too.
FROM manifests AS ingest-modules
RUN npm pkg delete devDependencies --workspace ingest && npm ci --omit=dev --workspace ingest
FROM manifests AS processor-modules
RUN npm pkg delete devDependencies --workspace processor && npm ci --omit=dev --workspace processor
FROM manifests AS connect-modules
RUN npm pkg delete devDependencies --workspace connect && npm ci --omit=dev --workspace connect
FROM manifests AS query-modules
RUN npm pkg delete devDependencies --workspace query && npm ci --omit=dev --workspace query
FROM manifests AS page
# The tests' own packages are not needed to build it.
RUN npm pkg delete 'devDependencies[@activity/testbed]' --workspace query && npm ci --workspace query
COPY query/page query/page
RUN node query/page/build.ts
FROM manifests AS setup-modules
RUN npm pkg delete devDependencies --workspace deploy && npm ci --omit=dev --workspace deploy

# Node strips the types when it starts: there is nothing to compile.
FROM ${NODE_IMAGE} AS service
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY deploy/healthcheck.mjs ./
USER node

FROM service AS ingest
COPY --from=ingest-modules /app ./
COPY packages/catalogue packages/catalogue
COPY packages/contracts packages/contracts
COPY packages/service packages/service
COPY packages/kafka packages/kafka
COPY ingest ingest
# The second port is for probes alone: clients that fill the first do not reach it.
ENV PORT=3000 PROBE_PORT=3004
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["node", "healthcheck.mjs", "PROBE_PORT", "/readyz"]
# A burst of waiting events would otherwise grow the space for young objects to 128 MiB.
ENTRYPOINT ["node", "--max-semi-space-size=16", "ingest/src/main.ts"]

FROM service AS processor
COPY --from=processor-modules /app ./
COPY packages/catalogue packages/catalogue
COPY packages/contracts packages/contracts
COPY packages/service packages/service
COPY packages/kafka packages/kafka
COPY packages/streams packages/streams
COPY processor processor
USER root
RUN mkdir -p /data && chown node:node /data
USER node
ENV METRICS_PORT=3002 STATE_DIR=/data
VOLUME /data
EXPOSE 3002
HEALTHCHECK --interval=5s --timeout=4s --start-period=120s --retries=3 CMD ["node", "healthcheck.mjs", "METRICS_PORT", "/readyz"]
# What is counted between two commits is young until the commit is over: less room would copy it about.
ENTRYPOINT ["node", "--max-semi-space-size=64", "processor/src/main.ts"]

FROM service AS connect
COPY --from=connect-modules /app ./
COPY packages/contracts packages/contracts
COPY packages/service packages/service
COPY packages/kafka packages/kafka
COPY packages/streams packages/streams
COPY connect connect
ENV METRICS_PORT=3003
EXPOSE 3003
HEALTHCHECK --interval=5s --timeout=4s --start-period=120s --retries=3 CMD ["node", "healthcheck.mjs", "METRICS_PORT", "/readyz"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "connect/src/main.ts"]

FROM service AS query
COPY --from=query-modules /app ./
COPY packages/catalogue packages/catalogue
COPY packages/contracts packages/contracts
COPY packages/service packages/service
COPY packages/kafka packages/kafka
COPY query query
COPY --from=page /app/query/page/dist query/page/dist
ENV PORT=3001 PROBE_PORT=3005
EXPOSE 3001
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["node", "healthcheck.mjs", "PROBE_PORT", "/readyz"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "query/src/main.ts"]

# Steps that run once and end: `topics`, `secrets`, `replica-set`.
FROM service AS setup
COPY --from=setup-modules /app ./
COPY packages/contracts packages/contracts
COPY packages/service packages/service
COPY deploy/src deploy/src
USER root
# New volumes that are mounted there belong to whom these belong to.
RUN mkdir -p /secrets/mongo /secrets/query /secrets/connectors /secrets/sink && chown -R node:node /secrets
USER node
ENTRYPOINT ["node", "deploy/src/setup/main.ts"]

FROM ${MAVEN_IMAGE} AS sink
WORKDIR /build
COPY packages/testbed/pom.xml packages/testbed/jars.sha256 ./
RUN mvn --batch-mode --quiet --strict-checksums --activate-profiles sink dependency:copy-dependencies -DoutputDirectory=/plugins/mongodb \
  && grep ' plugins/' jars.sha256 > /sink.sha256 && cd / && sha256sum --check --strict --quiet sink.sha256

FROM ${KAFKA_IMAGE} AS kafka-connect
USER root
COPY --from=sink /plugins /opt/plugins
COPY connect/sink-plugin/activity-sink.jar /opt/plugins/mongodb/
COPY deploy/kafka-connect packages/testbed/log4j2.properties /opt/connect/
# The manifests that let the worker find the sink without scanning every jar; they stay as they are.
RUN /opt/kafka/bin/connect-plugin-path.sh sync-manifests --plugin-path /opt/plugins
USER appuser
EXPOSE 8083
HEALTHCHECK --interval=5s --timeout=4s --start-period=120s --retries=3 CMD ["/bin/bash", "/opt/connect/healthcheck.sh"]
ENTRYPOINT ["/bin/bash", "/opt/connect/start.sh"]
CMD []
