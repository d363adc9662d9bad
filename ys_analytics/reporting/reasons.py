"""Why a page is provisional, in words.

Depends on findings. Does not stop anything.
"""

from collections.abc import Iterable

from ys_analytics.schemas import Finding

_NAMED = 3


def provisional_reasons(findings: Iterable[Finding], *others: str) -> tuple[str, ...]:
    """The rules that failed and would have stopped a page, the first few by name, after other reasons."""
    broken = [finding for finding in findings if finding.stops]
    named = [f"{finding.suite} {finding.rule}: {finding.observed or finding.outcome}" for finding in broken[:_NAMED]]
    more = [f"{len(broken) - _NAMED} more broken promises"] if len(broken) > _NAMED else []
    return tuple(reason for reason in (*others, *named, *more) if reason)
