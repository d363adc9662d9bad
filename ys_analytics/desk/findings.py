"""Findings of a run's checks: read, listed, and selected where they affect what a page shows.

Reads a run's findings; checks nothing itself.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from ys_analytics.frames import findings as run_findings
from ys_analytics.schemas import Finding
from ys_analytics.schemas.finding import SEVERITIES

_CROSS_STORE = "cross_store"
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

    A finding touches a portfolio whose numbers rest on its rows (`Finding.touches`), unless each of its rows is
    known and none is later than a moment. Findings of severity info are left to the list of findings.

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
        if finding.touches(portfolio) and (since is None or _has_rows_since(finding, since))
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
    return not every_row_is_known or any(datetime.fromisoformat(each) >= since for each in moments)


def _as_line(finding: Finding, assets: Mapping[str, str]) -> str:
    """A finding in a line: severity, suite, assets, days and what was observed."""
    observed = re.sub(r"^[\d,]+ found: ", "", finding.observed).rstrip(".") or f"{finding.rule} is broken"
    symbols = dict.fromkeys(assets[row["asset_id"]] for row in finding.sample if row.get("asset_id") in assets)
    moments = sorted(row["timestamp"][:10] for row in finding.sample if row.get("timestamp"))
    days = [] if not symbols or not moments else list(dict.fromkeys((moments[0], moments[-1])))
    subject = ", ".join([finding.suite, *symbols, " to ".join(days)]).removesuffix(", ")
    return f"{finding.severity.capitalize()}, {subject}: {observed}."
