#!/usr/bin/env bash
# Runs one of Kafka's main classes.
export CLASSPATH='/opt/kafka/libs/*'
# shellcheck disable=SC2086
exec java ${KAFKA_OPTS:-} ${KAFKA_HEAP_OPTS:--Xmx256m} -XX:+UseSerialGC ${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/etc/kafka/docker/log4j2.properties} "$@"
