"""Vendors' files into the stores: each read by its layout, all of them checked before any row is written.

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
from ys_analytics.ingest.import_log import Entry, ImportLog, take_out
from ys_analytics.ingest.importing import compare
from ys_analytics.ingest.prices import Asked
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable, open_file
from ys_analytics.ingest.writing import write
from ys_analytics.schemas import TABLES, Progress, silent

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

_ENDINGS = {".csv", ".json", ".parquet", ".pq", ".zip", ".tsv", ".txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorImport:
    """What an import of vendors' files did.

    Attributes:
        id: By which `ys import --undo` takes it out again; empty where it was not written down.
        files: How many files.
        added: Rows added, by table.
        present: Rows that were there already, by table.
        registered: Symbols of new assets.
        read_as: For each file the layout and why.
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
            there = self.present[table]
            also = f", {there:,} were there already" if there else ""
            lines.append(f"{table}: {rows:,} rows added{also}" if rows else f"{table}: nothing new{also}")
        if self.registered:
            lines.append(f"new assets: {', '.join(self.registered)}")
        if self.id:
            lines.append(f"import {self.id}; `ys import --undo {self.id}` takes it out again")
        return "\n".join(lines)


@dataclass(slots=True)
class Part:
    """Rows of one table that are about to be written."""

    table: str
    rows: list[pl.DataFrame] = field(default_factory=list)
    origin: list[pl.DataFrame] = field(default_factory=list)


