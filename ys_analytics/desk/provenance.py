"""Provenance of a page: versions, settings, metrics not shown and formulas, as frames.

Asks git and the catalogue; computes no number.
"""

import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version

import polars as pl

from ys_analytics.frames import git_commit
from ys_analytics.metrics import catalog


def refusals(measures: pl.DataFrame, others: Iterable[tuple[str, str, str]]) -> pl.DataFrame:
    """Metrics not shown: title, window and reason.

    Args:
        measures: What `returns.compared` gave.
        others: More of them: title, window, reason.
    """
    windows = (("week", "the week"), ("since", "since inception"))
    rows = [
        (row["title"], window_title, row[f"{name}_reason"])
        for name, window_title in windows
        for row in measures.iter_rows(named=True)
        if row[f"{name}_reason"]
    ]
    refused = pl.DataFrame(
        [*rows, *others], schema={"title": pl.String, "window": pl.String, "reason": pl.String}, orient="row"
    )
    # Metrics that share a reason are one row.
    return (
        refused.group_by("window", "reason", maintain_order=True)
        .agg(title=pl.col("title").str.join(", "))
        .select("title", "window", "reason")
    )


def glossary() -> pl.DataFrame:
    """Formula, unit, least sample and source of every metric in the report."""
    return pl.DataFrame(
        [
            {
                "title": metric.title,
                "formula": metric.formula,
                "unit": metric.unit,
                "minimum": metric.minimum,
                "source": metric.source,
            }
            for metric in catalog.HEADLINE
        ]
    )


def software_and_settings(facts: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """Versions and settings a number may depend on."""
    program_facts = [
        ("Program", f"ys-analytics {version('ys-analytics')}"),
        ("Commit", commit()),
        ("Python, Polars", f"{platform.python_version()}, {version('polars')}"),
    ]
    return pl.DataFrame([*facts, *program_facts], schema={"name": pl.String, "value": pl.String}, orient="row")


@cache
def commit() -> str:
    """The commit the program was run from, and whether files differed from it when this process first asked."""
    revision, _, changes = git_commit().partition("-")
    if not revision:
        return "not a git checkout"
    return f"{revision[:12]}, with changes" if changes else revision[:12]
