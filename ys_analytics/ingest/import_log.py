"""The log of imports: which files, by their hashes, became which rows, so that each can be undone alone.

Depends on the file system: a folder for each import, with a JSON file and the keys of its rows as Parquet. Does not
hold values of a file, nor anything secret.
"""

import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import cast as typed

import polars as pl

from ys_analytics import migrations
from ys_analytics.errors import RunError, UsageError, reaching
from ys_analytics.ingest import files
from ys_analytics.ingest.writing import delete, staging
from ys_analytics.schemas import TABLES, Table

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

_NAMED = "import.json"
_STATES = ("writing", "done", "undone")


@dataclass(slots=True)
class Entry:
    """One import in the log.

    Attributes:
        id: Twelve hex digits that follow from the files' bytes and how they were read.
        folder: Where it is written down.
        at: When it was made.
        layout: How its files were read.
        portfolio: Whose transactions they are; empty for prices.
        files: Name and SHA-256 of each.
        rows: Rows added, by table.
        assets: Ids of assets that it registered.
        state: writing, done or undone.
    """

    id: str
    folder: Path
    at: str
    layout: str
    portfolio: str = ""
    files: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    assets: list[str] = field(default_factory=list)
    state: str = "writing"

    def plan(self, table: str, rows: pl.DataFrame, assets: pl.DataFrame) -> None:
        """Write down what is about to be added, before it is: what a killed import leaves can be undone too."""
        keys = rows.select(_keys(TABLES[table]))
        path = self.folder / f"{table}.parquet"
        with reaching(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.is_file() and self.state != "undone":
                keys = pl.concat([pl.read_parquet(path).cast(dict(keys.schema)), keys]).unique(maintain_order=True)  # type: ignore[arg-type]
            _replace(path, keys)
        self.rows[table] = keys.height
        self.assets = sorted({*self.assets, *assets["id"].to_list()})
        self.state = "writing"
        self._save()

    def keep(self, name: str, rows: pl.DataFrame) -> None:
        """Keep what a file states beyond its rows, such as balances, next to the entry."""
        with reaching(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(self.folder / f"{name}.parquet", rows)

    def replace(self, rows: pl.DataFrame) -> None:
        """Keep rows of earlier imports that are about to give way to this one's, so that undoing it puts them back."""
        before = self.kept("replaced") if self.state != "undone" else None
        if before is not None:
            rows = pl.concat([before.cast(dict(rows.schema)), rows]).unique("id", keep="first", maintain_order=True)  # type: ignore[arg-type]
        self.keep("replaced", rows)

    def kept(self, name: str) -> pl.DataFrame | None:
        """What was kept under a name; None where nothing was."""
        path = self.folder / f"{name}.parquet"
        return pl.read_parquet(path) if path.is_file() else None

    def done(self) -> None:
        """Note that all of it is in the stores."""
        self.state = "done"
        self._save()

    def undone(self) -> None:
        """Note that its rows were taken out."""
        self.state = "undone"
        self._save()

    def _save(self) -> None:
        said = {name: getattr(self, name) for name in self.__slots__ if name != "folder"}
        draft = self.folder / f".{_NAMED}.{os.getpid()}"
        with reaching(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
            draft.replace(self.folder / _NAMED)


@dataclass(frozen=True, slots=True)
class ImportLog:
    """The imports that were made from this workspace, in one folder.

    >>> from tempfile import mkdtemp
    >>> ImportLog(Path(mkdtemp())).entries()
    []
    """

    folder: Path

    def begin(self, paths: Sequence[Path], *, layout: str, portfolio: str = "", now: datetime | None = None) -> Entry:
        """The entry of an import; that of the same files read the same way is the same one.

        Args:
            paths: The files.
            layout: How they are read.
            portfolio: Whose transactions they become.
            now: The moment to state.
        """
        named = Counter(path.name for path in paths)
        hashes = {
            path.name if named[path.name] == 1 else f"{path.parent.name}/{path.name}": sha256(
                files.content(path)
            ).hexdigest()
            for path in paths
        }
        signs = "|".join([layout, portfolio, *sorted(hashes.values())])
        id_ = sha256(signs.encode()).hexdigest()[:12]
        folder = self.folder / id_
        if (folder / _NAMED).is_file():
            return _read(folder)
        at = "" if now is None else now.astimezone(UTC).isoformat(timespec="seconds")
        return Entry(id=id_, folder=folder, at=at, layout=layout, portfolio=portfolio, files=hashes)

    def entries(self) -> list[Entry]:
        """Every import, oldest first."""
        found = [_read(path.parent) for path in self.folder.glob(f"*/{_NAMED}")]
        return sorted(found, key=lambda one: (one.at, one.id))

    def entry(self, id_: str) -> Entry:
        """The import of an id, or of its first digits.

        Raises:
            UsageError: there is none, or several begin so.
        """
        found = [one for one in self.entries() if one.id.startswith(id_)]
        if len(found) != 1 or not id_:
            said = "several imports begin so" if len(found) > 1 else "no import has that id"
            raise UsageError(f"{id_}: {said}; `ys import --log` lists them")
        return found[0]

    def undo(self, stores: "Stores", id_: str) -> dict[str, int]:
        """Take out the rows that an import added, and the assets that it registered and nothing else names.

        Args:
            stores: PostgreSQL, and ClickHouse where it added there; as the owner.
            id_: The import.

        Returns:
            Rows taken out, by table.

        Rows of earlier imports that gave way to its own, such as sides of transfers, are put back.

        Raises:
            UsageError: there is no such import, it was undone already, or a later one stands on its rows.
            StoreError: a store refused.
        """
        entry = self.entry(id_)
        if entry.state == "undone":
            raise UsageError(f"{entry.id}: was undone already")
        self._refuse_below(entry)
        gone = {}
        for table in sorted(entry.rows, key=lambda name: TABLES[name].store):
            keys = entry.kept(table)
            if keys is None or not keys.height:
                continue
            back = entry.kept("replaced") if table == "transactions" else None
            with stores.postgres.transaction() if back is not None else nullcontext():
                gone[table] = take_out(stores, TABLES[table], keys)
                if back is not None:
                    take_out(stores, TABLES[table], back)
                    stores.postgres.write(table, back)
        if entry.assets:
            gone["assets"] = _forget(stores, entry.assets)
        if "transactions" in gone:
            migrations.refresh(stores)
        entry.undone()
        return gone

    def _refuse_below(self, entry: Entry) -> None:
        """Refuse to undo an import whose transfers a later one joined with its own."""
        keys = entry.kept("transactions")
        mine = set() if keys is None else set(keys["id"])
        for other in self.entries():
            back = None if other.id == entry.id or other.state == "undone" else other.kept("replaced")
            if back is not None and mine & set(back["id"]):
                raise UsageError(f"{entry.id}: import {other.id} joined transfers of it with its own; undo that first")


def _replace(path: Path, rows: pl.DataFrame) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    rows.write_parquet(draft)
    draft.replace(path)


def _read(folder: Path) -> Entry:
    try:
        said: dict[str, Any] = json.loads((folder / _NAMED).read_text(encoding="utf-8"))
        entry = Entry(folder=folder, **said)
    except (ValueError, TypeError) as error:
        raise RunError(f"{folder / _NAMED}: is no entry of the log of imports; move it away") from error
    if entry.state not in _STATES:
        raise RunError(f"{folder / _NAMED}: is in no state that is known; move it away")
    return entry


def _keys(table: Table) -> list[str]:
    return list(table.schema) if table.events else list(table.key)


def take_out(stores: "Stores", table: Table, rows: pl.DataFrame) -> int:
    """Delete the rows that have the keys of `rows`; how many there were."""
    keys = rows.select(_keys(table))
    if table.store == "postgres":
        (key,) = table.key
        return delete(stores, table, keys[key].to_list())

    names = ", ".join(keys.columns)
    with staging(stores, table) as place:
        schema = table.schema
        blank = [
            pl.lit(_blank(dtype), dtype=dtype).alias(name) for name, dtype in schema.items() if name not in keys.columns
        ]
        stores.clickhouse.write(place, keys.with_columns(blank).select(list(schema)))
        where = f"({names}) IN (SELECT {names} FROM {place})"  # noqa: S608 - our own names
        [(count,)] = stores.clickhouse.rows(f"SELECT count() FROM {table.name} WHERE {where}")  # noqa: S608 - our own names
        stores.clickhouse.run(f"ALTER TABLE {table.name} DELETE WHERE {where} SETTINGS mutations_sync = 2")
    return int(typed("int", count))


def _blank(dtype: pl.DataType) -> object:
    if isinstance(dtype, pl.List):
        return []
    return "" if dtype == pl.String else 0


def _forget(stores: "Stores", assets: list[str]) -> int:
    priced = {
        str(id_)
        for (id_,) in stores.clickhouse.rows(
            "SELECT DISTINCT asset_id FROM market_data WHERE asset_id IN {ids:Array(String)}", {"ids": assets}
        )
    }
    left = [one for one in assets if one not in priced]
    return stores.postgres.run(
        "DELETE FROM assets WHERE id::text = ANY(%(ids)s)"
        " AND NOT EXISTS (SELECT 1 FROM portfolio_positions WHERE asset_id = assets.id)"
        " AND NOT EXISTS (SELECT 1 FROM transactions WHERE assets.id IN (from_asset_id, to_asset_id))",
        {"ids": left},
    )
