"""The ranking of all portfolios, as an executed notebook, so that it is printed like every other page.

Depends on the desk's ranking and its views. Does not print anything.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ys_analytics.reporting import weeks
from ys_analytics.schemas import TABLES
from ys_analytics.settings import Settings
from ys_analytics.views import View, tables

if TYPE_CHECKING:
    from ys_analytics.desk.ranking import Fleet
    from ys_analytics.frames import Run

STEM, NAME, TITLE = "fleet", "All portfolios", "Ranking"


def ranking_page(
    run: "Run", settings: Settings, *, stopped: Mapping[str, str], names: Mapping[str, str], pushdown: bool
) -> tuple[NotebookNode, dict[str, object]]:
    """The ranking of a week as an executed notebook, and what its data JSON says of it: ids in the order of the rows.

    Args:
        run: The frozen week.
        settings: The risk-free rate, and where ClickHouse is.
        stopped: Why each portfolio was stopped that its data stopped, by id: it is listed without a number.
        names: The name of each of these.
        pushdown: Compute where the snapshots are instead of from the run.

    Raises:
        StoreError: ClickHouse cannot be asked.
    """
    from ys_analytics.desk import fleet_summary, ranking

    fleet = _pushed_down(run, settings) if pushdown else ranking.from_frames(run, risk_free=settings.risk_free)
    portfolios = run.frame("portfolios")
    excluded = [*stopped, *weeks.opened_later(run)]
    ranked = ranking.ranked(portfolios.filter(~pl.col("id").is_in(excluded)), fleet)
    masthead = tables.fleet_masthead(
        ranked, week=run.week, as_of=run.manifest.as_of, computed_in=fleet.computed, risk_free=settings.risk_free
    )
    facts: dict[str, object] = {
        "portfolio_id": None,
        "portfolio_ids": ranked["id"].to_list(),
        "stopped": [
            {"portfolio_id": portfolio_id, "portfolio": names[portfolio_id], "because": reason}
            for portfolio_id, reason in stopped.items()
        ],
        "computed_in": fleet.computed,
        "risk_free": settings.risk_free,
    }
    stopped_rows = pl.DataFrame(
        {"name": [names[portfolio_id] for portfolio_id in stopped], "because": list(stopped.values())},
        schema={"name": pl.String, "because": pl.String},
    )
    views: list[View | str] = [masthead, *_summary(run, settings, ranked)]
    views += ["Ranking", tables.fleet(ranked), tables.fleet_extremes(fleet_summary.extremes(ranked))]
    views += ["Stopped portfolios", tables.stopped(stopped_rows)]
    return _notebook(*views), facts


def _summary(run: "Run", settings: Settings, ranked: pl.DataFrame) -> "list[View | str]":
    """What stands before the ranking: totals, limits, liquidations, cohorts, outliers and flows, from the run."""
    from ys_analytics.desk import fleet_summary, ranking, returns
    from ys_analytics.desk.sources import Frozen

    listed = run.frame("portfolios").filter(pl.col("id").is_in(ranked["id"].to_list()))
    flows = ranking.external_flows(run)
    closes = returns.daily_values(run.frame("portfolio_snapshots"))
    days = fleet_summary.daily_returns(closes, flows, listed["id"].to_list())
    week = run.week
    loans = fleet_summary.nearest_liquidations(Frozen(run), listed.select("id", "name"), week=week, settings=settings)
    return [
        tables.fleet_totals(fleet_summary.totals(ranked, flows, days, week=week)),
        "Limits and liquidations",
        tables.limits_broken(fleet_summary.limits_broken(listed, days, week=(week.monday, week.end.date()))),
        tables.nearest_liquidations(loans),
        "Cohorts, outliers and flows",
        tables.cohorts(fleet_summary.cohorts(ranked, listed)),
        tables.fleet_outliers(fleet_summary.outliers(ranked)),
        tables.fleet_flows(fleet_summary.flows_of_week(ranked, flows, week=week)),
    ]


def _pushed_down(run: "Run", settings: Settings) -> "Fleet":
    from ys_analytics.desk import ranking
    from ys_analytics.local import open_stores

    purpose = f"ys report {run.week} --pushdown"
    with open_stores(settings, only=(TABLES["portfolio_snapshots"].store,), role="analyst", purpose=purpose) as stores:
        return ranking.pushed_down(run, stores, risk_free=settings.risk_free)


def _notebook(*parts: View | str) -> NotebookNode:
    """Views as the outputs of cells, and headings; cells are numbered, so that the same views give the same page."""
    cells = [
        new_markdown_cell(f"## {part}", id=f"heading-{index}")  # type: ignore[no-untyped-call]
        if isinstance(part, str)
        else new_code_cell(  # type: ignore[no-untyped-call]
            id=f"view-{index}",
            outputs=[new_output("display_data", data=part._repr_mimebundle_())],  # type: ignore[no-untyped-call]
        )
        for index, part in enumerate(parts)
    ]
    notebook: NotebookNode = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})  # type: ignore[no-untyped-call]
    return notebook
