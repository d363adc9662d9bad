"""Pages to PDF by one browser kept open, several of whose pages print at a time.

Depends on Playwright and Chromium's printing. Does not know what is on a page. No request of a page leaves the browser.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ys_analytics.errors import ReportError
from ys_analytics.reporting.browser import FLAGS, require_browser
from ys_analytics.reporting.page import read

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

# A4 less its margins, in CSS pixels: charts are drawn at the width they are printed at.
_VIEWPORT = {"width": 680, "height": 1000}
_TIMEOUT_MS = 60_000


@dataclass(frozen=True, slots=True)
class _StartedBrowser:
    """A browser that has started, in a loop that runs in another thread.

    Attributes:
        pages: Those that are open and free.
        loop: The loop.
        done: Set when the browser is to close.
    """

    pages: "asyncio.Queue[Page]"
    loop: asyncio.AbstractEventLoop
    done: asyncio.Event


class Printer:
    """A browser, each of whose pages takes one report after another; may be used by several threads."""

    def __init__(self, browser: "Future[_StartedBrowser]", library: str) -> None:
        """Of a browser that may still be starting, and the library that draws charts."""
        self._browser, self._library = browser, library

    def to_pdf(self, html: str) -> bytes:
        """Print a page, once all its charts are drawn: tagged, with an outline.

        Raises:
            ReportError: the browser does not start, a chart failed to draw, or the browser gave up.
        """
        browser = self._browser.result()
        return asyncio.run_coroutine_threadsafe(self._print(html, browser.pages), browser.loop).result()

    async def _print(self, html: str, pages: "asyncio.Queue[Page]") -> bytes:
        from playwright.async_api import Error

        page = await pages.get()
        try:
            empty_charts = await page.evaluate(read("replace.js"), html)
            if empty_charts is None:
                await page.add_script_tag(content=self._library)
                empty_charts = await page.evaluate(read("replace.js"), html)
            if empty_charts:
                raise ReportError(f"{empty_charts} charts of the page stayed empty")
            return await page.pdf(
                format="A4", print_background=True, prefer_css_page_size=True, tagged=True, outline=True
            )
        except Error as error:
            raise ReportError(f"the browser failed to print the page: {str(error).splitlines()[0]}") from error
        finally:
            pages.put_nowait(page)


@contextmanager
def open_printer(printing_page: str, library: str, *, pages: int = 1) -> Iterator[Printer]:
    """A browser for as long as there are pages to print; it starts while the first page is made.

    Args:
        printing_page: The page through which all others are printed.
        library: The script that draws charts: two seconds of CPU, spent when the first page comes that has one.
        pages: How many print at a time.

    Raises:
        ReportError: there is no browser. One that does not start is an error of the first page.
    """
    path = require_browser()
    started: Future[_StartedBrowser] = Future()

    async def serve() -> None:
        try:
            async with _browser(str(path), printing_page, pages) as free_pages:
                browser = _StartedBrowser(free_pages, asyncio.get_running_loop(), asyncio.Event())
                started.set_result(browser)
                await browser.done.wait()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    # A thread of its own, since whoever calls may have an event loop running.
    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="printer", daemon=True)
    thread.start()
    try:
        yield Printer(started, library)
    finally:
        if started.exception() is None:
            browser = started.result()
            browser.loop.call_soon_threadsafe(browser.done.set)
        thread.join()


@asynccontextmanager
async def _browser(path: str, printing_page: str, pages: int) -> "AsyncIterator[asyncio.Queue[Page]]":
    """A browser's pages, each ready to print."""
    from playwright.async_api import Error, async_playwright

    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        except Error as error:
            name = path.rsplit("/", 1)[-1]
            raise ReportError(f"{name} does not start: {str(error).splitlines()[0]}; run: ys doctor") from error
        try:
            free_pages: asyncio.Queue[Page] = asyncio.Queue()
            for _ in range(pages):
                page = await browser.new_page(
                    viewport=_VIEWPORT,  # type: ignore[arg-type]
                    reduced_motion="reduce", timezone_id="UTC", locale="en-GB",
                )  # fmt: skip
                page.set_default_timeout(_TIMEOUT_MS)
                await page.route("**/*", _abort_request)
                await page.set_content(printing_page)
                await page.emulate_media(media="print")
                free_pages.put_nowait(page)
            yield free_pages
        finally:
            await browser.close()


async def _abort_request(route: "Route") -> None:
    """Refuse a request: a page holds all it needs."""
    await route.abort()
