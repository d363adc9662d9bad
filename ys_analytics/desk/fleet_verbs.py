"""Questions about all portfolios of a frozen week: who stands out, whose limit is broken, which loan is nearest.

Depends on the ranking and `fleet_summary`, as the page of all portfolios does: the same numbers.
"""

import polars as pl

from ys_analytics.desk import fleet_summary, ranking, returns
from ys_analytics.desk.sources import Frozen
from ys_analytics.settings import Settings


def outliers(source: Frozen, *, settings: Settings) -> pl.DataFrame:
    """Portfolios whose number is far from that of the others; `fleet_summary.outliers` has the columns."""
    numbers = ranking.from_frames(source.run, risk_free=settings.risk_free)
    return fleet_summary.outliers(ranking.ranked(_opened(source), numbers))


def limits_broken(source: Frozen) -> pl.DataFrame:
    """Portfolios beyond the owner's drawdown limit; `fleet_summary.limits_broken` has the columns."""
    run, portfolios = source.run, _opened(source)
    closes = returns.daily_values(run.frame("portfolio_snapshots"))
    days = fleet_summary.daily_returns(closes, ranking.external_flows(run), portfolios["id"].to_list())
    return fleet_summary.limits_broken(portfolios, days, week=(run.week.monday, run.week.end.date()))


def nearest_liquidations(source: Frozen, *, top: int, settings: Settings) -> pl.DataFrame:
    """The loans that the smallest move would liquidate; `fleet_summary.nearest_liquidations` has the columns."""
    portfolios = _opened(source).select("id", "name")
    return fleet_summary.nearest_liquidations(source, portfolios, week=source.run.week, settings=settings, top=top)


def _opened(source: Frozen) -> pl.DataFrame:
    """Portfolios that were open before the end of the week."""
    opened = (pl.col("created_at") < source.run.week.end).fill_null(value=True)
    return source.run.frame("portfolios").filter(opened)
