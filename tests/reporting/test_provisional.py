"""What a report may not say with a straight face: unexplained value, spoilt data, weeks not over or not begun."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from pypdf import PdfReader

import ys_analytics as ys
from ys_analytics import reporting
from ys_analytics.errors import ExpectationFailed, ReportError, UsageError
from ys_analytics.frames import open_run
from ys_analytics.quality import derived_rules
from ys_analytics.quality.dependents import Dependents
from ys_analytics.quality.run_detectors import run_detectors
from ys_analytics.quality.suite_types import Snapshot, Suite
from ys_analytics.reporting import book, plan, weeks
from ys_analytics.reporting.weekly import read_weekly
from ys_analytics.schemas import TABLES, Finding, Span

HARBOUR, EMPTY, GAP, NEW = "Harbour Income", "Never funded", "Nine days missing", "Opened yesterday"


@pytest.fixture
def small(tmp_path):
    """A report of one word, for what happens before and after it is printed."""
    words = "run: str = ''\nportfolio_id: str = ''\nweek: str = ''"
    cells = [new_code_cell(words, metadata={"tags": ["parameters"]}), new_code_cell("week")]
    path = tmp_path / "small.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}), path)
    bound = tmp_path / "bound.toml"
    bound.write_text(f'title = "Small"\npublisher = "tests"\n[[notebook]]\npath = "{path}"\n')
    return bound


@pytest.fixture
def overstated(week, spoil, tmp_path):
    """A run whose last snapshot of one portfolio is 5,000 dollars more than it holds."""
    run = week.copy(tmp_path)
    owner = pl.read_parquet(run / "frames" / "portfolios.parquet").filter(pl.col("name") == HARBOUR)["id"][0]

    def more(rows):
        last = (pl.col("portfolio_id") == owner) & (
            pl.col("timestamp") == pl.col("timestamp").max().over("portfolio_id")
        )
        value = pl.col("total_value")
        return rows.with_columns(
            pl.when(last).then(value + Decimal(5000)).otherwise(value).cast(rows.schema["total_value"])
        )

    spoil(run, "portfolio_snapshots", more)
    return tmp_path


def said(printed):
    """The text of each page of the PDF."""
    return [
        " ".join(page.extract_text().replace("\N{NO-BREAK SPACE}", " ").split())
        for page in PdfReader(printed.pdf).pages
    ]


def figures(page):
    """Each figure of a page's HTML."""
    return re.findall(r'<figure [^>]*class="ys .*?</figure>', page, flags=re.DOTALL)


def test_value_that_is_not_explained_stops_its_own_report_and_no_other(week, overstated, small):
    """The gate is that of the suites: exit 14, the line says which portfolio and how much, nothing of it is printed."""
    portfolios = [HARBOUR, EMPTY]
    with pytest.raises(ExpectationFailed, match=r"'Harbour Income'.*pnl_identity.*residual 5,000.00 USD") as stopped:
        reporting.report(week.settings(overstated), week=week.name, portfolios=portfolios, weekly_file=small)
    assert stopped.value.exit_code == 14
    assert [path.name[:5] for path in (overstated / "out" / week.name).glob("*.pdf")] == ["never"]


def test_a_provisional_report_says_why_and_is_marked_on_every_page_of_both_forms(week, overstated):
    """The whole report, printed over a real residual: paper and screen carry the mark, the bridge its warning."""
    (one,) = reporting.report(week.settings(overstated), week=week.name, portfolios=[HARBOUR], provisional=True)
    pages = said(one)
    assert len(pages) >= 5
    assert all("PROVISIONAL" in text for text in pages)
    assert all(", provisional" in text for text in pages)
    assert "Provisional: pnl_identity" in pages[0]
    html = one.html.read_text()
    assert re.search(r"\.ys-watermark \{\s*position: fixed; inset: 0", html)
    assert html.count('<div class="ys-watermark"') == 1
    (drawn,) = [figure for figure in figures(html) if "What changed the value" in figure]
    assert re.search(r"Critical \d+, pnl_identity: residual 5,000\.00 USD", drawn)
    data_json = json.loads(one.json.read_bytes())
    assert "residual 5,000.00 USD" in data_json["provisional_because"][0]
    assert "The identity does not hold" in " ".join(pages)


