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
        about: Of which run and by which suites the findings are.
        weekly: Title, publisher and notebooks.
        notebook: The notebooks as one.
        names: Name of each portfolio whose page is asked for, by its id.
        stopped: What stops some of them, by id.
        findings: What the suites found in the run.
        running: Why every page of the week is provisional; empty when the week is over.
        provisional: Whether a page is made over findings that would stop it.
        ranked: Whether all portfolios are ranked on a page of its own.
        pushdown: Whether ClickHouse computes the ranking.
    """

    settings: Settings
    run: "Run"
    about: "Subject"
    weekly: Weekly
    notebook: NotebookNode
    names: Mapping[str, str] = field(default_factory=dict)
    stopped: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    running: str = ""
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
    bound: Path,
    provisional: bool = False,
    refreeze: bool = False,
    pushdown: bool = False,
    run: "Run | None" = None,
    progress: Progress = silent,
) -> ReportJob:
    """Read what the report is made of, open or freeze the run, and ask the suites; `batch.report` has the words.

    Raises:
        UsageError: no such week or portfolio, or nothing happened before the week's end.
        ExpectationFailed: a rule failed that every page rests on.
        ReportError: a notebook is not there or takes other parameters.
    """
    from ys_analytics import quality

    week = Week(week)
    weekly = read_weekly(bound)
    for path in weekly.notebooks:
        given = {"run": "", "portfolio_id": "", "week": week, **weekly.parameters.get(path.name, {})}
        notebook.check(notebook.read(path), given, name=path.name)
    opened = run or freeze_week(settings, week=week, out=out, refreeze=refreeze, progress=progress)
    weeks.refuse_empty_run(opened)
    asked = _chosen(opened, portfolios)
    about = quality.subject(opened.folder)
    findings = _findings(opened, about, progress)
    ranked = portfolios is None
    # Of all portfolios, those that only other tables know of are asked for as well.
    known = dict(opened.frame("portfolios").select("id", "name").iter_rows())
    stopping = {each for one in findings if one.stops for each in one.portfolios or ()}
    gone = {each: each for each in sorted(stopping - known.keys())} if ranked else {}
    if not provisional and any(one.stops and one.portfolios is None for one in findings):
        quality.gate([one for one in findings if one.portfolios is None])
    return ReportJob(
        settings=settings,
        run=opened,
        about=about,
        weekly=weekly,
        notebook=book.bind(weekly.notebooks, weekly.parameters),
        names=asked | gone,
        stopped={} if provisional else quality.stopped(findings, [*asked, *gone]),
        findings=tuple(findings),
        running=weeks.why_running(opened),
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


def _chosen(run: "Run", asked: Sequence[str] | None) -> dict[str, str]:
    """Name of each portfolio to print, by id: all that were open by the week's end, or those asked for.

    Raises:
        UsageError: there is no such portfolio, or it was opened after the week.
    """
    from ys_analytics import frames

    known = run.frame("portfolios")
    if asked is None:
        later = weeks.opened_later(run)
        named = known.sort("name", "id").select("id", "name").iter_rows()
        return {one: name for one, name in named if one not in later}
    return {one: one.name for one in (frames.find_portfolio(known, each).require_open(run.week) for each in asked)}


def _findings(run: "Run", about: "Subject", progress: Progress) -> list[Finding]:
    """What the suites found in the run; asked once, and again where that was no whole check by these suites."""
    from ys_analytics import quality

    if quality.judged_whole(run.folder, about):
        return quality.read_findings(run.folder)
    progress("checking")
    return quality.validate(run)
