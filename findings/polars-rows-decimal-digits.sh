#!/usr/bin/env bash
# Polars rounds Python Decimals, or makes them null, without an error when it infers their type.
#
# Of rows, the first hundred decide the scale of a Decimal column; a later row with more decimals is rounded to it. Of a
# whole column, the scale is the largest any value needs; a value that then has more than 38 digits becomes null. Both
# happen with `strict` left at True.
#
# Seen with: polars 2.1.0, CPython 3.11, Linux.
# What a user meets: amounts fetched as rows from a database driver lose their decimals from row 101 on.
# Our guard: every frame made of Python rows has a declared schema, and loaders parse Decimals from text by it.
# Test: tests/stores/test_postgres_hostile.py, tests/stores/test_clickhouse_hostile.py (any legal row comes back)
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
"$folder/venv/bin/python" - <<'PY'
import sys
from decimal import Decimal

import polars as pl

fine = Decimal("2.123456789")
rows = [(Decimal("1.1"),)] * 100 + [(fine,)]
of_rows = pl.DataFrame(rows, schema=["amount"], orient="row")["amount"]
of_dicts = pl.from_dicts([{"amount": amount} for (amount,) in rows])["amount"]
declared = pl.DataFrame(rows, schema={"amount": pl.Decimal(38, 18)}, orient="row")["amount"]
column = pl.Series([Decimal(10) ** 30, Decimal(1).scaleb(-20)])
print(f"rows: {fine} became {of_rows[-1]} ({of_rows.dtype}), dicts: {of_dicts[-1]}, declared: {declared[-1]}")
print(f"column: 1E+30 beside 1E-20 became {column[0]} ({column.dtype})")
same = of_rows[-1] == of_dicts[-1] == Decimal("2.1") and declared[-1] == fine and column[0] is None
print("as described" if same else "changed")
sys.exit(not same)
PY
