#!/usr/bin/env bash
# Arrow writes two different filters as the same text: quotes inside a list of texts are not escaped.
#
# An Arrow expression can be evaluated and printed, but not taken apart. Of a comparison the text says what it is, for
# quotes inside are escaped; of a list they are not: `is_in` with one text that holds a quote, a comma and a line break
# prints as the list of two texts would. The two are not equal and choose different rows.
#
# Seen with: pyarrow 26.0.1, CPython 3.11, Linux.
# What a user meets: a tool that reads a filter's text, such as one that DuckDB pushed to a dataset, asks for other rows.
# Our guard: frames/pushed_filters.py builds what it read again, and uses it only where both are equal.
# Test: tests/frames/test_pushed_filters.py::test_two_filters_that_print_alike_are_distinguished
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import sys

import pyarrow as pa
import pyarrow.compute as pc

one = pc.field("id").isin(pa.array(['x",\n  "y']))
two = pc.field("id").isin(pa.array(["x", "y"]))
found = {
    "same text": str(one) == str(two),
    "equal": one.equals(two),
    "a comparison is escaped": str(pc.field("id") == 'x"y') == '(id == "x\\"y")',
}
print(found)
seen = {"same text": True, "equal": False, "a comparison is escaped": True}
print("as described" if found == seen else f"changed, seen was {seen}")
sys.exit(found != seen)
PY
