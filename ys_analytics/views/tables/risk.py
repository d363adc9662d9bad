"""Tables of confidence intervals, money-weighted return, value at risk, concentration and stress."""

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View, not_shown


def intervals(frame: pl.DataFrame) -> View:
    """Each headline number with the interval a block bootstrap gives it.

    Args:
        frame: title, unit String; value, low, high, level Float64; resamples, block Int64; reason.
    """
    title = "Confidence intervals since inception"
    if frame["value"].null_count() == frame.height:
        return not_shown(title, _first_reason(frame["reason"], "there is no return"), size="half")
    levels = frame["level"].drop_nulls()
    resampled = (
        f"{formats.text(levels[0], 'share')} of histories redrawn in blocks" if levels.len() else "none could be drawn"
    )
    return table(
        frame,
        title=title,
        subtitle=f"interval that holds {resampled}",
        fields=(
            Field(name="title", title=""),
            Field(name="low", title="Low", unit_from="unit", reason="reason"),
            Field(name="value", title="Number", unit_from="unit", reason="reason"),
            Field(name="high", title="High", unit_from="unit", reason="reason"),
        ),
        notes=_resampling_note(frame),
        size="half",
    )


def _resampling_note(frame: pl.DataFrame) -> tuple[str, ...]:
    """How histories were redrawn, where any was."""
    resampled = frame.drop_nulls(["resamples", "block"])
    if resampled.is_empty():
        return ()
    blocks = {int(resampled["block"].min()), int(resampled["block"].max())}  # type: ignore[arg-type]
    days = " to ".join(map(str, sorted(blocks)))
    return (f"{formats.count(int(resampled['resamples'][0]), 'history', 'histories')}, in blocks of {days} days.",)


def money_weighted(frame: pl.DataFrame) -> View:
    """Money-weighted and time-weighted return, and their difference: the effect of the timing of flows.

    Args:
        frame: xirr, time_weighted, timing_effect Float64 a year; money_weighted_period, time_weighted_period,
            timing_period Float64 over the period; days Int64; reason String where a rate per year is null.
    """
    title = "Money-weighted and time-weighted return"
    methods = (
        ("Time-weighted", "time_weighted", "time_weighted_period"),
        ("Money-weighted (XIRR)", "xirr", "money_weighted_period"),
        ("Added by the timing of flows", "timing_effect", "timing_period"),
    )
    if frame.is_empty() or not any(frame[period].count() for _, _, period in methods):
        return not_shown(title, _first_reason(frame["reason"], "there is no return to weigh"), size="half")
    rows = [
        {"title": name, "year": row[year], "period": row[period], "reason": row["reason"]}
        for row in frame.iter_rows(named=True)
        for name, year, period in methods
    ]
    days = formats.count(int(frame["days"].max() or 0), "day")  # type: ignore[arg-type]
    schema = {"title": pl.String, "year": pl.Float64, "period": pl.Float64, "reason": pl.String}
    return table(
        pl.DataFrame(rows, schema=schema),
        title=title,
        subtitle=f"since inception, {days}",
        fields=(
            Field(name="title", title=""),
            Field(name="period", title="Over the period", unit="fraction", reason="reason", tone=True),
            Field(name="year", title="A year", unit="fraction per year", reason="reason", tone=True),
        ),
        size="half",
    )


def _first_reason(reasons: pl.Series, otherwise: str) -> str:
    """The first reason there is."""
    return str(next(iter(reasons.drop_nulls()), otherwise))


