"""All portfolios of a week together, as tables: totals, limits, liquidations, extremes, outliers, cohorts and flows."""

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View

_MAX_ROWS = 30  # rows of a list of portfolios; the rest is counted


def fleet_totals(frame: pl.DataFrame) -> View:
    """All portfolios as one: net value, gain, flows and return of the week.

    Args:
        frame: One row: portfolios, valued, unpriced Int64; value, paid_in, taken_out, gain Decimal in USD; week
            Float64.
    """
    unpriced = int(frame["unpriced"][0] or 0)
    return table(
        frame.with_columns(reason=pl.lit("no portfolio has a return in the week")),
        title="All portfolios as one",
        subtitle="USD; the return is the gain over the value that the week began with",
        fields=(
            Field(name="portfolios", title="Portfolios", unit="count"),
            Field(name="valued", title="With a value", unit="count"),
            Field(name="value", title="Net value", unit="USD whole", reason="reason"),
            Field(name="gain", title="Gain of the week", unit="USD signed", reason="reason", tone=True),
            Field(name="week", title="Return of the week", unit="fraction", reason="reason", tone=True),
            Field(name="paid_in", title="Paid in", unit="USD signed", tone=True),
            Field(name="taken_out", title="Taken out", unit="USD signed", tone=True),
        ),
        notes=(f"{formats.count(unpriced, 'flow')} without a price left out.",) if unpriced else (),
    )


def limits_broken(frame: pl.DataFrame) -> View:
    """Portfolios beyond the drawdown their owner accepts, the furthest first.

    Args:
        frame: name String; limit, now, worst Float64; days_beyond Int64; since Date.
    """
    return table(
        frame.head(_MAX_ROWS).with_columns(within=pl.lit("within the limit at the week's end")),
        title="Limits broken",
        subtitle="drawdown from the peak against the owner's limit, at the week's end or on a day of it",
        fields=(
            Field(name="name", title="Portfolio", width=30),
            Field(name="limit", title="Limit", unit="rate"),
            Field(name="now", title="Now", unit="rate"),
            Field(name="worst", title="Week's worst", unit="rate"),
            Field(name="days_beyond", title="Days beyond in the week", unit="count"),
            Field(name="since", title="Beyond since", unit="date", reason="within"),
        ),
        notes=_left_out(frame),
        empty="No portfolio is beyond its owner's limit, nor was on a day of the week.",
    )


def nearest_liquidations(frame: pl.DataFrame) -> View:
    """The loans that the smallest move would liquidate.

    Args:
        frame: name, place, what, reason String; borrowed, health_factor, move Float64.
    """
    return table(
        frame,
        title="Nearest liquidations",
        subtitle="the smallest move that would liquidate each loan, look-through, all else unchanged",
        fields=(
            Field(name="name", title="Portfolio", width=24),
            Field(name="place", title="Loan"),
            Field(name="borrowed", title="Borrowed", unit="USD whole", reason="reason"),
            Field(name="health_factor", title="Health factor", unit="ratio", reason="reason"),
            Field(name="what", title="What moves"),
            Field(name="move", title="By", unit="fraction", reason="reason", tone=True),
        ),
        empty="No portfolio borrows.",
    )


def fleet_extremes(frame: pl.DataFrame) -> View:
    """The best and the worst portfolio by each headline metric.

    Args:
        frame: title, unit, best, worst String; best_value, median, worst_value Float64; n Int64.
    """
    return table(
        frame,
        title="Best and worst by each metric",
        subtitle="since inception",
        fields=(
            Field(name="title", title="Metric"),
            Field(name="best", title="Best"),
            Field(name="best_value", title="Value", unit_from="unit"),
            Field(name="median", title="Median", unit_from="unit"),
            Field(name="worst_value", title="Value", unit_from="unit"),
            Field(name="worst", title="Worst"),
            Field(name="n", title="Portfolios", unit="count"),
        ),
        empty="No portfolio has a metric yet.",
    )


def fleet_outliers(frame: pl.DataFrame) -> View:
    """Portfolios far from the others.

    Args:
        frame: name, metric, unit String; value, median, deviations Float64.
    """
    return table(
        frame.head(_MAX_ROWS),
        title="Outliers",
        subtitle="modified z-score of Iglewicz and Hoaglin: distance from the median, in scaled median deviations",
        fields=(
            Field(name="name", title="Portfolio", width=30),
            Field(name="metric", title="Metric"),
            Field(name="value", title="Value", unit_from="unit"),
            Field(name="median", title="Median of all", unit_from="unit"),
            Field(name="deviations", title="Deviations", unit="score signed", tone=True),
        ),
        notes=_left_out(frame),
        empty="No portfolio stands out, or too few have a number to stand out by.",
    )


def cohorts(frame: pl.DataFrame) -> View:
    """Portfolios by risk profile.

    Args:
        frame: cohort, row (part, whole), reason String; n Int64; value Decimal in USD; week, total_return, volatility,
            sharpe_ratio, max_drawdown Float64.
    """
    part = pl.col("row") == "part"
    named = pl.when(part).then(pl.col("cohort").map_elements(formats.name, return_dtype=pl.String)).otherwise("cohort")
    return table(
        frame.with_columns(cohort=named),
        title="By risk profile",
        subtitle="medians of those that have the number; values add up",
        fields=(
            Field(name="cohort", title="Risk profile"),
            Field(name="n", title="Portfolios", unit="count"),
            Field(name="value", title="Net value", unit="USD whole"),
            Field(name="week", title="The week", unit="fraction", reason="reason", tone=True),
            Field(name="total_return", title="Since inception", unit="fraction", reason="reason", tone=True),
            Field(name="volatility", title="Volatility", unit="rate", reason="reason"),
            Field(name="sharpe_ratio", title="Sharpe ratio", unit="ratio", reason="reason", tone=True),
            Field(name="max_drawdown", title="Deepest drawdown", unit="fraction", reason="reason", tone=True),
        ),
        strong=frozenset(place for place, row in enumerate(frame["row"]) if row == "whole"),
        empty="There is no portfolio.",
    )


def fleet_flows(frame: pl.DataFrame) -> View:
    """External flows of the week by portfolio, the largest first.

    Args:
        frame: name String; paid_in, taken_out, net Decimal in USD; flows, unpriced Int64.
    """
    return table(
        frame.head(_MAX_ROWS),
        title="External flows of the week, by portfolio",
        subtitle="USD, valued at the last price before each",
        fields=(
            Field(name="name", title="Portfolio", width=30),
            Field(name="paid_in", title="Paid in", unit="USD signed", tone=True),
            Field(name="taken_out", title="Taken out", unit="USD signed", tone=True),
            Field(name="net", title="Net", unit="USD signed", tone=True),
            Field(name="flows", title="Flows", unit="count"),
            Field(name="unpriced", title="Without a price", unit="count"),
        ),
        notes=_left_out(frame),
        totals=("paid_in", "taken_out", "net", "flows") if frame.height <= _MAX_ROWS else (),
        empty="Nothing was paid in or taken out in the week.",
    )


def _left_out(frame: pl.DataFrame) -> tuple[str, ...]:
    more = frame.height - _MAX_ROWS
    return (f"{formats.count(more, 'more row')} not listed.",) if more > 0 else ()
