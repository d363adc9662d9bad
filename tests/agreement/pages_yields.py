"""What positions in protocols earned, a second time: credits, rewards and fees over what was at work."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from statistics import fmean
from typing import Any

from . import plain_bridge
from .comparing import Sized
from .pages import Page, ViewData, page
from .pages_holdings import held
from .plain_holdings import Position
from .plain_ledger import held as quantities
from .plain_market import DAY
from .plain_run import QUARTER, Report

_TICK = timedelta(microseconds=1)
_DEBT = "borrowing"


@page("Realised and quoted yield")
def realised(r: Report, _: ViewData) -> Page:
    """Each position in a protocol over the last quarter, the largest gap first."""
    working = [one for one in held(r) if one.protocol is not None]
    if not working or not r.legs:
        return Page([] if not working else [_row(r, one, working, [], r.end) for one in working])
    since = max(r.end - QUARTER, r.legs[0].at) - _TICK
    lots = plain_bridge.lots(r.legs, r.assets, r.market, start=since, end=r.end - _TICK)
    rows = [_row(r, one, working, lots, since) for one in working]
    rows.sort(key=lambda row: (row["haircut"] is None, -abs(row["haircut"] or 0.0), row["label"]))
    return Page(rows, facts=[len(rows)])


def _row(
    r: Report, one: Position, working: list[Position], lots: Iterable[plain_bridge.Lot], since: datetime
) -> dict[str, Any]:
    mine = [lot for lot in lots if lot.cause != "rewards" and (lot.asset, lot.position) == (one.asset, one.kind)]
    days = _at_work(r, one, since)
    known = mine and not any(lot.unpriced or lot.merged for lot in mine)
    earned = [_sum(lot.terms[term] for lot in mine) for term in ("yield", "lp_fees")]
    gain = float(sum(earned)) + _rewards(one, working, lots) if known else None
    capital = fmean(days.values()) if days else None
    ratio = None if gain is None or not capital else gain / capital
    apy = (1 + ratio) ** (365 / len(days)) - 1 if ratio is not None and len(days) >= 30 else None
    quoted = _quoted(r, one, days) if one.kind != _DEBT else None
    parted = mine and not any(lot.merged or lot.unpriced for lot in mine)
    lost = _sum(lot.terms["impermanent_loss"] for lot in mine)
    return {
        "label": f"{one.symbol} {one.kind} {one.protocol}, {one.chain}", "days": len(days) or None,
        "quoted_apy": quoted, "period_return": ratio, "realised_apy": apy,
        "haircut": None if quoted is None or apy is None else Sized(quoted - apy, max(abs(quoted), abs(apy))),
        "gain": None if gain is None else Sized(gain, capital or 0.0),
        "impermanent_loss": Sized(float(lost), capital or 0.0) if parted else None,
    }  # fmt: skip


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _rewards(one: Position, working: list[Position], lots: Iterable[plain_bridge.Lot]) -> float:
    """What a protocol paid in rewards, shared by the size of what is in it; a debt earns none."""
    if one.kind == _DEBT:
        return 0.0
    paid = _sum(lot.terms["rewards"] for lot in lots if lot.cause == "rewards" and lot.protocol == one.protocol)
    whole = float(_sum(abs(other.value) for other in working if other.protocol == one.protocol))
    return float(paid) * abs(float(one.value)) / whole if whole else 0.0


def _at_work(r: Report, one: Position, since: datetime) -> dict[date, float]:
    """Size of a position at each day's end, where it was held and priced."""
    legs = [leg for leg in r.legs if (leg.asset, leg.position) == (one.asset, one.kind)]
    found: dict[date, float] = {}
    day = since.date()
    while day < r.end.date():
        price = r.market.close(one.asset, day)
        midnight = datetime.combine(day + DAY, time(), r.end.tzinfo)
        quoted = r.market.quoted(one.asset, midnight - _TICK)
        if price is not None and quoted is not None and since <= quoted < r.end:
            size = abs(float(quantities(legs, midnight).get((one.asset, one.kind), Decimal(0))) * float(price))
            if size > 0:
                found[day] = size
        day += DAY
    return found


def _quoted(r: Report, one: Position, days: Iterable[date]) -> float | None:
    """Mean of the pool's daily mean yields on the days it was held."""
    quotes: dict[date, list[float]] = {}
    for row in r.run.rows("yield_metrics"):
        if row["pool_address"] == one.address:
            quotes.setdefault(row["timestamp"].date(), []).append(float(row["apy"]))
    daily = [fmean(quotes[day]) for day in days if day in quotes]
    return fmean(daily) if daily else None
