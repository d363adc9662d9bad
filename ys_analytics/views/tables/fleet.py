"""Every portfolio beside the others, best first: the ranking's head and its one table.

Rows come ranked from the desk, each number with the reason where there is none.
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


def fleet_masthead(ranked: pl.DataFrame, *, week: Week, as_of: datetime, computed: str, risk_free: float) -> View:
    """Whose week it is when it is everybody's.

    Args:
        ranked: What the desk ranked.
        week: ISO week.
        as_of: When the stores were read.
        computed: Where the numbers were.
        risk_free: Per year, as a fraction.
    """
    held = ranked["value"].drop_nulls()
    facts = {
        "Portfolios": f"{ranked.height:,}",
        "With a return": f"{ranked['rank'].count():,}",
        "Net value, USD": formats.written(sum(held, Decimal(0)), "USD whole") if held.len() else formats.DASH,
        "Risk-free rate": f"{formats.written(risk_free, 'rate')} a year",
        "Computed in": computed,
        "As of": f"{formats.moment(as_of)} UTC",
    }
    return Masthead(
        title="All portfolios",
        over=f"Week {week} · {formats.days_between(week.monday, week.span.last_day)}",
        fields=tuple(Field(name=name, title=name) for name in facts),
        rows=(tuple(facts.values()),),
        facts=tuple(facts.items()),
        alt=f"Ranking of {formats.count(ranked.height, 'portfolio')}, week {week}.",
    )


def fleet(ranked: pl.DataFrame) -> View:
    """The ranking.

    Args:
        ranked: rank Int64, name String, value Decimal in USD, week Float64, n Int64 and each headline metric, with
            value_reason, week_reason and `<metric>_reason` where one is null.
    """
    sheet = table(
        ranked.with_columns(unranked=pl.col("total_return_reason")),
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
        alt=_alt(ranked),
    )
    return replace(sheet, compact=True) if isinstance(sheet, Table) else sheet


def stopped(aside: pl.DataFrame) -> View:
    """Portfolios without a number because their data broke a promise.

    Args:
        aside: name, because String: who, and what stops the report.
    """
    return table(
        aside,
        title="Stopped by their data",
        subtitle="not ranked, no report: a critical check failed on rows that their numbers are computed from",
        fields=(
            Field(name="name", title="Portfolio", width=22),
            Field(name="because", title="Reason", width=78),
        ),
        empty="None was stopped.",
        alt=f"{formats.count(aside.height, 'portfolio')} stopped by their data.",
    )


def _alt(ranked: pl.DataFrame) -> str:
    """The first and the last of those that have a rank."""
    placed = ranked.filter(pl.col("rank").is_not_null())
    ends: Sequence[tuple[str, float]] = placed.select("name", "total_return").rows()
    if not ends:
        return f"None of {formats.count(ranked.height, 'portfolio')} has a return."
    best, last = ends[0], ends[-1]
    return (
        f"{placed.height:,} of {formats.count(ranked.height, 'portfolio')} ranked, from {best[0]} with "
        f"{formats.written(best[1], 'fraction')} to {last[0]} with {formats.written(last[1], 'fraction')}."
    )
