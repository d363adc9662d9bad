"""The numbers on news and patterns of what is held, a second time: sentiment, nearest past weeks, success rates."""

from datetime import timedelta
from statistics import fmean
from typing import Any

from . import plain_past_weeks as plain
from .pages import Page, ViewData, page
from .pages_holdings import held
from .pages_risk import behind, registry_of
from .plain_market import WEEK
from .plain_run import QUARTER, Report


def _symbols(r: Report) -> set[str]:
    """Symbols of what is held and of what stands behind it."""
    return {one.symbol for one in held(r)} | {r.symbols[base] for _, base, _ in behind(r, registry_of(r))}


@page("Change of sentiment of the assets held")
def sentiment_drift(r: Report, _: ViewData) -> Page:
    """Mean score of the week and of the quarter before it by symbol, and of all that are mentioned in both by size."""
    sizes: dict[str, float] = {}
    for one in held(r):
        sizes[one.symbol] = sizes.get(one.symbol, 0.0) + abs(float(one.value))
    whole, rows = sum(sizes.values()), []
    for symbol in sorted(sizes, key=lambda symbol: (-sizes[symbol], symbol)):
        scores: tuple[list[float], list[float]] = ([], [])
        for row in r.run.rows("market_sentiment"):
            age = r.end - row["timestamp"]
            if symbol in row["asset_mentioned"] and timedelta(0) < age <= WEEK + QUARTER:
                scores[age > WEEK].append(row["sentiment_score"])
        now, old = (fmean(found) if found else None for found in scores)
        rows.append({
            "symbol": symbol, "size": sizes[symbol] / whole, "mentions": len(scores[0]), "score": now,
            "mentions_before": len(scores[1]), "before": old, "change": None if None in (now, old) else now - old,
        })  # fmt: skip
    both = [row for row in rows if row["change"] is not None]
    if both:
        size = sum(row["size"] for row in both)
        means = {name: sum(row[name] * row["size"] for row in both) / size for name in ("score", "before", "change")}
        counts = {name: sum(row[name] for row in both) for name in ("mentions", "mentions_before")}
        rows.append({"symbol": "Mean by size", "size": size, **means, **counts})
    return Page(rows, facts=[1, 13])


@page("Trading patterns on record for assets held")
def patterns(r: Report, _: ViewData) -> Page:
    """How often each pattern seen in an asset held came true, as the store states it."""
    symbols, seen = _symbols(r), {}
    for row in r.run.rows("trading_patterns"):
        if symbols & set(row["assets_involved"] or ()):
            seen.setdefault(row["pattern_type"], []).append(row)
    rows: list[dict[str, Any]] = []
    for pattern, found in sorted(seen.items(), key=lambda one: (-len(one[1]), one[0])):
        rates = [row["success_rate"] for row in found if row["success_rate"] is not None]
        rows.append({
            "pattern": pattern.replace("_", " ").capitalize(),
            "timeframes": ", ".join(sorted({row["timeframe"] for row in found} - {None})),
            "assets": ", ".join(sorted({asset for row in found for asset in row["assets_involved"]} & symbols)),
            "n": len(found), "low": min(rates), "rate": fmean(rates), "high": max(rates),
        })  # fmt: skip
    return Page(rows)


@page("Nearest past weeks, and what followed")
def nearest_weeks(r: Report, _: ViewData) -> Page:
    """The five weeks whose news was most like this one's, the return of each and of the week after, and the record."""
    points = r.run.rows("market_sentiment")
    weeks = plain.weeks_of_news(points, r.run.vectors if points else {}, _symbols(r))
    rets, this = plain.weekly_returns(r), r.first
    n, correlation, expected = plain.record(weeks, rets, this)
    rows = []
    if this in weeks:
        past = [(week.like(weeks[this]), week) for week in weeks.values() if week.monday < this]
        for similarity, week in sorted(past, key=lambda one: one[0], reverse=True)[: plain.NEAREST]:
            year, number, _day = week.monday.isocalendar()
            rows.append({
                "week": f"{year}-W{number:02}", "similarity": similarity, "mentions": week.mentions,
                "score": week.score, "ret": rets.get(week.monday), "next_ret": rets.get(week.monday + WEEK),
            })  # fmt: skip
    return Page(rows, facts=[0.95, n, *(correlation or ()), expected])
