"""Whom a failed rule stops: the portfolios whose numbers rest on the rows at fault, and no one else."""

import json

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from pypdf import PdfReader

from ys_analytics import quality, reporting
from ys_analytics.errors import ExpectationFailed, RunError
from ys_analytics.frames import open_run
from ys_analytics.reporting import write
from ys_analytics.schemas import Finding

HARBOUR, EMPTY = "Harbour Income", "Never funded"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A report of one word, so that many of them cost little."""
    folder = tmp_path_factory.mktemp("small")
    words = "run: str = ''\nportfolio_id: str = ''\nweek: str = ''"
    cells = [new_code_cell(words, metadata={"tags": ["parameters"]}), new_code_cell("week")]
    nbformat.write(new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}), folder / "small.ipynb")
    bound = folder / "bound.toml"
    bound.write_text(f'title = "Small"\npublisher = "tests"\n[[notebook]]\npath = "{folder / "small.ipynb"}"\n')
    return bound


def twice(**whose):
    """A critical finding about three transactions."""
    return Finding(
        suite="transactions", rule="unique(transaction_hash)", severity="critical", outcome="failed",
        notes="A transaction is counted twice.", observed="3 rows", rows=3, **whose,
    )  # fmt: skip


def id_of(run, name):
    return pl.read_parquet(run / "frames" / "portfolios.parquet").filter(pl.col("name") == name)["id"][0]


def printed_in(run):
    return {path.stem.rsplit("-", 1)[0] for path in run.glob("*.pdf")}


@pytest.fixture(scope="module")
def one_stopped(week, checked_as, small, tmp_path_factory):
    """Every report of a week in which three transactions of one portfolio are at fault: the folder, and the error."""
    folder = tmp_path_factory.mktemp("stopped")
    run = week.copy(folder)
    checked_as(run, [twice(portfolios=[id_of(run, HARBOUR)])])
    with pytest.raises(ExpectationFailed) as stopped:
        reporting.report(week.settings(folder), week=week.name, weekly_file=small)
    return run, stopped.value


def test_three_transactions_of_one_portfolio_stop_its_report_alone(one_stopped):
    """Exit 14; the line names who was stopped and by what, and that the others are printed; they are."""
    run, stopped = one_stopped
    everyone = open_run(run).frame("portfolios").height
    assert stopped.exit_code == 14
    assert str(stopped).startswith(
        f"1 of {everyone + 1} reports failed: '{HARBOUR}': stopped by transactions, transaction_hash: unique"
    )
    assert str(stopped).endswith(f"the other {everyone} are printed")
    assert "harbour-income" not in printed_in(run)
    assert len(printed_in(run)) == everyone  # the others, and the ranking


def test_the_ranking_says_who_is_missing_and_why(one_stopped):
    """A portfolio that was stopped is on the page with the reason, and without a number."""
    run, _ = one_stopped
    data_json = json.loads((run / "fleet.json").read_bytes())
    (aside,) = data_json["stopped"]
    assert aside["portfolio"] == HARBOUR
    assert "transaction_hash: unique (3 rows)" in aside["because"]
    assert aside["portfolio_id"] not in data_json["portfolio_ids"]
    text = " ".join(page.extract_text() for page in PdfReader(run / "fleet.pdf").pages)
    assert "Stopped by their data" in text
    assert HARBOUR in text


def test_who_asks_for_another_portfolio_is_not_stopped(week, checked_as, small, tmp_path):
    """The fault is another's: exit 0, and no page is provisional."""
    run = week.copy(tmp_path)
    checked_as(run, [twice(portfolios=[id_of(run, HARBOUR)])])
    (one,) = reporting.report(week.settings(tmp_path), week=week.name, portfolios=[EMPTY], weekly_file=small)
    assert json.loads(one.json.read_bytes())["provisional"] is False


@pytest.mark.parametrize("why", ["", "its rows name no portfolio"])
def test_a_finding_that_affects_all_stops_all(why, week, checked_as, small, tmp_path):
    """Nothing is printed, not even the ranking, and the line says why all are concerned."""
    run = week.copy(tmp_path)
    checked_as(run, [twice(all_reason=why)])
    with pytest.raises(ExpectationFailed, match=f"every report rests on them.*{why}") as stopped:
        reporting.report(week.settings(tmp_path), week=week.name, weekly_file=small)
    assert stopped.value.exit_code == 14
    assert printed_in(run) == set()


def test_a_finding_that_affects_none_stops_none(week, checked_as, small, tmp_path):
    """What no portfolio's numbers rest on is a line on the last page, and no more."""
    run = week.copy(tmp_path)
    checked_as(run, [twice(portfolios=[])])
    assert reporting.report(week.settings(tmp_path), week=week.name, portfolios=[HARBOUR], weekly_file=small)


def test_a_history_without_its_portfolio_is_named_when_all_are_asked_for(week, checked_as, small, tmp_path):
    """A portfolio that only its snapshots know is not dropped silently: the line names its id."""
    run, gone = week.copy(tmp_path), "00000000-0000-0000-0000-00000000dead"
    checked_as(run, [twice(portfolios=[gone])])
    with pytest.raises(ExpectationFailed, match=f"1 of .* reports failed: '{gone}'"):
        reporting.report(week.settings(tmp_path), week=week.name, weekly_file=small)
    assert "harbour-income" in printed_in(run)


def test_a_provisional_page_has_only_its_own_reasons(week, checked_as, small, tmp_path):
    """Printed over the fault, the portfolio it concerns is marked, the other is not."""
    run = week.copy(tmp_path)
    checked_as(run, [twice(portfolios=[id_of(run, HARBOUR)])])
    options = {"week": week.name, "portfolios": [HARBOUR, EMPTY], "weekly_file": small, "provisional": True}
    mine, other = reporting.report(week.settings(tmp_path), **options)
    assert "transactions, transaction_hash: unique" in json.loads(mine.json.read_bytes())["provisional_because"][0]
    assert json.loads(other.json.read_bytes())["provisional"] is False


def test_runs_says_how_many_are_stopped(week, checked_as, tmp_path):
    """The list of runs has a number, or the word all."""
    run = week.copy(tmp_path)
    checked_as(run, [twice(portfolios=[id_of(run, HARBOUR)])])
    (entry,) = reporting.list_runs(tmp_path / "out")
    assert entry.stopped == 1
    checked_as(run, [twice()])
    said = week.ys("runs", folder=tmp_path).stdout
    assert "stopped" in said
    assert " all " in said


def test_a_page_is_put_only_into_the_run_whose_findings_were_read(week, tmp_path):
    """Frozen again while it is printed, nothing is put in the output folder."""
    run = week.copy(tmp_path)
    about = quality.subject(run)
    opened = open_run(run)
    write.refuse_other_run(opened, about)
    manifest = run / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(RunError, match="frozen or checked again"):
        write.refuse_other_run(opened, about)
