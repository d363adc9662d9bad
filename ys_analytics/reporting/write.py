"""Pages printed and put in place: HTML, data JSON and PDF of each, whole or not at all.

Depends on a printer and the output folder. Does not execute notebooks.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ys_analytics.errors import RunError
from ys_analytics.reporting import output, page, receipts
from ys_analytics.reporting.page import PageInfo
from ys_analytics.reporting.pdf import with_papers
from ys_analytics.reporting.printer import Printer

if TYPE_CHECKING:
    from ys_analytics.frames import Run
    from ys_analytics.quality import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One portfolio's report, or the ranking of all.

    Attributes:
        portfolio_id: Whose; empty of the ranking.
        portfolio: What the owner calls it.
        pdf: For paper.
        html: For a screen; needs no network.
        json: For machines: every number of the other two.
    """

    portfolio_id: str
    portfolio: str
    pdf: Path
    html: Path
    json: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Puts pages of one run in place.

    Attributes:
        run: The week.
        about: Of which run and by which suites the findings are.
        printer: The open browser.
        scratch: A folder for what is not whole yet.
    """

    run: "Run"
    about: "Subject"
    printer: Printer
    scratch: Path

    def write(
        self, info: PageInfo, html: str, data: bytes, *, stem: str, key: str, pdf: bytes | None = None
    ) -> Printed:
        """Print a page and put its three files in place under one stem, and their receipt.

        Args:
            info: What the page says of itself.
            html: The page.
            data: Its data JSON.
            stem: Of the files' names.
            key: Of all it was made from.
            pdf: As a browser printed it, where one did already.

        Raises:
            ReportError: the browser failed.
            RunError: the week was frozen or checked again meanwhile.
        """
        files = named(self.run.folder, stem, portfolio_id=info.portfolio_id, portfolio=info.portfolio)
        pdf = with_papers(
            self.printer.to_pdf(html) if pdf is None else pdf,
            title=info.heading,
            author=info.publisher,
            subject=f"{info.title}, {info.week}",
            made=info.as_of,
            attached=(files.json.name, data),
        )
        refuse_other_run(self.run, self.about)
        content = {files.html: page.with_script(html).encode(), files.json: data, files.pdf: pdf}
        receipt = receipts.receipt_of(
            content, stem=stem, portfolio_id=info.portfolio_id, portfolio=info.portfolio, key=key,
            provisional=bool(info.provisional), headline=receipts.headline_of(data),
        )  # fmt: skip
        put = {**content, receipts.path(self.run.folder, stem): receipt.to_json()}
        output.put(put, folder=self.run.folder, through=self.scratch)
        return files


def named(folder: Path, stem: str, *, portfolio_id: str, portfolio: str) -> Printed:
    """The three files of a page, whether they are there or not."""
    pdf, html, data = (folder / f"{stem}.{kind}" for kind in ("pdf", "html", "json"))
    return Printed(portfolio_id=portfolio_id, portfolio=portfolio, pdf=pdf, html=html, json=data)


def refuse_other_run(run: "Run", about: "Subject") -> None:
    """Refuse to put a page with another run than the one whose findings were read.

    Raises:
        RunError: the week was frozen or checked again meanwhile.
    """
    from ys_analytics import quality

    if not quality.judged_whole(run.folder, about):
        raise RunError(f"{run.folder.name} was frozen or checked again while it was printed; print it again")
