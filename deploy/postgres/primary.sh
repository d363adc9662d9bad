#!/bin/sh
# Runs once, when the primary's data folder is made: the role and the slot that the replica streams with.
set -eu
secrets=${SECRETS:-/run/secrets}
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set password="$(cat "$secrets/postgres_replication_password")" <<'SQL'
CREATE ROLE ys_replication LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('ys_replica');
SQL
