"""SQL over tables: one DuckDB engine for a frozen run and for live stores, in UTC, bounded and read-only.

Depends on DuckDB and on the declared schemas. Does not know how a store is reached: the caller names Parquet files,
hands over frames or open stores. A table has its own name, and one behind its store: `assets` is `pg.assets`,
`redis_price_current` is `redis.price_current`.

Answers carry the types of the frames they are made from. What Polars has no type for is converted by one of these
rules, or refused with the cast to write:

- HUGEINT and UHUGEINT, such as the sum of integers, become Int64; a number beyond 64 bits is an error.
- INTERVAL, such as the difference of two times, becomes Duration("us"); months have no fixed length: an error.
- TIMESTAMP_S and TIMESTAMP_MS become Datetime("us"); UUID, JSON and ENUM become String.
- MAP becomes List(Struct) of key and value, as the frames hold maps.
- A second column of one name gets `_1` after it, the third `_2`.
- UNION, BIT, BIGNUM, TIME WITH TIME ZONE and any other type are refused.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ys_analytics.errors import UsageError, YsError
from ys_analytics.frames import aggregate_pushdown
from ys_analytics.frames.live_tables import LiveTables, Scan, arrow_schema
from ys_analytics.schemas import LIMITS, STORES, TABLES, Limits, Span, Store, Table
from ys_analytics.stores import Stores

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa  # type: ignore[import-untyped]

# How long an interrupted query is given to notice before its thread is left behind.
_GRACE = 5.0
# How long, before the store that it may wait for is cut off.
_SOON = 0.5
_BATCH = 100_000

_PLAIN = frozenset(
    {
        "boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint",
        "float", "double", "decimal", "varchar", "blob", "date", "time", "timestamp", "timestamp_ns",
        "timestamp with time zone", "null",
    }
)  # fmt: skip
_CAST = {
    "uuid": "VARCHAR",
    "enum": "VARCHAR",
    "timestamp_s": "TIMESTAMP",
    "timestamp_ms": "TIMESTAMP",
    "hugeint": "BIGINT",
    "uhugeint": "BIGINT",
}
# What EXPLAIN answers, a row a scan.
SCANS: dict[str, pl.DataType] = {
    "store": pl.String(), "table": pl.String(), "statement": pl.String(),
    "rows": pl.Int64(), "bytes": pl.Int64(), "seconds": pl.Float64(),
}  # fmt: skip

_SHOW = re.compile(r"\s*SHOW\s+TABLES\s*;?\s*", re.IGNORECASE)
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?!ANALY)", re.IGNORECASE)

_WIDE = frozenset({"hugeint", "uhugeint"})
# The cast that a refusal suggests; text for what is not listed.
_INSTEAD = {"time with time zone": "TIME"}


def over_files(
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

    def fill(engine: "duckdb.DuckDBPyConnection") -> None:
        for name, path in files.items():
            engine.execute(
                f"CREATE VIEW {_name(name)} AS SELECT *{_arrays(name)} "  # noqa: S608 - names are the manifest's
                f"FROM read_parquet({_literal(str(path))}){_condition(name, portfolio, span)}"
            )
        _behind_stores(engine, files)

    if _SHOW.fullmatch(query):
        return listed(files)
    return _answer(query, fill, allowed=[str(path) for path in files.values()], limits=limits)


def over_frames(query: str, held: Mapping[str, pl.DataFrame], *, limits: Limits = LIMITS) -> pl.DataFrame:
    """Answer a query over frames in memory, each a table under its name; no file can be read or written.

    Args:
        query: One SELECT in DuckDB's SQL.
        held: The frame of each table.
        limits: What the query may take.

    Raises:
        UsageError: as `over_files`.

    >>> over_frames("SELECT sum(n) AS total FROM counts", {"counts": pl.DataFrame({"n": [1, 2]})})["total"].to_list()
    [3]
    """

    def fill(engine: "duckdb.DuckDBPyConnection") -> None:
        for name, frame in held.items():
            engine.register(name, frame.with_columns(pl.col(pl.Enum).cast(pl.String)).to_arrow())
        _behind_stores(engine, held, where="temp.main")

    return _answer(query, fill, allowed=(), limits=limits)


def over_stores(
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
        portfolio: As `over_files`.
        span: As `over_files`.
        limits: What the query may take.

    Raises:
        UsageError: as `over_files`.
        StoreError: a store refused us or went away.
        ContractError: a table has drifted from its declaration, or a value does not fit.
    """
    explained, select = _explained(query)
    live = LiveTables(stores, span, portfolio)
    names = tables_read(select)
    with live.opened([TABLES[name] for name in names]) as held:

        def fill(engine: "duckdb.DuckDBPyConnection") -> str:
            for name, table in held.items():
                engine.register(name, table)
            _behind_stores(engine, held, where="temp.main")  # where DuckDB keeps what Python registers
            return _over_groups(select, live, engine) if len(held) == 1 else select

        try:
            answer = _answer(select, fill, allowed=(), limits=limits, stop=live.stop)
        except UsageError:
            # DuckDB passes on the text of what stopped a scan; what it was says more.
            if isinstance(live.failure, YsError):
                raise live.failure from None
            raise
    return _scans(live.scans) if explained else answer


