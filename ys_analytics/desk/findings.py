"""What the checks say of a run: read, listed, and picked out where they touch what a page shows.

Reads a run's findings; judges nothing itself.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from ys_analytics.frames import findings as written
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
    """What the suites found in a run; nothing when live, not judged, or judged only in part."""
    if folder is None or not written.whole(folder):
        return []
    return written.read(folder)


def listed(found: Iterable[Finding]) -> pl.DataFrame:
    """Findings as rows, failures first and the gravest of them first."""
    rows = [{name: getattr(one, name) for name in _FINDING} for one in sorted(found, key=_weight)]
    return pl.DataFrame(rows, schema=_FINDING)


def suites(judged: pl.DataFrame) -> pl.DataFrame:
    """How each suite fared: promises, kept, broken, untested, and the gravest broken one.

    A rule that had no row to be asked of was not tested.

    Args:
        judged: What `listed` gave.
    """
    outcome, checked = pl.col("outcome"), pl.col("checked")
    gravest = pl.col("severity").filter(outcome != "passed").first()
    return (
        judged.group_by("suite", maintain_order=True)
        .agg(
            promises=pl.len().cast(pl.Int64),
            kept=((outcome == "passed") & (checked != 0)).sum().cast(pl.Int64),
            broken=(outcome == "failed").sum().cast(pl.Int64),
            untested=((outcome == "error") | ((outcome == "passed") & (checked == 0))).sum().cast(pl.Int64),
            gravest=gravest,
        )
        .sort("broken", "suite", descending=[True, False])
    )


def warnings(
    found: Iterable[Finding],
    tables: Collection[str],
    *,
    portfolio: str,
    assets: Mapping[str, str],
    since: datetime | None = None,
) -> tuple[str, ...]:
    """A line for each broken promise about some tables that touches a portfolio, the gravest first.

    A finding touches a portfolio whose numbers rest on its rows (`Finding.touches`), unless each of its rows is
    known and none is later than a moment. What the suites call mere information is left to the list of findings.

    Args:
        found: Findings of a run.
        tables: Which tables a view is made from; a finding of `cross_store` counts where it names one of them.
        portfolio: Id of the portfolio.
        assets: Symbols of its assets, by id.
        since: What is wholly before it touches no view of today; None lets all of history speak.

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
    broken = (one for one in found if one.outcome != "passed" and one.severity != "info" and _about(one, tables))
    touching = (one for one in broken if one.touches(portfolio) and (since is None or _reaches(one, since)))
    return tuple(dict.fromkeys(_line(one, assets) for one in sorted(touching, key=_weight)))


def _weight(one: Finding) -> tuple[bool, int, str, str, str]:
    return (one.outcome == "passed", SEVERITIES.index(one.severity), one.suite, one.rule, one.column)


def _about(one: Finding, tables: Collection[str]) -> bool:
    """Whether a finding is about any of the tables; one across stores names each of its columns with its table."""
    if one.suite != _CROSS_STORE:
        return one.suite in tables
    return any(place.strip().split(".")[0] in tables for place in one.column.split(","))


def _reaches(one: Finding, since: datetime) -> bool:
    """Whether a row at fault is as late as a moment, or may be: not all of them are known."""
    moments = [row["timestamp"] for row in one.sample if "timestamp" in row]
    every_row_is_known = bool(moments) and len(moments) == len(one.sample) >= one.rows
    return not every_row_is_known or any(datetime.fromisoformat(each) >= since for each in moments)


def _line(one: Finding, assets: Mapping[str, str]) -> str:
    """What was seen, of which assets and when; why it matters stands in the list of findings."""
    seen = re.sub(r"^[\d,]+ found: ", "", one.observed).rstrip(".") or f"{one.rule} is broken"
    symbols = dict.fromkeys(assets[row["asset_id"]] for row in one.sample if row.get("asset_id") in assets)
    moments = sorted(row["timestamp"][:10] for row in one.sample if row.get("timestamp"))
    when = [] if not symbols or not moments else list(dict.fromkeys((moments[0], moments[-1])))
    about = ", ".join([one.suite, *symbols, " to ".join(when)]).removesuffix(", ")
    return f"{one.severity.capitalize()}, {about}: {seen}."
