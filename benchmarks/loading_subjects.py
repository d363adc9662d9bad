"""What the loading bench measures: ours and its peers, each a function that reads everything and returns its rows.

Knows how each peer is asked for the most exact answer it can give. A peer that is not installed raises ImportError,
and is named as absent.
"""
# ruff: noqa: S608 - every statement is our own words

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import polars as pl

from benchmarks.loading_stores import TRANSACTIONS, settings
from ys_analytics import frames, local
from ys_analytics.frames import gate, sql
from ys_analytics.schemas import TABLES
from ys_analytics.stores import Stores

Subject = Callable[[Stores], int]

SCHEMA = TABLES["transactions"].schema
QUOTES = TABLES["market_data"].schema
_NAMES = ", ".join(f'"{name}"' for name in SCHEMA)
_AS_TEXT = ", ".join(
    f'"{name}"' if dtype in {pl.Int32(), pl.Int64(), pl.Datetime("us", "UTC")} else f'"{name}"::text AS "{name}"'
    for name, dtype in SCHEMA.items()
)


def raw_copy(stores: Stores) -> int:
    """COPY of the same columns, counted and thrown away: what the server and libpq cost alone."""
    line = stores.postgres._connection("read")  # noqa: SLF001 - the bench looks under the floor
    rows = 0
    with line.cursor() as cursor, cursor.copy(f"COPY (SELECT {_NAMES} FROM {TRANSACTIONS}) TO STDOUT".encode()):
        take = line.pgconn.get_copy_data
        while take(0)[0] > 0:
            rows += 1
        while line.pgconn.get_result() is not None:
            pass
    return rows


def postgres_ours(stores: Stores) -> int:
    """Two connections, one snapshot, every type as declared."""
    return stores.postgres.scan(TRANSACTIONS, schema=SCHEMA).height


def postgres_gate(stores: Stores) -> int:
    """The same through the gate: nulls counted, sorted by key, duplicates looked for."""
    return gate.conform(stores.postgres.scan(TRANSACTIONS, schema=SCHEMA), TABLES["transactions"]).height


def connectorx_exact(stores: Stores) -> int:
    """Everything exact only as text; cast to the declared types afterwards."""
    import connectorx

    return _declared(connectorx.read_sql(_url(stores), f"SELECT {_AS_TEXT} FROM {TRANSACTIONS}", return_type="polars"))


def connectorx_lossy(stores: Stores) -> int:
    """As its users call it: ten decimals of eighteen survive."""
    import connectorx

    arguments = f"SELECT {_NAMES} FROM {TRANSACTIONS}"
    return connectorx.read_sql(_url(stores), arguments, return_type="polars").height


def adbc(stores: Stores) -> int:
    """Everything exact only as text; cast to the declared types afterwards."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(_url(stores)) as line, line.cursor() as cursor:
        cursor.execute(f"SELECT {_AS_TEXT} FROM {TRANSACTIONS}")
        return _declared(pl.from_arrow(cursor.fetch_arrow_table()))


def read_database(stores: Stores) -> int:
    """Row by row through Python objects; the schema is said, or the first hundred rows would decide."""
    import psycopg

    overrides = {name: dtype for name, dtype in SCHEMA.items() if isinstance(dtype, pl.Decimal)}
    with psycopg.connect(stores.postgres.address.conninfo) as line:
        arguments = f"SELECT {_NAMES} FROM {TRANSACTIONS}"
        return pl.read_database(arguments, line, schema_overrides=overrides).height


def pandas(stores: Stores) -> int:
    """Row by row into object columns."""
    import pandas as pd
    import sqlalchemy

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: _psycopg(stores))
    with engine.connect() as line:
        return len(pd.read_sql(f"SELECT {_NAMES} FROM {TRANSACTIONS}", line))


def duckdb_extension(stores: Stores) -> int:
    """Where the extension can be had without a network."""
    import duckdb

    with duckdb.connect() as engine:
        try:
            engine.execute("LOAD postgres")
        except duckdb.Error as error:
            raise ImportError("its postgres extension is not installed") from error
        engine.execute(f"ATTACH '{stores.postgres.address.conninfo}' AS pg (TYPE postgres, READ_ONLY)")
        return engine.sql(f"SELECT {_NAMES} FROM pg.{TRANSACTIONS}").pl().height


def arrow_discarded(stores: Stores) -> int:
    """The engine, set as it comes, writes its Arrow stream into the void: what ClickHouse costs alone."""
    names = ", ".join(QUOTES)
    _plain_client(stores).command(
        f"SELECT {names} FROM market_data INTO OUTFILE '/dev/null' TRUNCATE FORMAT ArrowStream"
    )
    return int(stores.clickhouse.rows("SELECT count() FROM market_data")[0][0])


def clickhouse_ours(stores: Stores) -> int:
    """Through the pipe, texts as dictionaries, every type as declared."""
    return stores.clickhouse.scan("market_data", schema=QUOTES).height


def query_df_arrow(stores: Stores) -> int:
    """The client's own way to Polars; times lose their zone."""
    return _plain_client(stores).query_df_arrow("SELECT * FROM market_data", dataframe_library="polars").height


