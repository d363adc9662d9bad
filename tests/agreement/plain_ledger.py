"""What a portfolio's transactions did, in plain Python: flows, gas, movements, holdings.

Written from the rulings on external flows and gas; shares no line with the package.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from .plain_market import Market, Row, added, times

DecimalPlace = tuple[str | None, str | None]

# The coin of each chain where no asset says that it is the chain's own. Polygon's was called MATIC until 3 September
# 2024 and has been called POL since (Polygon Labs, "MATIC to POL upgrade").
_COINS = {1: "ETH", 10: "ETH", 56: "BNB", 137: "POL", 8453: "ETH", 42161: "ETH", 43114: "AVAX"}
_RENAMED = date(2024, 9, 4)

# What leaves the wallet next to gas used times its price, in the chain's coin.
_FEES = ("l1_fee", "operator_fee", "blob_fee")


@dataclass(frozen=True)
class Leg:
    """One movement of an asset: positive came in."""

    at: datetime
    asset: str | None
    position: str | None
    protocol: str | None
    cause: str
    change: Decimal
    paid: Decimal | None = None


@dataclass(frozen=True)
class Gas:
    """What a transaction's gas took: of which coin, how much, in USD, or why there is no amount."""

    coin: str | None
    spent: Decimal | None
    usd: Decimal | None
    reason: str | None


def said(row: Row) -> dict[str, object]:
    """What a row's metadata say."""
    found = json.loads(row["metadata"] or "{}")
    return found if isinstance(found, dict) else {}


def flow_and_rule(transaction: Row) -> tuple[str, str]:
    """The ruling on external flows: what a transaction is, and by which rule."""
    if transaction["status"] != "confirmed":
        return "none", "not confirmed"
    stated = said(transaction).get("flow")
    if stated in {"external", "internal"}:
        return str(stated), f"metadata says {stated}"
    if transaction["transaction_type"] not in {"deposit", "withdraw"}:
        return "internal", "other type of transaction"
    if (transaction["protocol_name"] or "").strip():
        return "internal", "deposit or withdraw with a protocol"
    return "external", "deposit or withdraw without a protocol"


def moving(transaction: Row) -> list[tuple[str, str, Decimal]]:
    """The legs of a confirmed transaction that count: side, asset, signed amount; what enters is positive.

    A deposit from outside brings its `to` leg, or else its `from` leg; a withdrawal takes its `from` leg, or else
    its `to` leg; anything else takes the one and brings the other.
    """
    sides = {side: (transaction[f"{side}_asset_id"], transaction[f"{side}_amount"]) for side in ("from", "to")}
    there = {side: leg for side, leg in sides.items() if None not in leg}
    kind = transaction["transaction_type"]
    if flow_and_rule(transaction)[0] == "external" and kind in {"deposit", "withdraw"}:
        order, sign = (("to", "from"), 1) if kind == "deposit" else (("from", "to"), -1)
        return [(side, there[side][0], there[side][1] * sign) for side in order if side in there][:1]
    return [(side, asset, amount if side == "to" else -amount) for side, (asset, amount) in there.items()]


def flows(transactions: Iterable[Row], market: Market) -> list[tuple[datetime, Decimal | None, str]]:
    """Each external flow in USD at the last price within a day, None where one is missing; and its rule."""
    found = []
    for transaction in transactions:
        flow, rule = flow_and_rule(transaction)
        if flow == "external":
            worth = [
                times(amount, market.at(asset, transaction["timestamp"])) for _, asset, amount in moving(transaction)
            ]
            found.append((transaction["timestamp"], added(worth) if worth and None not in worth else None, rule))
    return sorted(found, key=lambda flow: flow[0])


def coin_of(chain: int, assets: list[Row], day: date) -> str | None:
    """The id of the coin in which a chain's gas is paid on a day."""
    stated = [asset for asset in assets if chain in said(asset).get("native_of_chains", [])]
    symbol = "MATIC" if chain == 137 and day < _RENAMED else _COINS.get(chain)
    usual = [asset for asset in assets if asset["contract_address"] is None and asset["symbol"] == symbol]
    found = stated or usual
    return found[0]["id"] if found else None


def pays(transaction: Row) -> bool:
    """Whether a transaction's gas was the portfolio's to pay: once it is in a block, unless someone else paid it.

    Metadata may say who did; what only brings money in over the edge was signed by its sender.
    """
    payer = said(transaction).get("gas_paid_by")
    if transaction["status"] not in {"confirmed", "failed"}:
        return False
    if payer is not None:
        return str(payer).lower() == "portfolio"
    stated, kind = said(transaction).get("flow"), transaction["transaction_type"]
    bare = kind in {"deposit", "withdraw"} and not (transaction["protocol_name"] or "").strip()
    crosses = stated == "external" or (stated != "internal" and bare)
    return not (crosses and transaction["from_asset_id"] is None and kind != "withdraw")


def gas_of(transaction: Row, assets: list[Row], market: Market) -> Gas:
    """Gas of a transaction, at its chain's coin's last price of that day."""
    fees = [Decimal(str(said(transaction)[fee])) for fee in _FEES if fee in said(transaction)]
    execution = None not in (transaction["gas_used"], transaction["gas_price"])
    if not pays(transaction) or not (execution or fees):
        return Gas(None, None, None, "none was paid")
    spent = added([*fees, transaction["gas_used"] * transaction["gas_price"] if execution else Decimal(0)])
    day = transaction["timestamp"].date()
    coin = coin_of(transaction["chain_id"], assets, day)
    usd = times(spent, market.close(coin, day))
    return Gas(coin, spent, usd, None if usd is not None else "no price")


def legs(transactions: Iterable[Row], assets: list[Row], market: Market) -> list[Leg]:
    """Every movement, oldest first: of confirmed transactions, and gas of those that paid it."""
    homes = {asset["id"]: said(asset).get("protocol") for asset in assets}
    found = []
    for transaction in sorted(transactions, key=lambda transaction: transaction["timestamp"]):
        gas = gas_of(transaction, assets, market)
        if gas.spent is not None:
            found.append(
                Leg(
                    transaction["timestamp"], gas.coin, "spot", transaction["protocol_name"], "gas", -gas.spent, gas.usd
                )
            )
        flow = flow_and_rule(transaction)[0]
        if flow != "none":
            target = transaction["to_asset_id"]
            if flow == "external":
                cause = "flow"
            elif transaction["transaction_type"] == "claim":
                at_home = target is None or (
                    transaction["protocol_name"] is not None and homes[target] == transaction["protocol_name"]
                )
                cause = "yield" if at_home else "rewards"
            else:
                cause = "trade"
            for side, asset, change in moving(transaction):
                position = said(transaction).get(f"{side}_position")
                found.append(
                    Leg(transaction["timestamp"], asset, position, transaction["protocol_name"], cause, change)
                )
    return sorted(found, key=lambda leg: leg.at)


def held(moved: Iterable[Leg], at: datetime) -> dict[DecimalPlace, Decimal]:
    """Quantity by asset and position at a moment, movements at it included; what is owed is negative."""
    sums: dict[DecimalPlace, Decimal] = {}
    for leg in moved:
        if leg.at <= at:
            sums[leg.asset, leg.position] = sums.get((leg.asset, leg.position), Decimal(0)) + leg.change
    return {place: quantity for place, quantity in sums.items() if quantity}


def audit(transactions: Iterable[Row]) -> Counter[tuple[str, str]]:
    """How many transactions each rule classified: rule and flow."""
    return Counter((rule, flow) for flow, rule in map(flow_and_rule, transactions))
