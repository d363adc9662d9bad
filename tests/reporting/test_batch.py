"""Many reports at once: fresh, apart, ended in time, resumed, and whole however the batch ends."""

import json
import os
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from pypdf import PdfReader

from ys_analytics import reporting
from ys_analytics.errors import ReportError
from ys_analytics.reporting import book, execute, output, receipts
from ys_analytics.reporting.plan import plan_report
from ys_analytics.reporting.weekly import read_weekly
from ys_analytics.resources import NOTEBOOKS

HARBOUR, EMPTY, HOSTILE = "Harbour Income", "Never funded", '<script>alert(1)</script> & Söhne "Ω"'
SHARED = "run: str = ''\nportfolio_id: str = ''\nweek: str = ''"


@pytest.fixture
def bound(tmp_path):
    """A function that makes a report of notebooks, each a cell; parameters are the shared ones and `own`."""

    def make(*sources, own="", given=""):
        named = []
        for place, source in enumerate(sources):
            first = new_code_cell(
                f"{SHARED}\n{own if place == len(sources) - 1 else ''}", metadata={"tags": ["parameters"]}
            )
            path = tmp_path / f"notebook{place}.ipynb"
            nbformat.write(new_notebook(cells=[first, new_code_cell(source)]), path)
            named.append(f'[[notebook]]\npath = "{path}"\n')
        toml = tmp_path / "bound.toml"
        toml.write_text(f'title = "Small"\npublisher = "tests"\n{"".join(named)}{given}')
        return toml

    return make


