"""Balances of a portfolio day by day, replayed from its transactions.

Depends on the inputs of a build and on the log of imports; writes nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import polars as pl

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest.building.coverage import Difference, Shortage
from ys_analytics.ingest.building.inputs import DEBT, SPOT, Holding, Inputs
from ys_analytics.ingest.import_log import ImportLog
from ys_analytics.schemas.coins import OTHER_FEES
from ys_analytics.schemas.outcomes import MOVING, PAYING


@dataclass(frozen=True, slots=True)
class DayBalances:
    """Balances at the end of a day."""

    day: date
    amounts: Mapping[Holding, Decimal]


@dataclass(slots=True)
class Balances:
    """Running balances of a portfolio.

    Attributes:
        amounts: By holding; a debt is negative.
        acquired: Units that came in, or were borrowed, at a known price, and their cost in USD.
        first_negative: When a balance first went below zero.
        lowest: The lowest balance below zero.
    """

    amounts: dict[Holding, Decimal] = field(default_factory=dict)
    acquired: dict[Holding, tuple[Decimal, Decimal]] = field(default_factory=dict)
    first_negative: dict[Holding, datetime] = field(default_factory=dict)
    lowest: dict[Holding, Decimal] = field(default_factory=dict)

    def add(self, holding: Holding, change: Decimal) -> None:
        """Add to a balance; a debt is a negative one."""
        self.amounts[holding] = self.amounts.get(holding, Decimal(0)) + change

    def record_negative(self, at: datetime) -> None:
        """Record every balance that is below zero and is no debt."""
        for holding, amount in self.amounts.items():
            if amount < 0 and holding[1] != DEBT:
                self.first_negative.setdefault(holding, at)
                self.lowest[holding] = min(amount, self.lowest.get(holding, Decimal(0)))


@dataclass(slots=True)
class ReplayResult:
    """The result of `replay`.

    Attributes:
        balances: After the last day.
        days: Balances at the end of each day.
        accounts: Movements of each account that metadata name: time, asset, change.
    """

    balances: Balances = field(default_factory=Balances)
    days: list[DayBalances] = field(default_factory=list)
    accounts: dict[str, list[tuple[datetime, str, Decimal]]] = field(default_factory=dict)


def last_priced_day(inputs: Inputs) -> date:
    """The last day on which every asset held at the end has a price; the last transaction's where none has."""
    days = replay(inputs, inputs.transactions["timestamp"].max().date()).days  # type: ignore[union-attr]
    held = {asset for (asset, _), amount in days[-1].amounts.items() if amount and asset not in inputs.dollars}
    quotes = inputs.quotes.filter(pl.col("asset_id").is_in(list(held)))
    last_quotes = quotes.group_by("asset_id").agg(pl.col("timestamp").max().dt.date())["timestamp"].to_list()
    last = days[-1].day
    return max(last, min(last_quotes)) if len(last_quotes) == len(held) and last_quotes else last


def replay(inputs: Inputs, last: date) -> ReplayResult:
    """Apply every transaction in order; gives the balances after each day up to the last.

    Raises:
        UsageError: the last day is before the first transaction.
        ContractError: gas was paid on a chain whose coin is not registered.
    """
    result = ReplayResult()
    first = inputs.transactions["timestamp"].min().date()  # type: ignore[union-attr]
    if last < first:
        raise UsageError(f"until {last}: is before the first transaction, of {first}")
    rows = [row for row in inputs.transactions.iter_rows(named=True) if row["timestamp"].date() <= last]
    by_day = {day: list(group) for day, group in groupby(rows, key=lambda row: row["timestamp"].date())}
    for day_number in range((last - first).days + 1):
        day = first + timedelta(days=day_number)
        for row in by_day.get(day, ()):
            _apply(inputs, result, row)
            result.balances.record_negative(row["timestamp"])
        amounts = {holding: amount for holding, amount in result.balances.amounts.items() if amount}
        result.days.append(DayBalances(day, amounts))
    return result


