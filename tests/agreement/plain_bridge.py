"""Why a week's value changed, in plain Python: each holding and movement, term by term.

A holding counts from the opening, a movement from its own moment, both at the last price within a day. Shares no
line with the package.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from .comparing import Sized
from .plain_ledger import Leg, held
from .plain_market import WEEK, Market, Row, added, money, times
from .plain_pools import is_share, kind_of, stable_amounts, worth

TERMS = ("price", "yield", "rewards", "lp_fees", "impermanent_loss", "pool", "gas", "flows")
_DRAINS = ("impermanent_loss", "gas")
_PARTED = {"price", "lp_fees", "impermanent_loss"}


@dataclass
class Bridge:
    """Terms that lead from one value to another, or why they cannot be stated."""

    before: Decimal | None = None
    after: Decimal | None = None
    terms: dict[str, Decimal] = field(default_factory=dict)
    traded: Decimal | None = None
    residual: Decimal | None = None
    tolerance: Decimal | None = None
    start: datetime | None = None
    end: datetime | None = None
    found: Decimal | None = None
    growth: Decimal = Decimal(0)
    merged: bool = False
    grown: bool = False
    why: str = ""

    def term(self, name: str) -> Decimal | float | None:
        """A term: exact, but for those that go through ratios of prices, and so are as exact as what they part."""
        amount = self.residual if name == "residual" else self.terms.get(name)
        if amount is None or not (name in _PARTED or (self.grown and name in {"yield", "residual", "traded"})):
            return amount
        return Sized(float(amount), float(max(abs(self.before), abs(self.after))))

    @property
    def holds(self) -> bool | None:
        """Whether the terms explain the change."""
        return None if self.residual is None else abs(self.residual) <= self.tolerance


@dataclass
class Lot:
    """A holding from the opening, or a movement from its moment, with what it added to each term."""

    asset: str | None
    position: str | None
    protocol: str | None
    cause: str
    opening: Decimal = Decimal(0)
    traded: Decimal = Decimal(0)
    terms: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(TERMS, Decimal(0)))
    unpriced: bool = False
    merged: bool = False


def resolved(name: str, asset: Row, assets: list[Row]) -> str | None:
    """The id an asset's metadata mean: an id; else that symbol on its own chain; else the only coin that has it."""
    if any(one["id"] == name for one in assets):
        return name
    known = [one for one in assets if one["symbol"] == name and one["id"] != asset["id"]]
    here = [one for one in known if one["chain_id"] == asset["chain_id"]]
    coins = {one["coingecko_id"] or one["id"] for one in known}
    found = here if len(here) == 1 else known if not here and len(coins) == 1 else []
    return found[0]["id"] if found else None


@dataclass(frozen=True)
class Pair:
    """A pool whose curve is known: ids of what is in it, and the curve."""

    legs: tuple[str, ...]
    curve: dict[str, object]


def pools(assets: list[Row]) -> dict[str, Pair]:
    """Every share of a pool that can be looked through, by its id."""
    found = {}
    for asset in assets:
        kind = kind_of(asset)
        legs = tuple(resolved(name, asset, assets) for name in kind[0]) if kind else ()
        if kind and None not in legs:
            found[asset["id"]] = Pair(legs, kind[1])
    return found


def split(leg: Leg, pair: Pair, market: Market, end: datetime) -> tuple[float, float] | None:
    """Fees and impermanent loss of one USD in a pool from a leg's moment to `end`; None where a price is missing.

    Of what the share's price did, holding its parts explains some; the pool's own curve takes the impermanent loss
    off that; what is left was earned in fees.
    """
    prices = [[market.at(asset, at) for asset in (leg.asset, *pair.legs)] for at in (leg.at, end)]
    if None in prices[0] or None in prices[1]:
        return None
    (own, *first), (own_now, *last) = ([float(price) for price in row] for row in prices)
    kept = _basket(pair.curve, first, last)
    pooled = worth(pair.curve, last) / worth(pair.curve, first)
    return own_now / own - pooled, kept - pooled


