"""What a page rests on: versions, settings, refusals and formulas, as frames.

Asks git and the catalogue; computes no number.
"""

import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version

import polars as pl

from ys_analytics.metrics import catalog
from ys_analytics.settings import PROJECT


def refusals(measures: pl.DataFrame, others: Iterable[tuple[str, str, str]]) -> pl.DataFrame:
    """Every number refused: which, over which window, and why.

    Args:
        measures: What `returns.compared` gave.
        others: More of them: title, window, reason.
    """
    windows = (("week", "the week"), ("since", "since inception"))
    rows = [
        (row["title"], shown, row[f"{name}_reason"])
        for name, shown in windows
        for row in measures.iter_rows(named=True)
        if row[f"{name}_reason"]
    ]
    listed = pl.DataFrame(
        [*rows, *others], schema={"title": pl.String, "window": pl.String, "reason": pl.String}, orient="row"
    )
    # Many numbers share one reason: a reader wants the reason once.
    return (
        listed.group_by("window", "reason", maintain_order=True)
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


def made_with(facts: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """Versions and settings a number may depend on."""
    own = [
        ("Program", f"ys-analytics {version('ys-analytics')}"),
        ("Commit", commit()),
        ("Python, Polars", f"{platform.python_version()}, {version('polars')}"),
    ]
    return pl.DataFrame([*facts, *own], schema={"name": pl.String, "value": pl.String}, orient="row")


def commit() -> str:
    """The commit the program was run from, and whether files differ from it."""
    try:
        found = _git("rev-parse", "--short=12", "HEAD").strip()
        return f"{found}, with changes" if _git("status", "--porcelain", "--untracked-files=no").strip() else found
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=True).stdout  # noqa: S603, S607 - our own words
