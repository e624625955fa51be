#!/usr/bin/env bash
# Starts a Kafka Connect worker with worker.properties and, on top of it, what CONNECT_* variables say.
set -euo pipefail
properties="${TMPDIR:-/tmp}/connect.properties"
cp "$(dirname "$0")/worker.properties" "$properties"
for variable in "${!CONNECT_@}"; do
  setting="${variable#CONNECT_}"
  setting="${setting,,}"
  value="${!variable}"
  # A backslash is an escape in a properties file. Where a setting is there twice, the later one counts.
  printf '%s=%s\n' "${setting//_/.}" "${value//\\/\\\\}" >> "$properties"
done
# As beside `npm start`: what Connect and the sink log of a failure must not quote records.
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$(dirname "$0")/log4j2.properties"
exec /opt/kafka/bin/connect-distributed.sh "$properties"
