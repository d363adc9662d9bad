"""The log of imports: files by hash and the keys of the rows they added, so that each import can be undone alone.

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
from ys_analytics.errors import RunError, UsageError, file_errors
from ys_analytics.ingest import files
from ys_analytics.ingest.writing import delete, staging
from ys_analytics.schemas import TABLES, Table

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

_ENTRY_FILE = "import.json"
_STATES = ("writing", "done", "undone")


@dataclass(slots=True)
class Entry:
    """One import in the log.

    Attributes:
        id: Twelve hex digits that follow from the files' bytes and how they were read.
        folder: Its folder in the log.
        at: When it was made.
        layout: How its files were read.
        portfolio: Id of the portfolio; empty for prices.
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

    def record_plan(self, table: str, rows: pl.DataFrame, assets: pl.DataFrame) -> None:
        """Record the keys of rows before they are added, so that a killed import can be undone too."""
        keys = rows.select(_key_columns(TABLES[table]))
        path = self.folder / f"{table}.parquet"
        with file_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.is_file() and self.state != "undone":
                keys = pl.concat([pl.read_parquet(path).cast(dict(keys.schema)), keys]).unique(maintain_order=True)  # type: ignore[arg-type]
            _replace(path, keys)
        self.rows[table] = keys.height
        self.assets = sorted({*self.assets, *assets["id"].to_list()})
        self.state = "writing"
        self._save()

    def keep_frame(self, name: str, rows: pl.DataFrame) -> None:
        """Store a frame next to the entry, such as the balances that a file states."""
        with file_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(self.folder / f"{name}.parquet", rows)

    def replace(self, rows: pl.DataFrame) -> None:
        """Keep rows of earlier imports that are about to give way to this one's, so that undoing it puts them back."""
        before = self.kept_frame("replaced") if self.state != "undone" else None
        if before is not None:
            rows = pl.concat([before.cast(dict(rows.schema)), rows]).unique("id", keep="first", maintain_order=True)  # type: ignore[arg-type]
        self.keep_frame("replaced", rows)

    def kept_frame(self, name: str) -> pl.DataFrame | None:
        """The frame stored under a name; None where there is none."""
        path = self.folder / f"{name}.parquet"
        return pl.read_parquet(path) if path.is_file() else None

    def mark_done(self) -> None:
        """Set the state to done: all rows are in the stores."""
        self.state = "done"
        self._save()

    def mark_undone(self) -> None:
        """Set the state to undone: its rows were deleted."""
        self.state = "undone"
        self._save()

    def _save(self) -> None:
        values = {name: getattr(self, name) for name in self.__slots__ if name != "folder"}
        draft = self.folder / f".{_ENTRY_FILE}.{os.getpid()}"
        with file_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
            draft.replace(self.folder / _ENTRY_FILE)


@dataclass(frozen=True, slots=True)
class ImportLog:
    """The imports that were made from this workspace, in one folder.

    >>> from tempfile import mkdtemp
    >>> ImportLog(Path(mkdtemp())).entries()
    []
    """

    folder: Path

    def begin(self, paths: Sequence[Path], *, layout: str, portfolio: str = "", now: datetime | None = None) -> Entry:
        """The entry of an import; the same files read the same way have the same entry.

        Args:
            paths: The files.
            layout: How they are read.
            portfolio: Id of the portfolio; empty for prices.
            now: The moment to state.
        """
        name_counts = Counter(path.name for path in paths)
        hashes = {
            path.name if name_counts[path.name] == 1 else f"{path.parent.name}/{path.name}": sha256(
                files.content(path)
            ).hexdigest()
            for path in paths
        }
        identity = "|".join([layout, portfolio, *sorted(hashes.values())])
        id_ = sha256(identity.encode()).hexdigest()[:12]
        folder = self.folder / id_
        if (folder / _ENTRY_FILE).is_file():
            return _read(folder)
        at = "" if now is None else now.astimezone(UTC).isoformat(timespec="seconds")
        return Entry(id=id_, folder=folder, at=at, layout=layout, portfolio=portfolio, files=hashes)

    def entries(self) -> list[Entry]:
        """Every import, oldest first."""
        read = [_read(path.parent) for path in self.folder.glob(f"*/{_ENTRY_FILE}")]
        return sorted(read, key=lambda entry: (entry.at, entry.id))

    def entry(self, id_: str) -> Entry:
        """The import of an id, or of its first digits.

        Raises:
            UsageError: there is none, or several begin so.
        """
        matching = [entry for entry in self.entries() if entry.id.startswith(id_)]
        if len(matching) != 1 or not id_:
            problem = "several imports begin so" if len(matching) > 1 else "no import has that id"
            raise UsageError(f"{id_}: {problem}; `ys import --log` lists them")
        return matching[0]

    def undo(self, stores: "Stores", id_: str) -> dict[str, int]:
        """Delete the rows that an import added, and the assets it registered that nothing else refers to.

        Args:
            stores: PostgreSQL, and ClickHouse where it added there; as the owner.
            id_: The import.

        Returns:
            Rows deleted, by table.

        Rows of earlier imports that gave way to its own, such as sides of transfers, are put back.

        Raises:
            UsageError: there is no such import, it was undone already, a later one stands on its rows, or it added rows
                to a ClickHouse cluster; nothing was taken out.
            StoreError: a store refused.
        """
        entry = self.entry(id_)
        if entry.state == "undone":
            raise UsageError(f"{entry.id}: was undone already")
        self._refuse_joined(entry)
        refuse_on_cluster(stores, [name for name in entry.rows if TABLES[name].store == "clickhouse"], entry.id)
        removed = {}
        for table in sorted(entry.rows, key=lambda name: TABLES[name].store):
            keys = entry.kept_frame(table)
            if keys is None or not keys.height:
                continue
            back = entry.kept_frame("replaced") if table == "transactions" else None
            with stores.postgres.transaction() if back is not None else nullcontext():
                removed[table] = delete_rows_of(stores, TABLES[table], keys)
                if back is not None:
                    delete_rows_of(stores, TABLES[table], back)
                    stores.postgres.write(table, back)
        if entry.assets:
            removed["assets"] = _delete_unused_assets(stores, entry.assets)
        if "transactions" in removed:
            migrations.refresh(stores)
        entry.mark_undone()
        return removed

    def _refuse_joined(self, entry: Entry) -> None:
        """Refuse to undo an import whose transfers a later one joined with its own."""
        keys = entry.kept_frame("transactions")
        rows_added = set() if keys is None else set(keys["id"])
        for other in self.entries():
            back = None if other.id == entry.id or other.state == "undone" else other.kept_frame("replaced")
            if back is not None and rows_added & set(back["id"]):
                raise UsageError(f"{entry.id}: import {other.id} joined transfers of it with its own; undo that first")