def stores_read(query: str) -> tuple[Store, ...]:
    """The stores that hold a table of a query, in the order in which stores are opened.

    Raises:
        UsageError: as `tables_read`.

    >>> stores_read("SELECT count(*) FROM ch.market_data JOIN assets ON assets.id = asset_id")
    ('postgres', 'clickhouse')
    """
    held = {TABLES[name].store for name in tables_read(_explained(query)[1])}
    return tuple(store for store in STORES if store in held)


def is_listing(query: str) -> bool:
    """Whether a query is `SHOW TABLES`, which asks no store.

    >>> is_listing("show tables;"), is_listing("SHOW TABLES FROM x")
    (True, False)
    """
    return _SHOW.fullmatch(query) is not None


def listed(names: Iterable[str]) -> pl.DataFrame:
    """What SHOW TABLES answers: each table's name in SQL, its store, its key and what it holds.

    >>> listed(["assets", "redis_price_current"]).select("table", "store").rows()
    [('pg.assets', 'PostgreSQL'), ('redis.price_current', 'Redis')]
    """
    rows = [
        (sql_name(table), name, STORES[table.store].title, ", ".join(table.key), table.meaning)
        for name, table in TABLES.items()
        if name in set(names) and table.schema
    ]
    columns = ["table", "name", "store", "key", "description"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


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
            raise _refused(error) from error
    found = set(_base_tables(json.loads(parsed[0])))
    return [name for name, table in TABLES.items() if {name, sql_name(table)} & found]


@cache
def _empty_tables() -> "duckdb.DuckDBPyConnection":
    """Every declared table without rows, made once, to see what a query means."""
    import duckdb

    engine = duckdb.connect(":memory:")
    engine.execute("SET TimeZone = 'UTC'")
    named = [name for name, table in TABLES.items() if table.schema]
    for name in named:
        engine.register("empty", arrow_schema(TABLES[name]).empty_table())
        engine.execute(f"CREATE TABLE {_name(name)} AS FROM empty")
        engine.unregister("empty")
    _behind_stores(engine, named)
    _lock(engine, (), LIMITS)
    return engine


def _over_groups(select: str, live: LiveTables, engine: "duckdb.DuckDBPyConnection") -> str:
    """The query over groups that the store has added up, where it is of that kind; otherwise as it is."""
    with _empty_tables().cursor() as empty:
        found = aggregate_pushdown.grouped(select, empty.sql(select).columns, engine=empty)
        if found is None:
            return select
        counting, over = (_text_of(empty, tree) for tree in (found.condition, found.tree))
    pushed = aggregate_pushdown.condition_of(found.table, counting, behind=_behind_stores)
    groups = live.aggregate(found.table, pushed, found.groups, found.measures) if pushed is not None else None
    if groups is None:
        return select
    engine.register(aggregate_pushdown.GROUPS, groups)
    return over


def _text_of(engine: "duckdb.DuckDBPyConnection", tree: Any) -> str:
    """A parsed query as text."""
    return str(engine.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)]).fetchall()[0][0])


def _base_tables(node: Any) -> Iterator[str]:
    """The names of tables anywhere in a parsed statement, in lower case; a name that a WITH gives counts too."""
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            behind = str(node["schema_name"]).lower()
            yield (
                str(node["table_name"]).lower() if behind in ("", "main") else f"{behind}.{node['table_name']}".lower()
            )
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _base_tables(part)


