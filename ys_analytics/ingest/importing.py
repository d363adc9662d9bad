"""Import files into a table: read, check every row, compare with the store, and write what is new at once.

Knows the order of these steps; each of them is a module of its own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ys_analytics import migrations
from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import by_symbol, existing_rows, files, rules, years
from ys_analytics.ingest.by_symbol import Layout
from ys_analytics.ingest.import_log import ImportLog
from ys_analytics.ingest.parsing import parse
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.writing import write
from ys_analytics.schemas import STORES, TABLES, Progress, Table, silent

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

_LEDGER = "schema_migrations"

# The columns that name something PostgreSQL must know, and where.
_REFERENCED_TABLES = {"asset_id": "assets", "portfolio_id": "portfolios"}

# How many unknown columns a message names.
_MAX_COLUMNS_SHOWN = 16

_TABLE_LAYOUT: set[Layout] = {"table"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The result of an import.

    Attributes:
        table: Into which table.
        files: From how many files.
        rows: Rows added; 0 where all were there already.
        present: Rows that were there already, with the same values.
        registered: Symbols that became assets.
        layout: The shape the files were read as.
        remarks: What was rounded, cut or converted, and how often.
        id: The id in the log of imports; empty without a log.
    """

    table: str
    files: int
    rows: int
    present: int
    registered: tuple[str, ...] = ()
    layout: Layout = "table"
    remarks: tuple[str, ...] = ()
    id: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        source = f"{self.files} file" + ("s" if self.files > 1 else "")
        if not self.rows and not self.present:
            result = f"{self.table}: no rows in {source}"
        elif self.rows == 0:
            result = f"{self.table}: nothing new in {source}; all {self.present:,} rows were there already"
        else:
            existing = f", {self.present:,} were there already" if self.present else ""
            result = f"{self.table}: {self.rows:,} rows added from {source}{existing}"
        if self.registered:
            result += f"; new assets: {', '.join(self.registered)}"
        meaning = by_symbol.MEANING[self.layout]
        return "; ".join([f"{result}; read as layout {self.layout}: {meaning}" if meaning else result, *self.remarks])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """The checked rows of all files, with the place each came from."""

    rows: pl.DataFrame
    origin: pl.DataFrame
    layout: Layout
    assets: pl.DataFrame


def import_file(
    stores: "Stores",
    table: str,
    paths: Path | Sequence[Path],
    *,
    symbols: Collection[str] | None = None,
    register: bool = False,
    log: ImportLog | None = None,
    now: datetime | None = None,
    progress: Progress = silent,
) -> Imported:
    """Add the rows of files to a PostgreSQL or ClickHouse table: all of them, or none.

    A file has a column for each column of the table, in any order (a nullable one may be left out), separated by
    commas, semicolons, tabs or bars. Times are written in UTC with their zone, or count from 1970 in one unit;
    numbers have a point and no thousands separators. Every value is read digit by digit (`numbers`, `times`,
    `chains`, `objects`); what a price feed writes finer than the store keeps is rounded, counted and said, in a
    ledger it is refused. Market data may name assets by symbol instead, as vendors do; that layout is recognised
    when no asset_id is a UUID, and what it converts is `by_symbol.MEANING`.

    Args:
        stores: PostgreSQL, and ClickHouse for its tables; as the owner.
        table: Its name.
        paths: CSV or Parquet; several files are one import.
        symbols: Market data by symbol: take the rows of these alone.
        register: Market data by symbol: unknown symbols become assets, instead of being an error.
        log: The log of imports, by which it can be undone; no log when left out.
        now: The moment the log states.
        progress: Called with every step.

    Returns:
        How many rows were added and how many were there already, with the same values.

    Raises:
        UsageError: no such table or file, or an option that does not fit.
        MigrationError: there is no schema to import into.
        ContractError: rows are wrong: one line for each kind of problem, with its first file, line and column, and a
            count.
        StoreError: a store refused; nothing was added.
    """
    declared = _table(table)
    ordered = [paths] if isinstance(paths, Path) else list(paths)
    if not ordered:
        raise UsageError(f"{table}: name at least one file")
    files.refuse_twice(ordered, copies=declared.events)
    migrations.require_schema(stores)
    problems = Problems(table=table, grouped=True, own_columns=True)
    checked = _check_files(stores, declared, ordered, problems, symbols=symbols, register=register, progress=progress)
    new, present = compare(stores, declared, checked.rows, checked.origin, problems, progress=progress)
    problems.raise_if_any(order=[path.name for path in ordered])
    entry = None if log is None else log.begin(ordered, layout=checked.layout, now=now)
    if entry is not None:
        entry.record_plan(table, new, checked.assets)
    progress("writing", 0, new.height)
    if new.height:
        write(stores, declared, new, checked.assets)
    if entry is not None:
        entry.mark_done()
    return Imported(
        table=table,
        files=len(ordered),
        rows=new.height,
        present=present,
        registered=tuple(checked.assets["symbol"].unique(maintain_order=True)) if new.height else (),
        layout=checked.layout,
        remarks=problems.remark_lines(),
        id=entry.id if entry is not None else "",
    )


