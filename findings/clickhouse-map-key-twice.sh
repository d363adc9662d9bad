#!/usr/bin/env bash
# A ClickHouse Map with a key that is there twice gives three answers in three libraries.
#
# ClickHouse accepts the key twice, and m['a'] is the first value. clickhouse-connect makes a dictionary of the same cell,
# with the last value. Through Arrow both pairs arrive: Polars shows two, gives Python the last, and DuckDB refuses the table.
#
# Seen with: chdb 4.4.0 (ClickHouse 26.9.2), clickhouse-connect 1.12.0, polars 2.1.0, duckdb 2.0.0, pyarrow 26.0.1,
# CPython 3.11, Linux.
# What a user meets: a share of an allocation differs between a query and a notebook, and a total loses one pair.
# Our guard: stores/clickhouse/arrow_reader.py gives a Map as a list of key and value, every pair kept.
# Test: tests/stores/test_clickhouse.py::test_a_map_keeps_a_key_that_is_there_twice
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  chdb==4.4.0 clickhouse-connect==1.12.0 polars==2.1.0 duckdb==2.0.0 pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import sys

import clickhouse_connect
import duckdb
import polars as pl

client = clickhouse_connect.get_client(interface="chdb")
shares = "map('btc', 0.25, 'btc', 0.75) AS shares"
((in_sql, of_client),) = client.query(f"SELECT shares['btc'], shares FROM (SELECT {shares})").result_rows
arrow = client.query_arrow(f"SELECT {shares}")
pairs = arrow["shares"].to_pylist()[0]
of_polars = pl.from_arrow(arrow)["shares"].to_list()[0]
try:
    of_duckdb = duckdb.sql("SELECT shares FROM arrow").fetchall()
except duckdb.InvalidInputException:
    of_duckdb = "refused"
print(f"SQL {in_sql}, clickhouse-connect {of_client}, Arrow {pairs}, Polars {of_polars}, DuckDB {of_duckdb}")
same = (
    in_sql == 0.25
    and of_client == of_polars == {"btc": 0.75}
    and pairs == [("btc", 0.25), ("btc", 0.75)]
    and of_duckdb == "refused"
)
print("as described" if same else "changed")
sys.exit(not same)
PY
