"""Import vendors' files: each read by its layout, all of them checked before any row is written.

Depends on the other modules of this package, one for each kind of file. Does not read a file itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import polars as pl

from ys_analytics import migrations
from ys_analytics.errors import UsageError, YsError
from ys_analytics.ingest import files, pools, portfolio_files, prices, rules, years
from ys_analytics.ingest.answers import NAME, Answers
from ys_analytics.ingest.assets import Asset, Assets
from ys_analytics.ingest.detecting import detect
from ys_analytics.ingest.import_log import Entry, ImportLog, delete_rows_of
from ys_analytics.ingest.importing import compare
from ys_analytics.ingest.prices import ImportOptions
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable, open_file
from ys_analytics.ingest.writing import write
from ys_analytics.schemas import TABLES, Progress, silent

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

_ENDINGS = {".csv", ".json", ".parquet", ".pq", ".zip", ".tsv", ".txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorImport:
    """The result of an import of vendors' files.

    Attributes:
        id: The id for `ys import --undo`; empty without a log.
        files: How many files.
        added: Rows added, by table.
        present: Rows that were there already, by table.
        registered: Symbols of new assets.
        read_as: For each file its layout and how it was recognised.
        remarks: What was converted, rounded or left out, and how often.
    """

    id: str
    files: int
    added: Mapping[str, int]
    present: Mapping[str, int]
    registered: tuple[str, ...]
    read_as: tuple[str, ...]
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        """A line for the result, one for each file, and one for each remark."""
        lines = [*self.read_as, *self.remarks]
        for table, rows in self.added.items():
            present_rows = self.present[table]
            present_text = f", {present_rows:,} were there already" if present_rows else ""
            lines.append(
                f"{table}: {rows:,} rows added{present_text}" if rows else f"{table}: nothing new{present_text}"
            )
        if self.registered:
            lines.append(f"new assets: {', '.join(self.registered)}")
        if self.id:
            lines.append(f"import {self.id}; `ys import --undo {self.id}` takes it out again")
        return "\n".join(lines)


@dataclass(slots=True)
class TableRows:
    """Rows of one table that are about to be written."""

    table: str
    rows: list[pl.DataFrame] = field(default_factory=list)
    origin: list[pl.DataFrame] = field(default_factory=list)


def import_vendor(
    stores: "Stores",
    paths: Sequence[Path],
    *,
    name: str = "",
    options: ImportOptions | None = None,
    portfolio: str = "",
    create: bool = False,
    answers: Path | None = None,
    log: ImportLog | None = None,
    now: datetime | None = None,
    progress: Progress = silent,
) -> VendorImport:
    """Add the rows of vendors' files to the tables they belong in: all of them, or none.

    Args:
        stores: PostgreSQL and ClickHouse, as the owner.
        paths: CSV, JSON, Parquet or ZIP files, or folders of them, with the folders inside. What the files are does not
            matter: prices are taken first, then pools, then wallets.
        name: The layout of all of them; each is recognised by its content when left out.
        options: What the files do not state: asset, currency, chain.
        portfolio: Id or name of the portfolio for files of wallets and exchanges.
        create: Whether a portfolio of that name is opened where there is none.
        answers: The file of questions and answers; when left out `answers.toml` in the folder, or next to the first
            file.
        log: The log of imports; no log when left out.
        now: The moment the log states.
        progress: Called with every step.

    Returns:
        What was added, how each file was read, and what was changed on the way.

    Raises:
        UsageError: no such file, a file that two layouts fit, or one that does not say whose prices it holds.
        MigrationError: there is no schema to import into.
        ContractError: rows are wrong: one line for each kind of problem, with its first place and a count.
        StoreError: a store refused; nothing was added.
    """
    ordered = list(_files_in(paths))
    files.refuse_twice(ordered, copies=True)
    migrations.require_schema(stores)
    import_options = options or ImportOptions()
    tables, read_as = _read(ordered, name, progress)
    assets = Assets.load(stores)
    problems = Problems(table="import", grouped=True)
    parts = _parts(stores, tables, assets, options=import_options, problems=problems, progress=progress)
    names = [table.file for table in tables]
    ledger_rows, id_, opening = None, "", ""
    ledgers = [table for table in tables if table.layout.table == "transactions"]
    if ledgers:
        id_, exists = _portfolio(stores, portfolio, create=create, files=ledgers)
        answer_file = Answers.load(answers or (paths[0] if paths[0].is_dir() else paths[0].parent) / NAME)
        ledger_rows = portfolio_files.read(
            stores,
            ledgers,
            portfolio=id_,
            assets=assets,
            options=import_options,
            problems=problems,
            answers=answer_file,
        )
        problems.raise_if_any(order=names)
        answer_file.write_and_require()
        parts.append(TableRows("transactions", [ledger_rows.rows], [ledger_rows.origin]))
        opening = "" if exists else portfolio
    problems.raise_if_any(order=names)
    # The cells of the files are read; what they became is all that is needed from here.
    tables.clear()
    ledgers.clear()
    return _write(
        stores,
        ordered,
        parts,
        names=names,
        assets=assets,
        problems=problems,
        read_as=read_as,
        log=log,
        now=now,
        progress=progress,
        portfolio=id_,
        opening=opening,
        owned=ledger_rows,
    )


def _portfolio(stores: "Stores", name: str, *, create: bool, files: Sequence[RawTable]) -> tuple[str, bool]:
    """The portfolio's id, and whether it is there already."""
    if not name:
        raise UsageError(f"{files[0].file}: is a file of a wallet or an exchange; say whose with --portfolio NAME")
    found = portfolio_files.find(stores, name)
    if found is None and not create:
        raise UsageError(f"no portfolio is called {name!r}; open it with --create, or see `ys load portfolios`")
    return (found, True) if found else (portfolio_files.id_of(name), False)


