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
_TO_OWN_ADDRESS = "own address"


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


class StoredTransactions:
    """The transactions of a portfolio that are in the store."""

    def __init__(self, rows: pl.DataFrame, assets: Assets) -> None:
        """Index `rows` by id, and the joined ones by the row of their arrival."""
        self.rows = rows
        self.assets = assets
        self.notes: dict[str, dict[str, Any]] = {}
        self.types: dict[str, str] = {}
        self.departures: dict[str, str] = {}
        for id_, kind, text in rows.select("id", "transaction_type", "metadata").iter_rows():
            self.types[id_], self.notes[id_] = str(kind), json.loads(text or "{}")
            if arrival := self.notes[id_].get("arrival"):
                self.departures[arrival] = id_

    @classmethod
    def load(cls, stores: "Stores", portfolio: str, assets: Assets) -> "StoredTransactions":
        """The portfolio's transactions as they are."""
        rows = stores.postgres.scan(
            "transactions", "portfolio_id::text = %(id)s", {"id": portfolio}, schema=TABLES["transactions"].schema
        )
        return cls(rows, assets)

    @property
    def accounts(self) -> frozenset[str]:
        """The names of the accounts that earlier imports were of."""
        return frozenset(str(note["account"]) for note in self.notes.values() if "account" in note)

    def matched_pairs(self, entries: Sequence[Entry], row_of: Callable[[Entry], str]) -> list[tuple[Entry, Entry]]:
        """Both sides of transfers that were matched before; where only one is here, it is marked as matched."""
        entry_by_row = {row_of(entry): entry for entry in entries}
        pairs = []
        for arrival, departure in self.departures.items():
            if departure == arrival:
                if departure in entry_by_row and entry_by_row[departure].kind != "bridge":
                    entry_by_row[departure].is_matched = True
                continue
            if departure in entry_by_row and arrival in entry_by_row:
                pairs.append((entry_by_row[departure], entry_by_row[arrival]))
            for id_ in (departure, arrival):
                if id_ in entry_by_row:
                    entry_by_row[id_].is_matched = True
        return pairs

    def transfer_sides(self, entries: Sequence[Entry], row_of: Callable[[Entry], str]) -> list[Entry]:
        """Sides of transfers that are in the store alone, as entries; none of those that `entries` bring again."""
        rows_given = {(row_of(entry), entry.account) for entry in entries}
        hashes_moved = {(entry.hash, entry.kind) for entry in entries if entry.hash}
        sides = []
        times_seen: Counter[tuple[Any, ...]] = Counter()
        for number, row in enumerate(self.rows.sort("timestamp", "id").iter_rows(named=True), start=1):
            note = self.notes[row["id"]]
            hash_ = str(note.get("part_of") or (row["transaction_hash"] if row["chain_id"] else ""))
            kind = str(note.get("action", ""))
            if kind == _TO_OWN_ADDRESS:
                other_sides = {"deposit": "withdraw", "withdraw": "deposit"}
                kind = next((opposite for other, opposite in other_sides.items() if (hash_, other) in hashes_moved), "")
            elif note.get("flow") != "external" or row["transaction_type"] != kind:
                kind = ""
            if kind not in _SIDES or row["status"] != "confirmed":
                continue
            times_seen[row["timestamp"], note.get("account"), kind, hash_] += 1
            if (row["id"], note.get("account", "")) not in rows_given and (
                side := self._entry(row, note, kind, hash_, number)
            ) is not None:
                sides.append(side)
        # A movement of several assets is several rows, and no side of a transfer.
        return [side for side in sides if times_seen[side.time, side.account, side.kind, side.hash] == 1]

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
            gas=fees["network_fee"], l1_fee=fees["l1_fee"], coin=coin, stored_row=row["id"],
            stored_hash=row["transaction_hash"],
            places=[Place("earlier import", "transaction", number)],
        )  # fmt: skip

    def _coin(self, chain: int) -> Asset | None:
        """The coin in which gas is paid on a chain."""
        names = [coin.symbol for coin in NATIVE_COINS if coin.chain == chain]
        assets = (self.assets.by_symbol(name, chain=chain) for name in reversed(names))
        return next((asset for asset in assets if isinstance(asset, Asset)), None)

    def reconcile(self, rows: pl.DataFrame, origin: pl.DataFrame) -> Reconciled:
        """Leave out sides that the store has in a joined row, and name the rows that joined ones replace."""
        is_new, replaced = [], set()
        for id_, kind, text in rows.select("id", "transaction_type", "metadata").iter_rows():
            note, stored_note = json.loads(text), self.notes.get(id_, {})
            joined, to_own_address = "arrival" in note, note.get("action") == _TO_OWN_ADDRESS
            if not joined and (
                id_ in self.departures
                or "arrival" in stored_note
                or (stored_note.get("action") == _TO_OWN_ADDRESS and not to_own_address)
            ):
                is_new.append(False)
                continue
            is_new.append(True)
            if joined:
                replaced |= {
                    row for row in (id_, note["arrival"]) if "arrival" not in self.notes.get(row, {"arrival": ""})
                }
            elif to_own_address and self.types.get(id_) in _SIDES and kind == "bridge":
                replaced.add(id_)
        mask = pl.Series(is_new, dtype=pl.Boolean)
        replaced_rows = self.rows.filter(pl.col("id").is_in(sorted(replaced)))
        return Reconciled(rows.filter(mask), origin.filter(mask), replaced_rows, int((~mask).sum()))
