"""Questions about all portfolios of a frozen week: who stands out, whose limit is broken, what a price move does.

Depends on the ranking and `fleet_summary`, as the page of all portfolios does: the same numbers.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from ys_analytics.desk import fleet_summary, ranking, returns
from ys_analytics.desk.desk import Desk
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


_SHOCKED: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("name", "id"), pl.String),
    **dict.fromkeys(("before", "after", "change", "ret"), pl.Float64),
    "place": pl.String,
    **dict.fromkeys(("health_before", "health_after"), pl.Float64),
    "reason": pl.String,
}


def shock(source: Frozen, moves: Mapping[str, float], *, settings: Settings) -> pl.DataFrame:
    """Each portfolio's net value and weakest loan after price moves, each by its own desk."""
    rows: list[dict[str, Any]] = []
    for key, name in _opened(source).select("id", "name").iter_rows():
        desk = Desk(source=source, portfolio_id=key, week=source.run.week, settings=settings)
        reason = desk.unknown
        shocked = desk.shock(moves) if not reason else pl.DataFrame()
        if shocked.is_empty():
            rows.append({"name": name, "id": key, "reason": reason or "nothing is held"})
            continue
        net = shocked.row(by_predicate=pl.col("row") == "net", named=True)
        loans = shocked.filter(row="loan").sort("health_after", "name", nulls_last=True)
        weakest = loans.select(place="name", health_before="health_before", health_after="health_after").head(1)
        rows.append(
            {"name": name, "id": key, **{part: net[part] for part in ("before", "after", "change", "ret")},
             **(weakest.row(0, named=True) if weakest.height else {})}
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_SHOCKED).sort("health_after", "ret", "name", nulls_last=True)


def _opened(source: Frozen) -> pl.DataFrame:
    """Portfolios that were open before the end of the week."""
    opened = (pl.col("created_at") < source.run.week.end).fill_null(value=True)
    return source.run.frame("portfolios").filter(opened)
