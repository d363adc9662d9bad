"""Findings of a run's checks: read, listed, and selected where they affect what a page shows.

Reads a run's findings; checks nothing itself.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from ys_analytics.frames import findings as run_findings
from ys_analytics.schemas import Finding
from ys_analytics.schemas.finding import SEVERITIES

_CROSS_STORE = "cross_store"
_TIME_COLUMNS = {"day", "timestamp"}
# How many rows a finding counted, with which its text begins.
_ROW_COUNT = re.compile(r"[\d,]+(?: of [\d,]+)? (?:found|rows?)")
_FINDING = {
    "suite": pl.String,
    "rule": pl.String,
    "column": pl.String,
    "severity": pl.String,
    "outcome": pl.String,
    "notes": pl.String,
    "observed": pl.String,
    "rows": pl.Int64,
    "checked": pl.Int64,
}


def read(folder: Path | None) -> list[Finding]:
    """Findings of a run's suites; empty when live, not checked, or checked only in part."""
    if folder is None or not run_findings.is_complete(folder):
        return []
    return run_findings.read(folder)


def for_portfolio(findings: Iterable[Finding], portfolio: str) -> list[Finding]:
    """The same findings, each with this portfolio's own row as its example instead of another's.

    A report is sent to the portfolio's owner: the ids and figures of other portfolios are no business of its reader.

    Args:
        findings: Findings of a run.
        portfolio: Id of the portfolio.

    >>> found = Finding(
    ...     suite="cross_store",
    ...     rule="risks agree",
    ...     severity="warning",
    ...     outcome="failed",
    ...     notes="",
    ...     observed="2 rows, such as portfolio_id p, risk 0.5",
    ...     rows=2,
    ...     sample=[{"portfolio_id": "p", "risk": "0.5"}, {"portfolio_id": "q", "risk": "0.7"}],
    ... )
    >>> [for_portfolio([found], each)[0].observed for each in "qz"]
    ['2 rows, such as risk 0.7', '2 rows, of other portfolios']
    """
    return [_with_own_example(finding, portfolio) for finding in findings]


def _with_own_example(finding: Finding, portfolio: str) -> Finding:
    counted = _ROW_COUNT.match(finding.observed)
    if counted is None or not any("portfolio_id" in row for row in finding.sample):
        return finding
    own = next((row for row in finding.sample if row.get("portfolio_id") == portfolio), None)
    if own is None:
        every_row_is_known = len(finding.sample) >= finding.rows
        return replace(finding, observed=f"{counted[0]}, of other portfolios" if every_row_is_known else counted[0])
    if "said" in own:
        return replace(finding, observed=f"{counted[0]}: {own['said']}")
    facts = ", ".join(f"{name} {value}" for name, value in own.items() if value and name != "portfolio_id")
    return replace(finding, observed=f"{counted[0]}, such as {facts}" if facts else counted[0])


def listed(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as rows, failures first, the highest severity first among them."""
    rows = [{name: getattr(finding, name) for name in _FINDING} for finding in sorted(findings, key=_sort_key)]
    return pl.DataFrame(rows, schema=_FINDING)


def suites(findings: pl.DataFrame) -> pl.DataFrame:
    """Count each suite's rules: all, passed, failed, untested, and the highest severity that failed.

    A rule over no rows counts as untested. The columns' names are those of the data JSON.

    Args:
        findings: What `listed` gave.
    """
    outcome, checked = pl.col("outcome"), pl.col("checked")
    worst = pl.col("severity").filter(outcome != "passed").first()
    return (
        findings.group_by("suite", maintain_order=True)
        .agg(
            promises=pl.len().cast(pl.Int64),
            kept=((outcome == "passed") & (checked != 0)).sum().cast(pl.Int64),
            broken=(outcome == "failed").sum().cast(pl.Int64),
            untested=((outcome == "error") | ((outcome == "passed") & (checked == 0))).sum().cast(pl.Int64),
            gravest=worst,
        )
        .sort("broken", "suite", descending=[True, False])
    )


def warnings(
    findings: Iterable[Finding],
    tables: Collection[str],
    *,
    portfolio: str,
    assets: Mapping[str, str],
    since: datetime | None = None,
) -> tuple[str, ...]:
    """A line for each failed rule on some tables that affects a portfolio, the highest severity first.

    A finding affects a portfolio whose numbers rest on its rows (`Finding.affects_portfolio`), unless each of its
    rows is known and none is later than a moment. Findings of severity info are left to the list of findings.

    Args:
        findings: Findings of a run.
        tables: Which tables a view is made from; a finding of `cross_store` counts where it names one of them.
        portfolio: Id of the portfolio.
        assets: Symbols of its assets, by id.
        since: Findings wholly before it are left out; None takes all of history.

    >>> gap = Finding(
    ...     suite="portfolio_snapshots",
    ...     rule="no_gap(timestamp)",
    ...     severity="warning",
    ...     outcome="failed",
    ...     notes="Volatility is understated. Fill it.",
    ...     observed="9 days missing",
    ...     rows=1,
    ...     portfolios=["p"],
    ... )
    >>> warnings([gap], {"portfolio_snapshots"}, portfolio="p", assets={})
    ('Warning, portfolio_snapshots: 9 days missing.',)
    >>> warnings([gap], {"portfolio_snapshots"}, portfolio="q", assets={})
    ()
    """
    failed = (
        finding
        for finding in findings
        if finding.outcome != "passed" and finding.severity != "info" and _concerns(finding, tables)
    )
    relevant = (
        finding
        for finding in failed
        if finding.affects_portfolio(portfolio) and (since is None or _has_rows_since(finding, since))
    )
    return tuple(dict.fromkeys(_as_line(finding, assets) for finding in sorted(relevant, key=_sort_key)))


def _sort_key(finding: Finding) -> tuple[bool, int, str, str, str]:
    return (
        finding.outcome == "passed",
        SEVERITIES.index(finding.severity),
        finding.suite,
        finding.rule,
        finding.column,
    )


def _concerns(finding: Finding, tables: Collection[str]) -> bool:
    """Whether a finding is about any of the tables; one across stores names each of its columns with its table."""
    if finding.suite != _CROSS_STORE:
        return finding.suite in tables
    return any(place.strip().split(".")[0] in tables for place in finding.column.split(","))


def _has_rows_since(finding: Finding, since: datetime) -> bool:
    """Whether a failing row is as late as a moment, or may be because not all of them are known."""
    moments = [row["timestamp"] for row in finding.sample if "timestamp" in row]
    every_row_is_known = bool(moments) and len(moments) == len(finding.sample) >= finding.rows
    return not every_row_is_known or any(datetime.fromisoformat(value) >= since for value in moments)


def _as_line(finding: Finding, assets: Mapping[str, str]) -> str:
    """A finding in a line: severity, suite, assets, days and what was observed."""
    observed = re.sub(r"^[\d,]+ found: ", "", finding.observed).rstrip(".") or f"{finding.rule} is broken"
    symbols = dict.fromkeys(assets[row["asset_id"]] for row in finding.sample if row.get("asset_id") in assets)
    # A row that is a day of a table has nothing else to be found by.
    moments = sorted(row.get("day") or row["timestamp"][:10] for row in finding.sample if row.keys() & _TIME_COLUMNS)
    has_subject = symbols or any(row.get("day") for row in finding.sample)
    days = list(dict.fromkeys((moments[0], moments[-1]))) if has_subject and moments else []
    subject = ", ".join([finding.suite, *symbols, " to ".join(days)]).removesuffix(", ")
    return f"{finding.severity.capitalize()}, {subject}: {observed}."
