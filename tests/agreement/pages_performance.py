"""The numbers of the first pages, a second time: value, return, why it changed, what was done."""

import math
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from . import plain_bridge, plain_ledger
from .pages import MISSING, Page, ViewData, page
from .plain_market import DAY, added
from .plain_metrics import BASIS, HEADLINE, LINKED, least, metric
from .plain_returns import Day, linked
from .plain_run import Report

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@page("The week in numbers")
def headline(r: Report, _: ViewData) -> Page:
    """One row: what the week came to."""
    week = [day for day in r.daily if r.first <= day.day <= r.last]
    since = [day for day in r.daily if day.ret is not None]
    flows = [amount for at, amount, _ in r.flows if r.inside(at)]
    gains = [
        day.gain for day in week if day.gain is not None and not any(r.inside_day(lost) for lost in r.unknown_days)
    ]
    depths = [depth for _, depth in r.depths if depth is not None and not r.unknown_days]
    close = r.closes[-1] if r.closes else None
    limit = beyond(r)
    deepest = [depth for day, (_, depth) in zip(r.daily, r.depths, strict=True)
               if depth is not None and r.first <= day.day <= r.last and not r.unknown_days]  # fmt: skip
    return Page(
        [{
            "value": close and close.value, "value_day": close and close.day,
            "week_return": weekly(r, "total_return"), "gain": added(gains) if gains else None,
            "flow": None if close is None or None in flows else added(flows),
            "since_return": None if r.unknown_days else linked(day.ret for day in since),
            "since_day": r.known[0].begun if r.known else None,
            "week_deepest": min(deepest, default=None), **limit,
            "underwater": depths[-1] if depths else None, "max_drawdown": r.portfolio["max_drawdown"],
            "alerts": sum(r.inside(row["created_at"]) for row in r.alerts),
            "open_alerts": sum(row["resolved_at"] is None for row in r.alerts),
        }],
        copied={"max_drawdown"},
        dates={day for name in ("beyond_since", "beyond_first", "beyond_last") if (day := limit[name]) is not None},
    )  # fmt: skip


def beyond(r: Report) -> dict[str, Any]:
    """Days on which it stood further below its peak than the owner accepts: how many, and which."""
    if not r.known or r.portfolio["max_drawdown"] is None or r.unknown_days:
        names = ("beyond_now", "beyond_week", "beyond_ever", "beyond_since", "beyond_first", "beyond_last")
        return dict.fromkeys(names)
    limit = float(r.portfolio["max_drawdown"])
    known = [(day.day, -depth > limit + 1e-12) for day, (_, depth) in zip(r.daily, r.depths, strict=True)
             if depth is not None]  # fmt: skip
    days = [day for day, over in known if over]
    last_within = max((day for day, over in known if not over), default=None)
    run = [day for day in days if last_within is None or day > last_within]
    return {
        "beyond_now": bool(run), "beyond_week": sum(r.first <= day <= r.last for day in days),
        "beyond_ever": len(days), "beyond_since": run[0] if run else None,
        "beyond_first": days[0] if days else None, "beyond_last": days[-1] if days else None,
    }  # fmt: skip


@page("Net value and external flows")
def value(r: Report, _: ViewData) -> Page:
    """The close of each day; labels name each flow."""
    values = [close.value for close in r.closes]
    amounts = [amount for _, amount, _ in r.flows if amount is not None]
    gaps = [(one.day + DAY, other.day - DAY) for one, other in pairwise(r.closes)
            if (other.day - one.day).days > 1]  # fmt: skip
    return Page(
        [{"day": close.day, "value": close.value} for close in r.closes],
        facts=[*amounts, *values[-1:], min(values, default=None), max(values, default=None), len(amounts),
               *((last - first).days + 1 for first, last in gaps)],
        dates={r.first, r.last, *(day for gap in gaps for day in gap), *(close.day for close in r.closes)},
    )  # fmt: skip


