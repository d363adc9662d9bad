#!/bin/sh
# Makes every secret that docker-compose.yml reads, each in a file of its own, once; what is there stays.
# The folder is its owner's alone; the files in it can be read, because each server runs as an account of its own.
set -eu
umask 077
folder=${1:-"$(dirname "$0")/secrets"}
mkdir -p "$folder"
word() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
for name in postgres_password postgres_replication_password postgres_analyst_password clickhouse_password \
  clickhouse_analyst_password redis_password redis_analyst_password qdrant_api_key qdrant_read_only_api_key lab_token; do
  [ -s "$folder/$name" ] || word >"$folder/$name"
done
read_() { cat "$folder/$1"; }
[ -s "$folder/pgbouncer_users" ] || printf '"ys" "%s"\n"ys_analyst" "%s"\n' \
  "$(read_ postgres_password)" "$(read_ postgres_analyst_password)" >"$folder/pgbouncer_users"
[ -s "$folder/redis_auth" ] || printf '%s\n' \
  "requirepass $(read_ redis_password)" \
  "masterauth $(read_ redis_password)" \
  "user analyst on >$(read_ redis_analyst_password) ~* +@read +@connection +info +eval +cluster +role" >"$folder/redis_auth"
[ -s "$folder/clickhouse_secrets" ] || printf '<clickhouse>%s%s%s</clickhouse>\n' \
  "<owner_password>$(hash "$(read_ clickhouse_password)")</owner_password>" \
  "<analyst_password>$(hash "$(read_ clickhouse_analyst_password)")</analyst_password>" \
  "<cluster_secret>$(word)</cluster_secret>" >"$folder/clickhouse_secrets"
[ -s "$folder/qdrant_config" ] || printf 'service:\n  api_key: %s\n  read_only_api_key: %s\ntelemetry_disabled: true\n' \
  "$(read_ qdrant_api_key)" "$(read_ qdrant_read_only_api_key)" >"$folder/qdrant_config"
chmod 0444 "$folder"/*
