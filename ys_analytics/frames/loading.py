"""Every table, key family and collection as one exact frame, or as a stream of them.

Knows which store is asked how; what comes back passes the one gate. Nothing reads the clock.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

import polars as pl

from ys_analytics.errors import StoreError
from ys_analytics.frames import contract, gate, qdrant_rows, redis_rows
from ys_analytics.frames.query import Question
from ys_analytics.schemas import TABLES, Collection, KeyFamily, Progress, Span, Table, misnamed, silent
from ys_analytics.stores import Stores
from ys_analytics.stores.common.quarantine import RejectedRow, RejectPolicy

Seen = Callable[[pl.DataFrame], None]


def _unseen(rows: pl.DataFrame) -> None:
    """Nobody watches."""


def load(
    stores: Stores,
    name: str,
    *,
    span: Span | None = None,
    portfolios: Sequence[str] | None = None,
    quarantine: list[RejectedRow] | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """One table as a frame, exact to the last decimal.

    Args:
        stores: The open stores.
        name: A name of `schemas.TABLES`.
        span: Only rows placed in it; a table without time gives its current state whole.
        portfolios: Only rows of these ids; a table that is nobody's gives all.
        quarantine: Rows that do not fit their types are added here and left out; without it they are an error.
        progress: Told the rows so far.

    Returns:
        The columns of `schemas.TABLES[name].schema`, the same types full or empty, sorted by the table's key;
        exact duplicates dropped, contradictions kept.

    Raises:
        UsageError: there is no such table, it holds secrets, or a portfolio is no id.
        StoreError: the store refused us or went away.
        ContractError: the table has drifted from its declaration, or a value does not fit.
    """
    question = Question(find(name), span, portfolios)
    policy = _policy(question.table, quarantine)
    return gate.conform(collect(stores, question, policy, progress=progress), question.table)


def batches(
    stores: Stores,
    name: str,
    *,
    span: Span | None = None,
    portfolios: Sequence[str] | None = None,
    quarantine: list[RejectedRow] | None = None,
    progress: Progress = silent,
) -> Generator[pl.DataFrame, None, None]:
    """The same rows in the same order as `load`, a frame at a time, with memory for one of them.

    The first frame may be empty, so that there always is one with the types. Ctrl-C, and leaving the loop
    early, stop the statement in the store.

    Args:
        stores: The open stores; the store that is read answers nothing else meanwhile.
        name: As `load`.
        span: As `load`.
        portfolios: As `load`.
        quarantine: As `load`.
        progress: Told the rows so far after each frame.

    Raises:
        UsageError: as `load`.
        StoreError: as `load`; also when the server goes away in the middle.
        ContractError: as `load`.
    """
    question = Question(find(name), span, portfolios)
    rows = 0
    with closing(stream(stores, question, _policy(question.table, quarantine))) as frames:
        for frame, _ in frames:
            rows += frame.height
            progress(name, rows)
            yield frame


def count(stores: Stores, name: str) -> int:
    """How many rows a table holds, or keys a family, or points a collection; the one thing to ask of secrets.

    Raises:
        UsageError: there is no such table.
        StoreError: the store refused us or went away.
    """
    table = find(name)
    match table:
        case KeyFamily():
            return stores.redis.count(table.glob)
        case Collection():
            return stores.qdrant.count(table.name)
        case _:
            store = stores.postgres if table.store == "postgres" else stores.clickhouse
            return int(store.rows(f'SELECT count(*) FROM "{table.name}"')[0][0])  # noqa: S608 - a declared name


def find(name: str) -> Table:
    """The declaration of a table.

    Raises:
        UsageError: nothing is declared under that name.
    """
    if name not in TABLES:
        raise misnamed(name, TABLES, what="table", listed="`ys catalog`")
    return TABLES[name]


def collect(
    stores: Stores, question: Question, refusals: RejectPolicy, *, seen: Seen = _unseen, progress: Progress = silent
) -> pl.DataFrame:
    """The rows asked for, typed but not yet through the gate; `seen` is shown all that the store gave for it."""
    table, where, values = question.table, question.where, question.parameters

    def arrived(rows: int) -> None:
        progress(table.name, rows)

    match table:
        case KeyFamily():
            rows = redis_rows.read(stores.redis, table, refusals, arrived=arrived)
        case Collection():
            rows = qdrant_rows.read(stores.qdrant, table, refusals, arrived=arrived)
        case _:
            contract.check(stores, table)
            store = stores.postgres if table.store == "postgres" else stores.clickhouse
            rows = store.scan(table.name, where, values, schema=table.schema, refusals=refusals, arrived=arrived)
    seen(rows)
    return _within(rows, question) if table.store in {"redis", "qdrant"} else rows


def stream(
    stores: Stores, question: Question, refusals: RejectPolicy, *, seen: Seen = _unseen
) -> Generator[tuple[pl.DataFrame, int], None, None]:
    """Frames in key order through the gate, each with the number of duplicates dropped from it.

    The rows of a frame's last key wait for the next frame, so that one key is never judged in two halves.
    `seen` is shown all that the store gave.
    """
    table = question.table
    if isinstance(table, (KeyFamily, Collection)):
        rows = gate.shaped(collect(stores, question, refusals, seen=seen), table)
        yield gate.distinct(gate.in_order(rows, table), table)
        return
    contract.check(stores, table)
    store = stores.postgres if table.store == "postgres" else stores.clickhouse
    held = before = pl.DataFrame(schema=table.schema)
    yield held, 0
    for frame in store.batches(question.statement, question.parameters, schema=table.schema, refusals=refusals):
        seen(frame)
        rows = pl.concat([held, gate.shaped(frame, table)])
        last = _last_key(rows, table)
        held, ready = rows.slice(last), gate.in_order(rows.slice(0, last), table)
        _follow(before, ready, table)
        before = ready.tail(1) if ready.height else before
        yield gate.distinct(ready, table)
    rest = gate.in_order(held, table)
    _follow(before, rest, table)
    yield gate.distinct(rest, table)


def _follow(before: pl.DataFrame, rows: pl.DataFrame, table: Table) -> None:
    """Make sure that the store sorted as we do: a later frame never goes back.

    Raises:
        StoreError: it did.
    """
    if table.key and not gate.ordered(pl.concat([before, rows.head(1)]), table):
        raise StoreError(f"{table.store}: {table.name} came out of order; check the server's collation")


def _last_key(rows: pl.DataFrame, table: Table) -> int:
    """Where the rows of the last key begin."""
    if not rows.height or not table.key:
        return rows.height
    final = rows.select(table.key).tail(1)
    for back in range(2, rows.height + 1):
        if not rows.select(table.key).slice(rows.height - back, 1).equals(final):
            return rows.height - back + 1
    return 0


def _within(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """The rows a question asks for, of a store that cannot be asked for less than all."""
    table, span, portfolios = question.table, question.span, question.portfolios
    if span is not None and table.time is not None:
        rows = rows.filter(pl.col(table.time).is_between(span.start, span.end, closed="left"))
    if portfolios is not None and table.portfolio is not None:
        rows = rows.filter(pl.col(table.portfolio).is_in(list(portfolios)))
    return rows


def _policy(table: Table, quarantine: list[RejectedRow] | None) -> RejectPolicy:
    return RejectPolicy(
        source=table.name,
        key=table.key,
        quarantine=quarantine is not None,
        met=quarantine if quarantine is not None else [],
    )
