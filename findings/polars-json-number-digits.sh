#!/usr/bin/env bash
# Polars reads JSON numbers as Float64 even where text or a Decimal was asked for.
#
# `str.json_path_match` extracts part of a JSON text as text. A JSON string comes out as written; a number comes out as
# the shortest text of its Float64: digits after the 17th are gone, and 0.000000000000000001 becomes 1e-18.
# `str.json_decode` and `read_json` with a Decimal(38, 18) declared give the decimal expansion of the Float64, so digits
# appear that the text does not have. JSON strings with the same digits are exact in all three.
#
# Seen with: polars 2.1.0, CPython 3.11, Linux. The Float64 detour of read_json into String is the library's open
# issue 23772; the extraction of text and declared Decimals are not in it.
# What a user meets: a fee or an amount in a JSON column of PostgreSQL (jsonb keeps all digits) changes on reading.
# Our guard: desk/gas.py parses fees with Python's json and keeps their digits; stores/common/json_text.py takes
# Decimals as JSON strings only.
# Test: tests/desk/test_activity.py::test_fees_next_to_gas_are_part_of_gas,
# tests/stores/test_json_text.py::test_what_does_not_fit_is_refused_and_its_neighbours_are_not
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
"$folder/venv/bin/python" - <<'PY'
import io
import sys

import polars as pl

exact = "1.123456789012345678"
number, text = f'{{"fee": {exact}}}', f'{{"fee": "{exact}"}}'
money = pl.Decimal(38, 18)


def read(written):
    column = pl.Series([written])
    return (
        column.str.json_path_match("$.fee")[0],
        str(column.str.json_decode(pl.Struct({"fee": money}))[0]["fee"]),
        str(pl.read_json(io.BytesIO(f"[{written}]".encode()), schema={"fee": money})["fee"][0]),
    )


print(f"written: {exact}")
ways = ("json_path_match", "json_decode", "read_json")
for name, written in (("number", number), ("string", text)):
    print(f"{name}: " + ", ".join(f"{way} {value}" for way, value in zip(ways, read(written))))
same = (
    read(number) == ("1.1234567890123457", "1.123456789012345728", "1.123456789012345728")
    and read(text) == (exact,) * 3
)
print("as described" if same else "changed")
sys.exit(not same)
PY