@page("Return of each day of the week")
def week_returns(r: Report, _: ViewData) -> Page:
    """Seven days."""
    rows = []
    for place in range(7):
        day = r.first + DAY * place
        close = next((close for close in r.closes if close.day == day), None)
        known = next((one for one in r.daily if one.day == day), Day(day, None, None, None, None))
        rows.append({"day": day, "ret": known.ret, "value": close and close.value, "gain": known.gain,
                     "flow": known.flow, "days": known.days})  # fmt: skip
    return Page(rows if any(row["ret"] is not None for row in rows) else [])


def weekly(r: Report, name: str) -> float | None:
    """A metric of the week; what links returns is refused where one crosses the week's beginning."""
    crossing = any(one.begun < r.first for one in r.week_known) or any(r.inside_day(day) for day in r.unknown_days)
    if (crossing and BASIS[name] == LINKED) or not least(name, r.week_known):
        return None
    return metric(name, r.week_known)


@page("The week and since inception")
def performance(r: Report, view_data: ViewData) -> Page:
    """The dozen headline metrics of both windows."""
    rows, facts = [], [365]
    for name, title, _, _ in HEADLINE:
        stated = least(name, r.known) and not (BASIS[name] == LINKED and r.unknown_days)
        since = metric(name, r.known) if stated else None
        rows.append({"shown": title, "week": weekly(r, name), "since": since})
    for known in (r.week_known, r.known):
        alone = [one for one in known if one.days == 1]
        facts += [len(known), len(alone), len(known) - len(alone)]
        if known:
            days = [(one[-1].day - one[0].day).days + 1 for one in (known, alone) if one]
            spans = (known[-1].day - known[0].begun).days + 1
            facts += [n / d for n in (len(known), len(alone)) for d in (*days, spans)]
    # The title of a day carries its date, and drawdowns that of their trough.
    for row, shown in zip(rows, view_data.column("shown"), strict=False):
        if str(shown).startswith(f"{row['shown']}, "):
            row["shown"] = shown
    return Page(rows, facts=facts)


@page("What changed the value")
def bridge_chart(r: Report, _: ViewData) -> Page:
    """The terms and the residual."""
    return Page(
        _terms(r, whole=False) if r.bridge.residual is not None else [], facts=[r.bridge.before, r.bridge.found]
    )


@page("From opening to closing value")
def bridge_table(r: Report, _: ViewData) -> Page:
    """From one value to the other."""
    found = r.bridge
    if found.before is None:
        return Page([])
    return Page(_terms(r, whole=True), facts=[found.tolerance, found.traded, found.found, found.growth],
                dates={found.start.date(), found.end.date()})  # fmt: skip


def _terms(r: Report, *, whole: bool) -> list[dict[str, Any]]:
    found = r.bridge
    names = [term for term in plain_bridge.TERMS if term != "pool" or found.merged]
    terms = [found.term(term) for term in names]
    residual = found.term("residual")
    amounts = [found.before, *terms, found.after, residual] if whole else [*terms, residual]
    return [{"title": MISSING, "amount": amount} for amount in amounts]


@page("Return since inception")
def growth(r: Report, _: ViewData) -> Page:
    """Linked returns."""
    known = [(day.day, grown) for day, (grown, _) in zip(r.daily, r.depths, strict=True) if grown is not None]
    if not known:
        return Page([])
    target = r.portfolio["target_return"]
    days = (known[-1][0] - r.known[0].begun + DAY).days
    hoped = (1 + float(target)) ** (days / 365) - 1 if target else None
    btc = next((asset["id"] for asset in r.assets if asset["symbol"] == "BTC"), None)
    start = r.market.close(btc, r.known[0].begun - DAY)
    its = {day.day: None if None in (start, now := r.market.close(btc, day.day)) else float(now) / float(start) - 1
           for day in r.daily if day.ret is not None or day.why == "unpriced"}  # fmt: skip
    return Page(
        [{"day": day.day, "growth": grown, "benchmark_growth": its.get(day.day)}
         for day, (grown, _) in zip(r.daily, r.depths, strict=True)],
        facts=[target, hoped, known[-1][1], *(f(grown for _, grown in known) for f in (min, max)), *its.values()],
        dates={known[0][0]},
    )  # fmt: skip


