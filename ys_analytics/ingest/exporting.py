"""Transactions of a portfolio in the layouts that other programs read: Koinly's universal format and rotki's events.

Depends on frames of `transactions` and `assets`. Does not value anything: amounts are the ledger's, to the last digit.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.frames import atomic
from ys_analytics.ingest.layout import layout
from ys_analytics.metrics import chains
from ys_analytics.schemas import CHAINS
from ys_analytics.schemas.coins import FEES_BESIDE_GAS, NATIVE_COINS
from ys_analytics.schemas.outcomes import MOVING, PAYING

_KOINLY = (
    "Date", "Sent Amount", "Sent Currency", "Received Amount", "Received Currency", "Fee Amount", "Fee Currency",
    "Net Worth Amount", "Net Worth Currency", "Label", "Description", "TxHash",
)  # fmt: skip
_ROTKI = (
    "identifier", "event_identifier", "sequence_index", "timestamp", "location", "location_label", "event_type",
    "event_subtype", "asset", "amount", "notes", "counterparty", "tx_hash",
)  # fmt: skip
LAYOUTS = ("koinly", "rotki")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        rows: Rows under the header.
        remarks: What a reader of the file must know.
    """

    rows: int
    remarks: tuple[str, ...]


def export_as(name: str, rows: pl.DataFrame, assets: pl.DataFrame, to: Path) -> Exported:
    """Write transactions as another program reads them; what each asset's balance comes to is the same there.

    Args:
        name: `koinly` or `rotki`.
        rows: `transactions` of one portfolio.
        assets: `assets`.
        to: A path that ends in .csv; replaced when it is there.

    Raises:
        UsageError: another name or ending.
        FileError: the file cannot be written; nothing of it is left.
    """
    if name not in LAYOUTS:
        raise UsageError(f"{name}: transactions are written as {' or '.join(LAYOUTS)}")
    if to.suffix != ".csv":
        raise UsageError(f"{to}: write to a file that ends in .csv")
    ledger = _Ledger(rows, assets)
    head, made = (_KOINLY, list(ledger.koinly())) if name == "koinly" else (_ROTKI, list(ledger.rotki()))
    with atomic.draft(to) as path, path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(made)
    return Exported(len(made), ledger.remarks(symbols=name == "koinly"))


