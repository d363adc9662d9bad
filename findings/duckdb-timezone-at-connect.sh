#!/usr/bin/env bash
# DuckDB refuses a time zone in connect(config=...), and accepts it one statement later.
#
# Settings can be handed to `duckdb.connect` as a dictionary. With TimeZone it raises InvalidInputException: the icu
# extension is needed and could not be loaded. The extension is part of the wheel: without the setting, the same
# process connects and `SET TimeZone` works at once, without network.
#
# Seen with: duckdb 2.0.0, CPython 3.11, Linux.
# What a user meets: the session zone cannot be fixed before the first statement, where a date cast would need it.
# Our guard: frames/sql.py sets the zone to UTC as the first statement of every connection.
# Test: tests/frames/test_sql.py::test_a_day_is_a_utc_day_on_every_machine
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.0
"$folder/venv/bin/python" - <<'PY'
import sys

import duckdb

try:
    duckdb.connect(config={"TimeZone": "UTC"})
    at_connect = "accepted"
except duckdb.InvalidInputException as error:
    at_connect = f"refused: {str(error).splitlines()[0]}"
engine = duckdb.connect()
engine.execute("SET TimeZone = 'UTC'")
(later,) = engine.execute("SELECT current_setting('TimeZone')").fetchone()
print(f"connect(config=...): {at_connect}")
print(f"SET after connect: {later}")
same = at_connect.startswith("refused") and "icu" in at_connect and later == "UTC"
print("as described" if same else "changed")
sys.exit(not same)
PY
