"""What a report needs before its first page: the run, its findings, whose pages are made and whose are stopped.

Depends on runs and findings. Does not execute or print anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from ys_analytics.reporting import book, notebook, weeks
from ys_analytics.reporting.weekly import Weekly, read_weekly
from ys_analytics.schemas import Finding, Progress, Week, silent
from ys_analytics.settings import Settings

if TYPE_CHECKING:
    from ys_analytics.frames import Run
    from ys_analytics.quality import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportJob:
    """All that the pages of one report have in common.

    Attributes:
        settings: Where the stores are, and the risk-free rate.
        run: The week, opened and verified.
        subject: The run and the suites that the findings are of.
        weekly: Title, publisher and notebooks.
        notebook: The notebooks as one.
        names: Name of each portfolio whose page is wanted, by its id.
        stopping_findings: What stops some of them, by id.
        findings: What the suites found in the run.
        not_final: Why every page of the week is provisional; empty when the week is over.
        provisional: Whether a page is made over findings that would stop it.
        ranked: Whether all portfolios are ranked on a page of its own.
        pushdown: Whether ClickHouse computes the ranking.
    """

    settings: Settings
    run: "Run"
    subject: "Subject"
    weekly: Weekly
    notebook: NotebookNode
    names: Mapping[str, str] = field(default_factory=dict)
    stopped: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    not_final: str = ""
    provisional: bool = False
    ranked: bool = False
    pushdown: bool = False

    def parameters(self, portfolio_id: str) -> dict[str, object]:
        """What the notebooks are given for one portfolio."""
        return {"run": str(self.run.folder.resolve()), "portfolio_id": str(portfolio_id), "week": str(self.run.week)}


def plan_report(
    settings: Settings,
    *,
    week: str,
    portfolios: Sequence[str] | None,
    out: Path,
    weekly_file: Path,
    provisional: bool = False,
    refreeze: bool = False,
    pushdown: bool = False,
    run: "Run | None" = None,
    progress: Progress = silent,
) -> ReportJob:
    """Read the report's definition, open or freeze the run, and check it; `batch.report` explains the arguments.

    Raises:
        UsageError: no such week or portfolio, or nothing happened before the week's end.
        ExpectationFailed: a rule failed that every page rests on.
        ReportError: a notebook is not there or takes other parameters.
    """
    from ys_analytics import quality

    week = Week(week)
    weekly = read_weekly(weekly_file)
    for path in weekly.notebooks:
        values = {"run": "", "portfolio_id": "", "week": week, **weekly.parameters.get(path.name, {})}
        notebook.check(notebook.read(path), values, name=path.name)
    frozen_run = run or freeze_week(settings, week=week, out=out, refreeze=refreeze, progress=progress)
    weeks.refuse_empty_run(frozen_run)
    selected = _selected_portfolios(frozen_run, portfolios)
    subject = quality.subject(frozen_run.folder)
    findings = _findings(frozen_run, subject, progress)
    ranked = portfolios is None
    # Portfolios that stand in other tables and not among the portfolios belong to the ranking too.
    names_by_id = dict(frozen_run.frame("portfolios").select("id", "name").iter_rows())
    stopped_ids = {portfolio_id for finding in findings if finding.stops for portfolio_id in finding.portfolios or ()}
    unlisted = (
        {portfolio_id: portfolio_id for portfolio_id in sorted(stopped_ids - names_by_id.keys())} if ranked else {}
    )
    if not provisional and any(finding.stops and finding.portfolios is None for finding in findings):
        quality.gate([finding for finding in findings if finding.portfolios is None])
    return ReportJob(
        settings=settings,
        run=frozen_run,
        subject=subject,
        weekly=weekly,
        notebook=book.join_notebooks(weekly.notebooks, weekly.parameters),
        names=selected | unlisted,
        stopped={} if provisional else quality.stopping_findings(findings, [*selected, *unlisted]),
        findings=tuple(findings),
        not_final=weeks.why_not_final(frozen_run),
        provisional=provisional,
        ranked=ranked,
        pushdown=pushdown,
    )


def freeze_week(
    settings: Settings, *, week: str, out: Path, refreeze: bool = False, progress: Progress = silent
) -> "Run":
    """The week's run: the one on disk, verified, or a new one frozen from the stores.

    Raises:
        UsageError: the week has not begun.
        RunError: the run on disk is torn or altered.
        StoreError: a store cannot be read.
    """
    from ys_analytics import frames
    from ys_analytics.local import open_stores

    week = Week(week)
    folder = out / week
    if not refreeze and (folder / "manifest.json").is_file():
        return frames.open_run(folder)
    progress("freezing")
    with open_stores(settings, role="analyst", purpose=f"ys freeze {week}") as stores:
        now = datetime.now(UTC)
        weeks.refuse_future(stores, week=week, now=now)
        weeks.refuse_empty(stores, week=week)
        return frames.freeze(stores, week=week, out=out, as_of=now)


def _selected_portfolios(run: "Run", requested: Sequence[str] | None) -> dict[str, str]:
    """Name of each portfolio to print, by id: all that were open by the week's end, or those asked for.

    Raises:
        UsageError: there is no such portfolio, or it was opened after the week.
    """
    from ys_analytics import frames

    portfolios = run.frame("portfolios")
    if requested is None:
        opened_later = weeks.opened_later(run)
        id_and_name = portfolios.sort("name", "id").select("id", "name").iter_rows()
        return {portfolio: name for portfolio, name in id_and_name if portfolio not in opened_later}
    return {
        portfolio: portfolio.name
        for portfolio in (frames.find_portfolio(portfolios, request).require_open(run.week) for request in requested)
    }


def _findings(run: "Run", subject: "Subject", progress: Progress) -> list[Finding]:
    """The findings of the run: those on disk where they are of these suites and complete, else a new check."""
    from ys_analytics import quality

    if quality.has_complete_findings(run.folder, subject):
        return quality.read_findings(run.folder)
    progress("checking")
    return quality.validate(run)
