#!/bin/sh
# A Sentinel rewrites its own configuration; the first time it is made from these lines and the secret.
set -eu
secrets=${SECRETS:-/run/secrets}
own="$DATA/sentinel.conf"
if [ ! -s "$own" ]; then
  umask 077
  password=$(cat "$secrets/redis_password")
  cat >"$own" <<CONF
bind 127.0.0.1
port $PORT
dir $DATA
requirepass $password
sentinel sentinel-pass $password
sentinel monitor ys 127.0.0.1 ${MASTER_PORT:-6379} 2
sentinel auth-pass ys $password
sentinel down-after-milliseconds ys ${DOWN_AFTER:-5000}
sentinel failover-timeout ys ${FAILOVER_TIMEOUT:-30000}
sentinel parallel-syncs ys 1
CONF
fi
exec redis-server "$own" --sentinel
