"""Balances that grow without a transaction, in plain Python: found at each day's last snapshot, on record as legs.

What a snapshot states beyond the holdings at last prices is growth of the rebasing tokens held since the last one, as
far as they can grow; they share it by size, none beyond what it can. A snapshot that shows anything else is passed
over, and a week of them ends the search. Shares no line with the package.
"""

from datetime import timedelta
from decimal import Decimal, localcontext

from .plain_ledger import Leg, said
from .plain_market import DAY, WEEK, Market, Row, money
from .plain_returns import closes

# The fastest that balances grow a year: staking rewards by Lido's own limit, lending by the kit's choice.
_FASTEST = {"staked": Decimal("0.10"), "lent": Decimal("0.25"), "owed": Decimal("0.30")}
_DEBT = "borrowing"
_YEAR = timedelta(days=365)


def fastest(asset: Row) -> Decimal | None:
    """The fastest growth of an asset's balances; None for one that does not rebase."""
    about = said(asset)
    lent = str(about.get("protocol", "")).startswith("aave") and asset["symbol"][:1] == "a"
    if about.get("rebasing") is False or not (about.get("rebasing") or lent or asset["symbol"] in {"stETH", "eETH"}):
        return None
    return _FASTEST["lent" if lent else "staked"]


def credited(moved: list[Leg], snapshots: list[Row], assets: list[Row], market: Market) -> list[Leg]:
    """The movements and one more for each growth that a day's close shows."""
    rates = _rates(moved, {asset["id"]: asset for asset in assets})
    if not rates:
        return moved
    held: dict[tuple[str | None, str | None], Decimal] = {}
    peak: dict[tuple[str | None, str | None], Decimal] = {}
    found, waiting, since = list(moved), list(moved), moved[0].at
    stated = {row["timestamp"]: {one["key"]: one["value"] for one in row["asset_allocation"] or ()}
              for row in snapshots}  # fmt: skip
    with localcontext(prec=60):
        for close in closes(snapshots):
            while waiting and waiting[0].at <= close.at:
                leg = waiting.pop(0)
                if leg.asset is None:
                    continue
                place = (leg.asset, leg.position)
                held[place] = held.get(place, Decimal(0)) + leg.change
                if place in rates:
                    peak[place] = max(peak.get(place, Decimal(0)), _size(place, held[place]))
            prices = {place: market.at(place[0], close.at) for place, quantity in held.items() if quantity}
            if None in prices.values():
                continue
            worth = {place: held[place] * price for place, price in prices.items()}
            gap = close.value - sum(worth.values())
            span = Decimal((close.at - since + DAY) / _YEAR)
            # What is above the holdings is growth of what is held, what is below them interest on what is owed.
            sign = Decimal(-1 if gap < 0 else 1)
            size = {place: most * prices[place] for place, most in peak.items()
                    if place in prices and most > 0 and (place[1] == _DEBT) == (gap < 0)}  # fmt: skip
            can = {place: part * rates[place] * span for place, part in size.items()}
            tolerance = Decimal("0.01") + Decimal("0.0001") * abs(close.value)
            shares = {asset: share * close.value for asset, share in stated[close.at].items()}
            parts = _parts(gap, size, can, worth, shares)
            if parts is None and abs(gap) > tolerance:
                if close.at - since > WEEK:
                    break
                continue
            for place, amount in (parts or {}).items():
                change = money(sign * amount / prices[place])
                held[place] += change
                found.append(Leg(close.at, place[0], place[1], None, "rebase", change))
            peak = {place: most for place in peak if (most := _size(place, held[place])) > 0}
            since = close.at
    return sorted(found, key=lambda leg: leg.at)


_Amounts = dict[tuple[str | None, str | None], Decimal]


def _size(place: tuple[str | None, str | None], quantity: Decimal) -> Decimal:
    """How much is held, or owed."""
    return -quantity if place[1] == _DEBT else quantity


def _rates(moved: list[Leg], assets: dict[str, Row]) -> _Amounts:
    """The fastest growth of each holding that grows by itself, and of each debt whose interest no one records."""
    places = {(leg.asset, leg.position) for leg in moved if leg.asset is not None}
    recorded = {
        (leg.asset, leg.position) for leg in moved if leg.cause == "yield" and (leg.change > 0 or leg.position == _DEBT)
    }
    found = {}
    for asset, position in sorted(places, key=str):
        rate = fastest(assets[asset])
        if position == _DEBT:
            if (asset, position) not in recorded:
                found[asset, position] = _FASTEST["owed"]
        elif rate is not None:
            silent = all(other != asset for other, _ in recorded)
            if silent or said(assets[asset]).get("rebasing") is True:
                found[asset, position] = rate
    return found


def _parts(gap: Decimal, size: _Amounts, can: _Amounts, worth: _Amounts, stated: dict[str, Decimal]) -> _Amounts | None:
    """How much of the gap each holding or debt grew; None where that is no growth of theirs."""
    if abs(gap) <= Decimal("1e-9") or abs(gap) > sum(can.values()):
        return None
    if not stated:
        return _shared(abs(gap), size, can)
    sign = Decimal(-1 if gap < 0 else 1)
    own = {place[0] for place in can}
    known = {asset: sum(worth[place] for place in worth if place[0] == asset) for asset in own}
    shown = {asset: stated.get(asset, Decimal(0)) - known[asset] for asset in own}
    if abs(sum(shown.values()) - gap) > Decimal("0.01") + Decimal("0.0001") * abs(sum(stated.values())):
        return None
    whole = {asset: sum(part for place, part in size.items() if place[0] == asset) for asset in own}
    grown = {place: max(sign * shown[place[0]], Decimal(0)) * part / whole[place[0]] for place, part in size.items()}
    return _shared(abs(gap), grown, can)


def _shared(gap: Decimal, weights: _Amounts, can: _Amounts) -> _Amounts:
    """The gap by weight; who reaches what it can leaves the rest to the others, at last to those without weight."""
    full: dict[tuple[str | None, str | None], Decimal] = {}
    while True:
        left = gap - sum(full.values())
        rest = {place: weight for place, weight in weights.items() if place not in full}
        if left <= 0:
            return full
        if sum(rest.values()) <= 0:
            others = {place: most for place, most in can.items() if place not in full}
            return full | {place: left * most / sum(others.values()) for place, most in others.items()}
        parts = {place: left * weight / sum(rest.values()) for place, weight in rest.items()}
        over = {place: can[place] for place, part in parts.items() if part > can[place]}
        if not over:
            return full | parts
        full |= over