def _replace(path: Path, rows: pl.DataFrame) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    rows.write_parquet(draft)
    draft.replace(path)


def _read(folder: Path) -> Entry:
    try:
        values: dict[str, Any] = json.loads((folder / _ENTRY_FILE).read_text(encoding="utf-8"))
        entry = Entry(folder=folder, **values)
    except (ValueError, TypeError) as error:
        raise RunError(f"{folder / _ENTRY_FILE}: is no entry of the log of imports; move it away") from error
    if entry.state not in _STATES:
        raise RunError(f"{folder / _ENTRY_FILE}: is in no state that is known; move it away")
    return entry


def _key_columns(table: Table) -> list[str]:
    return list(table.schema) if table.events else list(table.key)


def refuse_on_cluster(stores: "Stores", tables: Sequence[str], id_: str) -> None:
    """Refuse to take rows out of a ClickHouse cluster: the keys to delete by would have to stand on every shard.

    Raises:
        UsageError: naming the tables and what an operator can do.
    """
    cluster = migrations.cluster_of(stores.clickhouse) if tables else ""
    if cluster:
        raise UsageError(
            f"{id_}: rows of {', '.join(tables)} are on the cluster {cluster}, where no import is undone row by row; "
            "delete them by asset, source and time with ALTER TABLE ... ON CLUSTER, or restore a backup"
        )


def delete_rows_of(stores: "Stores", table: Table, rows: pl.DataFrame) -> int:
    """Delete the rows that have the keys of `rows`; returns how many there were."""
    keys = rows.select(_key_columns(table))
    if table.store == "postgres":
        (key,) = table.key
        return delete(stores, table, keys[key].to_list())

    names = ", ".join(keys.columns)
    with staging(stores, table) as staging_table:
        schema = table.schema
        defaults = [
            pl.lit(_default_value(dtype), dtype=dtype).alias(name)
            for name, dtype in schema.items()
            if name not in keys.columns
        ]
        stores.clickhouse.write(staging_table, keys.with_columns(defaults).select(list(schema)))
        where = f"({names}) IN (SELECT {names} FROM {staging_table})"  # noqa: S608 - our own names
        [(count,)] = stores.clickhouse.rows(f"SELECT count() FROM {table.name} WHERE {where}")  # noqa: S608 - our own names
        stores.clickhouse.run(f"ALTER TABLE {table.name} DELETE WHERE {where} SETTINGS mutations_sync = 2")
    return int(typed("int", count))


def _default_value(dtype: pl.DataType) -> object:
    if isinstance(dtype, pl.List):
        return []
    return "" if dtype == pl.String else 0


def _delete_unused_assets(stores: "Stores", assets: list[str]) -> int:
    priced = {
        str(id_)
        for (id_,) in stores.clickhouse.rows(
            "SELECT DISTINCT asset_id FROM market_data WHERE asset_id IN {ids:Array(String)}", {"ids": assets}
        )
    }
    unpriced = [asset for asset in assets if asset not in priced]
    return stores.postgres.run(
        "DELETE FROM assets WHERE id::text = ANY(%(ids)s)"
        " AND NOT EXISTS (SELECT 1 FROM portfolio_positions WHERE asset_id = assets.id)"
        " AND NOT EXISTS (SELECT 1 FROM transactions WHERE assets.id IN (from_asset_id, to_asset_id))",
        {"ids": unpriced},
    )
