"""Pages to PDF by one browser kept open.

Knows Playwright, Chrome's printing and PDF metadata; knows nothing of what is on a
page. No request of a page leaves the machine: all but files are refused.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ys_analytics.errors import ReportError
from ys_analytics.reporting.browser import FLAGS, require_browser

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

# A4 less its margins, in CSS pixels: charts are drawn at the width they are printed at.
_VIEWPORT = {"width": 680, "height": 1000}
_PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Printer:
    """An open browser."""

    context: "BrowserContext"

    def to_pdf(self, page_file: Path) -> bytes:
        """Print a page whose charts have all been drawn: tagged, with an outline.

        Raises:
            ReportError: a chart failed to draw, or the browser gave up.
        """
        from playwright.sync_api import Error

        page = self.context.new_page()
        try:
            page.emulate_media(media="print")
            page.goto(page_file.resolve().as_uri(), wait_until="load")
            page.wait_for_function("document.documentElement.dataset.drawn", timeout=_PATIENCE_MS)
            drawn = page.evaluate("document.documentElement.dataset.drawn")
            if drawn != "yes":
                raise ReportError(f"{page_file.name}: a chart could not be drawn: {drawn.removeprefix('no: ')}")
            return page.pdf(format="A4", print_background=True, prefer_css_page_size=True, tagged=True, outline=True)
        except Error as error:
            raise ReportError(
                f"{page_file.name}: the browser failed to print it: {str(error).splitlines()[0]}"
            ) from error
        finally:
            page.close()


@contextmanager
def open_printer() -> Iterator[Printer]:
    """A browser for as long as there are pages to print.

    Raises:
        ReportError: there is no browser, or it does not start.
    """
    from playwright.sync_api import Error, sync_playwright

    path = require_browser()
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=str(path), args=list(FLAGS))
        except Error as error:
            raise ReportError(f"{path.name} does not start: {str(error).splitlines()[0]}; run: ys doctor") from error
        try:
            context = browser.new_context(
                viewport=_VIEWPORT, reduced_motion="reduce", timezone_id="UTC", locale="en-GB"
            )  # type: ignore[arg-type]
            context.route("**/*", _only_files)
            yield Printer(context)
        finally:
            browser.close()


def _only_files(route: "Route") -> None:
    if route.request.url.startswith(("file:", "data:", "blob:")):
        route.continue_()
    else:
        route.abort()


def finished(pdf: bytes, *, title: str, author: str, subject: str, made: datetime, twin: tuple[str, bytes]) -> bytes:
    """The PDF with its papers: title, author, the moment its data were read, and its twin attached.

    The browser stamps the clock and itself; the run's own time stands there instead.
    """
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import BooleanObject, NameObject

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    stamp = f"D:{made:%Y%m%d%H%M%S}+00'00'"
    writer.add_metadata(
        {
            "/Title": title, "/Author": author, "/Subject": subject, "/Creator": "ys-analytics", "/Producer": "Chromium, pypdf",
            "/CreationDate": stamp, "/ModDate": stamp,
        }
    )  # fmt: skip
    writer.create_viewer_preferences()
    if writer.viewer_preferences is not None:
        writer.viewer_preferences[NameObject("/DisplayDocTitle")] = BooleanObject(value=True)
    writer.add_attachment(*twin)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
