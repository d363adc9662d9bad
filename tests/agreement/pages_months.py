"""The numbers on monthly returns, a second time: how they scatter, and their moments."""

from calendar import monthrange
from itertools import groupby
from statistics import fmean, median, stdev
from typing import Any

from ..metrics.plain import sample_skew, sample_tails  # noqa: TID252 - the tests' own second catalogue
from .pages import Page, ViewData, page
from .pages_performance import within
from .pages_risk import binned
from .plain_market import DAY
from .plain_run import Report

# Fewer months than these give no standard deviation, skewness or kurtosis; and fewer than three are not drawn.
_SPREAD, _SKEWNESS, _TAILS, _DRAWN = 2, 3, 4, 3


def months(r: Report) -> tuple[list[float], set[tuple[int, int]]]:
    """Returns of the months each day of which a return covers; and the months, with their year, covered in part."""
    days = sorted({one.day - DAY * back for one in r.known for back in range(one.days)})
    rets, parts = [], set()
    for month, inside in groupby(days, key=lambda day: (day.year, day.month)):
        if len(list(inside)) < monthrange(*month)[1]:
            parts.add(month)
            continue
        ret = within(r, lambda day, month=month: (day.year, day.month) == month)
        rets += [] if ret is None else [ret]
    return rets, parts


@page("Distribution of monthly returns")
def month_distribution(r: Report, view_data: ViewData) -> Page:
    """How many whole months fell into each bin."""
    rets, parts = months(r)
    if len(rets) < _DRAWN or max(rets) - min(rets) < 1e-12:
        return Page([], facts=[len(rets), *rets[:1]])
    rows, width = binned(rets, view_data, "months")
    return Page(rows, facts=[len(rets), min(rets), max(rets), width, *(year for year, _month in parts)])


@page("Monthly returns in numbers")
def month_statistics(r: Report, _: ViewData) -> Page:
    """Their mean, spread, extremes, skewness and excess kurtosis."""
    rets, _parts = months(r)
    n = len(rets)
    numbers: list[tuple[str, Any]] = [
        ("Mean", fmean(rets) if n else None),
        ("Median", median(rets) if n else None),
        ("Standard deviation", stdev(rets) if n >= _SPREAD else None),
        ("Best month", max(rets, default=None)),
        ("Worst month", min(rets, default=None)),
        ("Months with a gain", fmean(ret > 0 for ret in rets) if n else None),
        ("Skewness", sample_skew(rets) if n >= _SKEWNESS else None),
        ("Excess kurtosis", sample_tails(rets) if n >= _TAILS else None),
    ]
    return Page([{"title": title, "value": value} for title, value in numbers], facts=[n])
