"""Why a page is provisional, in words.

Depends on findings. Does not stop anything.
"""

from collections.abc import Iterable

from ys_analytics.schemas import Finding

_MAX_NAMED = 3


def provisional_reasons(findings: Iterable[Finding], *others: str) -> tuple[str, ...]:
    """Reasons why a page is provisional: `others`, then the failed rules that would stop it, the first few by name."""
    stopping = [finding for finding in findings if finding.stops]
    first_reasons = [finding.in_words for finding in stopping[:_MAX_NAMED]]
    rest = [f"{len(stopping) - _MAX_NAMED} more failed checks"] if len(stopping) > _MAX_NAMED else []
    return tuple(reason for reason in (*others, *first_reasons, *rest) if reason)
