"""What a printed week must be: whole, readable by people and machines, and the same whenever it is printed."""

import json
import os
import re
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdfium2 import PdfDocument

from ys_analytics import reporting
from ys_analytics.errors import ExpectationFailed, ReportError, UsageError
from ys_analytics.schemas import Finding

WEEK = "2026-W47"
HOSTILE = '<script>alert(1)</script> & Söhne "Ω"'
NAMES = ["Harbour Income", HOSTILE, "Never funded"]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@cache
def pages(pdf):
    """The text of each page of a file; of one that no test changes, read once."""
    return [page.extract_text().replace("\N{NO-BREAK SPACE}", " ") for page in PdfReader(pdf).pages]


def texts(value):
    """Every text and number in a JSON value."""
    if isinstance(value, dict):
        return " ".join(texts(item) for item in value.values())
    if isinstance(value, list):
        return " ".join(texts(item) for item in value)
    return str(value)


@pytest.mark.parametrize("name", NAMES)
def test_each_page_says_whose_it_is_and_which_of_how_many(printed, name):
    """A sheet that falls out of the folder can be put back."""
    found = pages(printed[name].pdf)
    assert len(found) >= 3
    for number, text in enumerate(found, start=1):
        assert f"page {number} of {len(found)}" in text
        assert name in text
        assert WEEK in text


@pytest.mark.parametrize("name", NAMES)
def test_every_number_on_paper_is_in_the_data_json(printed, name):
    """A machine that reads the data JSON misses nothing that a person sees."""
    data_json = json.loads(printed[name].json.read_bytes())
    held = set(NUMBER.findall(texts(data_json).replace("\N{NO-BREAK SPACE}", " ")))
    running = re.compile(r"page \d+ of \d+|as of \d{4}-\d\d-\d\d \d\d:\d\d UTC")
    printed_numbers = {word for text in pages(printed[name].pdf) for word in NUMBER.findall(running.sub(" ", text))}
    # A long word of letters and digits may be broken over two lines.
    whole = re.sub(r"\s", "", texts(data_json))
    assert {word for word in printed_numbers - held if word not in whole} == set()


def test_charts_are_vectors_and_all_of_them_are_drawn(printed):
    """A chart in print is as sharp as its type; an empty one never gets there."""
    data_json = json.loads(printed["Harbour Income"].json.read_bytes())
    charts = [view for section in data_json["sections"] for view in section["views"] if view["kind"] == "figure"]
    assert len(charts) >= 9
    reader = PdfReader(printed["Harbour Income"].pdf)
    assert sum(len(page.images) for page in reader.pages) == 0
    assert described(reader) >= {view["alt"] for view in charts}


def described(reader):
    """The alternative texts of a tagged PDF."""
    found, waiting = set(), [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, list):
            waiting += node
        elif hasattr(node, "keys"):
            found |= {str(node["/Alt"])} if "/Alt" in node else set()
            waiting += [node["/K"]] if "/K" in node else []
    return found


def test_the_pdf_is_tagged_titled_outlined_and_carries_its_data_json(printed):
    """It can be listened to, found by its title, walked by its headings, and computed with."""
    one = printed[HOSTILE]
    reader = PdfReader(one.pdf)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata.title == f"{HOSTILE}, weekly report {WEEK}"
    # Under the title of the page its first views and the sections; under each section its views.
    headings = [entry.title for entry in reader.outline[1] if not isinstance(entry, list)]
    first = headings.index("Why the value changed")
    assert first > 0
    assert headings[first + 1] == "Return"
    assert headings[-2:] == ["Sources and settings", "Method and limits"]
    assert len(headings) == len(set(headings))
    assert reader.attachments == {one.json.name: [one.json.read_bytes()]}
    box = reader.pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (595, 842)


def test_a_name_is_text_wherever_it_stands(printed):
    """A portfolio's name that is markup is shown, not obeyed."""
    source = printed[HOSTILE].html.read_text()
    assert "<script>alert" not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in source


def test_a_page_asks_nothing_of_a_network(printed):
    """It opens on a plane."""
    body = printed["Harbour Income"].html.read_text()
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", body.replace(_plotly(), "")) == []
    assert "@import" not in body.replace(_plotly(), "")


def _plotly():
    from plotly.offline import get_plotlyjs

    return get_plotlyjs().replace("</script", "<\\/script")


def test_refused_numbers_say_why(printed):
    """An empty portfolio has a report, and each dash in it a reason."""
    whole = " ".join(" ".join(pages(printed["Never funded"].pdf)).split())
    assert "needs 30 days, has 0" in whole
    assert "Not shown: the portfolio has no snapshot yet." in whole
    assert "NaN" not in whole
    assert "None" not in whole


def test_the_same_week_printed_twice_is_the_same(week, printed, tmp_path):
    """Byte for byte, the paper as well, so that a difference means a difference."""
    week.copy(tmp_path)
    (again,) = reporting.report(week.settings(tmp_path), week=week.name, portfolios=[HOSTILE])
    assert again.json.read_bytes() == printed[HOSTILE].json.read_bytes()
    assert again.html.read_bytes() == printed[HOSTILE].html.read_bytes()
    assert again.pdf.read_bytes() == printed[HOSTILE].pdf.read_bytes()


