# Stands in for apache/kafka: the jars that `npm start` fetches, on Debian's Java, with the scripts, folders and user of the original.
FROM activity/stand-in-java:1.0
COPY libs /opt/kafka/libs
COPY kafka-bin /opt/kafka/bin
COPY log4j2.properties log4j2.yaml /etc/kafka/docker/
COPY kafka-run.sh /etc/kafka/docker/run
RUN useradd --uid 1000 --create-home appuser \
  && mkdir -p /opt/kafka/config /var/lib/kafka/data /mnt/shared/config \
  && chown -R appuser /opt/kafka/config /var/lib/kafka \
  && chmod -R a+rx /opt/kafka/bin /etc/kafka/docker/run
USER appuser
VOLUME /var/lib/kafka/data
CMD ["/etc/kafka/docker/run"]
