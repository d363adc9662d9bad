"""The index of all weeks: what it says of each report, where its links lead, and what a browser makes of it."""

import json
import re
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from ys_analytics.reporting import index, receipts
from ys_analytics.reporting.browser import FLAGS, require_browser

HOSTILE = '<script>alert(1)</script> & Söhne "Ω"'


def put(out, week, portfolio_id, portfolio, *, stem="", headline=None, files=True, **known):
    """A receipt in a week's folder, and the files it names."""
    folder, stem = out / week, stem or f"report-{portfolio_id}"
    (folder / receipts.FOLDER).mkdir(parents=True, exist_ok=True)
    content = (
        {folder / f"{stem}.{kind}": b"%PDF" for kind in ("html", "json", "pdf")} if not known.get("reason") else {}
    )
    for path, held in content.items() if files else ():
        path.write_bytes(held)
    receipt = receipts.receipt_of(
        content, stem=stem, portfolio_id=portfolio_id, portfolio=portfolio, key="k", headline=headline or {}, **known
    )
    receipts.path(folder, stem).write_bytes(receipt.to_json())


def numbers(value, week=0.0):
    return {"value": value, "week_return": week, "since_return": -0.0417, "underwater": -0.2624, "open_alerts": 1}


@pytest.fixture
def out(tmp_path):
    """Two weeks: three portfolios printed, one stopped, one failed, one whose files are gone, and the ranking."""
    put(tmp_path, "2026-W46", "a", "Alder", headline=numbers("100000.5"))
    put(tmp_path, "2026-W47", "a", "Alder", headline=numbers("98500.25", -0.015))
    put(tmp_path, "2026-W47", "b", HOSTILE, headline=numbers("12"), provisional=True)
    put(tmp_path, "2026-W47", "c", "Cedar", reason="stopped by transactions unique: 3 rows", stopped=True)
    put(tmp_path, "2026-W47", "d", "Dogwood", reason="took more than 8 s")
    put(tmp_path, "2026-W47", "e", "Elm", files=False)
    put(tmp_path, "2026-W47", "", "All portfolios", stem="fleet")
    (tmp_path / "notes").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def browser():
    """One browser for these tests."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(require_browser()), args=list(FLAGS))
        yield opened
        opened.close()


def test_each_report_has_its_numbers_its_change_and_its_status(out):
    """The change is against the same portfolio's week before; a dash where there is none."""
    found = {row.receipt.portfolio: row for row in index.rows(
        out, "2026-W47", receipts.read_all(out / "2026-W47"),
        {one.stem: one for one in receipts.read_all(out / "2026-W46")},
    )}  # fmt: skip
    shown = {title: text.replace("\N{NO-BREAK SPACE}", " ") for title, text in found["Alder"].numbers.items()}
    assert shown == {
        "Net value, USD": "98,500", "On the week before, USD": "−1,500", "Return of the week": "−1.50 %",  # noqa: RUF001
        "Since inception": "−4.17 %", "Below its peak": "−26.24 %", "Open alerts": "1",  # noqa: RUF001
    }  # fmt: skip
    assert found[HOSTILE].numbers["On the week before, USD"] == "—"
    assert {name: row.status for name, row in found.items()} == {
        "Alder": "printed", HOSTILE: "provisional", "Cedar": "stopped", "Dogwood": "failed", "Elm": "missing",
    }  # fmt: skip
    assert list(found)[:3] == ["Elm", "Dogwood", "Cedar"]  # what needs a look stands first


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_filters_and_follows_it(out, browser, scheme):
    """Links lead to files, a name that is markup is text, the filter hides, and axe finds nothing in either mode."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 800})
    page.goto(index.write_index(out).as_uri())
    assert page.locator("summary h2").all_text_contents() == ["2026-W47", "2026-W46"]
    for address in page.locator("details[open] a").evaluate_all("links => links.map(link => link.href)"):
        assert (out / re.sub("^.*/(?=2026-W)", "", address)).is_file()
    assert page.locator("details[open] a").count() == 9
    assert page.get_by_text(HOSTILE).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("searchbox").fill("ced")
    expect(page.locator("details[open] tbody tr:visible")).to_have_count(1)
    expect(page.get_by_text("stopped by transactions unique: 3 rows")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    found = Axe().run(page).response["violations"]
    assert json.dumps([(one["id"], [node["target"] for node in one["nodes"]]) for one in found]) == "[]"
    page.close()


def test_a_report_puts_itself_into_the_index(printed):
    """The page of weeks is there after the first batch, with the numbers of the reports."""
    folder = printed["Harbour Income"].pdf.parent
    page = (folder.parent / index.NAME).read_text()
    assert f"{folder.name}/{printed['Harbour Income'].pdf.name}" in page
    (receipt,) = [one for one in receipts.read_all(folder) if one.portfolio == "Harbour Income"]
    assert receipt.is_complete(folder)
    assert set(numbers("")) <= set(receipt.headline)


def test_a_late_start_prints_the_week_it_was_meant_for(out):
    """Every week that is over since the last one printed, the oldest first; a running week is never due."""
    assert index.due(out, now=datetime(2026, 11, 23, tzinfo=UTC)) == []
    assert index.due(out, now=datetime(2026, 11, 29, 23, 59, tzinfo=UTC)) == []
    assert index.due(out, now=datetime(2026, 11, 30, tzinfo=UTC)) == ["2026-W48"]
    assert index.due(out, now=datetime(2027, 1, 12, tzinfo=UTC))[-3:] == ["2026-W52", "2026-W53", "2027-W01"]