class _Ledger:
    """Transactions with the names of their assets and what their gas came to."""

    def __init__(self, rows: pl.DataFrame, assets: pl.DataFrame) -> None:
        self.rows = rows.sort("timestamp", maintain_order=True)
        self.assets = {row["id"]: row for row in assets.iter_rows(named=True)}
        self.natives = list(chains.native_assets(assets).iter_rows(named=True))
        self.exchanges = set(layout("rotki-events").options["exchanges"])
        self.named: dict[str, set[str]] = {}

    def remarks(self, *, symbols: bool) -> tuple[str, ...]:
        """Symbols that stand for several assets, where a layout has nothing else."""
        twice = sorted(symbol for symbol, ids in self.named.items() if len(ids) > 1)
        return (
            (f"{', '.join(twice)} stand for several assets each: this layout has no contracts",)
            if symbols and twice
            else ()
        )

    def koinly(self) -> Iterator[tuple[str, ...]]:
        """Rows of Koinly's universal format: what was sent, received and paid."""
        for row, note, sent, came, gas in self._each():
            when = _seconds(row["timestamp"], "%Y-%m-%d %H:%M:%S UTC")
            label = _label(row, note, sent, came)
            hash_ = row["transaction_hash"] if row["chain_id"] and "part_of" not in note else ""
            if label is not None and (sent or came):
                paid = self._koinly(gas)
                yield (when, *self._koinly(sent), *self._koinly(came), *paid, "", "", label, "", hash_)
            elif gas:
                yield (when, *self._koinly(gas), "", "", "", "", "", "", "cost", "", hash_)

    def rotki(self) -> Iterator[tuple[str, ...]]:
        """Rows of rotki's history events: one for each movement, those of one transaction under one identifier."""
        number = 0
        for row, note, sent, came, gas in self._each():
            moves = list(_events(row, note, sent, came))
            moves += [("spend", "fee", gas, "gas")] if gas else []
            chain = row["chain_id"]
            account = str(note.get("account", "")).lower()
            where = (
                CHAINS.get(chain, str(chain)).lower() if chain else account if account in self.exchanges else "external"
            )
            for place, (kind, sub, leg, counterparty) in enumerate(moves):
                number += 1
                at = str(int(row["timestamp"].timestamp() * 1000))
                asset, amount = self._rotki(leg[0]), f"{leg[1].normalize():f}"
                hash_ = row["transaction_hash"] if chain else ""
                yield (
                    str(number), row["id"], str(place), at, where, "", *_at(kind, sub, exchange=not chain), asset,
                    amount, "", counterparty, hash_,
                )  # fmt: skip

    def _each(self) -> Iterator[tuple[dict[str, Any], Mapping[str, Any], "_Leg", "_Leg", "_Leg"]]:
        for row in self.rows.iter_rows(named=True):
            note = json.loads(row["metadata"] or "{}")
            moves = row["status"] in MOVING
            sent = (row["from_asset_id"], row["from_amount"]) if moves and row["from_amount"] else None
            came = (row["to_asset_id"], row["to_amount"]) if moves and row["to_amount"] else None
            yield row, note, sent, came, self._gas(row, note)

    def _gas(self, row: Mapping[str, Any], note: Mapping[str, Any]) -> "_Leg":
        paid = Decimal(0)
        if row["gas_used"] is not None and row["gas_price"] is not None:
            paid += row["gas_used"] * row["gas_price"]
        paid += sum((Decimal(str(note[name])) for name in FEES_BESIDE_GAS if note.get(name) is not None), Decimal(0))
        if not paid or row["status"] not in PAYING:
            return None
        for one in self.natives:
            after = one["since"] is None or row["timestamp"] >= one["since"]
            before = one["until"] is None or row["timestamp"] < one["until"]
            if one["chain_id"] == row["chain_id"] and after and before:
                return one["asset_id"], paid
        coins = ", ".join(one.symbol for one in NATIVE_COINS if one.chain == row["chain_id"])
        raise UsageError(f"chain {row['chain_id']}: its coin {coins} is not among the assets; register it first")

    def _koinly(self, leg: "_Leg") -> tuple[str, str]:
        if leg is None:
            return "", ""
        symbol = self.assets[leg[0]]["symbol"]
        self.named.setdefault(symbol, set()).add(leg[0])
        return f"{leg[1].normalize():f}", symbol

    def _rotki(self, asset: str) -> str:
        row = self.assets[asset]
        if row["contract_address"] and row["chain_id"]:
            return f"eip155:{row['chain_id']}/erc20:{row['contract_address']}"
        return str(row["symbol"])


_Leg = tuple[str, Decimal] | None


def _seconds(at: datetime, shape: str) -> str:
    return at.strftime(shape)


def _label(row: Mapping[str, Any], note: Mapping[str, Any], sent: _Leg, came: _Leg) -> str | None:
    """Koinly's label of a row; None where nothing leaves or enters the portfolio."""
    kind = row["transaction_type"]
    if sent and came and sent == came:
        return None  # moved inside: Koinly keeps wallets apart, and the balance is the same
    if kind == "claim" and came:
        return "reward"
    if note.get("action") in {"fee", "spent"} or (kind in {"claim", "swap"} and not came):
        return "cost"
    return "swap" if sent and came and kind == "bridge" else ""


def _events(
    row: Mapping[str, Any], note: Mapping[str, Any], sent: _Leg, came: _Leg
) -> Iterator[tuple[str, str, tuple[str, Decimal], str]]:
    """What a row moves, in rotki's words: type, subtype, asset and amount, counterparty."""
    kind, whom = row["transaction_type"], row["protocol_name"] or ""
    if sent and came and sent == came:
        return
    if sent and came:
        yield "trade", "spend", sent, whom
        yield "trade", "receive", came, whom
    elif came:
        yield "receive", "reward" if kind == "claim" else "none", came, whom
    elif sent:
        spent = note.get("action") in {"fee", "spent"} or kind in {"claim", "swap"}
        yield "spend", "fee" if spent else "none", sent, "" if spent else whom


def _at(kind: str, sub: str, *, exchange: bool) -> tuple[str, str]:
    """The same at an exchange, where what comes in is a deposit."""
    if not exchange or sub != "none":
        return kind, sub
    return ("deposit", "deposit asset") if kind == "receive" else ("withdrawal", "remove asset")
