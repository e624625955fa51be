#!/usr/bin/env bash
exec "$(dirname "$0")/java-main.sh" org.apache.kafka.connect.cli.ConnectDistributed "$@"
