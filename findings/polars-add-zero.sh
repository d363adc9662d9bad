#!/usr/bin/env bash
# Polars leaves -0.0 as it is when 0.0 is added to it, or when 0.0 is taken from 0.0; of a column of one row it does not.
#
# IEEE 754 says that -0.0 + 0.0 and 0.0 - 0.0 are 0.0. Polars gives -0.0 for both as soon as the column has two rows; an
# expression over a frame of one row gives 0.0, and a column added to a column gives 0.0 always.
#
# Seen with: polars 2.1.0, CPython 3.11, Linux.
# What a user meets: a loss computed as `-ret + 0.0`, so that nothing lost is 0, is 0 for one portfolio and -0 for two;
# the minus is printed.
# Our guard: `as_loss` replaces zero by zero.
# Test: tests/metrics/test_defects.py (nothing lost is nothing, of one portfolio as of three)
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
"$folder/venv/bin/python" - <<'PY'
import sys

import polars as pl


def shown(rows: int) -> list[str]:
    zero, minus = pl.DataFrame({"v": [0.0] * rows}), pl.DataFrame({"v": [-0.0] * rows})
    return [
        str(minus.select(pl.col("v") + 0.0).item(0, 0)),
        str(zero.select(0.0 - pl.col("v")).item(0, 0)),
        str(minus.select(pl.col("v") + pl.Series([0.0] * rows)).item(0, 0)),
    ]


one, two = shown(1), shown(2)
print(f"polars {pl.__version__}: -0.0 + 0.0, 0.0 - 0.0, column + column: one row {one}, two rows {two}")
same = one == ["0.0", "0.0", "0.0"] and two == ["-0.0", "-0.0", "0.0"]
print("as described" if same else "changed")
sys.exit(not same)
PY
