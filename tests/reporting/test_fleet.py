"""The ranking of all portfolios: complete, in order, refusing with reasons, and the same from ClickHouse."""

import json
import re
import subprocess
import sys

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from pydantic import SecretStr
from pypdf import PdfReader

from ys_analytics import quality, reporting
from ys_analytics.desk import Desk, ranking
from ys_analytics.desk.sources import Frozen
from ys_analytics.errors import ReportError
from ys_analytics.frames import open_run
from ys_analytics.frames.fleet import FLEET, LAST_VALUES
from ys_analytics.reporting import batch, book
from ys_analytics.reporting.plan import ReportJob
from ys_analytics.reporting.weekly import read_weekly
from ys_analytics.schemas import Span

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")

# What `ys report --all` does with the ranking, without the nine reports that are others' tests.
PUSHED_DOWN = """
from ys_analytics import frames, quality
from ys_analytics.reporting import batch, book
from ys_analytics.reporting.plan import ReportJob
from ys_analytics.reporting.weekly import read_weekly
from ys_analytics.settings import load_settings

settings = load_settings()
run = frames.open_run(settings.out / "2026-W47")
weekly = read_weekly()
about = quality.subject(run.folder)
notebook = book.join_notebooks(weekly.notebooks)
batch.print_all(
    ReportJob(settings=settings, run=run, subject=about, weekly=weekly, notebook=notebook, ranked=True, pushdown=True)
)
"""


def ranking_job(week, folder):
    """A report of the run in `folder` that is the ranking and no portfolio."""
    run = open_run(folder / "out" / week.name)
    weekly = read_weekly()
    bound, subject = book.join_notebooks(weekly.notebooks), quality.subject(run.folder)
    settings = week.settings(folder)
    return ReportJob(settings=settings, run=run, subject=subject, weekly=weekly, notebook=bound, ranked=True)


@pytest.fixture(scope="module")
def ranked(week, tmp_path_factory):
    """The ranking, printed from the frozen run."""
    folder = tmp_path_factory.mktemp("ranked")
    week.copy(folder)
    (printed,) = batch.print_all(ranking_job(week, folder))
    return printed


@pytest.fixture
def small(tmp_path):
    """A report that is one word long, so that nine of them cost little."""
    words = "run: str = ''\nportfolio_id: str = ''\nweek: str = ''"
    cells = [new_code_cell(words, metadata={"tags": ["parameters"]}), new_code_cell("week")]
    book = tmp_path / "small.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}), book)
    bound = tmp_path / "bound.toml"
    bound.write_text(f'title = "Small"\npublisher = "tests"\n[[notebook]]\npath = "{book}"\n')
    return bound


def rows(printed):
    """The table of a ranking's data JSON, one dict a portfolio."""
    views = [view for section in json.loads(printed.json.read_bytes())["sections"] for view in section["views"]]
    (sheet,) = [view for view in views if view["title"] == "By return since inception"]
    names = [column["name"] for column in sheet["columns"]]
    return [dict(zip(names, row, strict=True)) for row in sheet["rows"]], sheet


def test_all_are_ranked_best_first_and_those_without_a_return_last(week, ranked):
    """No one is left out, and the order is that of the return."""
    found, _ = rows(ranked)
    data_json = json.loads(ranked.json.read_bytes())
    known = open_run(week.run).frame("portfolios")
    assert sorted(data_json["portfolio_ids"]) == sorted(known["id"])
    assert [row["name"] for row in found] == [
        dict(known.select("id", "name").rows())[one] for one in data_json["portfolio_ids"]
    ]
    totals = [row["total_return"] for row in found if row["total_return"] is not None]
    assert totals == sorted(totals, reverse=True)
    assert [row["rank"] for row in found][: len(totals)] == list(range(1, len(totals) + 1))
    assert [row["rank"] for row in found][len(totals) :] == [None] * (len(found) - len(totals))
    assert "Never funded" in [row["name"] for row in found][len(totals) :]


@pytest.mark.parametrize("name", ["Harbour Income", "Nine days missing", "Never funded"])
def test_a_portfolio_has_the_same_numbers_as_in_its_own_report(week, ranked, name):
    """Two pages of one week never disagree."""
    (row,) = [row for row in rows(ranked)[0] if row["name"] == name]
    desk = Desk(source=Frozen(open_run(week.run)), portfolio_id=name, week=week.name, settings=week.settings(week.home))
    own = desk.headline().row(0, named=True)
    assert row["value"] == (None if own["value"] is None else format(own["value"], "f"))
    assert row["week"] == close(own["week_return"])
    for metric, since in desk.performance().select("metric", "since").rows():
        assert row[metric] == close(since), metric


