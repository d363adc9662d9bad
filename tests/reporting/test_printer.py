"""The browser that prints: opened once, refused in one line, closed whatever happens."""

import stat

import pytest

from ys_analytics.errors import ReportError
from ys_analytics.reporting import page
from ys_analytics.reporting.printer import open_printer


def test_a_browser_that_does_not_start_is_an_error_of_the_page(tmp_path, monkeypatch):
    """It starts while a page is made, so the page hears of it: one line, and nothing is left waiting."""
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr("ys_analytics.reporting.printer.require_browser", lambda: broken)
    with (
        open_printer(page.printing_page(), page.library()) as printer,
        pytest.raises(ReportError, match=r"^chromium does not start: .*; run: ys doctor$"),
    ):
        printer.to_pdf("<p>Nothing to draw</p>")


def test_a_printer_that_is_not_asked_is_closed():
    """A batch that is stopped before its first page leaves no browser behind."""
    with open_printer(page.printing_page(), page.library()) as printer:
        pass
    assert printer._browser.result().loop.is_closed()
