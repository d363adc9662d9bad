"""SQL over tables: one DuckDB engine for a frozen run and for live stores, in UTC, bounded and read-only.

Depends on DuckDB and on the declared schemas. Does not know how a store is reached: the caller names Parquet files,
hands over frames or open stores. A table has its own name, and one behind its store: `assets` is `pg.assets`,
`redis_price_current` is `redis.price_current`.

Answers carry the types of the frames they are made from; `sql_types` has a rule for every other type.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ys_analytics.errors import UsageError, YsError
from ys_analytics.frames.sql_types import quote_name, quote_text, typed_expression, unique_names
from ys_analytics.schemas import LIMITS, STORES, TABLES, Limits, Span, Store, Table
from ys_analytics.stores import Stores

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa  # type: ignore[import-untyped]

    from ys_analytics.frames.live_tables import LiveTables, Scan

# How long an interrupted query is given to notice before its thread is left behind.
_EXIT_SECONDS = 5.0
# How long, before the store that it may wait for is cut off.
_INTERRUPT_SECONDS = 0.5
# After which an interrupt is given again.
_AGAIN_SECONDS = 0.1
_BATCH = 100_000

# What EXPLAIN answers, a row a scan.
SCANS: dict[str, pl.DataType] = {
    "store": pl.String(), "table": pl.String(), "statement": pl.String(),
    "rows": pl.Int64(), "bytes": pl.Int64(), "seconds": pl.Float64(),
}  # fmt: skip

_SHOW = re.compile(r"\s*SHOW\s+TABLES\s*;?\s*", re.IGNORECASE)
_NO_COLUMN = re.compile(r'does not have a column named "(?P<column>[^"]+)"(?P<hint>.*Candidate)?')
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?!ANALY)", re.IGNORECASE)


def query_files(
    query: str,
    files: Mapping[str, Path],
    *,
    portfolio: str | None = None,
    span: Span | None = None,
    limits: Limits = LIMITS,
) -> pl.DataFrame:
    """Answer a query over Parquet files, each a table under its name; no other file can be read, and none written.

    Args:
        query: One SELECT in DuckDB's SQL.
        files: The file of each table.
        portfolio: Id that tables with a portfolio are restricted to; None gives the rows of all.
        span: Only rows placed in it, of tables with a time; None gives all.
        limits: What the query may take.

    Raises:
        UsageError: the query is not one SELECT, is wrong, reads what is not there or exceeds a limit.
    """

    def make_tables(engine: "duckdb.DuckDBPyConnection") -> None:
        for name, path in files.items():
            engine.execute(
                f"CREATE VIEW {quote_name(name)} AS SELECT *{_array_casts(name)} "  # noqa: S608 - names are the manifest's
                f"FROM read_parquet({quote_text(str(path))}){_condition(name, portfolio, span)}"
            )
        _add_prefixed_names(engine, files)

    if _SHOW.fullmatch(query):
        return list_tables(files)
    return _answer(query, make_tables, allowed=[str(path) for path in files.values()], limits=limits)


def query_frames(query: str, tables: Mapping[str, pl.DataFrame], *, limits: Limits = LIMITS) -> pl.DataFrame:
    """Answer a query over frames in memory, each a table under its name; no file can be read or written.

    Args:
        query: One SELECT in DuckDB's SQL.
        tables: The frame of each table.
        limits: What the query may take.

    Raises:
        UsageError: as `query_files`.

    >>> query_frames("SELECT sum(n) AS total FROM counts", {"counts": pl.DataFrame({"n": [1, 2]})})["total"].to_list()
    [3]
    """

    def make_tables(engine: "duckdb.DuckDBPyConnection") -> None:
        for name, frame in tables.items():
            engine.register(name, frame.with_columns(pl.col(pl.Enum).cast(pl.String)).to_arrow())
        _add_prefixed_names(engine, tables, where="temp.main")

    return _answer(query, make_tables, allowed=(), limits=limits)


def query_stores(
    query: str,
    stores: Stores,
    *,
    portfolio: str | None = None,
    span: Span | None = None,
    limits: Limits = LIMITS,
) -> pl.DataFrame:
    """Answer a query over the live tables; only the columns and rows that it needs leave the stores.

    All scans of PostgreSQL see one moment. `EXPLAIN SELECT ...` runs the query and says, in place of its answer, what
    each store was asked and what left it: store, table, statement, rows, bytes, seconds.

    Args:
        query: One SELECT in DuckDB's SQL, or EXPLAIN and one.
        stores: The open stores; those that hold a table of the query (`stores_read`).
        portfolio: As `query_files`.
        span: As `query_files`.
        limits: What the query may take.

    Raises:
        UsageError: as `query_files`.
        StoreError: a store refused us or went away.
        ContractError: a table has drifted from its declaration, or a value does not fit.
    """
    is_explain, select = _split_explain(query)
    # Here and not above: Arrow's datasets import pandas, which a query of a run does without.
    from ys_analytics.frames.live_tables import LiveTables

    live = LiveTables(stores, span, portfolio)
    names = tables_read(select)
    with live.opened([TABLES[name] for name in names]) as tables:

        def make_tables(engine: "duckdb.DuckDBPyConnection") -> str:
            for name, table in tables.items():
                engine.register(name, table)
            _add_prefixed_names(engine, tables, where="temp.main")  # where DuckDB keeps what Python registers
            return _grouped_query(select, live, engine) if len(tables) == 1 else select

        try:
            answer = _answer(select, make_tables, allowed=(), limits=limits, stop=live.stop)
        except UsageError:
            # DuckDB passes on the text of what stopped a scan; what it was says more.
            if isinstance(live.failure, YsError):
                raise live.failure from None
            raise
    return _scan_table(live.scans) if is_explain else answer


def stores_read(query: str) -> tuple[Store, ...]:
    """The stores that hold a table of a query, in the order in which stores are opened.

    Raises:
        UsageError: as `tables_read`.

    >>> stores_read("SELECT count(*) FROM ch.market_data JOIN assets ON assets.id = asset_id")
    ('postgres', 'clickhouse')
    """
    tables = {TABLES[name].store for name in tables_read(_split_explain(query)[1])}
    return tuple(store for store in STORES if store in tables)


def is_show_tables(query: str) -> bool:
    """Whether a query is `SHOW TABLES`, which asks no store.

    >>> is_show_tables("show tables;"), is_show_tables("SHOW TABLES FROM x")
    (True, False)
    """
    return _SHOW.fullmatch(query) is not None


def list_tables(names: Iterable[str]) -> pl.DataFrame:
    """The answer of SHOW TABLES: each table's name in SQL, its store, its key and what it holds.

    >>> list_tables(["assets", "redis_price_current"]).select("table", "store").rows()
    [('pg.assets', 'PostgreSQL'), ('redis.price_current', 'Redis')]
    """
    entries = [
        (sql_name(table), name, STORES[table.store].title, ", ".join(table.key), table.meaning)
        for name, table in TABLES.items()
        if name in set(names) and table.schema
    ]
    columns = ["table", "name", "store", "key", "description"]
    return pl.DataFrame(entries, schema=dict.fromkeys(columns, pl.String), orient="row")


def sql_name(table: Table) -> str:
    """A table's name behind its store.

    >>> sql_name(TABLES["redis_price_current"]), sql_name(TABLES["market_data"])
    ('redis.price_current', 'ch.market_data')
    """
    prefix = STORES[table.store].prefix
    return f"{prefix}.{table.name.removeprefix(f'{prefix}_')}"


def tables_read(query: str) -> list[str]:
    """The declared tables that a query reads, found by DuckDB's own parser; names in text and comments do not count.

    The query is bound to empty tables first, so that a wrong name is refused before anything is loaded.

    Raises:
        UsageError: the query is not one SELECT, or names a table or column that is not declared.

    >>> tables_read("SELECT 'transactions' FROM Assets AS users")
    ['assets']
    """
    import duckdb

    with _empty_tables().cursor() as engine:
        try:
            select = _one_select(engine, query)
            engine.sql(select)
            # `get_table_names` cannot bind a join with USING; the parsed statement names the same tables.
            (parsed,) = engine.execute("SELECT json_serialize_sql(?)", [select]).fetchall()
        except duckdb.Error as error:
            raise _usage_error(error) from error
    names = set(_base_tables(json.loads(parsed[0])))
    return [name for name, table in TABLES.items() if {name, sql_name(table)} & names]


@cache
def _empty_tables() -> "duckdb.DuckDBPyConnection":
    """Every declared table without rows, made once, to see what a query means."""
    import duckdb

    from ys_analytics.frames.live_tables import arrow_schema

    engine = duckdb.connect(":memory:")
    engine.execute("SET TimeZone = 'UTC'")
    named = [name for name, table in TABLES.items() if table.schema]
    for name in named:
        engine.register("empty", arrow_schema(TABLES[name]).empty_table())
        engine.execute(f"CREATE TABLE {quote_name(name)} AS FROM empty")
        engine.unregister("empty")
    _add_prefixed_names(engine, named)
    _lock(engine, (), LIMITS)
    return engine


def _grouped_query(select: str, live: "LiveTables", engine: "duckdb.DuckDBPyConnection") -> str:
    """The query over groups that the store has added up, where it is of that kind; otherwise as it is."""
    from ys_analytics.frames import aggregate_pushdown

    with _empty_tables().cursor() as empty:
        grouped = aggregate_pushdown.group_query(select, empty.sql(select).columns, engine=empty)
        if grouped is None:
            return select
        count_query, over_groups = (_text_of(empty, tree) for tree in (grouped.condition, grouped.tree))
    condition = aggregate_pushdown.condition_of(grouped.table, count_query, add_prefixed_names=_add_prefixed_names)
    groups = (
        live.aggregate(grouped.table, condition, grouped.groups, grouped.measures) if condition is not None else None
    )
    if groups is None:
        return select
    engine.register(aggregate_pushdown.GROUPS, groups)
    return over_groups


def _text_of(engine: "duckdb.DuckDBPyConnection", tree: Any) -> str:
    """A parsed query as text."""
    return str(engine.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)]).fetchall()[0][0])


def _base_tables(node: Any) -> Iterator[str]:
    """The names of tables anywhere in a parsed statement, in lower case; a name that a WITH gives counts too."""
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            prefix = str(node["schema_name"]).lower()
            yield (
                str(node["table_name"]).lower() if prefix in ("", "main") else f"{prefix}.{node['table_name']}".lower()
            )
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _base_tables(part)


def _answer(
    query: str,
    make_tables: Callable[["duckdb.DuckDBPyConnection"], str | None],
    *,
    allowed: Sequence[str],
    limits: Limits,
    stop: Callable[[], None] = lambda: None,
) -> pl.DataFrame:
    """Answer in a thread of its own, so that the deadline and Ctrl-C interrupt the query wherever it is.

    `make_tables` makes the tables, and may give another query with the same answer; `stop` ends what it waits for
    outside of DuckDB.
    """
    import duckdb

    engine = duckdb.connect(":memory:")
    answered: Future[pl.DataFrame] = Future()

    def work() -> None:
        try:
            engine.execute("SET TimeZone = 'UTC'")
            rewritten = make_tables(engine)
            _lock(engine, allowed, limits)
            answered.set_result(_fetch_typed(engine, _one_select(engine, rewritten or query), limits))
        except duckdb.OutOfMemoryException:
            # DuckDB's words advise settings that are locked here.
            answered.set_exception(
                UsageError(
                    f"sql: the query needs more than {limits.memory / 2**20:,.0f} MiB of memory; ask for fewer rows or"
                    " columns, or sum up before it sorts or joins"
                )
            )
        except duckdb.Error as error:
            answered.set_exception(_usage_error(error))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            answered.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        return answered.result(timeout=limits.seconds)
    except TimeoutError:
        raise UsageError(
            f"sql: stopped after {limits.seconds:g} seconds; ask for less, or set YS_STATEMENT_TIMEOUT higher"
        ) from None
    finally:
        engine.interrupt()
        thread.join(_INTERRUPT_SECONDS)
        if thread.is_alive():  # it waits for a store
            stop()
        # What comes between two statements interrupts neither, so it is said again until the thread has ended.
        last = time.monotonic() + _EXIT_SECONDS
        while thread.is_alive() and time.monotonic() < last:
            engine.interrupt()
            thread.join(_AGAIN_SECONDS)
        # One long step of DuckDB cannot be interrupted; its thread ends by itself, and closing would wait for it.
        if not thread.is_alive():
            engine.close()


def _lock(engine: "duckdb.DuckDBPyConnection", allowed: Sequence[str], limits: Limits) -> None:
    """Limit memory, and refuse files, extensions, variables of Python and changes of these settings."""
    engine.execute(f"SET memory_limit = '{limits.memory}B'")
    engine.execute("SET temp_directory = ''")
    engine.execute("SET python_enable_replacements = false")
    engine.execute(f"SET allowed_paths = [{', '.join(quote_text(path) for path in allowed)}]")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")


def _one_select(engine: "duckdb.DuckDBPyConnection", query: str) -> str:
    """The text of the only statement, which reads.

    Raises:
        UsageError: there is none, there are several, or it does something else.
    """
    import duckdb

    kinds = duckdb.StatementType
    statements = engine.extract_statements(query)
    if not statements:
        raise UsageError("sql: the query asks for nothing; write a SELECT")
    if len(statements) > 1:
        raise UsageError(f"sql: {len(statements)} statements in one text; write one SELECT")
    (statement,) = statements
    if statement.type == kinds.MULTI:
        raise UsageError("sql: a PIVOT needs its values here; write PIVOT ... ON column IN (...)")
    if statement.type != kinds.SELECT:
        raise UsageError(f"sql: {statement.type.name} is refused, queries only read; write a SELECT")
    text: str = statement.query
    return text.rstrip().rstrip(";")


def _fetch_typed(engine: "duckdb.DuckDBPyConnection", select: str, limits: Limits) -> pl.DataFrame:
    """The answer with the types the module's rules give it.

    Raises:
        UsageError: a column has a type without a rule, or the answer is too large.
    """
    relation = engine.sql(select)
    if relation.columns == []:
        raise UsageError("sql: the query asks for nothing; write a SELECT")
    names = unique_names(relation.columns)
    aliases = [f"c{index}" for index in range(len(names))]
    columns = [
        f"{typed_expression(alias, name, dtype)} AS {alias}"
        for alias, name, dtype in zip(aliases, names, relation.types, strict=True)
    ]
    text = f"SELECT {', '.join(columns)} FROM (\n{select}\n) AS answer({', '.join(aliases)})"  # noqa: S608 - one SELECT
    frame: pl.DataFrame = pl.from_arrow(_fetch_within(engine.sql(text), limits))  # type: ignore[assignment]
    spans = [name for name, dtype in zip(names, relation.types, strict=True) if dtype.id == "interval"]
    return frame.rename(dict(zip(aliases, names, strict=True))).with_columns(pl.col(spans).cast(pl.Duration("us")))


def _fetch_within(relation: "duckdb.DuckDBPyRelation", limits: Limits) -> "pa.Table":
    """The rows, as long as they are within limits.

    Raises:
        UsageError: there are more.
    """
    import pyarrow as pa

    reader = relation.to_arrow_reader(_BATCH)
    batches, rows, size = [], 0, 0
    for batch in reader:
        rows += batch.num_rows
        size += batch.nbytes
        if rows > limits.rows or size > limits.memory:
            bound = f"{limits.rows:,} rows" if rows > limits.rows else f"{limits.memory / 2**20:,.0f} MiB"
            raise UsageError(f"sql: the answer is larger than {bound}; add a LIMIT, or let SQL sum it up")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=reader.schema)


def _array_casts(name: str) -> str:
    """Vectors as arrays of their size, which a Parquet file forgets."""
    table = TABLES.get(name)
    array_columns = [] if table is None else [(c, t) for c, t in table.schema.items() if isinstance(t, pl.Array)]
    casts = ", ".join(
        f"{quote_name(column)}::FLOAT[{dtype.size}] AS {quote_name(column)}" for column, dtype in array_columns
    )
    return f" REPLACE ({casts})" if casts else ""


def _condition(name: str, portfolio: str | None, span: Span | None) -> str:
    """The WHERE clause for one portfolio's rows, where the table has an owner, and one span's, where it has a time."""
    table = TABLES.get(name)
    parts = []
    if table is not None and portfolio is not None and table.portfolio is not None:
        parts.append(f"{quote_name(table.portfolio)} = {quote_text(portfolio)}")
    if table is not None and span is not None and table.span_column is not None:
        start, end = (quote_text(f"{moment:%Y-%m-%d %H:%M:%S}+00") for moment in (span.start, span.end))
        column = f"{quote_name(table.span_column)}::TIMESTAMPTZ"
        parts.append(f"{column} >= {start}::TIMESTAMPTZ AND {column} < {end}::TIMESTAMPTZ")
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def _add_prefixed_names(
    engine: "duckdb.DuckDBPyConnection", names: Iterable[str], *, where: str = "memory.main"
) -> None:
    """Each table under its name behind its store too; `where` has it under its own."""
    for prefix in dict.fromkeys(traits.prefix for traits in STORES.values()):
        engine.execute(f"CREATE SCHEMA {prefix}")
    for name in names:
        if name in TABLES:
            engine.execute(f"CREATE VIEW {sql_name(TABLES[name])} AS FROM {where}.{quote_name(name)}")


def _split_explain(query: str) -> tuple[bool, str]:
    """Whether a query begins with EXPLAIN, and the query without that word."""
    match = _EXPLAIN.match(query)
    return (False, query) if match is None else (True, query[match.end() :])


def _scan_table(scans: "Sequence[Scan]") -> pl.DataFrame:
    rows = [
        (scan.table.store, sql_name(scan.table), scan.statement, scan.rows, scan.bytes, scan.seconds) for scan in scans
    ]
    return pl.DataFrame(rows, schema=SCANS, orient="row")


def _usage_error(error: "duckdb.Error") -> UsageError:
    """DuckDB's error with its hints, in one line; of a column that is not in its table, where it is."""
    message = " ".join(str(error).split())
    missing = _NO_COLUMN.search(message)
    return UsageError(f"sql: {message}{_where_else(missing['column'], hint=missing['hint']) if missing else ''}")


def _where_else(column: str, *, hint: str | None) -> str:
    """The tables that have a column, or the names nearest to it where DuckDB has no hint."""
    tables = {sql_name(table): table for table in TABLES.values() if table.schema}
    if holding := [name for name, table in tables.items() if column.lower() in table.schema]:
        return f"; {column} is in {', '.join(holding)}"
    if hint:
        return ""
    near = get_close_matches(column.lower(), {name for table in tables.values() for name in table.schema}, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""
