#!/usr/bin/env bash
# Does what the original image does when it starts: Kafka's own wrapper makes server.properties of the KAFKA_* variables and
# formats the storage; then the broker begins.
set -euo pipefail
defaults="$(mktemp -d)"
: > "$defaults/server.properties"
cp /etc/kafka/docker/log4j2.yaml "$defaults/"
cp /etc/kafka/docker/log4j2.yaml "$defaults/tools-log4j2.yaml"
# That the storage is there already, from an earlier start, it says as if it were a failure.
said="$(/opt/kafka/bin/java-main.sh kafka.docker.KafkaDockerWrapper setup --default-configs-dir "$defaults" \
  --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1)" \
  || grep --quiet --ignore-case 'already formatted' <<< "$said" || { echo "$said"; exit 1; }
exec /opt/kafka/bin/java-main.sh kafka.Kafka /opt/kafka/config/server.properties