def _answer(
    query: str,
    fill: Callable[["duckdb.DuckDBPyConnection"], str | None],
    *,
    allowed: Sequence[str],
    limits: Limits,
    stop: Callable[[], None] = lambda: None,
) -> pl.DataFrame:
    """Answer in a thread of its own, so that the deadline and Ctrl-C interrupt the query wherever it is.

    `fill` makes the tables, and may give another query with the same answer; `stop` ends what it waits for outside of
    DuckDB.
    """
    import duckdb

    engine = duckdb.connect(":memory:")
    answered: Future[pl.DataFrame] = Future()

    def work() -> None:
        try:
            engine.execute("SET TimeZone = 'UTC'")
            other = fill(engine)
            _lock(engine, allowed, limits)
            answered.set_result(_typed(engine, _one_select(engine, other or query), limits))
        except duckdb.Error as error:
            answered.set_exception(_refused(error))
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
        thread.join(_SOON)
        if thread.is_alive():  # it waits for a store
            stop()
        thread.join(_GRACE)
        # One long step of DuckDB cannot be interrupted; its thread ends by itself, and closing would wait for it.
        if not thread.is_alive():
            engine.close()


def _lock(engine: "duckdb.DuckDBPyConnection", allowed: Sequence[str], limits: Limits) -> None:
    """Bounded, and closed to files, extensions, variables of Python and changes of any of this."""
    engine.execute(f"SET memory_limit = '{limits.memory}B'")
    engine.execute("SET temp_directory = ''")
    engine.execute("SET python_enable_replacements = false")
    engine.execute(f"SET allowed_paths = [{', '.join(_literal(path) for path in allowed)}]")
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


def _typed(engine: "duckdb.DuckDBPyConnection", select: str, limits: Limits) -> pl.DataFrame:
    """The answer with the types the module's rules give it.

    Raises:
        UsageError: a column has a type without a rule, or the answer is too large.
    """
    asked = engine.sql(select)
    if asked.columns == []:
        raise UsageError("sql: the query asks for nothing; write a SELECT")
    names = _distinct(asked.columns)
    places = [f"c{at}" for at in range(len(names))]
    parts = [
        f"{_expression(place, name, dtype)} AS {place}"
        for place, name, dtype in zip(places, names, asked.types, strict=True)
    ]
    text = f"SELECT {', '.join(parts)} FROM (\n{select}\n) AS answer({', '.join(places)})"  # noqa: S608 - one SELECT
    frame: pl.DataFrame = pl.from_arrow(_within(engine.sql(text), limits))  # type: ignore[assignment]
    spans = [name for name, dtype in zip(names, asked.types, strict=True) if dtype.id == "interval"]
    return frame.rename(dict(zip(places, names, strict=True))).with_columns(pl.col(spans).cast(pl.Duration("us")))


def _within(asked: "duckdb.DuckDBPyRelation", limits: Limits) -> "pa.Table":
    """The rows, as long as they are within limits.

    Raises:
        UsageError: there are more.
    """
    import pyarrow as pa

    reader = asked.to_arrow_reader(_BATCH)
    batches, rows, size = [], 0, 0
    for batch in reader:
        rows += batch.num_rows
        size += batch.nbytes
        if rows > limits.rows or size > limits.memory:
            bound = f"{limits.rows:,} rows" if rows > limits.rows else f"{limits.memory / 2**20:,.0f} MiB"
            raise UsageError(f"sql: the answer is larger than {bound}; add a LIMIT, or let SQL sum it up")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=reader.schema)


def _distinct(columns: Sequence[str]) -> list[str]:
    """The names with `_1`, `_2` after those that came before.

    >>> _distinct(["id", "id", "id_1"])
    ['id', 'id_2', 'id_1']
    """
    taken: set[str] = set()
    named = []
    for column in columns:
        name, again = column, 0
        while name in taken or (again and name in columns):
            again += 1
            name = f"{column}_{again}"
        taken.add(name)
        named.append(name)
    return named