@page("Distance from the peak")
def underwater(r: Report, _: ViewData) -> Page:
    """Fall from the highest value so far."""
    known = [depth for _, depth in r.depths if depth is not None]
    rows = [{"day": day.day, "underwater": depth} for day, (_, depth) in zip(r.daily, r.depths, strict=True)]
    return Page(
        rows if known else [],
        facts=[r.portfolio["max_drawdown"], *known, beyond(r)["beyond_ever"], beyond(r)["beyond_week"]],
        dates={day.day for day in r.daily},
    )


@page("Return of each month, per cent", "Return of each month")
def monthly(r: Report, _: ViewData) -> Page:
    """Month by year, the last year first; a month or year that a return crosses into or out of has no number."""
    rows = []
    for year in sorted({one.day.year for one in r.known}, reverse=True):
        row: dict[str, Any] = {"year": str(year)}
        for place, name in enumerate(_MONTHS, start=1):
            row[name] = within(r, lambda day, place=place, year=year: (day.year, day.month) == (year, place))
        rows.append({**row, "total": within(r, lambda day, year=year: day.year == year)})
    return Page(rows, per_cent=True)


def within(r: Report, inside: Callable[[date], bool]) -> float | None:
    """The linked returns of a calendar period, unless one of them lies in it only in part."""
    touching = [one for one in r.known if inside(one.day) or inside(one.begun)]
    whole = all(inside(one.day) and inside(one.begun) for one in touching) and not any(map(inside, r.unknown_days))
    return linked(one.ret for one in touching) if whole else None


def falls(r: Report) -> list[dict[str, Any]]:
    """Every fall from a peak, deepest first."""
    found, run = [], []
    known = [(day.day, depth) for day, (_, depth) in zip(r.daily, r.depths, strict=True) if depth is not None]
    peak = r.known[0].begun - DAY if r.known else None
    for day, depth in (*known, (None, 0.0)):
        if depth < -1e-12:
            run.append((day, depth))
            continue
        if run:
            trough, deepest = min(run, key=lambda one: one[1])
            found.append({
                "depth": deepest, "peak": peak, "trough": trough, "recovery": day,
                "fall_days": (trough - peak).days, "recovery_days": (day - trough).days if day else None,
                "days": ((day or run[-1][0]) - peak).days,
            })  # fmt: skip
        peak, run = day, []
    return sorted(found, key=lambda one: one["depth"])


@page("Deepest falls from a peak")
def drawdowns(r: Report, _: ViewData) -> Page:
    """The five deepest."""
    return Page([{"rank": place, **fall} for place, fall in enumerate(falls(r)[:5], start=1)])


@page("Transactions of the week")
def transactions(r: Report, _: ViewData) -> Page:
    """What was done on chain in the week."""
    rows = []
    for transaction in r.transactions:
        if not r.inside(transaction["timestamp"]):
            continue
        gas = plain_ledger.gas_of(transaction, r.assets, r.market)
        moved = transaction["status"] == "confirmed"
        rows.append({"timestamp": transaction["timestamp"],
                     "from_amount": transaction["from_amount"] if moved else None,
                     "to_amount": transaction["to_amount"] if moved else None, "gas": gas.usd})  # fmt: skip
    tried = [
        transaction[side]
        for transaction in r.transactions
        if r.inside(transaction["timestamp"])
        for side in ("from_amount", "to_amount")
    ]
    return Page(rows, facts=[len(rows), *tried], copied={"timestamp", "from_amount", "to_amount"})


@page("External flows of the week")
def flows(r: Report, _: ViewData) -> Page:
    """What crossed the edge."""
    rows = [{"timestamp": at, "amount": amount, "rule": rule} for at, amount, rule in r.flows if r.inside(at)]
    return Page(rows, facts=[len(rows)], copied={"timestamp"})


