"""SQL over the live stores: the answer is that over loaded frames, and no more leaves a store than it needs."""

import random
from datetime import UTC, datetime

import polars as pl
import pytest

from ys_analytics import frames
from ys_analytics.errors import UsageError
from ys_analytics.frames import sql
from ys_analytics.schemas import STORES, TABLES, Limits, Span

from .conftest import WEEK

JOINED = """
    SELECT a.symbol, count(*) AS quotes, max(m.price) AS highest
    FROM ch.market_data AS m JOIN pg.assets AS a ON a.id = m.asset_id
    WHERE m.timestamp >= '2026-11-01' GROUP BY ALL ORDER BY ALL
"""


@pytest.fixture(scope="module")
def held(economy):
    """Every table loaded whole: the way without any pushdown."""
    return {name: frames.load(economy, name) for name, table in TABLES.items() if table.schema}


@pytest.mark.parametrize(
    "query",
    [
        JOINED,
        "SELECT timestamp::DATE AS day, count(*) AS n FROM ch.market_data GROUP BY day ORDER BY day",
        "SELECT sum(total_value) AS v, min(total_value) AS low FROM ch.portfolio_snapshots WHERE daily_return < -0.01",
        "SELECT status, count(*) AS n, sum(gas_cost_usd) AS gas FROM pg.transactions GROUP BY ALL ORDER BY ALL"
        if "gas_cost_usd" in TABLES["transactions"].schema
        else "SELECT status, count(*) AS n FROM pg.transactions GROUP BY ALL ORDER BY ALL",
        "SELECT asset_id, price FROM redis.price_current WHERE chain_id = 1 ORDER BY ALL",
        "SELECT source, count(*) AS n FROM qdrant.market_sentiment WHERE confidence >= 0.5 GROUP BY ALL ORDER BY ALL",
        "SELECT id, vector FROM qdrant.trading_patterns WHERE pattern_type <> 'x' ORDER BY id LIMIT 3",
        "SELECT * FROM pg.assets WHERE symbol IN ('BTC', 'ETH', 'it''s') ORDER BY id",
        "SELECT count(*) AS n FROM pg.assets AS a, pg.assets AS b WHERE a.id < b.id AND a.symbol = b.symbol",
        "SELECT (SELECT max(timestamp) FROM ch.market_data WHERE price > 100) AS t, 'pg.assets ' AS said",
        "SELECT * FROM ch.dex_trades WHERE false",
    ],
)  # fmt: skip
def test_the_answer_is_that_over_loaded_frames(economy, held, query):
    """Each kind of table, in filters, joins with itself and with another store, nested and empty."""
    live = sql.query_stores(query, economy)
    expected = sql.query_frames(query, held)
    assert live.schema == expected.schema
    assert live.equals(expected)


def test_only_what_is_needed_leaves_a_store(economy, held):
    """Columns, rows and groups that a query needs, as EXPLAIN shows them; a key's part and a payload's field too."""
    plan = {row["table"]: row for row in sql.query_stores(f"EXPLAIN {JOINED}", economy).iter_rows(named=True)}
    november = held["market_data"].filter(pl.col("timestamp") >= datetime(2026, 11, 1, tzinfo=UTC))
    assert plan["ch.market_data"]["rows"] == november.height < held["market_data"].height
    assert plan["ch.market_data"]["statement"] == (
        'SELECT "timestamp", "asset_id", "price" FROM "market_data"'
        " WHERE \"timestamp\" >= toDateTime64('2026-11-01 00:00:00', 6, 'UTC')"
    )
    assert plan["pg.assets"]["statement"].startswith('SELECT "id", "symbol" FROM "assets"')
    days = sql.query_stores("EXPLAIN SELECT timestamp::DATE AS d, count(*) FROM ch.market_data GROUP BY d", economy)
    assert days["rows"].item() == held["market_data"]["timestamp"].dt.date().n_unique()
    (price,) = sql.query_stores("EXPLAIN SELECT price FROM redis.price_current WHERE chain_id = 1", economy)[
        "statement"
    ]
    assert price == "SCAN price:current:*:1 (string)"
    (said,) = sql.query_stores("EXPLAIN SELECT id FROM qdrant.market_sentiment WHERE source = 'news'", economy)[
        "statement"
    ]
    assert said == "scroll market_sentiment (source) where source = 'news'"