def compare(
    stores: "Stores", table: Table, rows: pl.DataFrame, origin: pl.DataFrame, problems: Problems, *, progress: Progress
) -> tuple[pl.DataFrame, int]:
    """The rows that the store does not hold yet, and how many it holds; a key with another value is a problem."""
    progress("comparing", 0, rows.height)
    present, differs = existing_rows.compare(stores, table, rows)
    problems.add(origin, differs, f"has a key ({', '.join(table.key)}) that the store holds with another value")
    return rows.filter(~present), int(present.sum())


def _table(name: str) -> Table:
    table = TABLES.get(name)
    if table is None or not STORES[table.store].sql:
        raise UsageError(f"{name}: no table of PostgreSQL or ClickHouse; `ys catalog` lists them")
    if table.view or name == _LEDGER:
        raise UsageError(f"{name}: the store derives it itself; import what it is made of")
    return table


def _check_files(
    stores: "Stores",
    table: Table,
    paths: list[Path],
    problems: Problems,
    *,
    symbols: Collection[str] | None,
    register: bool,
    progress: Progress,
) -> _Checked:
    """Type and check every row of every file, alone and against the others.

    Raises:
        ContractError: something is wrong with the files themselves.
    """
    sources = []
    for done, path in enumerate(paths):
        progress(f"reading {path.name}", done, len(paths))
        source = files.read(path)
        _same_columns(table, source)
        sources.append(source)
    layouts = {
        by_symbol.recognise_layout(source, table.name) for source in sources if source.rows.height
    } or _TABLE_LAYOUT
    if len(layouts) > 1:
        raise ContractError(f"{table.name}: some files name assets by id and some by symbol; import them apart")
    layout = next(iter(layouts))
    if layout == "table" and (symbols is not None or register) and any(source.rows.height for source in sources):
        raise UsageError(f"{table.name}: symbols can be chosen or registered only where the file names them")
    assets = pl.DataFrame(schema=TABLES["assets"].schema)
    if layout == "symbols":
        sources, assets = _by_symbol(stores, sources, problems, symbols=symbols, register=register)
    parts = [_typed_columns(table, source, problems, naive_is_utc=layout == "symbols") for source in sources]
    rows, origin = pl.concat(parts), pl.concat([source.origin for source in sources])
    rules.check_signs(table, rows, origin, problems)
    rules.check_unique(table, rows, origin, problems)
    years.check(stores, table, rows, origin, problems)
    if not STORES[table.store].references and layout == "table":
        _check_references(stores, rows, origin, problems)
    problems.raise_if_any(order=[path.name for path in paths])
    rows, origin = rules.without_repeats(table, rows, origin, problems)
    return _Checked(rows=rows, origin=origin, layout=layout, assets=assets)


