"""Tables of provenance: stores read, checks, metrics not shown, formulas and software."""

import polars as pl

from ys_analytics.schemas import STORES, rule_in_words
from ys_analytics.views import formats
from ys_analytics.views.formula import mathml
from ys_analytics.views.table import Table, table
from ys_analytics.views.view import Field, View

# As many failed checks as a page holds; the run has them all.
_MAX_ROWS = 16

_STORE_TITLES = {name: traits.title for name, traits in STORES.items()}


def findings(frame: pl.DataFrame) -> View:
    """What the checks found, failures first.

    Args:
        frame: suite, rule, column, severity, outcome, observed, notes String; rows, checked Int64.
    """
    failed = frame.filter(pl.col("outcome") != "passed")
    errors = failed.filter(pl.col("outcome") == "error").height
    without_rows = frame.filter((pl.col("outcome") == "passed") & (pl.col("checked") == 0)).height
    summary = (
        f"{formats.count(frame.height, 'check')} in {formats.count(frame['suite'].n_unique(), 'suite')}: "
        f"{frame.height - failed.height - without_rows} passed, {failed.height - errors} failed, "
        f"{errors} could not run{f', {without_rows} had nothing to check' if without_rows else ''}."
    )
    empty = summary if frame.height else "No check was run on this data."
    hidden = failed.height - _MAX_ROWS
    return table(
        failed.head(_MAX_ROWS).with_columns(
            pl.col("rows").replace(-1, None),
            rule=pl.col("rule").map_elements(rule_in_words, return_dtype=pl.String),
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
        notes=(f"{hidden:,} more of lower severity: see findings.json of the run.",) if hidden > 0 else (),
    )


def sources(frame: pl.DataFrame) -> View:
    """Which frames were read, how large they are and how fresh: one row a store.

    Args:
        frame: store, frame String; rows Int64; latest Datetime (null for current state), as_of Datetime.
    """
    stores = frame.group_by("store", maintain_order=True).agg(
        as_of=pl.col("as_of").max(),
        latest=pl.col("latest").max(),
        frames=pl.len(),
        rows=pl.col("rows").sum(),
        largest=_largest(),
    )
    return table(
        stores.with_columns(pl.col("store").replace(_STORE_TITLES), live=pl.lit("read when asked for")),
        title="Data sources",
        subtitle="rows of the whole run, not of this portfolio alone",
        fields=(
            Field(name="store", title="Store"),
            Field(name="as_of", title="As of, UTC", unit="UTC", reason="live"),
            Field(name="latest", title="Latest row, UTC", unit="UTC"),
            Field(name="frames", title="Frames", unit="count"),
            Field(name="rows", title="Rows", unit="count"),
            Field(name="largest", title="Largest, and their rows", width=38),
        ),
        notes=("Each frame, its rows, query and hash: manifest.json of the run.",) if frame["as_of"].count() else (),
        empty="Nothing was read.",
    )


def _largest(number: int = 3) -> pl.Expr:
    """The names and sizes of the largest frames of a store."""
    counted = pl.col("rows").map_elements(lambda rows: formats.text(rows, "count"), return_dtype=pl.String)
    with_rows = pl.format("{}\N{NO-BREAK SPACE}{}", "frame", counted)
    return with_rows.sort_by("rows", descending=True).head(number).str.join(", ")


def provenance(frame: pl.DataFrame) -> View:
    """Software and settings.

    Args:
        frame: name, value String.
    """
    return table(
        frame,
        title="Software and settings",
        fields=(Field(name="name", title=""), Field(name="value", title="")),
        size="half",
    )


def refusals(frame: pl.DataFrame) -> View:
    """Every metric that is not shown, and why.

    Args:
        frame: title, window, reason String.
    """
    return table(
        frame,
        title="Metrics not shown",
        fields=(
            Field(name="title", title="Metric", width=52),
            Field(name="window", title="Period", width=19),
            Field(name="reason", title="Reason", width=29),
        ),
        empty="Every metric is shown.",
        size="half",
    )


def glossary(frame: pl.DataFrame) -> View:
    """Formula, sample and source of every metric in the report.

    Args:
        frame: title, formula (TeX), unit, source String; minimum Int64.
    """
    sheet = table(
        frame,
        title="Formulas",
        subtitle="r: daily returns, n of them; N: 365; f: risk-free return a day, also the target t; W: linked growth; "
        "d: days; Q: quantile; c: 95 %",
        fields=(
            Field(name="title", title="Metric"),
            Field(name="formula", title="Formula"),
            Field(name="minimum", title="Needed", unit="days"),
            Field(name="source", title="Source"),
        ),
        empty="No metric is in use.",
    )
    return sheet.with_html_column("formula", mathml) if isinstance(sheet, Table) else sheet
