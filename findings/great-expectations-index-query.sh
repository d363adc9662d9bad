#!/usr/bin/env bash
# Great Expectations hands out SQL for broken rows that no database can run, when a value is a date or has an apostrophe.
#
# With return_unexpected_index_query, a result carries `unexpected_index_query`, the query that finds the rows again.
# Parameters are put into it as Python writes them: a datetime stands there as datetime.datetime(...), and a text with an
# apostrophe in double quotes, which SQL reads as the name of a column.
#
# Seen with: great-expectations 1.24.1, sqlalchemy 2.1.9, SQLite, CPython 3.11, Linux. The verdicts themselves are right.
# What a user meets: the query copied from a report raises a syntax error, or compares with a column.
# Our guard: quality/checks.py never asks for the query; broken rows come from unexpected_index_column_names.
# Test: tests/quality/test_validation.py (samples of broken rows)
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GX_ANALYTICS_ENABLED=false  # nothing is sent anywhere
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  great-expectations==1.24.1 sqlalchemy==2.1.9
cat >"$folder/ask.py" <<'PY'
import sqlite3
import sys
from datetime import datetime

import great_expectations as gx
from great_expectations.expectations import ExpectColumnValuesToBeBetween, ExpectColumnValuesToBeInSet

path = sys.argv[1]
store = sqlite3.connect(path)
store.execute("CREATE TABLE quotes (id INTEGER, asset TEXT, at TIMESTAMP)")
store.executemany("INSERT INTO quotes VALUES (?, ?, ?)",
                  [(1, "gold", "2026-01-01 00:00:00.000000"), (2, "miner's gold", "2026-01-03 00:00:00.000000")])
store.commit()
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
rows = context.data_sources.add_sql("store", connection_string=f"sqlite:///{path}").add_table_asset(
    "quotes", table_name="quotes").add_batch_definition_whole_table("all")
meant = [ExpectColumnValuesToBeBetween(column="at", min_value=datetime(2026, 1, 2)),
         ExpectColumnValuesToBeInSet(column="asset", value_set=["miner's gold"])]
suite = context.suites.add(gx.ExpectationSuite("suite", expectations=meant))
judged = context.validation_definitions.add(gx.ValidationDefinition(name="judged", data=rows, suite=suite))
detail = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"], "return_unexpected_index_query": True}
found = {}
for result in judged.run(result_format=detail).results:
    column = result.expectation_config.kwargs["column"]
    assert result.result["unexpected_index_list"][0]["id"] == 1, result
    found[column] = " ".join(result.result["unexpected_index_query"].split())
    print(found[column])
try:
    store.execute(found["at"].rstrip(";"))
    ran = True
except sqlite3.OperationalError as error:
    print(f"SQLite: {error}")
    ran = False
same = not ran and "datetime.datetime(2026, 1, 2" in found["at"] and "\"miner's gold\"" in found["asset"]
print("as described" if same else "changed")
sys.exit(not same)
PY
"$folder/venv/bin/python" "$folder/ask.py" "$folder/quotes.db" 2>"$folder/said" || { cat "$folder/said" >&2; exit 1; }