def _same_columns(table: Table, source: files.Source) -> None:
    """Refuse a file that lacks a column or has one too many."""
    declared = {column.name for column in table.columns}
    needed = {column.name for column in table.columns if not column.nullable}
    present = set(source.rows.columns)
    line = f" line {source.header}" if source.header else ""
    place = f"{table.name}: nothing was imported: {source.path.name}{line}"
    if unknown := sorted(present - declared):
        listed = ", ".join(unknown[:_MAX_COLUMNS_SHOWN]) + (", …" if len(unknown) > _MAX_COLUMNS_SHOWN else "")
        raise ContractError(f"{place}: unknown column {listed}; `ys catalog {table.name}` lists them")
    if missing := sorted(needed - present):
        raise ContractError(f"{place}: missing column {', '.join(missing)}; `ys catalog {table.name}` lists them")


def _by_symbol(
    stores: "Stores",
    sources: list[files.Source],
    problems: Problems,
    *,
    symbols: Collection[str] | None,
    register: bool,
) -> tuple[list[files.Source], pl.DataFrame]:
    """Files with asset ids in place of symbols, and the assets to register for them."""
    kept = [by_symbol.keep_symbols(source, symbols) for source in sources]
    symbols_named = sorted({symbol for source in kept for symbol in by_symbol.symbols_in(source)})
    if symbols is not None and (absent := sorted(set(symbols) - set(symbols_named))):
        raise UsageError(f"market_data: the files do not name {', '.join(absent)}")
    registry = by_symbol.registry(stores, symbols_named, quotes=_quotes(kept))
    if not register and (unknown := registry.unknown()):
        problems.note(unknown)
    rewritten = []
    for source in kept:
        rewritten_file, problems_of_file, remarks = by_symbol.rewrite(source, registry)
        for mask, reason in problems_of_file:
            problems.add(source.origin, mask, reason, values=source.rows["asset_id"])
        for remark, count in remarks:
            problems.remark(f"of chain_id {remark}", count)
        rewritten.append(rewritten_file)
    return rewritten, registry.new


def _quotes(sources: list[files.Source]) -> pl.DataFrame:
    """Symbol, chain and time of every quote."""
    column = next(column for column in TABLES["market_data"].columns if column.name == "timestamp")
    return pl.concat(
        pl.DataFrame(
            {
                "symbol": source.rows["asset_id"].cast(pl.String),
                "chain": by_symbol.chains_in(source),
                "time": parse(source.rows["timestamp"], column, naive_is_utc=True, exact=False).values,
            }
        )
        for source in sources
    ).drop_nulls("symbol")


def _typed_columns(table: Table, source: files.Source, problems: Problems, *, naive_is_utc: bool) -> pl.DataFrame:
    """A file's columns as the schema types them; what does not fit is noted."""
    columns = []
    for column in table.columns:
        if column.name not in source.rows.columns:
            columns.append(pl.Series(column.name, [None], dtype=column.dtype).new_from_index(0, source.rows.height))
            continue
        raw = source.rows[column.name]
        parsed = parse(raw, column, naive_is_utc=naive_is_utc, exact=rules.must_be_exact(table, column))
        for remark, count in parsed.remarks:
            problems.remark(f"of {column.name} {remark}" if count else f"{column.name} {remark}", count)
        for wrong, reason in parsed.wrong:
            quoted = reason != "is empty" and not column.secret
            problems.add(
                source.origin,
                wrong,
                reason if quoted else f"{column.name} {reason}",
                values=raw if quoted else None,
                column=column.name if quoted else "",
            )
        columns.append(parsed.values.alias(column.name))
    return pl.DataFrame(columns)


def _check_references(stores: "Stores", rows: pl.DataFrame, origin: pl.DataFrame, problems: Problems) -> None:
    """ClickHouse knows no references: what a row names must be in PostgreSQL."""
    for column, table in _REFERENCED_TABLES.items():
        if column in rows.columns:
            referenced = rows[column].drop_nulls().unique().to_list()
            known = stores.postgres.rows(
                f"SELECT id::text FROM {table} WHERE id::text = ANY(%(ids)s)",  # noqa: S608 - our own names
                {"ids": referenced},
            )
            unknown = rows[column].is_not_null() & ~rows[column].is_in([id_ for (id_,) in known])
            problems.add(origin, unknown, f"is not in {table}", values=rows[column])