def detected(run, table):
    """What the detectors that follow from a table's schema find in a run; Great Expectations takes no part in it."""
    moment = Span.week("2026-W47").end
    files = {path.stem: path for path in (run / "frames").glob("*.parquet")}
    rules = Suite(name=table, expectations=(), detectors=tuple(derived_rules.detectors(TABLES[table])))
    reach = Dependents.of(files)
    return [reach.resolve(finding) for finding in run_detectors(rules, Snapshot(files, moment, moment))]


def test_a_warning_stands_at_the_charts_it_affects_and_no_others(week, checked_as, tmp_path):
    """The demo's own gap, found by the suites: under the charts of the portfolio that has it, and on no others."""
    run = week.copy(tmp_path)
    found = detected(run, "portfolio_snapshots")
    gap = next(one for one in found if one.outcome == "failed" and one.severity == "warning")
    checked_as(run, [*found, replace(gap, rule="a second rule", observed="a second warning")])
    (printed,) = reporting.report(week.settings(tmp_path), week=week.name, portfolios=[GAP])
    html = printed.html.read_text()
    # In full under the first chart it touches, by its number under the others.
    numbers = re.findall(r'<span id="warning-(\d+)">Warning \d+, portfolio_snapshots', html)
    marks = [f'<span id="warning-{number}">' for number in numbers] + [
        f'href="#warning-{number}"' for number in numbers
    ]
    assert numbers
    assert all(html.count(mark) == 1 for mark in marks[: len(numbers)])
    touched = [figure for figure in figures(html) if any(mark in figure for mark in marks)]
    titles = {re.search(r'class="ys-title"[^>]*>([^<]+)', figure)[1] for figure in touched}
    assert {"Net value and external flows", "Return since inception", "Distance from the peak"} <= titles
    assert not titles & {"Where the net value is", "Yields quoted by the pools in use", "Distance to liquidation"}
    text = " ".join(said(printed))
    drawn, warned = text.index("Net value and external flows"), text.index(f"Warning {numbers[0]}, portfolio_snapshots")
    assert drawn < warned < text.index("Return of each day of the week")
    assert ys.open(run, portfolio_id=GAP).warnings("portfolio_snapshots")
    assert ys.open(run, portfolio_id=HARBOUR).warnings("portfolio_snapshots") == ()


def test_an_old_warning_is_not_printed_at_the_charts_of_the_week(week, checked_as, tmp_path):
    """It stays next to the charts of all history, and comes back next to the week when one of its rows is recent."""
    run = week.copy(tmp_path)
    long_ago, lately = "2026-06-23T23:59:59Z", "2026-11-20T23:59:59Z"

    def warned(*moments):
        keys = {"portfolio_id": str(ys.open(run, portfolio_id=HARBOUR).portfolio()["id"][0])}
        gap = Finding(
            suite="portfolio_snapshots", rule="no_gap(timestamp)", severity="warning", outcome="failed", notes="Low.",
            observed="days missing", rows=len(moments), sample=[keys | {"timestamp": each} for each in moments],
        )  # fmt: skip
        checked_as(run, [gap])
        desk = ys.open(run, portfolio_id=HARBOUR)
        return len(desk.warnings("portfolio_snapshots")), len(desk.warnings("portfolio_snapshots", recent=True))

    assert warned(long_ago) == (1, 0)
    assert warned(long_ago, lately) == (1, 1)


@pytest.mark.parametrize(
    ("other_week", "line"),
    [
        pytest.param("2027-W10", "week 2027-W10 has not begun: it starts on 8 Mar 2027", id="a week to come"),
        pytest.param("2020-W01", "nothing to print of 2020-W01: no portfolio has a snapshot", id="before anything"),
    ],
)
def test_a_week_without_anything_to_say_is_refused_in_one_line(week, other_week, line):
    """An empty report would be read as an empty week."""
    done = week.ys("report", "--week", other_week, "--all", check=False)
    assert done.returncode == 2
    assert line in done.stderr.replace("\N{NO-BREAK SPACE}", " ")
    assert "Traceback" not in done.stderr
    assert not (week.home / "out" / other_week).exists()
    assert not list((week.home / "out").glob("2*/*.pdf"))


