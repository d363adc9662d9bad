"""Findings on a terminal: a table for people; knows colours and words, and checks nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ys_analytics.quality import report_gate
from ys_analytics.quality.findings import by_severity
from ys_analytics.schemas import Finding

# Some readers see no colours, so each has a sign.
_SIGN = {"critical": ("✖", "bold red"), "warning": ("▲", "yellow"), "info": ("·", "cyan")}


def table(
    findings: Sequence[Finding],
    *,
    since: Mapping[tuple[str, str], datetime] | None = None,
    names: Mapping[str, str] | None = None,
) -> Group:
    """The rules that failed, the most severe first, with the portfolios affected, and one line of counts.

    Args:
        findings: The findings.
        since: First run of the present streak of each broken rule (`History.since`).
        names: Name of each portfolio by its id; ids are shown where it is left out.
    """
    not_passed = by_severity(findings)
    rows = Table(box=None, header_style="bold", pad_edge=False, expand=False)
    for head in ("", "where", "rule", "what was seen", "whose", "what it does"):
        rows.add_column(head, overflow="fold")
    for finding in not_passed:
        sign, colour = _SIGN[finding.severity]
        first = (since or {}).get((finding.suite, finding.rule))
        observed = (f"could not run: {finding.observed}" if finding.outcome == "error" else finding.observed) + (
            f" (since {first:%Y-%m-%d})" if first else ""
        )
        affected = Text(report_gate.affected_portfolios(finding, names))
        rows.add_row(
            Text(sign, style=colour),
            finding.suite,
            Text(finding.rule, style=colour),
            Text(observed),
            affected,
            finding.notes,
        )
    if not not_passed:
        return Group(Text(summary(findings), style="bold green"))
    stopping = [finding for finding in not_passed if finding.stops]
    closing_lines = (
        [Text(f"stopped: {report_gate.affected_reports(stopping, names)}", style="bold red")] if stopping else []
    )
    return Group(rows, Text(summary(findings), style="bold"), *closing_lines)


def summary(findings: Sequence[Finding]) -> str:
    """One line that counts everything.

    >>> summary([])
    '0 checks of 0 suites: 0 passed'
    """
    outcomes = Counter(finding.outcome for finding in findings)
    stopping = sum(finding.stops for finding in findings)
    without_rows = sum(finding.is_vacuous for finding in findings)
    parts = [f"{outcomes['passed'] - without_rows:,} passed"]
    parts += [f"{without_rows:,} had nothing to check"] if without_rows else []
    parts += [f"{outcomes['failed']:,} failed"] if outcomes["failed"] else []
    parts += [f"{outcomes['error']:,} could not run"] if outcomes["error"] else []
    parts += [f"{stopping:,} stop a report"] if stopping else []
    suites = len({finding.suite for finding in findings})
    return f"{len(findings):,} checks of {suites} {'suite' if suites == 1 else 'suites'}: {', '.join(parts)}"
