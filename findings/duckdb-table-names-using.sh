#!/usr/bin/env bash
# DuckDB's get_table_names fails on a join with USING, and does not see registered Arrow tables.
#
# `get_table_names` answers which tables a query reads. Of `JOIN ... ON` it names both tables, whether they exist or
# not; for the same join written `USING (id)`, or NATURAL, it raises a BinderException, although the tables and the
# column exist and the query itself runs. Of a table that was registered from Arrow it gives an empty set.
#
# Seen with: duckdb 2.0.0, pyarrow 26.0.1, CPython 3.11, Linux.
# What a user meets: a tool that loads just the tables a query names refuses an ordinary join, or loads nothing.
# Our guard: frames/sql.py `tables_read` binds the query and walks DuckDB's parsed statement (json_serialize_sql).
# Test: tests/frames/test_sql.py::test_the_tables_of_a_query_are_found_by_its_parser
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.0 pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import sys

import duckdb
import pyarrow as pa

engine = duckdb.connect()
engine.execute("CREATE TABLE quotes (id INT, price INT)")
engine.execute("CREATE TABLE assets (id INT, symbol TEXT)")
engine.register("arrived", pa.table({"id": [1]}))


def named(query):
    engine.sql(query).fetchall()  # the query runs
    try:
        return sorted(engine.get_table_names(query))
    except duckdb.BinderException:
        return "BinderException"


found = {
    "ON": named("SELECT * FROM quotes JOIN assets ON quotes.id = assets.id"),
    "USING": named("SELECT * FROM quotes JOIN assets USING (id)"),
    "registered": named("SELECT * FROM arrived"),
}
print(found)
seen = {"ON": ["assets", "quotes"], "USING": "BinderException", "registered": []}
print("as described" if found == seen else f"changed, seen was {seen}")
sys.exit(found != seen)
PY
