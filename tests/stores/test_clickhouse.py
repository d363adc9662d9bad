"""ClickHouse in and out, in process and over HTTP: every value as it was, and an answer cut short never passes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics.errors import ContractError, StoreError
from ys_analytics.stores import ClickHouseAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse

MONEY = pl.Decimal(38, 18)
RATE = pl.Decimal(18, 8)
PAIRS = pl.List(pl.Struct({"key": pl.String(), "value": RATE}))
SCHEMA: dict[str, pl.DataType] = {
    "place": pl.UInt32(),
    "moment": pl.Datetime("us", "UTC"),
    "text": pl.String(),
    "maybe": pl.String(),
    "money": MONEY,
    "rate": RATE,
    "shares": PAIRS,
    "block": pl.UInt64(),
    "flag": pl.Boolean(),
    "real": pl.Float64(),
}
NATIVE = (
    "place UInt32, moment DateTime64(3, 'UTC'), text String, maybe Nullable(String), money Decimal(38, 18),"
    " rate Decimal(18, 8), shares Map(String, Decimal(18, 8)), block UInt64, flag Bool, real Float64"
)
ROWS = pl.DataFrame(
    [
        (1, datetime(2026, 11, 16, 1, 2, 3, 4000, tzinfo=UTC), "tab\t'\\\n\x00", None, Decimal("1E-18"),
         Decimal("-1E-8"), [{"key": "a'b", "value": Decimal("0.5")}, {"key": "", "value": Decimal("-1E-8")}],
         2**64 - 1, True, 0.1),
        (2, datetime(1900, 1, 1, tzinfo=UTC), "", "", Decimal("-" + "9" * 20 + "." + "9" * 18),
         Decimal("9999999999.99999999"), [], 0, False, float("-inf")),
        (3, datetime(2299, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), "Ω\ufeff\U0001f600", "NULL", Decimal(0), Decimal(0),
         [{"key": "Ω", "value": Decimal(1)}], 7, True, 5e-324),
    ],
    schema=SCHEMA,
    orient="row",
)  # fmt: skip
STRANGE = [
    pytest.param("'; DROP TABLE things; --", id="a statement"),
    pytest.param("\\' OR 1=1 --", id="a backslash"),
    pytest.param("{name:String}", id="a placeholder"),
    pytest.param('<script>alert(1)</script> & Söhne "Ω"', id="markup"),
    pytest.param("\t\n\r\x00\N{ZERO WIDTH SPACE}", id="what cannot be seen"),
]


@pytest.fixture(scope="module")
def table(stores: Stores) -> Iterator[str]:
    """A table of every type, with the rows above."""
    stores.clickhouse.run(f"CREATE TABLE things ({NATIVE}) ENGINE = MergeTree ORDER BY place")
    stores.clickhouse.write("things", ROWS)
    yield "things"
    stores.clickhouse.run("DROP TABLE things")


def test_what_was_written_is_read(clickhouse, table):
    """Text, decimals, times and maps to the last digit, whichever way."""
    assert clickhouse.read("SELECT * FROM things ORDER BY place", schema=SCHEMA).equals(ROWS)
    assert clickhouse.scan(table, schema=SCHEMA).sort("place").equals(ROWS)


def test_what_is_written_either_way_is_the_same(clickhouse):
    """Arrow goes in over HTTP as it does in process."""
    clickhouse.run(f"CREATE TABLE copies ({NATIVE}) ENGINE = MergeTree ORDER BY place")
    try:
        assert clickhouse.write("copies", ROWS) == ROWS.height
        assert clickhouse.write("copies", ROWS.clear()) == 0
        assert clickhouse.read("SELECT * FROM copies ORDER BY place", schema=SCHEMA).equals(ROWS)
    finally:
        clickhouse.run("DROP TABLE copies")


def test_an_empty_answer_has_the_same_types(clickhouse, table):
    """No row, no guess."""
    assert clickhouse.read("SELECT * FROM things WHERE 0", schema=SCHEMA).schema == ROWS.schema
    assert clickhouse.scan(table, "0", schema=SCHEMA).schema == ROWS.schema


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("text", STRANGE)
def test_a_parameter_stays_text(clickhouse, text):
    """Nothing in a name is ever SQL."""
    sql = "SELECT {name:String} AS text, count() AS rows FROM things WHERE text = {name:String} OR 1"
    found = clickhouse.read(sql, {"name": text}, schema={"text": pl.String(), "rows": pl.UInt64()})
    assert found.row(0) == (text, ROWS.height)


def test_a_decimal_parameter_keeps_its_digits(clickhouse):
    """A Decimal is bound by its type; written into the SQL it would be a float."""
    amount = Decimal("-1234567890.123456789012345678")
    schema = {"amount": pl.Decimal(38, 18)}
    assert clickhouse.read("SELECT {v:Decimal(38, 18)} AS amount", {"v": amount}, schema=schema).item() == amount


def test_a_list_and_a_moment_are_parameters_too(clickhouse, table):
    """Ids travel as an array, a time with its milliseconds."""
    where = "text IN {texts:Array(String)} OR moment = toDateTime64({moment:String}, 6, 'UTC')"
    values = {"texts": ["", "'"], "moment": datetime(2026, 11, 16, 1, 2, 3, 4000, tzinfo=UTC)}
    assert sorted(clickhouse.scan(table, where, values, schema=SCHEMA)["place"]) == [1, 2]


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        pytest.param("toUUID('8a73a6d7-0000-4000-8000-000000000001')", pl.String(),
                     "8a73a6d7-0000-4000-8000-000000000001", id="uuid"),
        pytest.param("CAST('low' AS Enum8('low' = 1, 'high' = 2))", pl.Enum(["low", "high"]), "low", id="enum"),
        pytest.param("toLowCardinality(toNullable('a'))", pl.String(), "a", id="low cardinality"),
        pytest.param("toDate('2026-11-16')", pl.Date(), date(2026, 11, 16), id="date"),
        pytest.param("toDateTime('2026-11-16 01:02:03', 'Asia/Tokyo')", pl.Datetime("us", "UTC"),
                     datetime(2026, 11, 15, 16, 2, 3, tzinfo=UTC), id="a time elsewhere"),
        pytest.param("toDecimal64('1.5', 4)", MONEY, Decimal("1.5"), id="fewer decimals"),
        pytest.param("toUInt8(7)", pl.Int64(), 7, id="a smaller integer"),
    ],
)  # fmt: skip
def test_every_type_arrives_as_declared(clickhouse, value, dtype, expected):
    """Casts happen in SQL, where nothing is lost."""
    assert clickhouse.read(f"SELECT {value} AS value", schema={"value": dtype}).item() == expected


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        pytest.param("unhex('ff41')", pl.String(), id="bytes that are not UTF-8"),
        pytest.param("toDecimal128('99999999999999999999', 18) * 2", MONEY, id="thirty-nine digits"),
        pytest.param("toDecimal256('1', 30)", MONEY, id="thirty decimals"),
        pytest.param("toFloat64(1.5)", MONEY, id="a float for money"),
        pytest.param("now64(9)", pl.Datetime("us", "UTC"), id="nanoseconds"),
        pytest.param("CAST('middle' AS Enum8('middle' = 1))", pl.Enum(["low", "high"]), id="no label of the enum"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(clickhouse, value, dtype):
    """Never a panic, a null, a rounding or a wrap."""
    with pytest.raises(ContractError, match="value"):
        clickhouse.read(f"SELECT {value} AS value", schema={"value": dtype})


def test_an_integer_that_does_not_fit_is_an_error(clickhouse):
    """The engine refuses to wrap it."""
    with pytest.raises(StoreError, match="cannot be safely converted"):
        clickhouse.read("SELECT toInt64(-1) AS value", schema={"value": pl.UInt32()})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("moment", datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC), id="a microsecond in milliseconds"),
        pytest.param("rate", Decimal("1E-18"), id="a nineteenth digit in eight decimals"),
    ],
)
def test_a_write_that_would_change_a_value_is_refused(stores, table, column, value):
    """ClickHouse would cut it off without a word."""
    dtype = MONEY if column == "rate" else SCHEMA[column]
    with pytest.raises(ContractError, match=column):
        stores.clickhouse.write(table, pl.DataFrame({column: [value]}, schema={column: dtype}))


def test_a_column_that_is_not_there_is_named(clickhouse, table):
    """A frame is never short of a column, and none is made up."""
    with pytest.raises(ContractError, match="no_such_column"):
        clickhouse.scan(table, schema={"no_such_column": pl.String()})
    with pytest.raises(ContractError, match="no_such_column"):
        clickhouse.write(table, pl.DataFrame({"no_such_column": [1]}))


def test_batches_are_the_same_rows_and_may_be_left(clickhouse):
    """Leaving early stops the engine; the next question is answered."""
    sql = "SELECT number FROM numbers(300000)"
    frames = list(clickhouse.batches(sql, schema={"number": pl.UInt64()}))
    assert len(frames) > 2
    assert pl.concat(frames)["number"].sort().to_list() == list(range(300_000))
    started = clickhouse.batches(sql, schema={"number": pl.UInt64()})
    next(started)
    next(started)
    started.close()
    assert clickhouse.rows("SELECT 1") == [(1,)]


def test_an_error_in_the_middle_is_an_error(clickhouse):
    """Rows that came before it do not make a frame."""
    with pytest.raises(StoreError, match="throwIf"):
        clickhouse.read("SELECT throwIf(number = 900000) AS a FROM numbers(1000000)", schema={"a": pl.UInt8()})
    assert clickhouse.rows("SELECT 1") == [(1,)]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("fault", ["cut", "drop"])
def test_an_answer_cut_short_is_read_again_whole(front, over_http, fault):
    """Arrow takes the end of a stream for its end; we ask for the end mark."""
    front.faults += [fault]
    assert over_http.read("SELECT * FROM things ORDER BY place", schema=SCHEMA).equals(ROWS)
    assert not front.faults


@pytest.mark.parametrize("fault", ["cut", "drop"])
def test_batches_cut_short_are_an_error(front, over_http, fault):
    """What was handed out cannot be taken back."""
    front.faults += [fault]
    with pytest.raises(StoreError):
        list(over_http.batches("SELECT number FROM numbers(300000)", schema={"number": pl.UInt64()}))


def test_a_statement_that_changes_something_is_sent_once(front, over_http):
    """A write is never tried again."""
    before = len(front.statements)
    with pytest.raises(StoreError):
        over_http.run("INSERT INTO no_such_table VALUES (1)")
    assert len(front.statements) == before + 1


def test_a_reading_address_cannot_write(stores):
    """The session itself is read only, in process too."""
    with ClickHouse.open(replace(stores.clickhouse.address, read_only=True)) as store:
        assert store.read("SELECT 1 AS a", schema={"a": pl.UInt8()}).item() == 1
        with pytest.raises(StoreError, match="readonly"):
            store.run("CREATE TABLE never (a Int8) ENGINE = Memory")


def test_an_error_holds_no_secret(front):
    """Neither a wrong password nor a server that is not there shows one."""
    for url in (front.url.replace("hunter2", "swordfish"), "http://ys:swordfish@127.0.0.1:1/default"):
        address = ClickHouseAddress(url=url)
        with pytest.raises(StoreError) as caught, ClickHouse.open(address):
            pass
        assert "swordfish" not in str(caught.value) + repr(address)


@pytest.mark.parametrize("timeout", [0.2, 1.4])
def test_a_timeout_below_a_second_is_kept(front, stores, timeout):
    """Rounded, it would be no limit at all; the server is given the fraction, the socket a whole second more."""
    sql = "SELECT getSetting('max_execution_time')"
    for place in ({"folder": stores.clickhouse.address.folder}, {"url": front.url}):
        with ClickHouse.open(ClickHouseAddress(**place, statement_timeout=timeout)) as store:
            assert store.rows(sql) == [(timeout,)]


SHARES = pl.List(pl.Struct({"key": pl.String, "value": pl.Decimal(18, 8)}))


@pytest.mark.parametrize(
    ("native", "value", "dtype"),
    [
        pytest.param("Int8", 300, pl.Int64, id="a number that would wrap"),
        pytest.param("Int8", 1.5, pl.Float64, id="a fraction that would be cut"),
        pytest.param("UInt8", -1, pl.Int64, id="a sign that would be lost"),
        pytest.param("Float32", 1e300, pl.Float64, id="a number that would be without end"),
        pytest.param("Float32", 0.1, pl.Float64, id="a number of fewer digits"),
        pytest.param("Decimal(18, 8)", Decimal("12345678901.5"), MONEY, id="a decimal of eleven whole digits"),
        pytest.param("Decimal(18, 8)", 12345678901, pl.Int64, id="the same as an integer"),
        pytest.param("Decimal(18, 8)", Decimal("1E-9"), MONEY, id="a decimal place too many"),
        pytest.param("Decimal(18, 8)", 0.1, pl.Float64, id="a float for a decimal"),
        pytest.param("Decimal(18, 8)", "1.123456789", pl.String, id="a text for a decimal"),
        pytest.param("Int8", None, pl.Int8, id="nothing, which would be zero"),
        pytest.param("String", None, pl.String, id="nothing, which would be an empty text"),
        pytest.param("Array(Decimal(18, 8))", None, pl.List(pl.Decimal(18, 8)), id="no list"),
        pytest.param("Array(Decimal(18, 8))", [None], pl.List(pl.Decimal(18, 8)), id="nothing in a list"),
        pytest.param("Array(Decimal(18, 8))", [Decimal("1E-9")], pl.List(MONEY), id="a place too many in a list"),
        pytest.param("Map(String, Decimal(18, 8))", [{"key": "a", "value": None}], SHARES, id="nothing in a map"),
        pytest.param(
            "Map(String, Decimal(18, 8))",
            [{"key": "a", "value": Decimal("1E-9")}],
            pl.List(pl.Struct({"key": pl.String, "value": MONEY})),
            id="a place too many in a map",
        ),
    ],
)
def test_what_a_column_has_no_room_for_is_refused_before_it_is_sent(stores, native, value, dtype):
    """The engine itself would write something else, and say nothing."""
    stores.clickhouse.run(f"CREATE TABLE narrow (a {native}) ENGINE = Memory")
    try:
        with pytest.raises(ContractError, match="column a"):
            stores.clickhouse.write("narrow", pl.DataFrame({"a": [value]}, schema={"a": dtype}))
        assert stores.clickhouse.rows("SELECT count() FROM narrow") == [(0,)]
    finally:
        stores.clickhouse.run("DROP TABLE narrow")


def test_a_map_keeps_a_key_that_is_there_twice(clickhouse, stores):
    """ClickHouse allows it; a dictionary would lose one."""
    twice = [{"key": "a", "value": Decimal("0.1")}, {"key": "a", "value": Decimal("0.2")}]
    frame = pl.DataFrame({"shares": [twice, []]}, schema={"shares": SHARES})
    stores.clickhouse.run("CREATE TABLE twice (shares Map(LowCardinality(String), Decimal(18, 8))) ENGINE = Memory")
    try:
        stores.clickhouse.write("twice", frame)
        assert clickhouse.read("SELECT * FROM twice", schema={"shares": SHARES}).equals(frame)
    finally:
        stores.clickhouse.run("DROP TABLE twice")
