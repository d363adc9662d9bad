#!/usr/bin/env bash
# DuckDB's TIMETZ loses its offset on the way through Arrow, without an error.
#
# Arrow has no time of day with an offset. DuckDB exports TIMETZ as a plain time of day: the digits stay, the offset is
# dropped. Two values that DuckDB says differ by three hours arrive as the same.
#
# Seen with: duckdb 2.0.0, polars 2.1.0, pyarrow 26.0.1, CPython 3.11, Linux.
# What a user meets: times of day from two zones are equal in the frame and not in the query.
# Our guard: frames/sql.py refuses the type by column and names the cast to write.
# Test: tests/frames/test_sql.py::test_a_type_without_a_rule_is_refused_by_column
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  duckdb==2.0.0 polars==2.1.0 pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import sys

import duckdb

asked = duckdb.sql("SELECT TIMETZ '10:00:00+02' AS one, TIMETZ '10:00:00-01' AS other")
((equal,),) = duckdb.sql("SELECT TIMETZ '10:00:00+02' = TIMETZ '10:00:00-01'").fetchall()
one, other = asked.pl().row(0)
print(f"DuckDB: {asked.fetchall()}, equal: {equal}")
print(f"Polars: {one} {other}, equal: {one == other}, {asked.pl().schema}")
same = not equal and one == other and one.tzinfo is None
print("as described" if same else "changed")
sys.exit(not same)
PY
