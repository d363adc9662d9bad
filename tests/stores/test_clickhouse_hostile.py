"""Ten thousand rows that mean harm, arbitrary legal rows, and Ctrl-C: no value changes in silence, nothing panics."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ys_analytics.stores.common.quarantine import RejectPolicy

MONEY = pl.Decimal(38, 18)
RATE = pl.Decimal(18, 8)
TIME = pl.Datetime("us", "UTC")
NOTES = pl.List(pl.Struct({"key": pl.String(), "value": pl.String()}))
ROWS = 10_000
_EXACT = Context(prec=100)
_LAST_MS = (2**63 - 1) // 1000

HOSTILE: dict[str, pl.DataType] = {
    "place": pl.UInt64(), "text": pl.String(), "money": MONEY, "moment": TIME, "notes": NOTES,
    "kind": pl.Enum(["low", "high"]),
}  # fmt: skip

# Every tenth row or so holds one thing that a frame cannot: bytes, digits, a time, bytes in a map, a label.
_MADE = """
    INSERT INTO hostile
    SELECT
        number,
        multiIf(number % 31 = 0, unhex('c328'), number % 31 = 1, unhex('ff00fe'), number % 31 = 2, '',
                number % 31 = 3, char(0), number % 31 = 4, '\\N', hex(sipHash64(number))),
        if(number % 37 = 0, toDecimal128('99999999999999999999', 18) * if(number % 2 = 0, 3, -1),
           toDecimal128(toString(toInt64(sipHash64(number))), 18) / 1000),
        if(number % 41 = 0, reinterpret(toInt64(9223372036854775807 - number), 'DateTime64(3, \\'UTC\\')'),
           fromUnixTimestamp64Milli(toInt64(sipHash64(number) % 4000000000000), 'UTC')),
        if(number % 43 = 0, map('k', unhex('fe')), map('a', toString(number), 'Ω', '')),
        multiIf(number % 47 = 0, 'middle', number % 2 = 0, 'low', 'high')
    FROM numbers({rows:UInt64})