def _basket(curve: dict[str, object], first: list[float], last: list[float]) -> float:
    """Growth of the parts of a pool, had they been held: each weighs by its part of the worth at the start."""
    if "weights" in curve:
        return math.fsum(w * now / then for w, then, now in zip(curve["weights"], first, last, strict=True))
    x, y = stable_amounts(curve["amplification"], *first)
    return (x * last[0] + y * last[1]) / (x * first[0] + y * first[1])


def lots(moved: list[Leg], assets: list[Row], market: Market, *, start: datetime, end: datetime) -> list[Lot]:
    """Each holding at `start`, and each movement after it up to `end`, with its terms.

    The move of a share in a pool whose curve is not known, or of what is in it nothing is held and no price is known,
    is one amount.
    """
    shares = pools(assets)
    opaque = {asset["id"] for asset in assets if is_share(asset)} - set(shares)
    opening = [Leg(start, asset, position, None, "held", quantity)
               for (asset, position), quantity in held(moved, start).items()]  # fmt: skip
    found = []
    counted = [*opening, *(leg for leg in moved if start < leg.at <= end)]
    own = {leg.asset for leg in counted}
    for leg in counted:
        lot = Lot(leg.asset, leg.position, leg.protocol, leg.cause)
        found.append(lot)
        first, last = market.at(leg.asset, leg.at), market.at(leg.asset, end)
        value = -leg.paid if leg.cause == "gas" and leg.paid is not None else times(leg.change, first)
        if first is None or last is None or (leg.cause == "gas" and leg.paid is None):
            lot.unpriced = True
            continue
        gain = times(leg.change, last) - value
        parted = split(leg, shares[leg.asset], market, end) if leg.asset in shares else (0.0, 0.0)
        lot.merged = leg.asset in opaque or (parted is None and not own & set(shares[leg.asset].legs))
        if lot.merged:
            lot.terms["pool"] = gain
        elif parted is None:
            lot.unpriced = True
            continue
        else:
            fees, lost = (money(Decimal(float(value) * part)) for part in parted)
            lot.terms |= {"lp_fees": fees, "impermanent_loss": lost, "price": gain - fees + lost}
        match leg.cause:
            case "held":
                lot.opening = value
            case "trade":
                lot.traded = value
                lot.terms["price"] += value
            case "gas":
                lot.terms["gas"] = leg.paid
            case "flow":
                lot.terms["flows"] = value
            case "rebase":
                lot.terms["yield"] = value
            case other:
                lot.terms[other] = value
    return found


def bridge(moved: list[Leg], snapshots: list[Row], assets: list[Row], market: Market, *, monday: datetime) -> Bridge:
    """From the last snapshot before the week to its last one; balances may have grown by themselves."""
    ordered = sorted(snapshots, key=lambda row: row["timestamp"])
    inside = [row for row in ordered if monday <= row["timestamp"] < monday + WEEK]
    earlier = [row for row in ordered if row["timestamp"] < monday]
    if not inside:
        return Bridge(why="the week has no snapshot")
    if earlier:
        start, before = earlier[-1]["timestamp"], earlier[-1]["total_value"]
    elif any(leg.at < monday for leg in moved):
        return Bridge(why="transactions before the first snapshot")
    else:
        start, before = monday - timedelta(microseconds=1), Decimal(0)
    end, after = inside[-1]["timestamp"], inside[-1]["total_value"]
    tolerance = Decimal("0.01") + Decimal("0.0001") * max(abs(before), abs(after))
    found = Bridge(before=before, after=after, tolerance=tolerance, start=start, end=end)
    parts = lots(moved, assets, market, start=start, end=end)
    if any(lot.unpriced for lot in parts):
        found.why = "no price"
        return found
    found.found = added([lot.opening for lot in parts])
    if abs(found.found - before) > tolerance:
        found.why = "the transactions do not account for the opening value"
        return found
    found.grown = any(lot.cause == "rebase" for lot in parts)
    found.growth = added([lot.terms["yield"] for lot in parts if lot.cause == "rebase"])
    found.merged = any(lot.merged for lot in parts)
    found.traded = added([lot.traded for lot in parts])
    for term in TERMS:
        whole = added([lot.terms[term] for lot in parts])
        found.terms[term] = -whole if term in _DRAINS else whole
    found.residual = after - before - added(list(found.terms.values()))
    return found
