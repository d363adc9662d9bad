"""Since when: what was said of every run is kept, and a streak begins where it began."""

import io
from datetime import UTC, datetime
from html import escape

import pytest

from ys_analytics.quality import History, write_scorecard
from ys_analytics.quality.history import NAME
from ys_analytics.quality.scorecard import render
from ys_analytics.quality.terminal import summary, table
from ys_analytics.schemas import Finding


def finding(outcome, rule="unique(id)", observed="3 rows", sample=()):
    return Finding(
        suite="assets", rule=rule, severity="warning", outcome=outcome, notes="It is counted twice.",
        observed=observed, rows=3, sample=list(sample),
    )  # fmt: skip


def week(number):
    return datetime.fromisocalendar(2026, number, 1).replace(tzinfo=UTC)


def record(history, outcomes, rule="unique(id)"):
    for number, outcome in outcomes.items():
        history.record([finding(outcome, rule)], label=f"2026-W{number}", moment=week(number))


@pytest.mark.parametrize(
    ("outcomes", "since"),
    [
        pytest.param({40: "failed"}, 40, id="broken from the beginning"),
        pytest.param({40: "passed", 41: "failed", 42: "failed"}, 41, id="broken since the second"),
        pytest.param({40: "failed", 41: "passed", 42: "error"}, 42, id="a streak ends with a pass"),
        pytest.param({42: "failed", 41: "failed", 40: "passed"}, 41, id="recorded backwards"),
        pytest.param({40: "failed", 41: "passed"}, None, id="mended"),
    ],
)
def test_a_streak_begins_where_it_began(outcomes, since, tmp_path):
    """The first run from which a rule has been broken ever since."""
    history = History(tmp_path / NAME)
    record(history, outcomes)
    assert history.since().get(("assets", "unique(id)")) == (week(since) if since else None)


def test_checking_a_week_again_replaces_its_history(tmp_path):
    """Repaired data repairs its history."""
    history = History(tmp_path / NAME)
    record(history, {40: "failed"})
    record(history, {40: "passed"})
    assert history.since() == {}
    assert history.trend() == {("assets", "unique(id)"): [("2026-W40", "passed")]}


def test_the_trend_is_oldest_first_and_bounded(tmp_path):
    """A page has room for a dozen."""
    history = History(tmp_path / NAME)
    record(history, dict.fromkeys(range(10, 30), "passed"))
    labels = [label for label, _ in history.trend(last=12)["assets", "unique(id)"]]
    assert labels == [f"2026-W{number}" for number in range(18, 30)]


def test_the_history_of_a_run_lies_next_to_it(demo, demo_findings):
    """Every checked run is remembered without being asked."""
    trend = History.of_run(demo.folder).trend()
    assert len(trend) == len(demo_findings)


def test_the_scorecard_is_one_page_without_network(demo, demo_findings):
    """It can be mailed, and opened on an aeroplane."""
    page = write_scorecard(demo.folder).read_text()
    assert all(word not in page for word in ("http://", "https://", "<script", "src=", "@import", "url("))
    assert all(escape(each.rule) in page for each in demo_findings)
    assert "Fit to print" in page


def test_the_scorecard_quotes_dirt_without_running_it():
    """A portfolio may be named like a script."""
    found = [finding("failed", observed="<script>alert(1)</script>", sample=[{"name": "<b>x</b>"}])]
    page = render(found, title="<i>", since={}, trend={})
    assert "<script>" not in page
    assert "<b>x</b>" not in page
    assert "&lt;script&gt;" in page


def test_the_terminal_counts_what_it_shows(demo_findings):
    """One line says how many rules there are, passed and failed."""
    from rich.console import Console

    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table(demo_findings))
    text = console.export_text()
    assert summary(demo_findings) in text
    assert f"{len(demo_findings):,} checks" in text