def query_arrow(stores: Stores) -> int:
    """The client's own way to Arrow, then to Polars."""
    return pl.from_arrow(_plain_client(stores).query_arrow("SELECT * FROM market_data", use_strings=True)).height


def query_df(stores: Stores) -> int:
    """The client's own way to pandas."""
    return len(_plain_client(stores).query_df("SELECT * FROM market_data"))


_BY_DAY = "SELECT timestamp::DATE AS day, count(*) AS quotes FROM ch.market_data GROUP BY day ORDER BY day"


def sql_ours(stores: Stores) -> int:
    """The first query of a process: looks whether ClickHouse holds rows twice, then lets it add up."""
    return sql.query_stores(_BY_DAY, stores)["quotes"].sum()


def sql_unpushed(stores: Stores) -> int:
    """Load the whole table, then ask DuckDB."""
    return sql.query_frames(_BY_DAY, {"market_data": frames.load(stores, "market_data")})["quotes"].sum()


def sql_of_the_store(stores: Stores) -> int:
    """ClickHouse's own words for it: what the answer costs alone."""
    rows = stores.clickhouse.rows("SELECT toDate(timestamp, 'UTC') AS day, count() FROM market_data GROUP BY day")
    return sum(count for _, count in rows)


def redis_ours(stores: Stores) -> int:
    """A script a chunk, JSON decoded while the next one arrives, expiries next to."""
    return frames.load(stores, "redis_price_current").height


def redis_one_by_one(stores: Stores) -> int:
    """GET and PTTL of each key, json.loads, a dictionary a row."""
    client = stores.redis.client
    rows = [
        {"key": key, "ttl": client.pttl(key), **json.loads(client.get(key))}
        for key in client.scan_iter(match="price:current:*", count=1000)
    ]
    return pl.DataFrame(rows).height


def redis_mget(stores: Stores) -> int:
    """MGET of a thousand keys at a time, json.loads a value; expiries in a pipeline."""
    client = stores.redis.client
    keys = list(client.scan_iter(match="price:current:*", count=1000))
    rows = []
    for start in range(0, len(keys), 1000):
        part = keys[start : start + 1000]
        pipeline = client.pipeline(transaction=False)
        for key in part:
            pipeline.pttl(key)
        rows += [
            {"key": key, "ttl": ttl, **json.loads(value)}
            for key, ttl, value in zip(part, pipeline.execute(), client.mget(part), strict=True)
        ]
    return pl.DataFrame(rows).height


def qdrant_ours(stores: Stores) -> int:
    """Vectors as one block of floats, payload decoded in bulk."""
    return frames.load(stores, "market_sentiment").height


