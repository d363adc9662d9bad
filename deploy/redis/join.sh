#!/bin/sh
# Makes one cluster of the masters at these ports, unless they are one already; then there is nothing left to do.
set -eu
secrets=${SECRETS:-/run/secrets}
REDISCLI_AUTH=$(cat "$secrets/redis_password")
export REDISCLI_AUTH
first=$1
if redis-cli -h 127.0.0.1 -p "$first" cluster info | grep -q cluster_state:ok; then exit 0; fi
nodes=""
for port in "$@"; do nodes="$nodes 127.0.0.1:$port"; done
# shellcheck disable=SC2086 # one word a node
redis-cli --cluster create $nodes --cluster-yes