def _apply(inputs: Inputs, result: ReplayResult, row: dict[str, Any]) -> None:
    metadata, balances = json.loads(row["metadata"] or "{}"), result.balances
    for holding, change in _legs(row, metadata):
        balances.add(holding, change)
        _add_to_account(result, metadata, row["timestamp"], holding[0], change)
        if change > 0 or holding[1] == DEBT:
            price = inputs.price(holding[0], row["timestamp"])
            if price is not None:
                units, cost = balances.acquired.get(holding, (Decimal(0), Decimal(0)))
                balances.acquired[holding] = (units + abs(change), cost + abs(change) * price)
    if row["status"] in PAYING and (gas := _gas(row, metadata)):
        coin = inputs.native_coin(row["chain_id"], row["timestamp"])
        if coin is None:
            raise ContractError(f"chain {row['chain_id']}: its coin is not among the assets; register it first")
        balances.add((coin, SPOT), -gas)
        _add_to_account(result, metadata, row["timestamp"], coin, -gas)


def _add_to_account(
    result: ReplayResult, metadata: Mapping[str, Any], at: datetime, asset: str, change: Decimal
) -> None:
    name = metadata.get("account")
    if change > 0 and metadata.get("to_account"):
        name = metadata["to_account"]
    if name:
        result.accounts.setdefault(name, []).append((at, asset, change))


def _legs(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[tuple[Holding, Decimal]]:
    """The changes of balances that a transaction makes; an external flow counts one side only."""
    if row["status"] not in MOVING:
        return
    no_protocol = not (row["protocol_name"] or "").strip()
    is_deposit_or_withdrawal = row["transaction_type"] in {"deposit", "withdraw"}
    external = metadata.get("flow") == "external" or (
        metadata.get("flow") != "internal" and is_deposit_or_withdrawal and no_protocol
    )
    sent = (row["from_asset_id"], row["from_amount"], metadata.get("from_position", SPOT))
    received = (row["to_asset_id"], row["to_amount"], metadata.get("to_position", SPOT))
    if external and row["transaction_type"] == "deposit":
        asset, amount, position = received if received[0] else sent
        yield (asset, position), amount
        return
    if external and row["transaction_type"] == "withdraw":
        asset, amount, position = sent if sent[0] else received
        yield (asset, position), -amount
        return
    if sent[0] and sent[1]:
        yield (sent[0], sent[2]), -sent[1]
    if received[0] and received[1]:
        yield (received[0], received[2]), received[1]


def _gas(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> Decimal:
    gas = Decimal(0)
    if row["gas_used"] is not None and row["gas_price"] is not None:
        gas += row["gas_used"] * row["gas_price"]
    for name in OTHER_FEES:
        if metadata.get(name) is not None:
            gas += Decimal(str(metadata[name]))
    return gas


def shortages(inputs: Inputs, replay_result: ReplayResult) -> tuple[Shortage, ...]:
    """Every balance that was below zero at some moment, in the order of those moments."""
    balances = replay_result.balances
    return tuple(
        Shortage(
            symbol=inputs.symbols.get(holding[0], holding[0]), position=holding[1], time=at,
            lowest=balances.lowest[holding],
        )
        for holding, at in sorted(balances.first_negative.items(), key=lambda item: item[1])
    )  # fmt: skip


def compare_with_files(
    inputs: Inputs, replay_result: ReplayResult, log: ImportLog | None
) -> tuple[tuple[Difference, ...], int]:
    """Balances that files state, compared with what the transactions of their accounts come to.

    Returns:
        The differences, and how many stated balances agree.
    """
    entries = (
        []
        if log is None
        else [entry for entry in log.entries() if entry.portfolio == inputs.id and entry.state == "done"]
    )
    stated_frames = [frame for entry in entries if (frame := entry.kept_frame("stated")) is not None]
    if not stated_frames:
        return (), 0
    latest = pl.concat(stated_frames).sort("timestamp").group_by("account", "asset_id", maintain_order=True).last()
    differences, agreed = [], 0
    for account, asset, at, balance in latest.select("account", "asset_id", "timestamp", "balance").iter_rows():
        changes = (
            change
            for time, moved_asset, change in replay_result.accounts.get(account, ())
            if moved_asset == asset and time <= at
        )
        total = sum(changes, Decimal(0))
        if total == balance:
            agreed += 1
            continue
        symbol = inputs.symbols.get(asset, asset)
        differences.append(Difference(account=account, symbol=symbol, time=at, stated=balance, computed=total))
    return tuple(differences), agreed