def test_a_dash_says_why(ranked):
    """Each number refused has a footnote."""
    _, sheet = rows(ranked)
    dashes = [cell for line in sheet["written"] for cell in line if cell.startswith("—")]
    assert dashes
    assert all(re.fullmatch("— [a-z]", cell) for cell in dashes)
    assert any("needs 30 days, has 0" in note for note in sheet["notes"])
    assert any("the portfolio has no snapshot yet" in note for note in sheet["notes"])


def test_it_is_one_landscape_sheet_with_all_of_its_numbers_in_the_data_json(ranked):
    """Landscape, tagged, titled, its data JSON attached; nothing on paper is missing for a machine."""
    reader = PdfReader(ranked.pdf)
    box = reader.pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (842, 595)
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "All portfolios, ranking 2026-W47"
    assert reader.attachments == {"fleet.json": [ranked.json.read_bytes()]}
    held = set(NUMBER.findall(str(json.loads(ranked.json.read_bytes())).replace("\\xa0", " ")))
    running = re.compile(r"page \d+ of \d+|as of \d{4}-\d\d-\d\d \d\d:\d\d UTC")
    text = " ".join(sheet.extract_text().replace("\N{NO-BREAK SPACE}", " ") for sheet in reader.pages)
    assert set(NUMBER.findall(running.sub(" ", text))) - held == set()
    assert "NaN" not in text
    assert "None" not in text


def test_the_page_is_safe_small_and_alone(ranked):
    """A name that is markup is shown; without a chart no chart library is carried, and nothing is fetched."""
    source = ranked.html.read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in source
    assert "<script>alert" not in source
    assert 'id="ys-plotly"' not in source
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", source) == []
    assert len(source) < 100_000


def close(value):
    """The value, or one that is within 1e-9 of it."""
    return pytest.approx(value, rel=1e-9, abs=1e-15) if isinstance(value, float) else value


def test_clickhouse_computes_the_same_page(week, ranked, tmp_path):
    """`--pushdown` on the live stores: every number within 1e-9 of the frozen run's, every refusal the same."""
    week.copy(tmp_path)
    known = week.surroundings(week.home) | {"YS_OUT": str(tmp_path / "out")}
    subprocess.run([sys.executable, "-c", PUSHED_DOWN], env=known, check=True)
    data_json = tmp_path / "out" / week.name / "fleet.json"
    assert json.loads(data_json.read_bytes())["computed_in"].startswith("ClickHouse")
    theirs, sheet = rows(
        reporting.PrintedPage(portfolio_id="", portfolio="", pdf=data_json, html=data_json, json=data_json)
    )
    ours, own_sheet = rows(ranked)
    assert sheet["notes"] == own_sheet["notes"]
    for mine, other in zip(ours, theirs, strict=True):
        assert other == {name: close(value) for name, value in mine.items()}


def test_all_prints_the_ranking_and_its_failure_stops_no_report(week, tmp_path, small):
    """Where ClickHouse is away the reports are there, and the error names the ranking."""
    run = week.copy(tmp_path)
    away = week.settings(tmp_path).model_copy(
        update={"clickhouse_url": SecretStr("http://ys:hunter2@127.0.0.1:1/default")}
    )
    with pytest.raises(ReportError, match=r"1 of \d+ reports failed: 'All portfolios'.*are printed") as failed:
        reporting.report(away, week=week.name, weekly_file=small, pushdown=True)
    assert "hunter2" not in str(failed.value)
    assert len(list(run.glob("*.pdf"))) == open_run(run).frame("portfolios").height
    assert not (run / "fleet.pdf").exists()


def test_pushdown_is_for_all(week):
    """One portfolio has no ranking, and the line says so."""
    refused = week.ys("report", "--week", week.name, "--portfolio", "Harbour Income", "--pushdown", check=False)
    assert refused.returncode != 0
    assert "--all" in refused.stderr


def test_equals_share_a_rank_and_an_empty_fleet_has_an_empty_page():
    """Two with one return are both first, the next is third; without a portfolio there is an empty page."""
    empty = pl.DataFrame(schema={"id": pl.String, "name": pl.String})
    numbers = {"n": [40] * 3, "total_return": [0.1, 0.1, 0.05]}
    fleet = ranking.Fleet(
        since=_numbers(["a", "b", "c"], **numbers),
        week=_numbers(["a", "b", "c"], **numbers),
        monday=Span.week("2026-W47").start.date(),
        values=pl.DataFrame(schema=LAST_VALUES),
        computed="a test",
    )
    three = pl.DataFrame({"id": ["c", "b", "a"], "name": ["C", "B", "A"]})
    found = ranking.ranked(three, fleet)
    assert found.select("rank", "name").rows() == [(1, "A"), (1, "B"), (3, "C")]
    assert ranking.ranked(empty, fleet).columns == found.columns


def _numbers(ids, *, n, total_return):
    known = pl.DataFrame({"portfolio_id": ids, "n": n, "total_return": total_return})
    absent = {name: pl.lit(None, dtype) for name, dtype in FLEET.items() if name not in known.columns}
    return known.with_columns(**absent).select(*FLEET)