def _files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, those of a folder and of the folders in it by name; hidden ones are left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files_ = (file for file in path.rglob("*") if file.suffix.lower() in _ENDINGS and file.is_file())
        members = sorted(file for file in files_ if not any(part[0] == "." for part in file.relative_to(path).parts))
        if not members:
            raise UsageError(f"{path}: holds no .csv, .json, .parquet or .zip")
        yield from members


def _read(ordered: Sequence[Path], name: str, progress: Progress) -> tuple[list[RawTable], list[str]]:
    tables, read_as = [], []
    file_names = Counter(path.name for path in ordered)
    for done, path in enumerate(ordered):
        progress(f"reading {path.name}", done, len(ordered))
        for file in open_file(path):
            if file_names[path.name] > 1:
                file.name = f"{path.parent.name}/{file.name}"
            table, reason = detect(file, name)
            tables.append(table)
            read_as.append(reason)
    return tables, read_as


def _parts(
    stores: "Stores",
    tables: Sequence[RawTable],
    assets: Assets,
    *,
    options: ImportOptions,
    problems: Problems,
    progress: Progress,
) -> list[TableRows]:
    """The typed rows of every file, by table."""
    parts: dict[str, TableRows] = {}
    rates: dict[str, pl.DataFrame] = {}
    # Files in dollars first: they may hold the rates of the others.
    price_files = [file for file in tables if file.layout.table == "market_data"]
    price_files.sort(key=lambda file: bool(prices.currencies(file, options)))
    other_files = [file for file in tables if file.layout.table in {"yield_metrics", "dex_trades"}]
    # Lists of pools first: they state of which protocol a pool is whose history is another file.
    other_files.sort(key=lambda file: bool(pools.pool_id(file)))
    for done, table in enumerate([*price_files, *other_files]):
        progress(f"checking {table.file}", done, len(tables))
        if table.layout.table == "market_data":
            rates_of_file = {
                currency: _rates(stores, assets, currency, parts.get("market_data"), rates)
                for currency in prices.currencies(table, options)
            }
            rows, origin = prices.quotes(table, assets, options, problems, rates=rates_of_file)
        elif table.layout.table == "yield_metrics":
            listed = _listed(stores, pools.pool_id(table), parts.get("yield_metrics"))
            rows, origin = pools.yields(table, options, problems, listed=listed)
        else:
            rows, origin = pools.swaps(table, assets, options, problems)
        part = parts.setdefault(table.layout.table, TableRows(table.layout.table))
        part.rows.append(rows)
        part.origin.append(origin)
    return list(parts.values())


def _listed(stores: "Stores", pool: str, part: TableRows | None) -> tuple[str, int] | None:
    """Protocol and chain of a pool, by this import's lists of pools or the store; None where neither has it."""
    if not pool:
        return None
    for rows in part.rows if part else ():
        from_import = rows.filter(pool_address=pool).select("protocol_name", "chain_id")
        if from_import.height:
            return cast("tuple[str, int]", from_import.row(0))
    found = stores.clickhouse.rows(
        "SELECT DISTINCT protocol_name, chain_id FROM yield_metrics WHERE pool_address = {pool:String}", {"pool": pool}
    )
    return (str(found[0][0]), int(found[0][1])) if len(found) == 1 else None