@page("Flow classification")
def flow_audit(r: Report, _: ViewData) -> Page:
    """How many transactions each rule decided."""
    ever = plain_ledger.audit(r.transactions)
    week = plain_ledger.audit(transaction for transaction in r.transactions if r.inside(transaction["timestamp"]))
    ordered = sorted(ever.items(), key=lambda one: (-one[1], one[0][0]))
    rows = [
        {"rule": rule, "flow": flow, "week": week[rule, flow], "since": number, "share": number / ever.total()}
        for (rule, flow), number in ordered
    ]
    return Page(rows, facts=[len(rows)])


@page("Cost of gas")
def gas(r: Report, _: ViewData) -> Page:
    """By status, the week and ever."""
    sums: dict[str, dict[str, Any]] = {}
    for transaction in r.transactions:
        paid = plain_ledger.gas_of(transaction, r.assets, r.market)
        if paid.spent is None:
            continue
        row = sums.setdefault(transaction["status"], {"what": transaction["status"], "week_transactions": 0,
                                               "week_cost": Decimal(0), "since_transactions": 0,
                                               "since_cost": Decimal(0)})  # fmt: skip
        for window, counts in (("week", r.inside(transaction["timestamp"])), ("since", True)):
            row[f"{window}_transactions"] += counts
            sofar = row[f"{window}_cost"]
            # A sum of which a part is not known is not known.
            unknown = counts and (paid.usd is None or sofar is None)
            row[f"{window}_cost"] = None if unknown else sofar + paid.usd if counts else sofar
    rows = [sums[status] for status in sorted(sums)]
    return Page(rows, facts=[len(rows)])


@page("Money-weighted and time-weighted return")
def money_weighted(r: Report, _: ViewData) -> Page:
    """The rate that discounts all money to nothing, next to linked returns of the same days."""
    if len(r.closes) < 2:
        return Page([])
    start, end = r.closes[0].day + DAY, r.closes[-1].day + DAY
    days = (end - start).days
    moved = [(at.date(), amount) for at, amount, _ in r.flows if start <= at.date() < end]
    whole, period = None if r.unknown_days else linked(day.ret for day in r.daily), None
    if all(amount is not None for _, amount in moved):
        dated = [(start, -float(r.closes[0].value)), *((day, -float(amount)) for day, amount in moved),
                 (end, float(r.closes[-1].value))]  # fmt: skip
        period = _rate([((day - start).days / days, amount) for day, amount in dated])
    if whole is None and period is None:
        return Page([])
    long = days >= 30
    rows = [
        ("Time-weighted", whole, _a_year(whole, days) if long else None),
        ("Money-weighted (XIRR)", period, _a_year(period, days) if long else None),
    ]
    differences = [None if None in (rows[1][n], rows[0][n]) else rows[1][n] - rows[0][n] for n in (1, 2)]
    rows.append(("Added by the timing of flows", *differences))
    return Page([{"title": title, "period": over, "year": a_year} for title, over, a_year in rows],
                facts=[days, 30])  # fmt: skip


def _a_year(whole: float | None, days: int) -> float | None:
    return None if whole is None else (1 + whole) ** (365 / days) - 1


def _rate(dated: Iterable[tuple[float, float]]) -> float | None:
    """The only rate per unit of time at which the amounts are worth nothing together, by halving."""
    flows = list(dated)

    def worth(log_rate: float) -> float:
        return math.fsum(amount * math.exp(-log_rate * t) for t, amount in flows)

    # No round rate lies on the grid, where its worth would be nothing on both sides.
    grid = [-6.017 + place / 20 for place in range(241)]
    # Towards a rate of -1 the last amount decides the sign, towards an infinite one the first: else a root lies beyond.
    by_time: dict[float, float] = {}
    for t, amount in flows:
        by_time[t] = by_time.get(t, 0.0) + amount
    if worth(grid[0]) * by_time[max(by_time)] < 0 or worth(grid[-1]) * by_time[min(by_time)] < 0:
        return None
    brackets = [(a, b) for a, b in pairwise(grid) if worth(a) * worth(b) < 0]
    if len(brackets) != 1:
        return None
    low, high = brackets[0]
    sign = worth(low) > 0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (worth(middle) > 0) == sign else (low, middle)
    return math.exp(low) - 1