def import_vendor(
    stores: "Stores",
    paths: Sequence[Path],
    *,
    name: str = "",
    asked: Asked | None = None,
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
        asked: What the files do not say: asset, currency, chain.
        portfolio: Whose transactions the files of wallets and exchanges become: id or name.
        create: Whether a portfolio of that name is opened where there is none.
        answers: The file of questions and answers; when left out `answers.toml` in the folder, or next to the first
            file.
        log: Where the import is written down; nowhere when left out.
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
    order = list(_each(paths))
    files.refuse_twice(order, copies=True)
    migrations.require_schema(stores)
    said = asked or Asked()
    tables, why = _read(order, name, progress)
    assets = Assets.load(stores)
    problems = Problems(table="import", grouped=True)
    parts = _parts(stores, tables, assets, asked=said, problems=problems, progress=progress)
    names = [table.file for table in tables]
    owned, id_, opening = None, "", ""
    ledgers = [table for table in tables if table.layout.table == "transactions"]
    if ledgers:
        id_, there = _portfolio(stores, portfolio, create=create, files=ledgers)
        replies = Answers.load(answers or (paths[0] if paths[0].is_dir() else paths[0].parent) / NAME)
        owned = portfolio_files.read(
            stores, ledgers, portfolio=id_, assets=assets, asked=said, problems=problems, answers=replies
        )
        problems.stop(order=names)
        replies.settle()
        parts.append(Part("transactions", [owned.rows], [owned.origin]))
        opening = "" if there else portfolio
    problems.stop(order=names)
    return _write(
        stores,
        order,
        parts,
        names=names,
        assets=assets,
        problems=problems,
        why=why,
        log=log,
        now=now,
        progress=progress,
        portfolio=id_,
        opening=opening,
        owned=owned,
    )


def _portfolio(stores: "Stores", name: str, *, create: bool, files: Sequence[RawTable]) -> tuple[str, bool]:
    """The portfolio's id, and whether it is there already."""
    if not name:
        raise UsageError(f"{files[0].file}: is a file of a wallet or an exchange; say whose with --portfolio NAME")
    found = portfolio_files.find(stores, name)
    if found is None and not create:
        raise UsageError(f"no portfolio is called {name!r}; open it with --create, or see `ys load portfolios`")
    return (found, True) if found else (portfolio_files.id_of(name), False)


def _each(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, those of a folder and of the folders in it by name; hidden ones are left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = (one for one in path.rglob("*") if one.suffix.lower() in _ENDINGS and one.is_file())
        inside = sorted(one for one in found if not any(part[0] == "." for part in one.relative_to(path).parts))
        if not inside:
            raise UsageError(f"{path}: holds no .csv, .json, .parquet or .zip")
        yield from inside


def _read(order: Sequence[Path], name: str, progress: Progress) -> tuple[list[RawTable], list[str]]:
    tables, why = [], []
    named = Counter(path.name for path in order)
    for done, path in enumerate(order):
        progress(f"reading {path.name}", done, len(order))
        for file in open_file(path):
            if named[path.name] > 1:
                file.name = f"{path.parent.name}/{file.name}"
            table, how = detect(file, name)
            tables.append(table)
            why.append(how)
    return tables, why


def _parts(
    stores: "Stores",
    tables: Sequence[RawTable],
    assets: Assets,
    *,
    asked: Asked,
    problems: Problems,
    progress: Progress,
) -> list[Part]:
    """The typed rows of every file, by table."""
    found: dict[str, Part] = {}
    rates: dict[str, pl.DataFrame] = {}
    # Files in dollars first: they may hold the rates of the others.
    priced = [one for one in tables if one.layout.table == "market_data"]
    priced.sort(key=lambda one: bool(prices.currencies(one, asked)))
    others = [one for one in tables if one.layout.table in {"yield_metrics", "dex_trades"}]
    for done, table in enumerate([*priced, *others]):
        progress(f"checking {table.file}", done, len(tables))
        if table.layout.table == "market_data":
            known = {
                currency: _rates(stores, assets, currency, found.get("market_data"), rates)
                for currency in prices.currencies(table, asked)
            }
            rows, origin = prices.quotes(table, assets, asked, problems, rates=known)
        elif table.layout.table == "yield_metrics":
            rows, origin = pools.yields(table, asked, problems)
        else:
            rows, origin = pools.swaps(table, assets, asked, problems)
        part = found.setdefault(table.layout.table, Part(table.layout.table))
        part.rows.append(rows)
        part.origin.append(origin)
    return list(found.values())


def _rates(
    stores: "Stores", assets: Assets, currency: str, part: Part | None, cache: dict[str, pl.DataFrame]
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
    here = [rows.filter(asset_id=asset.id).select("timestamp", "price") for rows in part.rows] if part else []
    return pl.concat([cache[currency], *here]).drop_nulls()


def _write(
    stores: "Stores",
    order: Sequence[Path],
    parts: Sequence[Part],
    *,
    names: Sequence[str],
    assets: Assets,
    problems: Problems,
    why: Sequence[str],
    log: ImportLog | None,
    now: datetime | None,
    progress: Progress,
    portfolio: str = "",
    opening: str = "",
    owned: portfolio_files.Owned | None = None,
) -> VendorImport:
    """Compare every part with its store, and write what is new once all of them are sound."""
    new: dict[str, pl.DataFrame] = {}
    present: dict[str, int] = {}
    gone = [] if owned is None else owned.replaced["id"].to_list()
    for part in parts:
        table = TABLES[part.table]
        rows, origin = pl.concat(part.rows), pl.concat(part.origin)
        problems.table = table.name
        if not rows.select(pl.struct(table.key).is_unique().all()).item():
            rules.check_unique(table, rows, origin, problems)
        rules.check_signs(table, rows, origin, problems)
        rows, origin = rules.once(table, rows, origin, problems)
        years.check(stores, table, rows, origin, problems)
        problems.stop(order=names)
        put = _giving(table.name, rows, gone)
        others, present[part.table] = compare(
            stores, table, rows.filter(~put), origin.filter(~put), problems, progress=progress
        )
        new[part.table] = pl.concat([others, rows.filter(put)])
    problems.stop(order=names)
    if owned is not None:
        present["transactions"] += owned.present
    entry = None
    if log is not None and any(rows.height for rows in new.values()):
        entry = log.begin(
            order,
            layout=", ".join(sorted({one.split(" read as ")[1].split(",")[0] for one in why})),
            portfolio=portfolio,
            now=now,
        )
    waiting = assets.rows()
    registered = tuple(waiting["symbol"].to_list())
    if opening and new["transactions"].height:
        first = new["transactions"]["timestamp"].min()
        portfolio_files.create(stores, opening, since=cast("datetime", first))
    try:
        _write_all(stores, new, waiting, entry, progress, gone=owned.replaced if owned is not None and gone else None)
    except YsError:
        if opening:
            portfolio_files.close(stores, opening)
        raise
    if entry is not None:
        if owned is not None and owned.stated.height:
            entry.keep("stated", owned.stated)
        entry.done()
    return VendorImport(
        id=entry.id if entry else "", files=len(order), added={name: rows.height for name, rows in new.items()},
        present=present, registered=registered if any(rows.height for rows in new.values()) else (), read_as=tuple(why),
        remarks=problems.remarked(),
    )  # fmt: skip


def _giving(table: str, rows: pl.DataFrame, gone: Sequence[str]) -> pl.Series:
    """Which rows take the place of one that the store has."""
    if table != "transactions":
        return pl.Series([False]).new_from_index(0, rows.height)
    return rows["id"].is_in(pl.Series(gone, dtype=pl.String).implode())


def _write_all(
    stores: "Stores",
    new: Mapping[str, pl.DataFrame],
    assets: pl.DataFrame,
    entry: Entry | None,
    progress: Progress,
    *,
    gone: pl.DataFrame | None = None,
) -> None:
    """Add the rows of every table; where one is refused, what was added before it is taken out."""
    written: list[str] = []
    try:
        # What can be rolled back comes last.
        for name, rows in sorted(new.items(), key=lambda one: TABLES[one[0]].store):
            waiting = assets.clear() if written else assets
            giving_way = gone if gone is not None and name == "transactions" else None
            if entry is not None:
                if giving_way is not None:
                    entry.replace(giving_way)
                entry.plan(name, rows, waiting)
            progress(f"writing {name}", 0, rows.height)
            if rows.height:
                ids = [] if giving_way is None else giving_way["id"].to_list()
                write(stores, TABLES[name], rows, waiting, instead_of=ids)
                written.append(name)
    except YsError:
        for name in written:
            take_out(stores, TABLES[name], new[name])
        raise
