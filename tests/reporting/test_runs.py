"""The list of runs: what was frozen, what was found and what was printed, without opening a frame."""

import json

from ys_analytics import reporting


def test_a_run_is_listed_with_what_it_holds(week, printed):
    """Rows as its manifest counts them, its findings, and each report printed from it."""
    page = printed["Harbour Income"].pdf
    [entry] = reporting.list_runs(page.parent.parent)
    frames = json.loads((page.parent / "manifest.json").read_text())["frames"].values()
    assert (entry.week, entry.rows) == (week.name, sum(frame["rows"] for frame in frames))
    assert (entry.count_failed("critical"), entry.count_failed("warning")) == (0, 0)
    assert set(entry.pages) == {one.pdf.stem for one in printed.values()}
    assert entry.problem == ""


def test_weeks_come_newest_first_and_one_that_was_not_checked_says_so(week, tmp_path):
    """A run without findings is not a clean one."""
    older = tmp_path / "out" / "2026-W09"
    week.copy(tmp_path).rename(older)
    week.copy(tmp_path)
    (older / "manifest.json").write_text((older / "manifest.json").read_text().replace(week.name, "2026-W09"))
    (older / "findings.json").unlink()
    newest, oldest = reporting.list_runs(tmp_path / "out")
    assert (newest.week, newest.count_failed("critical")) == (week.name, 0)
    assert (oldest.week, oldest.count_failed("critical")) == ("2026-W09", None)
    said = week.ys("runs", folder=tmp_path).stdout
    assert "not checked yet" in said
    assert said.index(week.name) < said.index("2026-W09")


def test_a_broken_run_hides_no_other(week, tmp_path):
    """It is listed, with why it cannot be opened."""
    week.copy(tmp_path)
    torn = tmp_path / "out" / "2026-W01"
    torn.mkdir()
    (torn / "manifest.json").write_text("{")
    whole, broken = reporting.list_runs(tmp_path / "out")
    assert whole.problem == ""
    assert "not a whole manifest" in broken.problem
    assert week.ys("runs", folder=tmp_path).returncode == 0


def test_no_runs_is_said(week, tmp_path):
    """With the words that make the first."""
    done = week.ys("runs", folder=tmp_path)
    assert done.returncode == 0
    assert "ys freeze --week WEEK" in done.stderr
    assert reporting.list_runs(tmp_path / "nowhere") == []
