"""The ranking of all portfolios, as an executed notebook, so that it is printed like every other page.

Depends on the desk's ranking and its views. Does not print anything.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

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
    from ys_analytics.desk import ranking

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
    return _notebook(masthead, tables.fleet(ranked), *([tables.stopped(stopped_rows)] if stopped else [])), facts


def _pushed_down(run: "Run", settings: Settings) -> "Fleet":
    from ys_analytics.desk import ranking
    from ys_analytics.local import open_stores

    purpose = f"ys report {run.week} --pushdown"
    with open_stores(settings, only=(TABLES["portfolio_snapshots"].store,), role="analyst", purpose=purpose) as stores:
        return ranking.pushed_down(run, stores, risk_free=settings.risk_free)


def _notebook(*views: View) -> NotebookNode:
    """Views as the outputs of cells; cells are numbered, so that the same views give the same page."""
    cells = [
        new_code_cell(  # type: ignore[no-untyped-call]
            id=f"view-{index}",
            outputs=[new_output("display_data", data=view._repr_mimebundle_())],  # type: ignore[no-untyped-call]
        )
        for index, view in enumerate(views)
    ]
    notebook: NotebookNode = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})  # type: ignore[no-untyped-call]
    return notebook