def _expression(place: str, name: str, dtype: Any) -> str:
    """How a column is selected, so that it comes back as a type of Polars.

    Raises:
        UsageError: there is no rule for its type.
    """
    if dtype.id == "interval":
        months = f"datepart('year', {place}) <> 0 OR datepart('month', {place}) <> 0"
        line = f"column {name!r} is an interval with months, which have no fixed length; write a difference of times"
        return f"CASE WHEN {months} THEN error({_literal(line)}) ELSE epoch_us({place}) END"
    if dtype.id in _WIDE:
        line = f"column {name!r} has a whole number beyond 64 bits; write {_name(name)}::DECIMAL(38, 0) or ::DOUBLE"
        fits = f"{place} IS NULL OR {place} BETWEEN -9223372036854775808 AND 9223372036854775807"
        return f"CASE WHEN {fits} THEN CAST({place} AS BIGINT) ELSE error({_literal(line)}) END"
    if dtype.id == "map":
        (_, key), (_, value) = dtype.children
        pair = f'STRUCT("key" {_wanted(key, name)}, "value" {_wanted(value, name)})'
        return f"CAST(map_entries({place}) AS {pair}[])"
    wanted = _wanted(dtype, name)
    return place if wanted == str(dtype) else f"CAST({place} AS {wanted})"


def _wanted(dtype: Any, name: str) -> str:
    """The type of DuckDB, written in SQL, that a column is cast to.

    Raises:
        UsageError: there is no rule for it, or for something within it.
    """
    kind = dtype.id
    if kind in _CAST:
        return _CAST[kind]
    if kind in _PLAIN:
        return "VARCHAR" if str(dtype) == "JSON" else str(dtype)
    if kind == "list":
        return f"{_wanted(dtype.child, name)}[]"
    if kind == "array":
        (_, inner), (_, size) = dtype.children
        return f"{_wanted(inner, name)}[{size}]"
    if kind == "struct":
        return f"STRUCT({', '.join(f'{_name(part)} {_wanted(inner, name)}' for part, inner in dtype.children)})"
    if kind == "map":
        (_, key), (_, value) = dtype.children
        return f"MAP({_wanted(key, name)}, {_wanted(value, name)})"
    said = str(dtype).replace('"', "")
    raise UsageError(
        f"sql: column {name!r} is of type {said}, which a frame cannot hold; write {_name(name)}::"
        f"{_INSTEAD.get(kind, 'VARCHAR')}"
    )


def _arrays(name: str) -> str:
    """Vectors as arrays of their size, which a Parquet file forgets."""
    table = TABLES.get(name)
    sized = [] if table is None else [(c, t) for c, t in table.schema.items() if isinstance(t, pl.Array)]
    casts = ", ".join(f"{_name(column)}::FLOAT[{dtype.size}] AS {_name(column)}" for column, dtype in sized)
    return f" REPLACE ({casts})" if casts else ""


def _condition(name: str, portfolio: str | None, span: Span | None) -> str:
    """What keeps one portfolio's rows, where the table has an owner, and one span's, where it has a time."""
    table = TABLES.get(name)
    parts = []
    if table is not None and portfolio is not None and table.portfolio is not None:
        parts.append(f"{_name(table.portfolio)} = {_literal(portfolio)}")
    if table is not None and span is not None and table.placed is not None:
        start, end = (_literal(f"{moment:%Y-%m-%d %H:%M:%S}+00") for moment in (span.start, span.end))
        column = f"{_name(table.placed)}::TIMESTAMPTZ"
        parts.append(f"{column} >= {start}::TIMESTAMPTZ AND {column} < {end}::TIMESTAMPTZ")
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def _behind_stores(engine: "duckdb.DuckDBPyConnection", names: Iterable[str], *, where: str = "memory.main") -> None:
    """Each table under its name behind its store too; `where` has it under its own."""
    for prefix in dict.fromkeys(traits.prefix for traits in STORES.values()):
        engine.execute(f"CREATE SCHEMA {prefix}")
    for name in names:
        if name in TABLES:
            engine.execute(f"CREATE VIEW {sql_name(TABLES[name])} AS FROM {where}.{_name(name)}")


def _explained(query: str) -> tuple[bool, str]:
    """Whether a query asks what the stores are asked, and the query without that word."""
    found = _EXPLAIN.match(query)
    return (False, query) if found is None else (True, query[found.end() :])


def _scans(scans: Sequence[Scan]) -> pl.DataFrame:
    rows = [
        (each.table.store, sql_name(each.table), each.statement, each.rows, each.bytes, each.seconds) for each in scans
    ]
    return pl.DataFrame(rows, schema=SCANS, orient="row")


def _refused(error: "duckdb.Error") -> UsageError:
    """DuckDB's own words with its hints, in one line."""
    return UsageError(f"sql: {' '.join(str(error).split())}")


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