def tail_test(frame: pl.DataFrame) -> View:
    """Backtest of the platform's value at risk.

    Args:
        frame: n, failures Int64; expected, kupiec_p, independence_p, coverage_p Float64; zone, reason String.
    """
    return table(
        frame,
        title="Backtest of the platform's value at risk",
        subtitle="p: chance of as many failures, as clustered, or both, if the stated value at risk were right",
        fields=(
            Field(name="n", title="Days", unit="count"),
            Field(name="failures", title="Failures", unit="count"),
            Field(name="expected", title="Expected", unit="decimal"),
            Field(name="kupiec_p", title="p, number", unit="ratio", reason="reason"),
            Field(name="independence_p", title="p, clusters", unit="ratio", reason="reason"),
            Field(name="coverage_p", title="p, both", unit="ratio", reason="reason"),
            Field(name="zone", title="Traffic light"),
        ),
        empty="The platform stated no value at risk that could be tested.",
    )


def concentration(frame: pl.DataFrame) -> View:
    """Concentration by asset and by position.

    Args:
        frame: dimension, largest, note String; herfindahl, effective_number, largest_share, covered Float64.
    """
    return table(
        frame,
        title="Concentration",
        subtitle="look-through by asset; by size of position, debts included; effective number: 1 / Herfindahl index",
        fields=(
            Field(name="dimension", title="By"),
            Field(name="effective_number", title="Effective number", unit="ratio"),
            Field(name="largest", title="Largest"),
            Field(name="largest_share", title="Its share of size", unit="share"),
            Field(name="covered", title="Covers", unit="share"),
        ),
        notes=_not_looked_through(frame, "counted as they are"),
        empty="It holds nothing.",
    )


def correlation_changes(found: pl.DataFrame) -> View:
    """How correlations changed.

    Args:
        found: one, other, reason String; before, after, change, z Float64; n Int64.
    """
    return table(
        found.with_columns(pair=pl.format("{} and {}", "one", "other")),
        title="Change of correlations",
        subtitle="daily returns, look-through; the last 90 days against the 90 before; pegged assets left out",
        fields=(
            Field(name="pair", title="Assets"),
            Field(name="before", title="Before", unit="ratio", reason="reason"),
            Field(name="after", title="Now", unit="ratio", reason="reason"),
            Field(name="change", title="Change", unit="score signed", reason="reason", tone=True),
            Field(name="z", title="z", unit="score signed", reason="reason"),
        ),
        notes=("z: the change in standard errors of Fisher's transform; beyond 2 is seldom chance.",)
        if found.height
        else (),
        empty="It is exposed to fewer than two assets without a peg.",
    )


def shocks(frame: pl.DataFrame) -> View:
    """Net value after jumps in prices.

    Args:
        frame: what, note String; move, before, after, loss, ret Float64.
    """
    return table(
        frame,
        title="Price shocks to the positions at the end of the week",
        subtitle="net value after, look-through; assets with a peg keep it; pool shares follow their pool's curve",
        fields=(
            Field(name="what", title="What falls"),
            Field(name="move", title="By", unit="fraction"),
            Field(name="after", title="After", unit="USD whole"),
            Field(name="ret", title="Change", unit="fraction", tone=True),
        ),
        notes=_not_looked_through(frame, "they fall with the market in full, and with no single asset"),
        size="half",
        empty="It holds nothing whose price could jump.",
    )


def _not_looked_through(frame: pl.DataFrame, treated: str) -> tuple[str, ...]:
    """The note that names what could not be looked through and how it was counted; none where all was."""
    names = frame["note"].drop_nulls().unique(maintain_order=True) if "note" in frame.columns else ()
    return tuple(f"Not looked through, {treated}: {name}." for name in names)


def contributions(frame: pl.DataFrame) -> View:
    """Where value at risk comes from.

    Args:
        frame: symbol, note String; weight, component, share Float64.
    """
    return table(
        frame,
        title="Where value at risk comes from",
        subtitle="95 %, one day, normal distribution, of what is held now, look-through; parts add up to the whole",
        notes=_not_looked_through(frame, "counted as they are"),
        size="half",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="weight", title="Of net value", unit="share"),
            Field(name="component", title="Part of the loss", unit="rate"),
            Field(name="share", title="Share of risk", unit="share"),
        ),
        totals=("weight", "component", "share"),
        empty="It holds nothing, or prices go back less than four days.",
    )