def qdrant_lists(stores: Stores) -> int:
    """Scroll, a list of lists, a dictionary a row."""
    found_rows, offset = [], None
    while True:
        page, offset = stores.qdrant.client.scroll(
            "market_sentiment", limit=1000, offset=offset, with_vectors=True, with_payload=True
        )
        found_rows += page
        if offset is None:
            break
    return pl.DataFrame([{"id": str(p.id), "vector": p.vector, **(p.payload or {})} for p in found_rows]).height


SUBJECTS: dict[str, dict[str, Subject]] = {
    "PostgreSQL, {transactions:,} transactions, all columns exact": {
        "COPY to the wire and nowhere else": raw_copy,
        "ours": postgres_ours,
        "ours, through the gate": postgres_gate,
        "connectorx, text casts": connectorx_exact,
        "connectorx as called (loses digits)": connectorx_lossy,
        "ADBC, text casts": adbc,
        "pl.read_database": read_database,
        "pandas": pandas,
        "DuckDB's extension": duckdb_extension,
    },
    "ClickHouse in process, {quotes:,} market_data rows, exact": {
        "Arrow to nowhere": arrow_discarded,
        "ours": clickhouse_ours,
        "query_df_arrow (Polars)": query_df_arrow,
        "query_arrow": query_arrow,
        "query_df (pandas)": query_df,
    },
    "ClickHouse in process, {quotes:,} quotes counted by day in SQL": {
        "ClickHouse's own SQL": sql_of_the_store,
        "ours": sql_ours,
        "load, then DuckDB": sql_unpushed,
    },
    "Redis, {prices:,} JSON prices with their lifetimes": {
        "ours": redis_ours,
        "GET one by one": redis_one_by_one,
        "MGET in chunks, json.loads": redis_mget,
    },
    "Qdrant in process, {points:,} x 384 with payload": {
        "ours": qdrant_ours,
        "list of lists": qdrant_lists,
    },
}

ONLY = {"PostgreSQL": ("postgres",), "ClickHouse": ("clickhouse",), "Redis": ("redis",), "Qdrant": ("qdrant",)}


def stores_for(home: Path, work: str):
    """The one store a subject reads, so that its process holds nothing else."""
    only = ONLY[work.split(maxsplit=1)[0].rstrip(",")]
    return local.open_stores(settings(home), only=only, role="owner", purpose="make bench")


def _plain_client(stores: Stores):
    """A client as it comes, at the engine that is open: ours has settings of its own."""
    import clickhouse_connect

    return clickhouse_connect.get_client(interface="chdb", path=str(stores.clickhouse.address.folder))


def warm_up(stores: Stores) -> None:
    """Pay for imports and first calls before the clock runs, ours and the peers' alike."""
    from importlib import import_module

    for name in ("connectorx", "adbc_driver_postgresql.dbapi", "pandas", "sqlalchemy", "pyarrow.json"):
        with suppress(ImportError):
            import_module(name)
    if stores.opened_postgres is not None:
        stores.postgres.read("SELECT 1 AS one", schema={"one": pl.Int32()})
    if stores.opened_clickhouse is not None:
        stores.clickhouse.read("SELECT 1 AS one", schema={"one": pl.UInt8()})
        _plain_client(stores).query_df_arrow("SELECT 1", dataframe_library="polars")
    if stores.opened_redis is not None:
        frames.load(stores, "redis_agent_config")
    if stores.opened_qdrant is not None:
        frames.load(stores, "trading_patterns")


def _declared(rows: pl.DataFrame) -> int:
    return rows.cast({name: dtype for name, dtype in SCHEMA.items() if rows.schema[name] != dtype}).height


def _url(stores: Stores) -> str:
    from urllib.parse import quote

    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(stores.postgres.address.conninfo)
    host = quote(parts["host"], safe="")
    return f"postgresql://{parts['user']}@{host}:{parts.get('port', 5432)}/{parts['dbname']}"


def _psycopg(stores: Stores):
    import psycopg

    return psycopg.connect(stores.postgres.address.conninfo)