BROKEN = Finding(
    suite="portfolio_snapshots", rule="unique(portfolio_id, timestamp)", severity="critical", outcome="failed",
    notes="A duplicated snapshot may change the day's closing value.", observed="2 rows", rows=2,
)  # fmt: skip


def test_a_failed_critical_rule_stops_the_report(week, checked_as, tmp_path):
    """Nothing is printed from data that may not be believed, and the line says what broke."""
    run = week.copy(tmp_path)
    checked_as(run, [BROKEN])
    with pytest.raises(ExpectationFailed, match="portfolio_snapshots") as stopped:
        reporting.report(week.settings(tmp_path), week=week.name, portfolios=["Never funded"])
    assert stopped.value.exit_code == 14
    assert not list(run.glob("*.pdf"))


def test_a_provisional_report_says_so_on_every_page(week, checked_as, tmp_path):
    """Anyone who holds one sheet of it knows."""
    run = week.copy(tmp_path)
    checked_as(run, [BROKEN])
    (one,) = reporting.report(week.settings(tmp_path), week=week.name, portfolios=["Never funded"], provisional=True)
    found = pages(one.pdf)
    assert all("PROVISIONAL" in text for text in found)
    assert "A duplicated snapshot may change the day's closing value." in " ".join(" ".join(found).split())
    assert json.loads(one.json.read_bytes())["provisional"] is True


def test_one_portfolio_that_fails_stops_no_other(week, tmp_path):
    """The others are printed, and the error says which failed and why."""
    run = week.copy(tmp_path)
    book = _bound(
        tmp_path,
        "import ys_analytics as ys\ndesk = ys.open(run, portfolio_id=portfolio_id)\n1 / len(desk.daily_returns)",
    )
    with pytest.raises(ReportError, match=r"1 of 2 reports failed: 'Never funded'.*ZeroDivisionError"):
        reporting.report(
            week.settings(tmp_path), week=week.name, portfolios=["Never funded", "Harbour Income"], weekly_file=book
        )
    assert [path.name[:7] for path in run.glob("*.pdf")] == ["harbour"]


def test_a_notebook_that_takes_other_parameters_is_refused_before_a_kernel_starts(week, tmp_path):
    """Papermill alone would print the page of no one, or of everyone."""
    week.copy(tmp_path)
    book = _bound(tmp_path, "week", parameters="week: str = ''\nportfolio: str = ''\nrun: str = ''")
    with pytest.raises(ReportError, match=r"takes no parameter 'portfolio_id'; it takes week, portfolio, run"):
        reporting.report(week.settings(tmp_path), week=week.name, weekly_file=book)


@pytest.mark.parametrize(
    ("portfolio", "said"),
    [("Nobody's", "no portfolio is called"), ("missing\n", "Nine days missing"), ("e", "could be")],
)
def test_a_portfolio_is_named_or_the_line_says_how(week, tmp_path, portfolio, said):
    """A name that none has, or several share, is answered before anything is printed."""
    week.copy(tmp_path)
    if said == "Nine days missing":
        (one,) = reporting.report(
            week.settings(tmp_path), week=week.name, portfolios=[portfolio], weekly_file=_bound(tmp_path, "week")
        )
        assert one.portfolio == said
    else:
        with pytest.raises(UsageError, match=said):
            reporting.report(week.settings(tmp_path), week=week.name, portfolios=[portfolio])


@pytest.mark.servers  # for its time alone
def test_a_report_killed_half_way_leaves_nothing_half_written(week, tmp_path):
    """What lies in the output folder is whole; the next report sweeps up and goes on."""
    run = week.copy(tmp_path)
    words = [Path(sys.executable).parent / "ys", "report", "--week", WEEK, "--all"]
    process = subprocess.Popen(
        words, env=week.surroundings(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not list(run.glob("*.pdf")):
        os.sched_yield()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    whole = [path for path in run.glob("*.pdf") if PdfReader(path).pages]
    assert 1 <= len(whole) < 9
    assert list(run.glob(".printing-*"))
    reporting.report(
        week.settings(tmp_path), week=week.name, portfolios=["Never funded"], weekly_file=_bound(tmp_path, "week")
    )
    assert not list(run.glob(".printing-*"))


def _bound(folder, source, parameters="run: str = ''\nportfolio_id: str = ''\nweek: str = ''"):
    """A report of one small notebook."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    nbformat.write(
        new_notebook(cells=[first, new_code_cell(source)], metadata={"language_info": {"name": "python"}}),
        folder / "small.ipynb",
    )
    book = folder / "bound.toml"
    book.write_text(f'title = "Small"\npublisher = "tests"\n[[notebook]]\npath = "{folder / "small.ipynb"}"\n')
    return book


def test_no_page_but_the_last_is_half_empty(printed):
    """Of the lines between the running head and foot: the last that bears anything is past the middle."""
    for one in printed.values():
        pages = list(PdfDocument(one.pdf))
        for number, page in enumerate(pages[:-1], start=1):
            picture = page.render(scale=0.5).to_pil().convert("L")
            top, bottom = int(picture.height * 0.06), int(picture.height * 0.93)
            inside = picture.crop((0, top, picture.width, bottom)).point(lambda grey: 255 if grey < 235 else 0)
            _, _, _, last = inside.getbbox()
            assert last > 0.5 * (bottom - top), f"{one.portfolio}: page {number} ends at {last / (bottom - top):.0%}"
