"""Transfers whose other side an earlier import wrote: both sides become one row, whichever file came first.

Depends on entries and the rows of `transactions`. What a row becomes follows from the files alone, not from the order
in which they were imported: so a file that is imported again is recognised, alone or together with others.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from ys_analytics.ingest.assets import Asset, Assets
from ys_analytics.ingest.entries import Entry, Move, Place
from ys_analytics.schemas import TABLES
from ys_analytics.schemas.coins import NATIVE_COINS

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

_SIDES = {"withdraw": -1, "deposit": 1}
_OWN = "own address"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Rows against those of earlier imports.

    Attributes:
        rows: What is left to compare with the store.
        origin: Where each comes from.
        replaced: Rows of the store that give way to them, whole.
        present: How many rows the store has as a side of a transfer.
    """

    rows: pl.DataFrame
    origin: pl.DataFrame
    replaced: pl.DataFrame
    present: int


class Earlier:
    """The transactions of a portfolio that are in the store."""

    def __init__(self, rows: pl.DataFrame, assets: Assets) -> None:
        """Index `rows` by id, and the joined ones by the row of their arrival."""
        self.rows = rows
        self.assets = assets
        self.notes: dict[str, dict[str, Any]] = {}
        self.types: dict[str, str] = {}
        self.outs: dict[str, str] = {}
        for id_, kind, text in rows.select("id", "transaction_type", "metadata").iter_rows():
            self.types[id_], self.notes[id_] = str(kind), json.loads(text or "{}")
            if arrival := self.notes[id_].get("arrival"):
                self.outs[arrival] = id_

    @classmethod
    def load(cls, stores: "Stores", portfolio: str, assets: Assets) -> "Earlier":
        """The portfolio's transactions as they are."""
        rows = stores.postgres.scan(
            "transactions", "portfolio_id::text = %(id)s", {"id": portfolio}, schema=TABLES["transactions"].schema
        )
        return cls(rows, assets)

    @property
    def accounts(self) -> frozenset[str]:
        """The names of the accounts that earlier imports were of."""
        return frozenset(str(note["account"]) for note in self.notes.values() if "account" in note)

    def known(self, entries: Sequence[Entry], row_of: Callable[[Entry], str]) -> list[tuple[Entry, Entry]]:
        """Both sides of transfers that were matched before; where only one is here, it is marked as matched."""
        here = {row_of(one): one for one in entries}
        pairs = []
        for arrival, out in self.outs.items():
            if out == arrival:
                if out in here and here[out].kind != "bridge":
                    here[out].settled = True
                continue
            if out in here and arrival in here:
                pairs.append((here[out], here[arrival]))
            for id_ in (out, arrival):
                if id_ in here:
                    here[id_].settled = True
        return pairs

    def sides(self, entries: Sequence[Entry], row_of: Callable[[Entry], str]) -> list[Entry]:
        """Sides of transfers that are in the store alone, as entries; none of those that `entries` bring again."""
        here = {(row_of(one), one.account) for one in entries}
        moved = {(one.hash, one.kind) for one in entries if one.hash}
        found = []
        alike: Counter[tuple[Any, ...]] = Counter()
        for number, row in enumerate(self.rows.sort("timestamp", "id").iter_rows(named=True), start=1):
            note = self.notes[row["id"]]
            hash_ = str(note.get("part_of") or (row["transaction_hash"] if row["chain_id"] else ""))
            kind = str(note.get("action", ""))
            if kind == _OWN:
                kind = "withdraw" if (hash_, "deposit") in moved else "deposit" if (hash_, "withdraw") in moved else ""
            elif note.get("flow") != "external" or row["transaction_type"] != kind:
                kind = ""
            if kind not in _SIDES or row["status"] != "confirmed":
                continue
            alike[row["timestamp"], note.get("account"), kind, hash_] += 1
            if (row["id"], note.get("account", "")) not in here and (
                one := self._entry(row, note, kind, hash_, number)
            ) is not None:
                found.append(one)
        # A movement of several assets is several rows, and no side of a transfer.
        return [one for one in found if alike[one.time, one.account, one.kind, one.hash] == 1]

    def _entry(self, row: dict[str, Any], note: dict[str, Any], kind: str, hash_: str, number: int) -> Entry | None:
        side = "from" if kind == "withdraw" and row["from_amount"] else "to" if row["to_amount"] else "from"
        asset = self.assets.by_id(row[f"{side}_asset_id"] or "")
        if asset is None or not row[f"{side}_amount"]:
            return None
        account = str(note.get("account", ""))
        fees = {name: Decimal(note[name]) if name in note else None for name in ("network_fee", "l1_fee")}
        coin = None if fees["network_fee"] is None else self._coin(row["chain_id"])
        return Entry(
            key=f"row|{row['id']}", time=row["timestamp"], kind=kind, account=account, hash=hash_,
            moves=[Move(asset, _SIDES[kind] * row[f"{side}_amount"], account)], chain=row["chain_id"],
            block=row["block_number"], method=str(note.get("method", "")), reference=str(note.get("reference", "")),
            gas=fees["network_fee"], l1_fee=fees["l1_fee"], coin=coin, row=row["id"], written=row["transaction_hash"],
            places=[Place("earlier import", "transaction", number)],
        )  # fmt: skip

    def _coin(self, chain: int) -> Asset | None:
        """The coin in which gas is paid on a chain."""
        names = [one.symbol for one in NATIVE_COINS if one.chain == chain]
        found = (self.assets.by_symbol(name, chain=chain) for name in reversed(names))
        return next((one for one in found if isinstance(one, Asset)), None)

    def reconcile(self, rows: pl.DataFrame, origin: pl.DataFrame) -> Reconciled:
        """Leave out sides that the store has in a joined row, and name the rows that joined ones replace."""
        keep, replaced = [], set()
        for id_, kind, text in rows.select("id", "transaction_type", "metadata").iter_rows():
            note, held = json.loads(text), self.notes.get(id_, {})
            joined, better = "arrival" in note, note.get("action") == _OWN
            if not joined and (id_ in self.outs or "arrival" in held or (held.get("action") == _OWN and not better)):
                keep.append(False)
                continue
            keep.append(True)
            if joined:
                replaced |= {
                    one for one in (id_, note["arrival"]) if "arrival" not in self.notes.get(one, {"arrival": ""})
                }
            elif better and self.types.get(id_) in _SIDES and kind == "bridge":
                replaced.add(id_)
        mask = pl.Series(keep, dtype=pl.Boolean)
        gone = self.rows.filter(pl.col("id").is_in(sorted(replaced)))
        return Reconciled(rows.filter(mask), origin.filter(mask), gone, int((~mask).sum()))
