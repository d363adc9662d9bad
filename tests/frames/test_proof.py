"""A proof reaches every decimal, also those inside of lists, structs and maps, and sees one that is missing."""

from decimal import Context, Decimal

import polars as pl
import pytest

from ys_analytics import frames
from ys_analytics.frames import proof
from ys_analytics.schemas import TABLES, Column, Table
from ys_analytics.stores.common.decimal_places import places
from ys_analytics.stores.common.table_query import TableQuery

MONEY = pl.Decimal(38, 18)
SHARE = pl.Decimal(18, 8)
WEI = Decimal("1E-18")


def column(name: str, dtype: pl.DataType, native: str) -> Column:
    return Column(name=name, dtype=dtype, native_type=native, nullable=True, meaning="x")


PAIR = pl.List(pl.Struct({"key": pl.String(), "value": SHARE}))
CLICKHOUSE = [
    column("plain", MONEY, "Nullable(Decimal(38, 18))"),
    column("listed", pl.List(MONEY), "Array(Decimal(38, 18))"),
    column("lists", pl.List(pl.List(MONEY)), "Array(Array(Decimal(38, 18)))"),
    column("shares", PAIR, "Map(String, Decimal(18, 8))"),
    column(
        "fills",
        pl.List(pl.Struct({"venue": pl.String(), "price": MONEY})),
        "Array(Tuple(venue String, price Decimal(38, 18)))",
    ),
]
MOST = Decimal("99999999999999999999.999999999999999999")
LEAST = MOST.copy_negate()  # a minus sign would round to 28 digits
TWICE = Context(prec=100).add(MOST, MOST)
ROWS = {
    "plain": [MOST, None, MOST],
    "listed": [[WEI, MOST], [], [LEAST, MOST, MOST]],
    "lists": [[[WEI], [], [MOST]], [], [[]]],
    "shares": [[{"key": "a", "value": Decimal("0.5")}, {"key": "b", "value": Decimal("1E-8")}], [], []],
    "fills": [[], [{"venue": "x", "price": WEI}], [{"venue": "y", "price": MOST}]],
}


def said(stores, table: Table, rows: pl.DataFrame) -> list[proof.ProofLine]:
    counted = proof.tally(table)
    counted.add(rows)
    return proof.compare(stores, TableQuery(table), counted)


@pytest.fixture
def nested(stores):
    """A ClickHouse table with decimals at every depth; sums that no Decimal128 holds."""
    table = Table(name="proven_within", store="clickhouse", columns=tuple(CLICKHOUSE), key=(), meaning="x", affects=())
    columns = ", ".join(f"{each.name} {each.native_type}" for each in CLICKHOUSE)
    stores.clickhouse.run(f"CREATE TABLE proven_within ({columns}) ENGINE = MergeTree ORDER BY ()")
    try:
        rows = pl.DataFrame(ROWS, schema=table.schema)
        stores.clickhouse.write("proven_within", rows)
        yield table, rows
    finally:
        stores.clickhouse.run("DROP TABLE proven_within")


def test_store_and_frame_agree_at_every_depth(stores, nested):
    table, rows = nested
    assert [place.name for place in places(table)] == ["plain", "listed", "lists", "shares.value", "fills.price"]
    lines = {(line.column, line.measure): line for line in said(stores, table, rows)}
    assert [line for line in lines.values() if not line.equal] == []
    assert lines["plain", "sum"].store == TWICE
    assert lines["listed", "sum"].store == Context(prec=100).add(TWICE, WEI)
    assert lines["lists", "values"].store == 2
    assert lines["shares.value", "sum"].store == Decimal("0.50000001")
    assert lines["fills.price", "min"].store == WEI


def test_what_is_lost_inside_a_column_shows(stores, nested):
    """One value less, a digit less, a zero less: each breaks a line of its own column."""
    table, rows = nested
    for name, other in (
        ("listed", [[WEI, MOST], [], [LEAST, MOST]]),
        ("shares", [ROWS["shares"][0][:1], [], []]),
        ("fills", [[], [{"venue": "x", "price": Decimal(0)}], ROWS["fills"][2]]),
    ):
        harmed = rows.with_columns(pl.Series(name, other, dtype=table.schema[name]))
        unequal = {line.column.split(".")[0] for line in said(stores, table, harmed) if not line.equal}
        assert unequal == {name}


def test_arrays_of_postgres_are_proven_too(stores):
    listed = column("listed", pl.List(MONEY), "numeric[]")
    table = Table(name="proven_within", store="postgres", columns=(listed,), key=(), meaning="x", affects=())
    stores.postgres.run("CREATE TABLE proven_within (listed numeric[])")
    try:
        for rows in (
            pl.DataFrame(schema=table.schema),
            pl.DataFrame({"listed": [[WEI, None, MOST], None, [], [MOST]]}, schema=table.schema),
        ):
            stores.postgres.write("proven_within", rows)
            assert all(line.equal for line in said(stores, table, rows))
        assert said(stores, table, rows)[-1] == proof.ProofLine("listed", "values", Decimal(3), Decimal(3))
    finally:
        stores.postgres.run("DROP TABLE proven_within")


def test_the_allocation_of_every_snapshot_is_in_the_proof(economy):
    """The one map of decimals among the tables."""
    lines = frames.prove(economy, "portfolio_snapshots").filter(column="asset_allocation.value")
    assert lines["measure"].to_list() == ["min", "max", "sum", "values"]
    assert lines["equal"].all()
    whole = frames.load(economy, "portfolio_snapshots")["asset_allocation"].explode().drop_nulls()
    assert int(lines["store"][3]) == whole.len() > 0
    assert TABLES["portfolio_snapshots"].schema["asset_allocation"] == PAIR
