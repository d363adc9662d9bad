#!/bin/sh
# Copies the primary the first time, and then is its streaming replica.
set -eu
secrets=${SECRETS:-/run/secrets}
config=${CONFIG:-/etc/ys}
host=${PRIMARY_HOST:-postgres}
port=${PRIMARY_PORT:-5432}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  umask 077
  rm -rf "$PGDATA.new" # what a copy that broke off left
  mkdir -p "$(dirname "$PGDATA")"
  PGPASSWORD=$(cat "$secrets/postgres_replication_password") pg_basebackup --pgdata "$PGDATA.new" \
    --host "$host" --port "$port" --username ys_replication --slot ys_replica --wal-method stream --write-recovery-conf \
    --checkpoint fast --no-password
  mv "$PGDATA.new" "$PGDATA"
fi
exec postgres -c config_file="$config/postgresql.conf" -c hba_file="$config/pg_hba.conf" "$@"
