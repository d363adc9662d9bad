"""What the report rests on: stores, checks, refusals and formulas, as tables."""

import polars as pl

from ys_analytics.schemas import STORES
from ys_analytics.views import formats
from ys_analytics.views.formula import mathml
from ys_analytics.views.table import Table, table
from ys_analytics.views.view import Field, View

# As many failed checks as a page holds; the run has them all.
_MOST = 16

_SHOWN = {name: traits.title for name, traits in STORES.items()}


def findings(judged: pl.DataFrame) -> View:
    """What the checks found, failures first.

    Args:
        judged: suite, rule, column, severity, outcome, observed, notes String; rows, checked Int64.
    """
    failed = judged.filter(pl.col("outcome") != "passed")
    untested = failed.filter(pl.col("outcome") == "error").height
    idle = judged.filter((pl.col("outcome") == "passed") & (pl.col("checked") == 0)).height
    summary = (
        f"{formats.count(judged.height, 'check')} in {formats.count(judged['suite'].n_unique(), 'suite')}: "
        f"{judged.height - failed.height - idle} passed, {failed.height - untested} failed, "
        f"{untested} could not run{f', {idle} had nothing to check' if idle else ''}."
    )
    empty = summary if judged.height else "No check was run on this data."
    left_out = failed.height - _MOST
    return table(
        failed.head(_MOST).with_columns(
            pl.col("rows").replace(-1, None),
            unknown=pl.lit("how many rows is unknown"),
            grade=pl.when(pl.col("outcome") == "error").then(pl.lit("could not run")).otherwise("severity"),
        ),
        title="Checks that failed",
        subtitle=summary,
        fields=(
            Field(name="suite", title="Table", width=15),
            Field(name="rule", title="Rule", width=20),
            Field(name="grade", title="Severity", width=8),
            Field(name="rows", title="Rows", unit="count", reason="unknown", width=6),
            Field(name="observed", title="Found", width=23),
            Field(name="notes", title="Why it matters", width=28),
        ),
        empty=empty,
        notes=(f"{left_out:,} more of lower severity: see findings.json of the run.",) if left_out > 0 else (),
    )


def sources(read: pl.DataFrame) -> View:
    """Which frames were read, how large they are and how fresh: one row a store.

    Args:
        read: store, frame String; rows Int64; latest Datetime (null for current state), as_of Datetime.
    """
    stores = read.group_by("store", maintain_order=True).agg(
        as_of=pl.col("as_of").max(),
        latest=pl.col("latest").max(),
        frames=pl.len(),
        rows=pl.col("rows").sum(),
        largest=_largest(),
    )
    return table(
        stores.with_columns(pl.col("store").replace(_SHOWN), live=pl.lit("read when asked for")),
        title="What was read",
        subtitle="rows of the whole run, not of this portfolio alone",
        fields=(
            Field(name="store", title="Store"),
            Field(name="as_of", title="As of, UTC", unit="UTC", reason="live"),
            Field(name="latest", title="Latest row, UTC", unit="UTC"),
            Field(name="frames", title="Frames", unit="count"),
            Field(name="rows", title="Rows", unit="count"),
            Field(name="largest", title="Largest, and their rows", width=38),
        ),
        notes=("Each frame, its rows, query and hash: manifest.json of the run.",) if read["as_of"].count() else (),
        empty="Nothing was read.",
    )


def _largest(most: int = 3) -> pl.Expr:
    """The names and sizes of the largest frames of a store."""
    counted = pl.col("rows").map_elements(lambda rows: formats.written(rows, "count"), return_dtype=pl.String)
    named = pl.format("{}\N{NO-BREAK SPACE}{}", "frame", counted)
    return named.sort_by("rows", descending=True).head(most).str.join(", ")


def provenance(facts: pl.DataFrame) -> View:
    """Software and settings.

    Args:
        facts: name, value String.
    """
    return table(
        facts,
        title="Software and settings",
        fields=(Field(name="name", title=""), Field(name="value", title="")),
        size="half",
    )


def refusals(refused: pl.DataFrame) -> View:
    """Every number that was refused and why.

    Args:
        refused: title, window, reason String.
    """
    return table(
        refused,
        title="Metrics not shown",
        fields=(
            Field(name="title", title="Metric", width=52),
            Field(name="window", title="Period", width=19),
            Field(name="reason", title="Reason", width=29),
        ),
        empty="Every metric is shown.",
        size="half",
    )


def glossary(metrics: pl.DataFrame) -> View:
    """Formula, sample and source of every metric in the report.

    Args:
        metrics: title, formula (TeX), unit, source String; minimum Int64.
    """
    sheet = table(
        metrics,
        title="Formulas",
        subtitle="r: daily returns, n of them; N: 365; f: risk-free return a day, also the target t; W: linked growth; "
        "d: days; Q: quantile; c: 95 %",
        fields=(
            Field(name="title", title="Metric"),
            Field(name="formula", title="Formula"),
            Field(name="minimum", title="Days needed", unit="days"),
            Field(name="source", title="Source"),
        ),
        empty="No metric is in use.",
    )
    return sheet.set_by("formula", mathml) if isinstance(sheet, Table) else sheet