def test_a_store_that_is_read_twice_answers_one_statement_at_a_time(economy, held, monkeypatch):
    """What is left of the first scan is put aside, in memory and on disk, and nothing of it is lost."""
    query = """
        SELECT count(*) AS n, sum(a.price) AS s FROM ch.market_data AS a JOIN ch.market_data AS b
        ON a.asset_id = b.asset_id AND a.timestamp = b.timestamp AND a.source = b.source AND a.chain_id = b.chain_id
        WHERE a.price + b.price > 0
    """
    expected = sql.query_frames(query, held)
    assert sql.query_stores(query, economy).equals(expected)
    monkeypatch.setattr("ys_analytics.frames.live_tables._MEMORY_LIMIT", 1_000)
    assert sql.query_stores(query, economy).equals(expected)
    assert expected["n"].item() == held["market_data"].height


def test_a_portfolio_and_a_span_choose_the_rows_of_load(economy, held):
    """Of each table the rows that `load` gives for the same, counted and added up."""
    mine, span = held["portfolios"]["id"][3], Span.week(WEEK)
    for name in ("portfolio_snapshots", "transactions", "redis_portfolio_risk", "market_sentiment", "assets"):
        rows = frames.load(economy, name, span=span, portfolios=[mine])
        found = sql.query_stores(f"FROM {name}", economy, portfolio=mine, span=span)
        counted = sql.query_stores(f"FROM {name} SELECT count(*) AS n", economy, portfolio=mine, span=span)
        assert found.height == counted["n"].item() == rows.height, name


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 1; SELECT 2", "2 statements in one text"),
        ("DELETE FROM pg.assets", "DELETE is refused"),
        ("EXPLAIN ANALYZE SELECT 1", "is refused"),
        ("SELECT * FROM pg.asets", 'Did you mean "assets"'),
        ("SELECT simbol FROM pg.assets", '"symbol"'),
        ("SELECT email FROM pg.users", '"email" not found'),
        ("SELECT * FROM redis.session_user", "does not exist"),
        ("SELECT * FROM pg.transactions, ch.market_data", "larger than 10 rows"),
    ],
)
def test_what_is_refused_is_refused_in_one_line(economy, query, said):
    """One statement that reads; secrets are not there; near names are offered; too large an answer is an error."""
    with pytest.raises(UsageError, match=r"^sql: [^\n]+$") as refused:
        sql.query_stores(query, economy, limits=Limits(rows=10))
    assert said in str(refused.value)


def test_a_query_without_end_leaves_the_stores_usable(economy):
    """The deadline ends it, and the next query is answered."""
    endless = "SELECT count(*) FROM pg.assets, ch.market_data, range(10000000) AS a, range(10000000) AS b"
    with pytest.raises(UsageError, match=r"stopped after 0.4 seconds"):
        sql.query_stores(endless, economy, limits=Limits(seconds=0.4))
    assert sql.query_stores("SELECT count(*) > 0 AS some FROM pg.assets", economy)["some"].item()
    assert sql.query_stores("SELECT count(*) > 0 AS some FROM ch.market_data", economy)["some"].item()


def test_show_tables_lists_each_name():
    """Every table that can be read, behind its store, each a name that SQL takes; no secret family."""
    found = sql.list_tables(TABLES)
    assert found["name"].to_list() == [name for name, table in TABLES.items() if table.schema]
    assert [sql.tables_read(f"FROM {name}") for name in found["table"]] == [[name] for name in found["name"]]
    assert set(found["store"]) == {traits.title for traits in STORES.values()}


# Last, for these rows stay

TABLES_ASKED = ("ch.market_data", "ch.portfolio_snapshots", "ch.satellite_performance", "pg.transactions")
UNITS = ("minute", "hour", "day", "week", "month", "quarter", "year")


