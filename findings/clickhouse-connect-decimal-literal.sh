#!/usr/bin/env bash
# clickhouse-connect binds a Decimal as a Float64 and a datetime without its fraction, when parameters are %(name)s.
#
# A Decimal is written into the SQL bare, and ClickHouse reads a bare number with a point as Float64: a Decimal(38, 18)
# loses its last digits, and a comparison with it is one of floats: a row with another amount is found too. A datetime is
# written to the second. The same values bound as {name:Type} arrive exactly.
#
# Seen with: clickhouse-connect 1.12.0, chdb 4.4.0 (ClickHouse 26.9.2), CPython 3.11, Linux.
# What a user meets: a query for one amount finds rows with others, and arithmetic with it is rounded, without an error.
# Our guard: stores/clickhouse/store.py takes {name:Type} parameters; client.py `bound` writes times with microseconds.
# Test: tests/stores/test_clickhouse.py::test_a_decimal_parameter_keeps_its_digits
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check chdb==4.4.0 clickhouse-connect==1.12.0
"$folder/venv/bin/python" - <<'PY'
import sys
from datetime import datetime
from decimal import Decimal

import clickhouse_connect

client = clickhouse_connect.get_client(interface="chdb")
amount = Decimal("1.123456789012345678")
client.command("CREATE TABLE held (amount Decimal(38, 18)) ENGINE = Memory")
near = Decimal("1.123456789012345679")
client.insert("held", [[amount], [near]])
read = [row for (row,) in client.query("SELECT amount FROM held ORDER BY amount").result_rows]
given = {"amount": amount, "moment": datetime(2026, 1, 1, 0, 0, 0, 123456)}
((text, moment),) = client.query("SELECT toString(%(amount)s), %(moment)s", parameters=given).result_rows
((by_text,),) = client.query("SELECT count() FROM held WHERE amount = %(amount)s", parameters=given).result_rows
((by_type,),) = client.query("SELECT count() FROM held WHERE amount = {amount:Decimal(38, 18)}", parameters=given).result_rows
print(f"stored {read[0]} and {read[1]}; bound by %(name)s: {text} and {moment}")
print(f"rows with the first amount: {by_text} with %(name)s, {by_type} with {{name:Type}}")
same = read == [amount, near] and text != str(amount) and moment == "2026-01-01 00:00:00" and (by_text, by_type) == (2, 1)
print("as described" if same else "changed")
sys.exit(not same)
PY
