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

# What leaves the wallet beside gas used times its price, in the chain's coin.
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


def flow_and_rule(deed: Row) -> tuple[str, str]:
    """The ruling on external flows: what a transaction is, and by which rule."""
    if deed["status"] != "confirmed":
        return "none", "not confirmed"
    stated = said(deed).get("flow")
    if stated in {"external", "internal"}:
        return str(stated), f"metadata says {stated}"
    if deed["transaction_type"] not in {"deposit", "withdraw"}:
        return "internal", "other type of transaction"
    if (deed["protocol_name"] or "").strip():
        return "internal", "deposit or withdraw with a protocol"
    return "external", "deposit or withdraw without a protocol"


def moving(deed: Row) -> list[tuple[str, str, Decimal]]:
    """The legs of a confirmed transaction that count: side, asset, signed amount; what enters is positive.

    A deposit from outside brings its `to` leg, or else its `from` leg; a withdrawal takes its `from` leg, or else
    its `to` leg; anything else takes the one and brings the other.
    """
    sides = {side: (deed[f"{side}_asset_id"], deed[f"{side}_amount"]) for side in ("from", "to")}
    there = {side: leg for side, leg in sides.items() if None not in leg}
    kind = deed["transaction_type"]
    if flow_and_rule(deed)[0] == "external" and kind in {"deposit", "withdraw"}:
        order, sign = (("to", "from"), 1) if kind == "deposit" else (("from", "to"), -1)
        return [(side, there[side][0], there[side][1] * sign) for side in order if side in there][:1]
    return [(side, asset, amount if side == "to" else -amount) for side, (asset, amount) in there.items()]


def flows(deeds: Iterable[Row], market: Market) -> list[tuple[datetime, Decimal | None, str]]:
    """Each external flow in USD at the last price within a day, None where one is missing; and its rule."""
    found = []
    for deed in deeds:
        flow, rule = flow_and_rule(deed)
        if flow == "external":
            worth = [times(amount, market.at(asset, deed["timestamp"])) for _, asset, amount in moving(deed)]
            found.append((deed["timestamp"], added(worth) if worth and None not in worth else None, rule))
    return sorted(found, key=lambda flow: flow[0])


def coin_of(chain: int, assets: list[Row], day: date) -> str | None:
    """The id of the coin in which a chain's gas is paid on a day."""
    stated = [asset for asset in assets if chain in said(asset).get("native_of_chains", [])]
    symbol = "MATIC" if chain == 137 and day < _RENAMED else _COINS.get(chain)
    usual = [asset for asset in assets if asset["contract_address"] is None and asset["symbol"] == symbol]
    found = stated or usual
    return found[0]["id"] if found else None


def pays(deed: Row) -> bool:
    """Whether a transaction's gas was the portfolio's to pay: once it is in a block, unless somebody else paid it.

    Metadata may say who did; what only brings money in over the edge was signed by its sender.
    """
    payer = said(deed).get("gas_paid_by")
    if deed["status"] not in {"confirmed", "failed"}:
        return False
    if payer is not None:
        return str(payer).lower() == "portfolio"
    stated, kind = said(deed).get("flow"), deed["transaction_type"]
    bare = kind in {"deposit", "withdraw"} and not (deed["protocol_name"] or "").strip()
    crosses = stated == "external" or (stated != "internal" and bare)
    return not (crosses and deed["from_asset_id"] is None and kind != "withdraw")


def gas_of(deed: Row, assets: list[Row], market: Market) -> Gas:
    """Gas of a transaction, at its chain's coin's last price of that day."""
    fees = [Decimal(str(said(deed)[fee])) for fee in _FEES if fee in said(deed)]
    execution = None not in (deed["gas_used"], deed["gas_price"])
    if not pays(deed) or not (execution or fees):
        return Gas(None, None, None, "none was paid")
    spent = added([*fees, deed["gas_used"] * deed["gas_price"] if execution else Decimal(0)])
    day = deed["timestamp"].date()
    coin = coin_of(deed["chain_id"], assets, day)
    usd = times(spent, market.close(coin, day))
    return Gas(coin, spent, usd, None if usd is not None else "no price")


def legs(deeds: Iterable[Row], assets: list[Row], market: Market) -> list[Leg]:
    """Every movement, oldest first: of confirmed transactions, and gas of those that paid it."""
    homes = {asset["id"]: said(asset).get("protocol") for asset in assets}
    found = []
    for deed in sorted(deeds, key=lambda deed: deed["timestamp"]):
        gas = gas_of(deed, assets, market)
        if gas.spent is not None:
            found.append(Leg(deed["timestamp"], gas.coin, "spot", deed["protocol_name"], "gas", -gas.spent, gas.usd))
        flow = flow_and_rule(deed)[0]
        if flow != "none":
            target = deed["to_asset_id"]
            if flow == "external":
                cause = "flow"
            elif deed["transaction_type"] == "claim":
                at_home = target is None or (
                    deed["protocol_name"] is not None and homes[target] == deed["protocol_name"]
                )
                cause = "yield" if at_home else "rewards"
            else:
                cause = "trade"
            for side, asset, change in moving(deed):
                position = said(deed).get(f"{side}_position")
                found.append(Leg(deed["timestamp"], asset, position, deed["protocol_name"], cause, change))
    return sorted(found, key=lambda leg: leg.at)


def held(moved: Iterable[Leg], at: datetime) -> dict[DecimalPlace, Decimal]:
    """Quantity by asset and position at a moment, movements at it included; what is owed is negative."""
    sums: dict[DecimalPlace, Decimal] = {}
    for leg in moved:
        if leg.at <= at:
            sums[leg.asset, leg.position] = sums.get((leg.asset, leg.position), Decimal(0)) + leg.change
    return {place: quantity for place, quantity in sums.items() if quantity}


def audit(deeds: Iterable[Row]) -> Counter[tuple[str, str]]:
    """How many transactions each rule classified: rule and flow."""
    return Counter((rule, flow) for flow, rule in map(flow_and_rule, deeds))
