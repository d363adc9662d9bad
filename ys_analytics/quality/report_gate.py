"""Whose report a failed rule stops: the portfolios whose numbers rest on the rows at fault, and only those.

Depends on findings that name their portfolios. Checks nothing and prints nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from ys_analytics.schemas import Finding

# Failed rules, and portfolios, that one line names.
_NAMED, _PEOPLE = 5, 3


def stopped(found: Iterable[Finding], portfolios: Iterable[str]) -> dict[str, tuple[Finding, ...]]:
    """The critical findings that stop each portfolio's report, by portfolio; those that none stops are left out.

    Args:
        found: The findings of a run.
        portfolios: Ids of the portfolios whose reports are asked for.

    >>> twice = Finding(
    ...     suite="transactions",
    ...     rule="unique(id)",
    ...     severity="critical",
    ...     outcome="failed",
    ...     notes="It hurts.",
    ...     portfolios=["a"],
    ... )
    >>> list(stopped([twice], ["a", "b"]))
    ['a']
    """
    stopping = [one for one in found if one.stops]
    by_portfolio = {each: tuple(one for one in stopping if one.touches(each)) for each in portfolios}
    return {each: reasons for each, reasons in by_portfolio.items() if reasons}


def named(found: Sequence[Finding]) -> str:
    """Failed rules in one line, the first few by name."""
    listed = "; ".join(f"{one.suite} {one.rule}: {one.observed or one.outcome}" for one in found[:_NAMED])
    return listed + (f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else "")


def whom(found: Sequence[Finding], names: Mapping[str, str] | None = None) -> str:
    """Whose reports failed rules stop, in words.

    Args:
        found: The failed rules.
        names: Name of each portfolio by its id; ids are shown where it is left out.
    """
    shared = [one for one in found if one.portfolios is None]
    if shared:
        why = next((f" ({one.everybody})" for one in shared if one.everybody), "")
        return f"every report rests on them{why}"
    ids = sorted({each for one in found for each in one.portfolios or ()})
    if not ids:
        return "no portfolio's numbers rest on them"
    return f"{len(ids)} {'report rests' if len(ids) == 1 else 'reports rest'} on them: {people(ids, names)}"


def people(ids: Sequence[str], names: Mapping[str, str] | None = None) -> str:
    """Portfolios by name, the first few of them.

    >>> people(["a", "b", "c", "d"], {"a": "Alder"})
    "'Alder', b, c and 1 more"
    """
    shown = [repr(names[each]) if names and each in names else each for each in ids[:_PEOPLE]]
    return ", ".join(shown) + (f" and {len(ids) - _PEOPLE:,} more" if len(ids) > _PEOPLE else "")


def reach(finding: Finding, names: Mapping[str, str] | None = None) -> str:
    """Whose numbers rest on the rows of one failed rule, in words: for a column of a table.

    >>> reach(Finding(suite="assets", rule="unique(id)", severity="critical", outcome="failed", notes="It hurts."))
    'all portfolios'
    """
    if finding.portfolios is None:
        return "all portfolios" + (f" ({finding.everybody})" if finding.everybody else "")
    return people(finding.portfolios, names) if finding.portfolios else "none"
