"""Export of a portfolio's transactions in Koinly's universal format or as rotki's events.

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
from ys_analytics.ingest.numbers import all_digits
from ys_analytics.metrics import chains
from ys_analytics.schemas import CHAINS
from ys_analytics.schemas.coins import NATIVE_COINS, OTHER_FEES
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
    """The result of an export.

    Attributes:
        rows: Rows under the header.
        remarks: Notes for a reader of the file.
    """

    rows: int
    remarks: tuple[str, ...]


@all_digits()
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
    columns, lines = (_KOINLY, list(ledger.koinly())) if name == "koinly" else (_ROTKI, list(ledger.rotki()))
    with atomic.write_file(to) as path, path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(lines)
    return Exported(len(lines), ledger.remarks(symbols=name == "koinly"))


class _Ledger:
    """Transactions with their assets and gas, written row by row in another program's layout."""

    def __init__(self, rows: pl.DataFrame, assets: pl.DataFrame) -> None:
        self.rows = rows.sort("timestamp", maintain_order=True)
        self.assets = {row["id"]: row for row in assets.iter_rows(named=True)}
        self.natives = list(chains.native_assets(assets).iter_rows(named=True))
        self.exchanges = set(layout("rotki-events").options["exchanges"])
        self.ids_by_symbol: dict[str, set[str]] = {}

    def remarks(self, *, symbols: bool) -> tuple[str, ...]:
        """Name the symbols that stand for several assets, for a layout that has no contracts."""
        ambiguous = sorted(symbol for symbol, ids in self.ids_by_symbol.items() if len(ids) > 1)
        return (
            (f"{', '.join(ambiguous)} stand for several assets each: this layout has no contracts",)
            if symbols and ambiguous
            else ()
        )

    def koinly(self) -> Iterator[tuple[str, ...]]:
        """Rows of Koinly's universal format: what was sent, received and paid."""
        for row, metadata, sent, received, gas in self._legs_of_rows():
            date = _as_text(row["timestamp"], "%Y-%m-%d %H:%M:%S UTC")
            label = _label(row, metadata, sent, received)
            hash_ = row["transaction_hash"] if row["chain_id"] and "part_of" not in metadata else ""
            if label is not None and (sent or received):
                paid = self._koinly(gas)
                yield (date, *self._koinly(sent), *self._koinly(received), *paid, "", "", label, "", hash_)
            elif gas:
                yield (date, *self._koinly(gas), "", "", "", "", "", "", "cost", "", hash_)

    def rotki(self) -> Iterator[tuple[str, ...]]:
        """Rows of rotki's history events: one for each movement, those of one transaction under one identifier."""
        number = 0
        for row, metadata, sent, received, gas in self._legs_of_rows():
            events = list(_events(row, metadata, sent, received))
            events += [("spend", "fee", gas, "gas")] if gas else []
            chain = row["chain_id"]
            account = str(metadata.get("account", "")).lower()
            location = (
                CHAINS.get(chain, str(chain)).lower() if chain else account if account in self.exchanges else "external"
            )
            for index, (kind, subtype, leg, counterparty) in enumerate(events):
                number += 1
                milliseconds = str(int(row["timestamp"].timestamp() * 1000))
                asset, amount = self._rotki(leg[0]), f"{leg[1].normalize():f}"
                hash_ = row["transaction_hash"] if chain else ""
                yield (
                    str(number),
                    row["id"],
                    str(index),
                    milliseconds,
                    location,
                    "",
                    *_at_venue(kind, subtype, exchange=not chain),
                    asset,
                    amount,
                    "",
                    counterparty,
                    hash_,
                )

    def _legs_of_rows(self) -> Iterator[tuple[dict[str, Any], Mapping[str, Any], "_Amount", "_Amount", "_Amount"]]:
        for row in self.rows.iter_rows(named=True):
            metadata = json.loads(row["metadata"] or "{}")
            moves = row["status"] in MOVING
            sent = (row["from_asset_id"], row["from_amount"]) if moves and row["from_amount"] else None
            received = (row["to_asset_id"], row["to_amount"]) if moves and row["to_amount"] else None
            yield row, metadata, sent, received, self._gas(row, metadata)

    def _gas(self, row: Mapping[str, Any], metadata: Mapping[str, Any]) -> "_Amount":
        paid = Decimal(0)
        if row["gas_used"] is not None and row["gas_price"] is not None:
            paid += row["gas_used"] * row["gas_price"]
        paid += sum((Decimal(str(metadata[name])) for name in OTHER_FEES if metadata.get(name) is not None), Decimal(0))
        if not paid or row["status"] not in PAYING:
            return None
        for coin in self.natives:
            after = coin["since"] is None or row["timestamp"] >= coin["since"]
            before = coin["until"] is None or row["timestamp"] < coin["until"]
            if coin["chain_id"] == row["chain_id"] and after and before:
                return coin["asset_id"], paid
        coins = ", ".join(coin.symbol for coin in NATIVE_COINS if coin.chain == row["chain_id"])
        raise UsageError(f"chain {row['chain_id']}: its coin {coins} is not among the assets; register it first")

    def _koinly(self, leg: "_Amount") -> tuple[str, str]:
        if leg is None:
            return "", ""
        symbol = self.assets[leg[0]]["symbol"]
        self.ids_by_symbol.setdefault(symbol, set()).add(leg[0])
        return f"{leg[1].normalize():f}", symbol

    def _rotki(self, asset: str) -> str:
        row = self.assets[asset]
        if row["contract_address"] and row["chain_id"]:
            return f"eip155:{row['chain_id']}/erc20:{row['contract_address']}"
        return str(row["symbol"])


_Amount = tuple[str, Decimal] | None


def _as_text(at: datetime, pattern: str) -> str:
    return at.strftime(pattern)


def _label(row: Mapping[str, Any], metadata: Mapping[str, Any], sent: _Amount, received: _Amount) -> str | None:
    """Koinly's label of a row; None where nothing leaves or enters the portfolio."""
    kind = row["transaction_type"]
    if sent and received and sent == received:
        return None  # moved inside: Koinly keeps wallets apart, and the balance is the same
    if kind == "claim" and received:
        return "reward"
    if metadata.get("action") in {"fee", "spent"} or (kind in {"claim", "swap"} and not received):
        return "cost"
    return "swap" if sent and received and kind == "bridge" else ""


def _events(
    row: Mapping[str, Any], metadata: Mapping[str, Any], sent: _Amount, received: _Amount
) -> Iterator[tuple[str, str, tuple[str, Decimal], str]]:
    """What a row moves, in rotki's words: type, subtype, asset and amount, counterparty."""
    kind, counterparty = row["transaction_type"], row["protocol_name"] or ""
    if sent and received and sent == received:
        return
    if sent and received:
        yield "trade", "spend", sent, counterparty
        yield "trade", "receive", received, counterparty
    elif received:
        yield "receive", "reward" if kind == "claim" else "none", received, counterparty
    elif sent:
        is_cost = metadata.get("action") in {"fee", "spent"} or kind in {"claim", "swap"}
        yield "spend", "fee" if is_cost else "none", sent, "" if is_cost else counterparty


def _at_venue(kind: str, subtype: str, *, exchange: bool) -> tuple[str, str]:
    """Type and subtype of an event, which at an exchange are deposit and withdrawal."""
    if not exchange or subtype != "none":
        return kind, subtype
    return ("deposit", "deposit asset") if kind == "receive" else ("withdrawal", "remove asset")
