"""Confidence intervals and the sources of risk, as tables."""

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View, refused


def intervals(estimated: pl.DataFrame) -> View:
    """Each headline number with the interval a block bootstrap gives it.

    Args:
        estimated: title, unit String; value, low, high, level Float64; resamples, block Int64; reason.
    """
    title = "Confidence intervals since inception"
    if estimated["value"].null_count() == estimated.height:
        return refused(title, _only(estimated["reason"], "there is no return"), size="half")
    levels = estimated["level"].drop_nulls()
    drawn = (
        f"{formats.written(levels[0], 'share')} of histories redrawn in blocks"
        if levels.len()
        else "none could be drawn"
    )
    return table(
        estimated,
        title=title,
        subtitle=f"interval that holds {drawn}",
        fields=(
            Field(name="title", title=""),
            Field(name="low", title="Low", unit_from="unit", reason="reason"),
            Field(name="value", title="Number", unit_from="unit", reason="reason"),
            Field(name="high", title="High", unit_from="unit", reason="reason"),
        ),
        notes=_drawing(estimated),
        size="half",
    )


def _drawing(estimated: pl.DataFrame) -> tuple[str, ...]:
    """How histories were redrawn, where any was."""
    drawn = estimated.drop_nulls(["resamples", "block"])
    if drawn.is_empty():
        return ()
    blocks = {int(drawn["block"].min()), int(drawn["block"].max())}  # type: ignore[arg-type]
    days = " to ".join(map(str, sorted(blocks)))
    return (f"{formats.count(int(drawn['resamples'][0]), 'history', 'histories')}, in blocks of {days} days.",)


def money_weighted(returned: pl.DataFrame) -> View:
    """What the owner's timing of money in and out added.

    Args:
        returned: xirr, time_weighted, timing_effect Float64 a year; money_weighted_period, time_weighted_period,
            timing_period Float64 over the period; days Int64; reason String where a rate per year is null.
    """
    title = "Money-weighted and time-weighted return"
    shown = (
        ("Time-weighted", "time_weighted", "time_weighted_period"),
        ("Money-weighted (XIRR)", "xirr", "money_weighted_period"),
        ("Added by the timing of flows", "timing_effect", "timing_period"),
    )
    if returned.is_empty() or not any(returned[period].count() for _, _, period in shown):
        return refused(title, _only(returned["reason"], "there is no return to weigh"), size="half")
    rows = [
        {"title": name, "year": row[year], "period": row[period], "reason": row["reason"]}
        for row in returned.iter_rows(named=True)
        for name, year, period in shown
    ]
    days = formats.count(int(returned["days"].max() or 0), "day")  # type: ignore[arg-type]
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


def _only(reasons: pl.Series, otherwise: str) -> str:
    """The first reason there is."""
    return str(next(iter(reasons.drop_nulls()), otherwise))


def tail_test(tested: pl.DataFrame) -> View:
    """The platform's value at risk put to the test.

    Args:
        tested: n, failures Int64; expected, kupiec_p, independence_p, coverage_p Float64; zone, reason String.
    """
    return table(
        tested,
        title="The platform's value at risk put to the test",
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


def concentration(measured: pl.DataFrame) -> View:
    """How much hangs on how little.

    Args:
        measured: dimension, largest, note String; herfindahl, effective_number, largest_share, covered Float64.
    """
    return table(
        measured,
        title="Concentration",
        subtitle="look-through by asset; by size of position, debts included; effective number: 1 / Herfindahl index",
        fields=(
            Field(name="dimension", title="By"),
            Field(name="effective_number", title="Effective number", unit="ratio"),
            Field(name="largest", title="Largest"),
            Field(name="largest_share", title="Its share", unit="share"),
            Field(name="covered", title="Covers", unit="share"),
        ),
        notes=_not_looked_through(measured, "counted as they are"),
        empty="It holds nothing.",
    )


def shocks(tried: pl.DataFrame) -> View:
    """What is left after prices jump.

    Args:
        tried: what, note String; move, before, after, loss, ret Float64.
    """
    return table(
        tried,
        title="The week's last positions after a jump in prices",
        subtitle="net value after, look-through; assets with a peg keep it; pool shares follow their pool's curve",
        fields=(
            Field(name="what", title="What falls"),
            Field(name="move", title="By", unit="fraction"),
            Field(name="after", title="After", unit="USD whole"),
            Field(name="ret", title="Change", unit="fraction", tone=True),
        ),
        notes=_not_looked_through(tried, "they fall with the market in full, and with no single asset"),
        size="half",
        empty="It holds nothing whose price could jump.",
    )


def _not_looked_through(found: pl.DataFrame, treated: str) -> tuple[str, ...]:
    """The note that names what could not be looked through and how it was counted; none where all was."""
    said = found["note"].drop_nulls().unique(maintain_order=True) if "note" in found.columns else ()
    return tuple(f"Not looked through, {treated}: {one}." for one in said)


def contributions(parts: pl.DataFrame) -> View:
    """Where value at risk comes from.

    Args:
        parts: symbol, note String; weight, component, share Float64.
    """
    return table(
        parts,
        title="Where value at risk comes from",
        subtitle="95 %, one day, normal distribution, of what is held now, look-through; parts add up to the whole",
        notes=_not_looked_through(parts, "counted as they are"),
        size="half",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="weight", title="Weight", unit="share"),
            Field(name="component", title="Part of the loss", unit="rate"),
            Field(name="share", title="Share of risk", unit="share"),
        ),
        empty="It holds nothing, or prices go back less than four days.",
    )
