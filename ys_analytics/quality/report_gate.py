"""The reports that a failed rule stops: of the portfolios whose numbers depend on the failing rows, and only those.

Depends on findings that name their portfolios. Does not check or print.
"""

from collections.abc import Iterable, Mapping, Sequence

from ys_analytics.schemas import Finding

# Failed rules, and portfolios, that one line names.
_MAX_RULES, _MAX_PORTFOLIOS = 5, 3


def stopping_findings(findings: Iterable[Finding], portfolios: Iterable[str]) -> dict[str, tuple[Finding, ...]]:
    """The critical findings that stop each portfolio's report, by portfolio; those that none stops are left out.

    Args:
        findings: The findings of a run.
        portfolios: Ids of the portfolios whose reports are asked for.

    >>> twice = Finding(
    ...     suite="transactions",
    ...     rule="unique(id)",
    ...     severity="critical",
    ...     outcome="failed",
    ...     notes="It hurts.",
    ...     portfolios=["a"],
    ... )
    >>> list(stopping_findings([twice], ["a", "b"]))
    ['a']
    """
    stopping = [finding for finding in findings if finding.stops]
    by_portfolio = {
        portfolio_id: tuple(finding for finding in stopping if finding.affects_portfolio(portfolio_id))
        for portfolio_id in portfolios
    }
    return {portfolio_id: reasons for portfolio_id, reasons in by_portfolio.items() if reasons}


def list_rules(findings: Sequence[Finding]) -> str:
    """Failed rules in one line, the first few by name."""
    text = "; ".join(finding.in_words for finding in findings[:_MAX_RULES])
    return text + (f"; and {len(findings) - _MAX_RULES} more" if len(findings) > _MAX_RULES else "")


def affected_reports(findings: Sequence[Finding], names: Mapping[str, str] | None = None) -> str:
    """The reports that failed rules stop, in words.

    Args:
        findings: The failed rules.
        names: Name of each portfolio by its id; ids are shown where it is left out.
    """
    affecting_all = [finding for finding in findings if finding.portfolios is None]
    if affecting_all:
        reason = next((f" ({finding.all_reason})" for finding in affecting_all if finding.all_reason), "")
        return f"every report rests on them{reason}"
    ids = sorted({portfolio_id for finding in findings for portfolio_id in finding.portfolios or ()})
    if not ids:
        return "no portfolio's numbers rest on them"
    return f"{len(ids)} {'report rests' if len(ids) == 1 else 'reports rest'} on them: {list_portfolios(ids, names)}"


def list_portfolios(ids: Sequence[str], names: Mapping[str, str] | None = None) -> str:
    """Portfolios by name, the first few of them.

    >>> list_portfolios(["a", "b", "c", "d"], {"a": "Alder"})
    "'Alder', b, c and 1 more"
    """
    texts = [
        repr(names[portfolio_id]) if names and portfolio_id in names else portfolio_id
        for portfolio_id in ids[:_MAX_PORTFOLIOS]
    ]
    return ", ".join(texts) + (f" and {len(ids) - _MAX_PORTFOLIOS:,} more" if len(ids) > _MAX_PORTFOLIOS else "")


def affected_portfolios(finding: Finding, names: Mapping[str, str] | None = None) -> str:
    """The portfolios whose numbers depend on the rows of one failed rule, in words.

    >>> affected_portfolios(
    ...     Finding(suite="assets", rule="unique(id)", severity="critical", outcome="failed", notes="It hurts.")
    ... )
    'all portfolios'
    """
    if finding.portfolios is None:
        return "all portfolios" + (f" ({finding.all_reason})" if finding.all_reason else "")
    return list_portfolios(finding.portfolios, names) if finding.portfolios else "none"
