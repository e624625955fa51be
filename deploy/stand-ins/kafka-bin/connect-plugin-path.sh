#!/usr/bin/env bash
exec "$(dirname "$0")/java-main.sh" org.apache.kafka.tools.ConnectPluginPath "$@"
