"""Every table, key family and collection as one exact frame, or as a stream of them.

Depends on the reader of each store. Does not know any store. What comes back passes the one gate; nothing reads the
clock.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

import polars as pl

from ys_analytics.errors import StoreError
from ys_analytics.frames import contract, gate
from ys_analytics.schemas import STORES, TABLES, Progress, Span, Table, silent, unknown_name
from ys_analytics.stores import Stores
from ys_analytics.stores.common.quarantine import RejectedRow, RejectPolicy
from ys_analytics.stores.common.table_query import TableQuery

RowsCallback = Callable[[pl.DataFrame], None]


def _ignore_rows(rows: pl.DataFrame) -> None:
    """Ignore the rows."""


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
        portfolios: Only rows of these ids; a table without portfolios gives all.
        quarantine: Rows that do not fit their types are added here and left out; without it they are an error.
        progress: Called with the rows so far.

    Returns:
        The columns of `schemas.TABLES[name].schema`, the same types full or empty, sorted by the table's key;
        exact duplicates dropped, contradictions kept.

    Raises:
        UsageError: there is no such table, it holds secrets, or a portfolio is no id.
        StoreError: the store refused us or went away.
        ContractError: the table has drifted from its declaration, or a value does not fit.
    """
    query = TableQuery(find_table(name), span, portfolios)
    policy = _policy(query.table, quarantine)
    return gate.conform(collect(stores, query, policy, progress=progress), query.table)


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
        progress: Called with the rows so far after each frame.

    Raises:
        UsageError: as `load`.
        StoreError: as `load`; also when the server goes away in the middle.
        ContractError: as `load`.
    """
    query = TableQuery(find_table(name), span, portfolios)
    rows = 0
    with closing(stream(stores, query, _policy(query.table, quarantine))) as frames:
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
    table = find_table(name)
    return stores.reader(table.store).count(table)


def find_table(name: str) -> Table:
    """The declaration of a table.

    Raises:
        UsageError: nothing is declared under that name.
    """
    if name not in TABLES:
        raise unknown_name(name, TABLES, what="table", listed="`ys catalog`")
    return TABLES[name]


def collect(
    stores: Stores,
    query: TableQuery,
    rejects: RejectPolicy,
    *,
    on_rows: RowsCallback = _ignore_rows,
    progress: Progress = silent,
) -> pl.DataFrame:
    """The rows asked for, typed but not yet through the gate; `on_rows` is shown all that the store gave for it."""
    table = query.table

    def report_rows(rows: int) -> None:
        progress(table.name, rows)

    contract.check(stores, table)
    rows = stores.reader(table.store).scan(query, rejects=rejects, report_rows=report_rows)
    on_rows(rows)
    return rows if STORES[table.store].sql else query.filter_rows(rows)


def stream(
    stores: Stores, query: TableQuery, rejects: RejectPolicy, *, on_rows: RowsCallback = _ignore_rows
) -> Generator[tuple[pl.DataFrame, int], None, None]:
    """Frames in key order through the gate, each with the number of duplicates dropped from it.

    The rows of a frame's last key wait for the next frame, so that one key is never seen in two halves.
    `on_rows` is shown all that the store gave.
    """
    table = query.table
    if not STORES[table.store].sql:
        rows = gate.require_schema(collect(stores, query, rejects, on_rows=on_rows), table)
        yield gate.drop_duplicates(gate.sort_by_key(rows, table), table)
        return
    contract.check(stores, table)
    waiting = last_row = pl.DataFrame(schema=table.schema)
    yield waiting, 0
    with closing(stores.reader(table.store).batches(query, rejects=rejects)) as frames:
        for frame in frames:
            on_rows(frame)
            rows = pl.concat([waiting, gate.require_schema(frame, table)])
            last = _last_key(rows, table)
            waiting, ready = rows.slice(last), gate.sort_by_key(rows.slice(0, last), table)
            _require_order(last_row, ready, table)
            last_row = ready.tail(1) if ready.height else last_row
            yield gate.drop_duplicates(ready, table)
    remaining = gate.sort_by_key(waiting, table)
    _require_order(last_row, remaining, table)
    yield gate.drop_duplicates(remaining, table)


def _require_order(last_row: pl.DataFrame, rows: pl.DataFrame, table: Table) -> None:
    """Make sure that the store sorted as we do: a later frame never goes back.

    Raises:
        StoreError: it did.
    """
    if table.key and not gate.is_sorted(pl.concat([last_row, rows.head(1)]), table):
        raise StoreError(f"{table.store}: {table.name} came out of order; check the server's collation")


def _last_key(rows: pl.DataFrame, table: Table) -> int:
    """Where the rows of the last key begin."""
    if not rows.height or not table.key:
        return rows.height
    final = rows.select(table.key).tail(1)
    for distance in range(2, rows.height + 1):
        if not rows.select(table.key).slice(rows.height - distance, 1).equals(final):
            return rows.height - distance + 1
    return 0


def _policy(table: Table, quarantine: list[RejectedRow] | None) -> RejectPolicy:
    return RejectPolicy(
        source=table.name,
        key=table.key,
        quarantine=quarantine is not None,
        rejected=quarantine if quarantine is not None else [],
    )