def _rates(
    stores: "Stores", assets: Assets, currency: str, part: TableRows | None, cache: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """Prices of a currency in USD: those of the stores, and those of this import."""
    empty = pl.DataFrame(schema={"timestamp": TABLES["market_data"].schema["timestamp"], "price": pl.Decimal(38, 18)})
    asset = assets.by_symbol(currency)
    if not isinstance(asset, Asset):
        return empty
    if currency not in cache:
        cache[currency] = stores.clickhouse.read(
            "SELECT timestamp, price FROM market_data WHERE asset_id = {id:String}",
            {"id": asset.id},
            schema=dict(empty.schema),
        )
    rates_of_import = (
        [rows.filter(asset_id=asset.id).select("timestamp", "price") for rows in part.rows] if part else []
    )
    return pl.concat([cache[currency], *rates_of_import]).drop_nulls()


def _write(
    stores: "Stores",
    ordered: Sequence[Path],
    parts: Sequence[TableRows],
    *,
    names: Sequence[str],
    assets: Assets,
    problems: Problems,
    read_as: Sequence[str],
    log: ImportLog | None,
    now: datetime | None,
    progress: Progress,
    portfolio: str = "",
    opening: str = "",
    owned: portfolio_files.PortfolioRows | None = None,
) -> VendorImport:
    """Compare each table's rows with the store, and write what is new once all checks passed."""
    new: dict[str, pl.DataFrame] = {}
    present: dict[str, int] = {}
    replaced_rows = [] if owned is None else owned.replaced["id"].to_list()
    for part in parts:
        table = TABLES[part.table]
        rows, origin = pl.concat(part.rows), pl.concat(part.origin)
        # Held once from here on: a million rows are a hundred megabytes.
        part.rows.clear()
        part.origin.clear()
        problems.table = table.name
        if not rows.select(pl.struct(table.key).is_unique().all()).item():
            rules.check_unique(table, rows, origin, problems)
        rules.check_signs(table, rows, origin, problems)
        rows, origin = rules.without_repeats(table, rows, origin, problems)
        years.check(stores, table, rows, origin, problems)
        problems.raise_if_any(order=names)
        is_replacement = _is_replacement(table.name, rows, replaced_rows)
        others, present[part.table] = compare(
            stores, table, rows.filter(~is_replacement), origin.filter(~is_replacement), problems, progress=progress
        )
        new[part.table] = pl.concat([others, rows.filter(is_replacement)])
        del rows, origin, others
    problems.raise_if_any(order=names)
    if owned is not None:
        present["transactions"] += owned.present
    entry = None
    if log is not None and any(rows.height for rows in new.values()):
        entry = log.begin(
            ordered,
            layout=", ".join(sorted({read_a.split(" read as ")[1].split(",")[0] for read_a in read_as})),
            portfolio=portfolio,
            now=now,
        )
    new_assets = assets.rows()
    registered = tuple(new_assets["symbol"].to_list())
    if opening and new["transactions"].height:
        first = new["transactions"]["timestamp"].min()
        portfolio_files.create(stores, opening, since=cast("datetime", first))
    try:
        _write_all(
            stores,
            new,
            new_assets,
            entry,
            progress,
            replaced_rows=owned.replaced if owned is not None and replaced_rows else None,
        )
    except YsError:
        if opening:
            portfolio_files.close(stores, opening)
        raise
    if entry is not None:
        if owned is not None and owned.stated.height:
            entry.keep_frame("stated", owned.stated)
        entry.mark_done()
    return VendorImport(
        id=entry.id if entry else "",
        files=len(ordered),
        added={name: rows.height for name, rows in new.items()},
        present=present,
        registered=registered if any(rows.height for rows in new.values()) else (),
        read_as=tuple(read_as),
        remarks=problems.remark_lines(),
    )


def _is_replacement(table: str, rows: pl.DataFrame, replaced_rows: Sequence[str]) -> pl.Series:
    """Which rows take the place of one that the store has."""
    if table != "transactions":
        return pl.Series([False]).new_from_index(0, rows.height)
    return rows["id"].is_in(pl.Series(replaced_rows, dtype=pl.String).implode())


def _write_all(
    stores: "Stores",
    new: Mapping[str, pl.DataFrame],
    assets: pl.DataFrame,
    entry: Entry | None,
    progress: Progress,
    *,
    replaced_rows: pl.DataFrame | None = None,
) -> None:
    """Add the rows of every table; where one is refused, delete those added before it."""
    written: list[str] = []
    try:
        # The store that can roll back comes last.
        for name, rows in sorted(new.items(), key=lambda item: TABLES[item[0]].store):
            assets_to_add = assets.clear() if written else assets
            replaced_of_table = replaced_rows if replaced_rows is not None and name == "transactions" else None
            if entry is not None:
                if replaced_of_table is not None:
                    entry.replace(replaced_of_table)
                entry.record_plan(name, rows, assets_to_add)
            progress(f"writing {name}", 0, rows.height)
            if rows.height:
                ids = [] if replaced_of_table is None else replaced_of_table["id"].to_list()
                write(stores, TABLES[name], rows, assets_to_add, instead_of=ids)
                written.append(name)
    except YsError:
        for name in written:
            delete_rows_of(stores, TABLES[name], new[name])
        raise
