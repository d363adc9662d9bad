"""Tables of the ranking of all portfolios, best first.

Depends on rows that the desk ranked, each number with the reason where there is none. Does not rank.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from ys_analytics.metrics import catalog
from ys_analytics.schemas import Week
from ys_analytics.views import formats
from ys_analytics.views.table import Table, table
from ys_analytics.views.tables.header import Masthead
from ys_analytics.views.view import Field, View

_DAY = timedelta(days=1)

# The total return stands next to that of the week, and is named by its window.
_COLUMNS = tuple(
    (
        metric.name,
        "Since inception" if metric is catalog.TOTAL_RETURN else metric.short,
        metric.printed_unit.removesuffix(" per year"),
    )
    for metric in catalog.HEADLINE
)


def fleet_masthead(frame: pl.DataFrame, *, week: Week, as_of: datetime, computed_in: str, risk_free: float) -> View:
    """Masthead of the ranking of all portfolios.

    Args:
        frame: What the desk ranked.
        week: ISO week.
        as_of: When the stores were read.
        computed_in: Where the numbers were.
        risk_free: Per year, as a fraction.
    """
    values = frame["value"].drop_nulls()
    facts = {
        "Portfolios": f"{frame.height:,}",
        "With a return": f"{frame['rank'].count():,}",
        "Net value, USD": formats.text(sum(values, Decimal(0)), "USD whole") if values.len() else formats.DASH,
        "Risk-free rate": f"{formats.text(risk_free, 'rate')} a year",
        "Computed in": computed_in,
        "As of": f"{formats.moment(as_of)} UTC",
    }
    return Masthead(
        title="All portfolios",
        week_line=f"Week {week} · {formats.days_between(week.monday, week.span.last_day)}",
        fields=tuple(Field(name=name, title=name) for name in facts),
        rows=(tuple(facts.values()),),
        facts=tuple(facts.items()),
        alt=f"Ranking of {formats.count(frame.height, 'portfolio')}, week {week}.",
    )


def fleet(frame: pl.DataFrame) -> View:
    """The ranking.

    Args:
        frame: rank Int64, name String, value Decimal in USD, week Float64, n Int64 and each headline metric, with
            value_reason, week_reason and `<metric>_reason` where one is null.
    """
    sheet = table(
        frame.with_columns(unranked=pl.col("total_return_reason")),
        title="By return since inception",
        subtitle="external flows taken out; 365 days a year; value at risk and expected shortfall of one day at 95 %",
        fields=(
            Field(name="rank", title="", unit="count", reason="unranked"),
            Field(name="name", title="Portfolio", width=17),
            Field(name="value", title="Value", unit="USD whole", reason="value_reason"),
            Field(name="week", title="The week", unit="fraction", reason="week_reason", tone=True),
            *(
                Field(name=name, title=title, unit=unit, reason=f"{name}_reason", tone=unit == "fraction")
                for name, title, unit in _COLUMNS
            ),
            Field(name="n", title="Returns", unit="count"),
        ),
        empty="There is no portfolio.",
        alt=_alt(frame),
    )
    return replace(sheet, compact=True) if isinstance(sheet, Table) else sheet


def stopped(frame: pl.DataFrame) -> View:
    """Portfolios without a number because their data failed a critical rule.

    Args:
        frame: name, because String: who, and what stops the report.
    """
    return table(
        frame,
        title="Stopped by their data",
        subtitle="not ranked, no report: a critical check failed on rows that their numbers are computed from",
        fields=(
            Field(name="name", title="Portfolio", width=22),
            Field(name="because", title="Reason", width=78),
        ),
        empty="No portfolio was stopped.",
        alt=f"{formats.count(frame.height, 'portfolio')} stopped by their data.",
    )


def _alt(frame: pl.DataFrame) -> str:
    """The first and the last of those that have a rank."""
    with_rank = frame.filter(pl.col("rank").is_not_null())
    first_and_last: Sequence[tuple[str, float]] = with_rank.select("name", "total_return").rows()
    if not first_and_last:
        return f"None of {formats.count(frame.height, 'portfolio')} has a return."
    best, last = first_and_last[0], first_and_last[-1]
    return (
        f"{with_rank.height:,} of {formats.count(frame.height, 'portfolio')} ranked, from {best[0]} with "
        f"{formats.text(best[1], 'fraction')} to {last[0]} with {formats.text(last[1], 'fraction')}."
    )
