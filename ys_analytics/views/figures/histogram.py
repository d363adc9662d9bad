"""Bins of returns and the bars that show them, for every figure of a distribution.

Depends on the theme alone. Does not choose which returns count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ys_analytics.views import formats, theme
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field

# Returns that differ by less are the same but for rounding, as in `metrics.sample`.
_ROUNDING = 1e-12


def why_none(returns: Sequence[float], *, minimum: int, period: str, adjective: str) -> str:
    r"""Why returns have no distribution to draw; empty where they have one.

    >>> why_none([0.01], minimum=10, period="days", adjective="daily")
    'needs 10 days, has 1'
    >>> why_none([0.0] * 12, minimum=3, period="whole months", adjective="monthly")
    'all 12 monthly returns are 0.00\xa0%'
    """
    if len(returns) < minimum:
        return f"needs {minimum} {period}, has {len(returns)}"
    if max(returns) - min(returns) < _ROUNDING:
        return f"all {len(returns)} {adjective} returns are {formats.text(returns[0], 'fraction')}"
    return ""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many returns fall into each bin.

    Attributes:
        edges: Edges of the bins, rising by a round width; one is at zero, so that gains and losses do not mix.
        counts: Returns in each bin, from its lower edge up to and without the upper.
    """

    edges: list[float]
    counts: list[int]

    @classmethod
    def of(cls, returns: Sequence[float], *, max_bins: int) -> "Histogram":
        """Count returns into about so many bins.

        >>> Histogram.of([-0.04, 0.0, 0.03, 0.11], max_bins=4)
        Histogram(edges=[-0.05, 0.0, 0.05, 0.1, 0.15], counts=[1, 2, 0, 1])
        """
        steps = theme.ticks(min(returns), max(returns), max_ticks=max_bins)
        width = steps[1] - steps[0]
        low, high = math.floor(min(returns) / width), math.floor(max(returns) / width) + 1
        counts = [0] * (high - low)
        for ret in returns:
            counts[min(math.floor(ret / width) - low, len(counts) - 1)] += 1
        return cls([float(f"{index * width:.12g}") for index in range(low, high + 1)], counts)

    @property
    def width(self) -> float:
        """Width of a bin, as a fraction."""
        return self.edges[1] - self.edges[0]

    @property
    def rows(self) -> tuple[tuple[float, float, int], ...]:
        """From, to and count of each bin, for the chart's table."""
        return tuple(zip(self.edges[:-1], self.edges[1:], self.counts, strict=True))

    def fields(self, counted: str) -> tuple[Field, ...]:
        """The columns of `rows`; `counted` names what is counted, such as days."""
        return (
            Field(name="from", title="From", unit="fraction"),
            Field(name="to", title="To", unit="fraction"),
            Field(name=counted, title=counted.capitalize(), unit="count"),
        )

    def bars(self, counted: str, *, decimals: int) -> Json:
        """The bars, losses and gains in two colours; pointed at, each states its middle and its count."""
        middles = [edge + self.width / 2 for edge in self.edges[:-1]]
        return {
            "type": "bar",
            "x": middles,
            "y": self.counts,
            "width": self.width * 0.92,
            "marker": {"color": [theme.BLUE if middle >= 0 else theme.SKY for middle in middles]},
            "hovertemplate": f"about %{{x:.{decimals}%}}: %{{y}} {counted}<extra></extra>",
        }