@pytest.fixture(scope="module")
def repeated(economy):
    """Rows that ClickHouse holds twice, which a loaded frame has once, and rows from before 1970."""
    rows = frames.load(economy, "market_data").sample(50, seed=1)
    economy.clickhouse.write("market_data", rows)
    early = (
        frames.load(economy, "satellite_performance").head(40).with_columns(pl.col("timestamp").dt.offset_by("-70y"))
    )
    economy.clickhouse.write("satellite_performance", early)
    return economy


@pytest.fixture(scope="module")
def repeated_held(repeated):
    names = [name for name, table in TABLES.items() if sql.sql_name(table) in TABLES_ASKED]
    return {name: frames.load(repeated, name) for name in names}


def literal(value: object) -> str:
    if isinstance(value, datetime):
        return f"'{value:%Y-%m-%d %H:%M:%S.%f}+00'"
    return f"'{value}'" if isinstance(value, str) else str(value)


def generated(chance: random.Random, held: dict[str, pl.DataFrame]) -> str:
    """A query over one table: rows or groups, under conditions that some rows meet."""
    named = chance.choice(TABLES_ASKED)
    (table,) = (each for each in TABLES.values() if sql.sql_name(each) == named)
    frame = held[table.name]
    plain = [name for name, dtype in table.schema.items() if not dtype.is_nested()]
    conditions = []
    for name in chance.sample(plain, chance.randint(0, 2)):
        values = [literal(value) for value in frame[name].drop_nulls().sample(3, seed=chance.randint(0, 99))] or [
            "NULL"
        ]
        conditions.append(
            chance.choice(
                [f"{name} {chance.choice(['=', '<>', '<', '<=', '>', '>='])} {values[0]}",
                 f"{name} IN ({', '.join(values)})", f"{name} IS NOT NULL", f"{name} IS NULL",
                 f"({name} < {values[0]} OR {name} > {values[-1]})", f"NOT {name} = {values[0]}",
                 f"{name} BETWEEN {values[0]} AND {values[-1]}", f"length({name}::VARCHAR) > 3"]
            )
        )  # fmt: skip
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    moments = [name for name in plain if isinstance(table.schema[name], pl.Datetime)]
    if chance.random() < 0.3:
        wanted = ", ".join(chance.sample(plain, 2))
        return f"SELECT {wanted} FROM {named}{where} ORDER BY ALL"  # noqa: S608 - our own names
    groups = [chance.choice([f"date_trunc('{chance.choice(UNITS)}', {name})", f"{name}::DATE"]) for name in moments[:1]]
    groups = chance.sample([*groups, *chance.sample(plain, 2)], chance.randint(0, 2))
    sums = [name for name in plain if isinstance(table.schema[name], pl.Decimal | pl.UInt32)]
    measures = ["count(*) AS n", f"count({chance.choice(plain)}) AS c"]
    measures += [
        f"sum({chance.choice(sums)}) AS s",
        f"min({chance.choice(plain)})",
        f"max({chance.choice(plain)}) AS x",
    ]
    measures += [
        f"round(sum({chance.choice(sums)}), 2) / count(*) AS r",
        f"count(DISTINCT {chance.choice(plain)}) AS d",
    ]
    chosen = chance.sample(measures, chance.randint(1, 3))
    having = " HAVING count(*) > 1" if groups and chance.random() < 0.3 else ""
    grouping = " GROUP BY ALL" if groups else ""
    wanted = ", ".join([*groups, *chosen])
    return f"SELECT {wanted} FROM {named}{where}{grouping}{having} ORDER BY ALL"  # noqa: S608 - our own names


def test_pushed_and_unpushed_queries_agree(repeated, repeated_held, record_property):
    """Over generated queries, with rows held twice and times before 1970: same columns, types and values."""
    chance, added_up = random.Random(13), 0  # noqa: S311 - the same queries each time
    for at in range(36):
        query = generated(chance, repeated_held)
        expected = sql.query_frames(query, repeated_held)
        live = sql.query_stores(query, repeated)
        assert live.schema == expected.schema, query
        assert live.equals(expected), query
        if at % 3 == 0:
            plan = sql.query_stores(f"EXPLAIN {query}", repeated)["statement"]
            added_up += int(plan.str.contains("AS m0").any())
    record_property("said", f"SQL: 36 generated queries agree; of 12 looked at, a store added up {added_up}")
    assert added_up >= 2