def test_a_portfolio_is_not_reported_before_it_was_opened(week, checked_as, small):
    """Asked for by name it is refused with its date; among all, it is left out."""
    week.ys("freeze", "--week", "2026-W46")
    run = open_run(week.home / "out" / "2026-W46")
    checked_as(run.folder, [])
    assert list(weeks.opened_later(run).values()) == ["22\N{NO-BREAK SPACE}Nov\N{NO-BREAK SPACE}2026"]
    settings = week.settings(week.home)
    with pytest.raises(UsageError, match="'Opened yesterday' was opened on 2026-11-22, after 2026-W46 ended"):
        reporting.report(settings, week=run.week, portfolios=[NEW], run=run, weekly_file=small)
    names = set(plan._selected_portfolios(run, None).values())
    assert NEW not in names
    assert {HARBOUR, EMPTY} <= names


def test_a_week_that_is_not_over_is_always_provisional(week, checked_as, small, tmp_path):
    """Its numbers will change, and every page says until when."""
    run = week.copy(tmp_path)
    thursday = Span.week(week.name).start + timedelta(days=3, hours=9)
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["as_of"] = thursday.isoformat()
    for record in manifest["frames"].values():
        if record["latest"] is not None:
            record["latest"] = min(datetime.fromisoformat(record["latest"]), thursday).isoformat()
    (run / "manifest.json").write_text(json.dumps(manifest))
    checked_as(run, [])
    (one,) = reporting.report(week.settings(tmp_path), week=week.name, portfolios=[EMPTY], weekly_file=small)
    data_json = json.loads(one.json.read_bytes())
    assert data_json["provisional"] is True
    assert data_json["provisional_because"][0].replace("\N{NO-BREAK SPACE}", " ") == (
        "the week runs until 22 Nov 2026, and was read on 19 Nov 2026 09:00 UTC"
    )
    assert all("PROVISIONAL" in text for text in said(one))


def test_bound_notebooks_say_nothing_twice_and_leave_no_heading_bare():
    """Four notebooks open a desk and show a masthead each; the report has one of both, and each cell knows its home."""
    bound = book.join_notebooks(read_weekly().notebooks)
    sources = [cell.source for cell in bound.cells if cell.cell_type == "code"]
    assert len(sources) == len(set(sources))
    assert sum("ys.open" in source for source in sources) == 1
    kinds = [cell.cell_type for cell in bound.cells]
    assert "markdown" not in {one for one, after in zip(kinds, [*kinds[1:], "markdown"], strict=True) if one == after}
    assert kinds[-1] == "code"
    assert {cell.metadata["origin"].split(",")[0] for cell in bound.cells} == {
        path.name for path in read_weekly().notebooks
    }
    assert not [source for source in sources if "tables.suites" in source]


def test_an_error_names_the_notebook_it_is_in(week, tmp_path):
    """Bound or not, anyone who repairs it opens the right file at the right cell."""
    week.copy(tmp_path)
    names = []
    for name, source in (("first", "week"), ("second", "1 / 0")):
        words = "run: str = ''\nportfolio_id: str = ''\nweek: str = ''"
        cells = [new_code_cell(words, metadata={"tags": ["parameters"]}), new_code_cell(source)]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        names.append(f'[[notebook]]\npath = "{tmp_path / name}.ipynb"\n')
    (tmp_path / "two.toml").write_text('title = "Two"\npublisher = "tests"\n' + "".join(names))
    with pytest.raises(ReportError, match=r"second\.ipynb, cell 1: ZeroDivisionError"):
        reporting.report(week.settings(tmp_path), week=week.name, portfolios=[EMPTY], weekly_file=tmp_path / "two.toml")