def shown(printed):
    """The text of a report."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(printed.pdf).pages).split())


def test_each_portfolio_has_a_process_and_a_folder_of_its_own(week, bound, tmp_path):
    """What a cell defines, writes or changes for one portfolio is not there for the next."""
    run = week.copy(tmp_path)
    bound = bound(
        "import os\nfrom pathlib import Path\n"
        "left = sorted(str(each) for each in Path().glob('*.csv')), 'STAINED' in os.environ, 'mark' in globals()\n"
        "mark, os.environ['STAINED'] = 1, 'yes'\n_ = Path('mine.csv').write_text('1')\nprint('found', left)"
    )
    both = reporting.report(
        week.settings(tmp_path), week=week.name, portfolios=[HARBOUR, EMPTY], weekly_file=bound, jobs=1
    )
    assert ["found ([], False, False)" in shown(each) for each in both] == [True, True]
    assert not list(run.glob(".printing-*"))
    assert "STAINED" not in os.environ


def test_what_cells_show_is_what_a_kernel_would_show(week, bound, tmp_path):
    """Streams in their order, values, results, updates and pictures."""
    week.copy(tmp_path)
    bound = bound(
        "import sys\nfrom IPython.display import HTML, clear_output, display\n"
        "print('gone'); clear_output()\nprint('one'); print('two'); print('not printed', file=sys.stderr)\n"
        "place = display('old', display_id=True); place.update('new')\n"
        "display(HTML('<p>three &amp; four</p>'))\n!echo from a command\n'the ' + 'result'"
    )
    (one,) = reporting.report(week.settings(tmp_path), week=week.name, portfolios=[EMPTY], weekly_file=bound)
    text = shown(one)
    assert "one two" in text.replace("'", "")
    assert "three & four" in text
    assert "from a command" in text
    assert "the result" in text
    assert "new" in text
    assert [word in text for word in ("gone", "old", "not printed")] == [False] * 3


def test_those_that_fail_stop_no_other_and_are_named(week, bound, tmp_path):
    """One is late, one dies by a signal, one ends itself, one raises; the fifth is printed, each has its reason."""
    run, settings, summary = week.copy(tmp_path), week.settings(tmp_path), reporting.Summary()
    rows = reporting.freeze_week(settings, week=week.name, out=settings.out).frame("portfolios").select("id", "name")
    ids = {name: portfolio_id for portfolio_id, name in rows.rows()}
    faults = {
        "Harbour Income": ("__import__('time').sleep(60)", "took more than 8 s and was ended"),
        "Nine days missing": ("__import__('os').abort()", "its process ended by SIGABRT"),
        "Opened yesterday": ("__import__('os')._exit(3)", "its process ended with code 3"),
        HOSTILE: ("1 / 0", "notebook0.ipynb, cell 1: ZeroDivisionError: division by zero"),
    }
    toml = bound(f"eval({ ({ids[name]: fault for name, (fault, _) in faults.items()})!r}.get(portfolio_id, '0'))")
    with pytest.raises(ReportError, match=r"4 of 5 reports failed: .*; the other 1 are printed"):
        reporting.report(
            settings, week=week.name, portfolios=[*faults, EMPTY], weekly_file=toml, time_limit=8, summary=summary
        )
    assert summary.made == 1
    assert {name: reason for name, (_, reason) in faults.items() if reason not in summary.failed[name]} == {}
    assert [path.name[:5] for path in run.glob("*.pdf")] == ["never"]
    kept = [json.loads(path.read_text()) for path in run.glob(".receipts/*.json")]
    assert {one["portfolio"]: one["reason"] for one in kept if one["reason"]} == summary.failed


def test_resume_makes_only_what_is_not_there_or_no_longer_right(week, bound, tmp_path):
    """Keyed by notebook, parameters, data and versions; a file that was touched is made again, to the same bytes."""
    week.copy(tmp_path)
    settings, toml = week.settings(tmp_path), bound("n", own="n: int = 3")

    def made(toml, *names, **words):
        summary = reporting.Summary()
        printed = reporting.report(
            settings, week=week.name, portfolios=names, weekly_file=toml, resume=True, summary=summary, **words
        )
        return summary.made, summary.unchanged, printed

    *counts, (harbour, empty) = made(toml, HARBOUR, EMPTY)
    assert counts == [2, 0]
    known = {each: each.read_bytes() for one in (harbour, empty) for each in (one.json, one.html)}
    harbour.html.write_text("spoilt")
    assert made(toml, HARBOUR, EMPTY)[:2] == (1, 1)
    assert {each: each.read_bytes() for each in known} == known
    empty.pdf.unlink()
    assert made(toml, EMPTY)[:2] == (1, 0)
    assert made(bound("n", own="n: int = 3", given="parameters = { n = 4 }\n"), EMPTY)[:2] == (1, 0)
    job = plan_report(settings, week=week.name, portfolios=[EMPTY], out=settings.out, weekly_file=toml)
    keys = {
        receipts.key(one, "") for one in (job, replace(job, provisional=True), replace(job, not_final="until Sunday"))
    }
    assert (
        len(keys | {receipts.key(job, "1"), receipts.key(replace(job, subject=replace(job.subject, run="")), "")}) == 5
    )


def test_a_page_is_all_there_after_a_crash_between_two_renames(tmp_path):
    """What was written whole is put by the next batch; what was not is removed."""
    folder = tmp_path / "run"
    with output.scratch(folder) as through:
        output.put({folder / "a.html": b"1", folder / ".receipts" / "a.json": b"2"}, folder=folder, staging=through)
    assert (folder / "a.html").read_bytes() + (folder / ".receipts" / "a.json").read_bytes() == b"12"
    dead = folder / ".printing-999999999-x"
    (dead / "ready-1" / "1" / ".receipts").mkdir(parents=True)
    (dead / "ready-1" / "1" / ".receipts" / "a.json").write_bytes(b"4")
    (dead / "writing-2" / "0").mkdir(parents=True)
    (dead / "writing-2" / "0" / "b.html").write_bytes(b"half")
    with output.scratch(folder):
        pass
    assert (folder / ".receipts" / "a.json").read_bytes() == b"4"
    assert sorted(path.name for path in folder.iterdir()) == [".receipts", "a.html"]


def test_a_notebook_of_ones_own_joins_by_one_line(week, bound, tmp_path):
    """Its own parameters have their type, its default or the value given; those of all are not set back."""
    week.copy(tmp_path)
    toml = bound(
        "portfolio_id[:8]", "week, top, name", own="top: int = 3\nname: str = 'a'", given="parameters = { top = 5 }\n"
    )
    (one,) = reporting.report(week.settings(tmp_path), week=week.name, portfolios=[EMPTY], weekly_file=toml)
    assert f"('{week.name}', 5, 'a')" in shown(one)
    bound_cells = book.join_notebooks(read_weekly(toml).notebooks, {"notebook1.ipynb": {"top": 5}}).cells
    assert [cell.metadata.get("tags", []) for cell in bound_cells].count(["parameters"]) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('parameters = { top = "5" }', "parameter top is int, not str"),
        ("parameters = { bottom = 5 }", "takes no parameter 'bottom'; it takes run, portfolio_id, week, top"),
        ("parameter = { top = 5 }", "does not take parameter"),
        ("parameters = 5", "cannot be read"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_runs(week, bound, tmp_path, given, said):
    """There is not even a run, so nothing was frozen for it."""
    toml = bound("week", own="top: int = 3", given=f"{given}\n")
    with pytest.raises(ReportError, match=said):
        reporting.report(week.settings(tmp_path / "empty"), week=week.name, weekly_file=toml)
    assert not (tmp_path / "empty").exists()


def test_the_template_is_a_notebook_a_report_can_take():
    """It declares what every notebook of a report takes, and one of its own."""
    from ys_analytics.reporting import notebook

    path = NOTEBOOKS / "mine" / "template.ipynb"
    notebook.check(notebook.read(path), {"run": "", "portfolio_id": "", "week": "", "top": 4}, name=path.name)


def test_each_core_makes_a_page_before_one_makes_two():
    """Processes are kept on cores, so they are shared out as evenly as may be."""
    cores = sorted(os.sched_getaffinity(0))
    executor = execute.Executor(limit=1.0)
    taken = [executor._take_core() for _ in range(2 * len(cores))]
    assert sorted(taken) == sorted(cores * 2)
    assert sorted(taken[: len(cores)]) == cores
