"""Pages printed and put in place: HTML, data JSON and PDF of each, whole or not at all.

Depends on a printer and the output folder. Does not execute notebooks.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ys_analytics.errors import RunError
from ys_analytics.reporting import output, page, receipts
from ys_analytics.reporting.page import PageInfo
from ys_analytics.reporting.pdf import with_metadata
from ys_analytics.reporting.printer import Printer

if TYPE_CHECKING:
    from ys_analytics.frames import Run
    from ys_analytics.quality import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPage:
    """One portfolio's report, or the ranking of all.

    Attributes:
        portfolio_id: The portfolio's id; empty for the ranking.
        portfolio: Its name.
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
        subject: The run and the suites that the findings are of.
        printer: The open browser.
        scratch: A folder for files that are not complete yet.
    """

    run: "Run"
    subject: "Subject"
    printer: Printer
    scratch: Path

    def write(
        self, info: PageInfo, html: str, data: bytes, *, stem: str, key: str, pdf: bytes | None = None
    ) -> PrintedPage:
        """Print a page and put its three files in place under one stem, and their receipt.

        Args:
            info: Portfolio, week and title.
            html: The page.
            data: Its data JSON.
            stem: Of the files' names.
            key: Hash of all it was made from.
            pdf: As a browser printed it, where one did already.

        Raises:
            ReportError: the browser failed.
            RunError: the week was frozen or checked again meanwhile.
        """
        files = report_files(self.run.folder, stem, portfolio_id=info.portfolio_id, portfolio=info.portfolio)
        pdf = with_metadata(
            self.printer.to_pdf(html) if pdf is None else pdf,
            title=info.heading,
            author=info.publisher,
            subject=f"{info.title}, {info.week}",
            as_of=info.as_of,
            attachment=(files.json.name, data),
        )
        refuse_other_run(self.run, self.subject)
        content = {files.html: page.with_script(html).encode(), files.json: data, files.pdf: pdf}
        receipt = receipts.receipt_of(
            content, stem=stem, portfolio_id=info.portfolio_id, portfolio=info.portfolio, key=key,
            provisional=bool(info.provisional), headline=receipts.headline_of(data),
        )  # fmt: skip
        all_files = {**content, receipts.path(self.run.folder, stem): receipt.to_json()}
        output.put(all_files, folder=self.run.folder, staging=self.scratch)
        return files


def report_files(folder: Path, stem: str, *, portfolio_id: str, portfolio: str) -> PrintedPage:
    """The three files of a page, whether they are there or not."""
    pdf, html, data = (folder / f"{stem}.{kind}" for kind in ("pdf", "html", "json"))
    return PrintedPage(portfolio_id=portfolio_id, portfolio=portfolio, pdf=pdf, html=html, json=data)


def refuse_other_run(run: "Run", subject: "Subject") -> None:
    """Refuse to put a page with another run than the one whose findings were read.

    Raises:
        RunError: the week was frozen or checked again meanwhile.
    """
    from ys_analytics import quality

    if not quality.has_complete_findings(run.folder, subject):
        raise RunError(f"{run.folder.name} was frozen or checked again while it was printed; print it again")
