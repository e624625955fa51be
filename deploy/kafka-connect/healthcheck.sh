#!/usr/bin/env bash
# The worker's health check: GET /health is 200 once it has joined its group. With bash alone, as the image has no curl.
# REST_AUTHORIZATION_FILE holds the header `Authorization`, where the REST interface asks for a password.
set -euo pipefail
authorization=''
[[ -z "${REST_AUTHORIZATION_FILE:-}" ]] || authorization="Authorization: $(< "$REST_AUTHORIZATION_FILE")"$'\r\n'
exec 3<> /dev/tcp/127.0.0.1/8083
printf 'GET /health HTTP/1.0\r\nHost: localhost\r\n%s\r\n' "$authorization" >&3
read -r -t 3 _ status _ <&3
[[ "$status" == 200 ]]
