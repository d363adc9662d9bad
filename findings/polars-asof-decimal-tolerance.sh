#!/usr/bin/env bash
# Polars' join_asof counts a tolerance on a Decimal column in units of the last decimal.
#
# On a Float64 column, tolerance=0.5 keeps matches at most 0.5 apart. On a Decimal(38, 18) column the tolerance is not
# scaled: 0.5, Decimal("0.5") and even 5 keep nothing, and the integer 5 * 10**17 means 0.5. There is no error; the
# right-hand columns are null, as if nothing were near.
#
# Seen with: polars 2.1.0, CPython 3.11, Linux.
# What a user meets: prices or amounts matched "within a cent" match nothing, and the frame looks complete.
# Our guard: the kit joins asof by time only; match amounts on pl.col(...).cast(pl.Float64), or give scaled integers.
# Test: none; no code of the kit has a tolerance on a Decimal.
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

asked = pl.DataFrame({"price": [1.5, 3.0]})
quoted = pl.DataFrame({"price": [1.4, 2.0], "quote": ["a", "b"]})


def matched(dtype, tolerance):
    frames = [frame.with_columns(pl.col("price").cast(dtype)) for frame in (asked, quoted)]
    return frames[0].join_asof(frames[1], on="price", tolerance=tolerance)["quote"].to_list()


money = pl.Decimal(38, 18)
found = [matched(pl.Float64, 0.5), matched(money, 0.5), matched(money, Decimal("0.5")), matched(money, 5),
         matched(money, 5 * 10**17)]
for name, quotes in zip(["Float64, 0.5", "Decimal, 0.5", "Decimal, Decimal('0.5')", "Decimal, 5", "Decimal, 5e17"], found):
    print(f"{name}: {quotes}")
seen = [["a", None], [None, None], [None, None], [None, None], ["a", None]]
print("as described" if found == seen else f"changed, seen was {seen}")
sys.exit(found != seen)
PY
