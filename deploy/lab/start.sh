#!/bin/sh
# JupyterLab, or the command that is given, as the analyst: it reads, and holds no password of an owner.
set -eu
secrets=${SECRETS:-/run/secrets}
YS_ANALYST_PASSWORD=$(cat "$secrets/postgres_analyst_password")
YS_QDRANT_API_KEY=$(cat "$secrets/qdrant_read_only_api_key")
JUPYTER_TOKEN=$(cat "$secrets/lab_token")
export YS_ANALYST_PASSWORD YS_QDRANT_API_KEY JUPYTER_TOKEN
export YS_POSTGRES_URL="postgresql://127.0.0.1:6432/ys"
export YS_CLICKHOUSE_URL="http://ys_analyst:$(cat "$secrets/clickhouse_analyst_password")@127.0.0.1:8123/ys"
export YS_REDIS_URL="redis://analyst:$(cat "$secrets/redis_analyst_password")@127.0.0.1:6379/0"
export YS_QDRANT_URL="http://127.0.0.1:6333"
test $# -eq 0 || exec "$@"
exec python -m jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.port="${PORT:-8888}" --no-browser
