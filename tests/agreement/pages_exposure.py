"""The numbers on what was held, bought and paid week by week, a second time."""

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from . import plain_attribution as plain
from .comparing import Sized
from .pages import Page, ViewData, page
from .plain_holdings import CHAINS
from .plain_market import DAY, WEEK
from .plain_run import Report

_TICK = timedelta(microseconds=1)
_WEEKS = 13
# Parts that a composition draws; with more, all but the four largest are one.
_DRAWN = 5


def week_ends(r: Report, moved: list[plain.Moved]) -> list[datetime]:
    """The ends of the last thirteen weeks, but for those before the first movement."""
    ends = [r.end - WEEK * back for back in range(_WEEKS - 1, -1, -1)]
    return [end for end in ends if moved and end > moved[0].leg.at]


@page("Exposure, turnover and costs by week")
def exposure(r: Report, _: ViewData) -> Page:
    """Thirteen weeks: what was held and owed at their ends, what was bought, what it cost."""
    moved = plain.movements(r)
    if not moved:
        return Page([])
    rows = []
    for stop in week_ends(r, moved):
        states = [_state(r, moved, moment) for moment in (stop - WEEK, stop)]
        bought = cost = 0.0
        for one in moved:
            if not stop - WEEK <= one.leg.at < stop:
                continue
            if one.leg.cause == "gas":
                cost += float(one.leg.paid or 0)
            elif one.leg.cause == "trade":
                worth = float(one.leg.change) * float(r.market.at(one.leg.asset, one.leg.at) or math.nan)
                bought += max(worth, 0.0)
                cost -= worth
        (was, _, _), (now, assets, debts) = states
        mean = None if None in (was, now) else (was + now) / 2
        known = mean is not None and mean > 0
        rows.append({
            "week_end": (stop - DAY).date(), "net": now, "assets": assets, "debts": debts,
            "leverage": assets / now if now is not None and now > 0 else None,
            "turnover": Sized(bought / mean, 1.0) if known else None,
            "costs": Sized(cost / mean, 1.0) if known else None,
        })  # fmt: skip
    return Page(rows, facts=[24, len(rows)])


def _state(r: Report, moved: list[plain.Moved], moment: datetime) -> tuple[float | None, float | None, float | None]:
    sums: dict[Any, Decimal] = {}
    for one in moved:
        if one.leg.at < moment:
            sums[one.leg.asset, one.leg.position] = (
                sums.get((one.leg.asset, one.leg.position), Decimal(0)) + one.leg.change
            )
    last = moment - _TICK
    worth = [None if (price := r.market.at(asset, last)) is None else float(quantity) * float(price)
             for (asset, _), quantity in sums.items() if quantity]  # fmt: skip
    if None in worth:
        return None, None, None
    assets, debts = math.fsum(w for w in worth if w > 0), -math.fsum(w for w in worth if w < 0)
    return Sized(assets - debts, assets), assets, debts


def _by_part(r: Report, moved: list[plain.Moved], stop: datetime) -> dict[str, dict[str, float]] | None:
    """Size of what was held just before a moment by kind, protocol and chain; None where a price is missing."""
    sums: dict[tuple[Any, ...], Decimal] = {}
    last: dict[tuple[Any, ...], str] = {}
    chain = plain.chains(r, moved)
    for one in moved:
        if one.leg.at < stop and one.leg.asset is not None:
            key = (one.leg.asset, one.leg.position, plain.holder(one.leg, last), chain(one))
            sums[key] = sums.get(key, Decimal(0)) + one.leg.change
    found: dict[str, dict[str, float]] = {"kind": {}, "protocol": {}, "chain": {}}
    for (asset, position, protocol, number), quantity in sums.items():
        price = r.market.at(asset, stop - _TICK) if quantity else Decimal(0)
        if price is None:
            return None
        names = {
            "kind": position or "not stated", "protocol": protocol,
            "chain": "several chains" if number is None else CHAINS.get(number, f"chain {number}"),
        }  # fmt: skip
        for by, name in names.items():
            if quantity:
                words = name.replace("_", " ")
                found[by][words] = found[by].get(words, 0.0) + abs(float(quantity) * float(price))
    return found


@page("Composition by week")
def composition(r: Report, _: ViewData) -> Page:
    """Parts of the size of all positions at each week's end; those of the last are said, the smallest as one."""
    moved = plain.movements(r)
    sizes = {(stop - DAY).date(): _by_part(r, moved, stop) for stop in week_ends(r, moved)}
    known = {day: parts for day, parts in sizes.items() if parts is not None and parts["kind"]}
    if not known:
        return Page([])
    rows, facts = [], []
    for by in ("kind", "protocol", "chain"):
        whole: dict[str, float] = {}
        for parts in known.values():
            for name, size in parts[by].items():
                whole[name] = whole.get(name, 0.0) + size
        order = sorted(whole, key=lambda name: (-whole[name], name))
        for day, parts in sizes.items():
            rows += [{"by": by, **row} for row in _shares(day, parts and parts[by], order)]
        kept = order if len(order) <= _DRAWN else order[: _DRAWN - 1]
        last = next(reversed(known.values()))[by]
        facts.append(math.fsum(size for name, size in last.items() if name not in kept) / math.fsum(last.values()))
    return Page(rows, facts=[0.0, *facts])


def _shares(day: date, parts: dict[str, float] | None, order: list[str]) -> list[dict[str, Any]]:
    """The parts of one week, the largest of all weeks first; one line without numbers where a price is missing."""
    if parts is None:
        return [{"week_end": day, "name": None, "size": None, "share": None}]
    total = math.fsum(parts.values())
    return [
        {"week_end": day, "name": name, "size": parts[name], "share": parts[name] / total if total else None}
        for name in order
        if name in parts
    ]
