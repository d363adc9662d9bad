"""The printing facts of one metric, and the expression it comes from.

Knows what a metric says of itself; which metrics there are, the lists beside this file say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ys_analytics.metrics.sample import Sample

Unit = Literal["fraction", "fraction per year", "ratio", "days", "periods", "share"]
Better = Literal["higher", "lower", "neither"]
Formula = Callable[[Sample], pl.Expr]
Basis = Literal["linked", "daily"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number: what prints beside it, and the expression it comes from.

    Attributes:
        name: Of its column, and of its function.
        title: For people.
        unit: Of the value; fractions print as per cent.
        formula: In TeX.
        better: Which way is good.
        minimum: Observations below which it is refused.
        undefined: Why it is null although there are enough observations.
        source: Where the definition stands.
        why: Why an analyst would expect this variant, in a sentence.
        of: The expression over a `Sample`.
        basis: What it does with a return over several days, by the rule in `spans`: "linked" uses every return,
            and counts the days they span; "daily" uses and counts those of one day. With a benchmark, days on
            which both have a return of one day.
        at: The Date it happened on: best day, trough.
        since: The Date it began: the peak.
        until: The Date it ended: the recovery, null while it lasts.
        benchmark: Whether it needs a benchmark.
    """

    name: str
    title: str
    unit: Unit
    formula: str
    better: Better
    minimum: int
    undefined: str
    source: str
    why: str
    of: Formula
    basis: Basis = "daily"
    at: Formula | None = None
    since: Formula | None = None
    until: Formula | None = None
    benchmark: bool = False

    @property
    def gaps(self) -> str:
        """What it does with a return over several days, for people."""
        if self.benchmark:
            return "of days on which both have a return of one day"
        return _GAPS[self.basis]


_GAPS: dict[Basis, str] = {
    "linked": "every return, over however many days",
    "daily": "returns of one day; one over several days is left out",
}