"""


def test_ten_thousand_hostile_rows_change_in_nothing(stores, record_property):
    """Each row arrives digit for digit, or is refused under its key; none is refused that fits."""
    store = stores.clickhouse
    store.run(
        "CREATE TABLE hostile (place UInt64, text String, money Decimal(38, 18), moment DateTime64(3, 'UTC'),"
        " notes Map(String, String), kind Enum8('low' = 1, 'middle' = 2, 'high' = 3)) ENGINE = MergeTree ORDER BY place"
    )
    try:
        store.run(_MADE, {"rows": ROWS})
        rejects = RejectPolicy(source="hostile", key=("place",), quarantine=True)
        loaded = store.scan("hostile", schema=HOSTILE, rejects=rejects)
        truth = store.read(
            "SELECT place, hex(text) AS text, toString(money) AS money, reinterpret(moment, 'Int64') AS moment,"
            " hex(arrayStringConcat(mapValues(notes), '|')) AS notes, toString(kind) AS kind FROM hostile",
            schema={"place": pl.UInt64(), "moment": pl.Int64()}
            | dict.fromkeys(("text", "money", "notes", "kind"), pl.String()),
        )
    finally:
        store.run("DROP TABLE hostile")
    refused = {int(misfit.key["place"]) for misfit in rejects.rejected}
    assert loaded.height + len(refused) == ROWS
    kept = {row["place"]: row for row in loaded.with_columns(pl.col("moment").to_physical()).iter_rows(named=True)}
    for row in truth.iter_rows(named=True):
        money = Decimal(row["money"])
        legal = (
            _is_utf8(row["text"])
            and _is_utf8(row["notes"])
            and money.copy_abs() < 10**20
            and abs(row["moment"]) <= _LAST_MS
            and row["kind"] != "middle"
        )
        assert (row["place"] in kept) == legal == (row["place"] not in refused)
        if legal:
            was = kept[row["place"]]
            assert was["text"] == bytes.fromhex(row["text"]).decode()
            assert was["money"] == money
            assert was["moment"] == row["moment"] * 1000
            assert "|".join(note["value"] for note in was["notes"]) == bytes.fromhex(row["notes"]).decode()
            assert was["kind"] == row["kind"]
    record_property(
        "said", f"ClickHouse: {ROWS:,} hostile rows: {loaded.height:,} exact, {len(refused):,} refused, 0 changed"
    )


def _is_utf8(digits: str) -> bool:
    try:
        bytes.fromhex(digits).decode()
    except UnicodeDecodeError:
        return False
    return True


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moneys = st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: _EXACT.scaleb(Decimal(units), -18))
rates = st.integers(-(10**18) + 1, 10**18 - 1).map(lambda units: _EXACT.scaleb(Decimal(units), -8))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2299, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds are naive by contract
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
pairs = st.dictionaries(texts, rates, max_size=4).map(lambda held: [{"key": k, "value": v} for k, v in held.items()])
notes = st.dictionaries(texts, texts, max_size=4).map(lambda held: [{"key": k, "value": v} for k, v in held.items()])
legal_rows = st.lists(
    st.tuples(
        texts, st.none() | texts, moneys, rates, moments, pairs, notes,
        st.integers(0, 2**64 - 1), st.booleans(), st.floats(allow_nan=False),
    ),
    max_size=30,
)  # fmt: skip
LEGAL: dict[str, pl.DataType] = {
    "text": pl.String(), "maybe": pl.String(), "money": MONEY, "rate": RATE, "moment": TIME,
    "shares": pl.List(pl.Struct({"key": pl.String(), "value": RATE})), "notes": NOTES,
    "block": pl.UInt64(), "flag": pl.Boolean(), "real": pl.Float64(),
}  # fmt: skip


@pytest.fixture(scope="module")
def legal(stores):
    """A table that takes any legal row."""
    stores.clickhouse.run(
        "CREATE TABLE legal (place UInt32, text String, maybe Nullable(String), money Decimal(38, 18),"
        " rate Decimal(18, 8), moment DateTime64(3, 'UTC'), shares Map(String, Decimal(18, 8)),"
        " notes Map(String, String), block UInt64, flag Bool, real Float64) ENGINE = MergeTree ORDER BY place"
    )
    yield stores.clickhouse
    stores.clickhouse.run("DROP TABLE legal")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=legal_rows)
def test_any_legal_row_comes_back_as_it_went(legal, rows):
    """Everything that fits the types survives the way in and the way out, with and without dictionaries."""
    frame = pl.DataFrame(rows, schema=LEGAL, orient="row").with_row_index("place")
    legal.run("TRUNCATE TABLE legal")
    assert legal.write("legal", frame) == frame.height
    schema = {"place": pl.UInt32(), **LEGAL}
    assert legal.read("SELECT * FROM legal ORDER BY place", schema=schema).equals(frame)
    assert legal.scan("legal", schema=schema).sort("place").equals(frame)


def test_ctrl_c_ends_a_read_of_the_embedded_engine(tmp_path):
    """The process ends at once, though the engine had work for hours."""
    program = f"""
from pathlib import Path
import polars as pl
from ys_analytics.stores import ClickHouseAddress
from ys_analytics.stores.clickhouse import ClickHouse
with ClickHouse.open(ClickHouseAddress(folder=Path({str(tmp_path / "ch")!r}))) as store:
    for frame in store.batches("SELECT number FROM numbers(1000000000000)", schema={{"number": pl.UInt64()}}):
        print(frame.height, flush=True)
"""  # noqa: S608 - our own words
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as reader:
        for _ in range(3):
            reader.stdout.readline()
        reader.send_signal(signal.SIGINT)
        _, said = reader.communicate(timeout=30)
    assert "KeyboardInterrupt" in said
    assert reader.returncode != 0


def test_ctrl_z_is_left_to_the_system_by_the_embedded_engine(tmp_path):
    """The engine takes SIGTSTP when it opens; it is given back, so that Ctrl-Z suspends the process.

    Read from the kernel's list of caught signals: whether a stop really happens depends on the session a test runs in.
    """
    program = f"""
import signal
from pathlib import Path
from ys_analytics.stores import ClickHouseAddress
from ys_analytics.stores.clickhouse import ClickHouse
with ClickHouse.open(ClickHouseAddress(folder=Path({str(tmp_path / "ch")!r}))) as store:
    print(store.rows("SELECT 1"))
    caught = next(line for line in open("/proc/self/status") if line.startswith("SigCgt"))
    print("caught" if int(caught.split()[1], 16) >> (signal.SIGTSTP - 1) & 1 else "left alone")
"""
    root = Path(__file__).resolve().parents[2]
    said = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said == "[(1,)]\nleft alone\n"
