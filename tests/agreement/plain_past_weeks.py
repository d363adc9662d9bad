"""Weeks of news and what followed them, in plain Python: how alike two weeks are, and whether that ever predicted.

From what `desk.past_weeks` states, and the textbook's rank correlation. Shares no line with the package.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from operator import mul
from statistics import NormalDist, fmean
from typing import Any

from .plain_market import DAY, Row

_DAYS = 7
# What is needed: points of a week, earlier weeks of a forecast, pairs of a correlation; and how many weeks are nearest.
_MIN_POINTS, _MIN_WEEKS, _MIN_PAIRS, NEAREST = 3, 8, 10, 5


@dataclass(frozen=True)
class Week:
    """What was said in a week: its Monday, how many points, their mean score, the direction of their embeddings."""

    monday: date
    mentions: int
    score: float
    direction: list[float]

    def like(self, other: "Week") -> float:
        """Cosine of what was said in the two."""
        return _product(self.direction, other.direction)


def _product(one: list[float], other: list[float]) -> float:
    return sum(map(mul, one, other))


def monday_before(day: date) -> date:
    """The Monday of a day's week."""
    return day - DAY * day.weekday()


def weeks_of_news(points: list[Row], vectors: dict[str, list[float]], symbols: Collection[str]) -> dict[date, Week]:
    """Weeks with at least three points about some symbols, oldest first."""
    inside: dict[date, list[Row]] = {}
    for point in points:
        if any(symbol in symbols for symbol in point["asset_mentioned"] or ()):
            inside.setdefault(monday_before(point["timestamp"].date()), []).append(point)
    found = {}
    for monday, rows in sorted(inside.items()):
        whole = [sum(column) for column in zip(*(vectors[row["id"]] for row in rows), strict=True)]
        length = math.sqrt(_product(whole, whole))
        if len(rows) >= _MIN_POINTS and length > 0:
            score = fmean(row["sentiment_score"] for row in rows)
            found[monday] = Week(monday, len(rows), score, [part / length for part in whole])
    return found


def weekly_returns(r: Any) -> dict[date, float]:
    """Linked return of each week that returns cover from its first day to its last, by its Monday."""
    inside: dict[date, list[Any]] = {}
    for one in r.known:
        inside.setdefault(monday_before(one.day), []).append(one)
    lost = {monday_before(day) for day in r.unknown_days}
    return {
        monday: math.prod(1 + one.ret for one in ones) - 1
        for monday, ones in inside.items()
        if monday not in lost and ones[0].begun >= monday and sum(one.days for one in ones) == _DAYS
    }


def forecast(weeks: dict[date, Week], rets: dict[date, float], monday: date) -> float | None:
    """Mean return of the weeks after the five nearest of those whose sequel was known when `monday`'s week began."""
    chosen = [
        week for week in weeks.values() if week.monday + DAY * _DAYS <= monday and week.monday + DAY * _DAYS in rets
    ]
    if len(chosen) < _MIN_WEEKS:
        return None
    nearest = sorted(chosen, key=lambda week: -week.like(weeks[monday]))[:NEAREST]
    return fmean(rets[week.monday + DAY * _DAYS] for week in nearest)


def record(
    weeks: dict[date, Week], rets: dict[date, float], this: date
) -> tuple[int, list[float] | None, float | None]:
    """Pairs of past forecasts and outcomes, their rank correlation with its interval, and the forecast of next week."""
    made = {monday: forecast(weeks, rets, monday) for monday in weeks}
    pairs = [(guess, rets[after]) for monday, guess in made.items()
             if guess is not None and (after := monday + DAY * _DAYS) in rets and monday < this]  # fmt: skip
    return len(pairs), _rank_correlation(pairs), made.get(this)


def _rank_correlation(pairs: list[tuple[float, float]]) -> list[float] | None:
    """Spearman's, and the ends of its interval by Bonett and Wright; None of too few, or where one side is alike."""
    n = len(pairs)
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    if n < _MIN_PAIRS or any(len(set(side)) == 1 for side in sides):
        return None
    first, second = ([place - (n + 1) / 2 for place in _ranks(side)] for side in sides)
    value = _product(first, second) / math.sqrt(_product(first, first) * _product(second, second))
    if abs(value) > 1 - 1e-12:
        return [value] * 3
    width = NormalDist().inv_cdf(0.975) * math.sqrt((1 + value * value / 2) / (n - 3))
    return [value, *(math.tanh(math.atanh(value) + sign * width) for sign in (-1, 1))]


def _ranks(values: list[float]) -> list[float]:
    """From 1 on; equal values share the mean of their places."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), start=1):
        places.setdefault(value, []).append(place)
    return [fmean(places[value]) for value in values]
