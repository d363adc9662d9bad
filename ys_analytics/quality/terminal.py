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

# Colours alone say nothing to some of us, so each carries a sign.
_SIGN = {"critical": ("✖", "bold red"), "warning": ("▲", "yellow"), "info": ("·", "cyan")}


def table(
    found: Sequence[Finding],
    *,
    since: Mapping[tuple[str, str], datetime] | None = None,
    names: Mapping[str, str] | None = None,
) -> Group:
    """What is broken, the most severe first, whose numbers rest on it, and one line that counts everything.

    Args:
        found: The findings.
        since: First run of the present streak of each broken rule (`History.since`).
        names: Name of each portfolio by its id; ids are shown where it is left out.
    """
    broken = by_severity(found)
    rows = Table(box=None, header_style="bold", pad_edge=False, expand=False)
    for head in ("", "where", "rule", "what was seen", "whose", "what it does"):
        rows.add_column(head, overflow="fold")
    for each in broken:
        sign, colour = _SIGN[each.severity]
        first = (since or {}).get((each.suite, each.rule))
        seen = (f"could not run: {each.observed}" if each.outcome == "error" else each.observed) + (
            f" (since {first:%Y-%m-%d})" if first else ""
        )
        whose = Text(report_gate.reach(each, names))
        rows.add_row(Text(sign, style=colour), each.suite, Text(each.rule, style=colour), Text(seen), whose, each.notes)
    if not broken:
        return Group(Text(summary(found), style="bold green"))
    stopping = [each for each in broken if each.stops]
    last = [Text(f"stopped: {report_gate.whom(stopping, names)}", style="bold red")] if stopping else []
    return Group(rows, Text(summary(found), style="bold"), *last)


def summary(found: Sequence[Finding]) -> str:
    """One line that counts everything.

    >>> summary([])
    '0 checks of 0 suites: 0 passed'
    """
    outcomes = Counter(each.outcome for each in found)
    stopping = sum(each.stops for each in found)
    vacuous = sum(each.vacuous for each in found)
    parts = [f"{outcomes['passed'] - vacuous:,} passed"]
    parts += [f"{vacuous:,} had nothing to check"] if vacuous else []
    parts += [f"{outcomes['failed']:,} failed"] if outcomes["failed"] else []
    parts += [f"{outcomes['error']:,} could not run"] if outcomes["error"] else []
    parts += [f"{stopping:,} stop a report"] if stopping else []
    suites = len({each.suite for each in found})
    return f"{len(found):,} checks of {suites} {'suite' if suites == 1 else 'suites'}: {', '.join(parts)}"
