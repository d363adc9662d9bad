"""Pages to PDF by one browser kept open.

Knows Playwright, Chrome's printing and PDF metadata; knows nothing of what is on a
page. No request of a page leaves the browser.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ys_analytics.errors import ReportError
from ys_analytics.reporting.browser import FLAGS, require_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# A4 less its margins, in CSS pixels: charts are drawn at the width they are printed at.
_VIEWPORT = {"width": 680, "height": 1000}
_PATIENCE_MS = 60_000


# Puts another page's content in place of this one's, and draws it.
_TURN = """
async (text) => {
  const next = new DOMParser().parseFromString(text, "text/html");
  for (const box of document.querySelectorAll(".ys-plot")) Plotly.purge(box);
  document.title = next.title;
  const own = "style[data-page], meta[name]";
  for (const old of document.head.querySelectorAll(own)) old.remove();
  for (const fresh of next.head.querySelectorAll(own)) document.head.append(document.adoptNode(fresh));
  document.body.replaceWith(document.adoptNode(next.body));
  await ysDraw();
  return document.querySelectorAll(".ys-plot:not(:has(svg.main-svg))").length;
}
"""


@dataclass(frozen=True, slots=True)
class Printer:
    """An open browser, one page of which takes every report in turn."""

    page: "Page"

    def to_pdf(self, html: str) -> bytes:
        """Print a page, once all its charts are drawn: tagged, with an outline.

        Raises:
            ReportError: a chart failed to draw, or the browser gave up.
        """
        from playwright.sync_api import Error

        try:
            empty = self.page.evaluate(_TURN, html)
            if empty:
                raise ReportError(f"{empty} charts of the page stayed empty")
            return self.page.pdf(
                format="A4", print_background=True, prefer_css_page_size=True, tagged=True, outline=True
            )
        except Error as error:
            raise ReportError(f"the browser failed to print the page: {str(error).splitlines()[0]}") from error


@contextmanager
def open_printer(press: str) -> Iterator[Printer]:
    """A browser for as long as there are pages to print.

    Args:
        press: The page through which all others are printed; it holds the script that draws charts.

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
            page = browser.new_page(viewport=_VIEWPORT, reduced_motion="reduce", timezone_id="UTC", locale="en-GB")  # type: ignore[arg-type]
            page.set_default_timeout(_PATIENCE_MS)
            page.route("**/*", _nothing)
            page.set_content(press)
            page.emulate_media(media="print")
            yield Printer(page)
        finally:
            browser.close()


def _nothing(route: "Route") -> None:
    """A page holds all it needs: whatever it asks for is refused."""
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
            "/Title": title,
            "/Author": author,
            "/Subject": subject,
            "/Creator": "ys-analytics",
            "/Producer": "Chromium, pypdf",
            "/CreationDate": stamp,
            "/ModDate": stamp,
        }
    )
    writer.create_viewer_preferences()
    if writer.viewer_preferences is not None:
        writer.viewer_preferences[NameObject("/DisplayDocTitle")] = BooleanObject(value=True)
    writer.add_attachment(*twin)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
