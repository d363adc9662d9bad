"""Tables of loans: liquidation prices and the liquidation ladder.

Depends on frames of the desk. Does not compute.
"""

import polars as pl

from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View


def loans(frame: pl.DataFrame) -> View:
    """How far prices must move until each loan may be liquidated.

    Args:
        frame: place, what String; health_factor, move, price, liquidation_price Float64; reason String where there is
            no such move, note String.
    """
    notes = [f"{note}." for note in frame["note"].drop_nulls().unique(maintain_order=True)]
    if frame.height:
        notes.append("The distance that the platform states lets all collateral fall alike, pegged assets included.")
    return table(
        frame,
        title="Move that would liquidate each loan",
        subtitle="look-through, debts included; the move after which the health factor is 1, all else unchanged",
        fields=(
            Field(name="place", title="Loan", width=16),
            Field(name="health_factor", title="Health factor", unit="ratio", reason="reason"),
            Field(name="what", title="What moves"),
            Field(name="move", title="By", unit="fraction", reason="reason"),
            Field(name="price", title="Price now", unit="price"),
            Field(name="liquidation_price", title="Liquidation price", unit="price", reason="reason"),
        ),
        notes=notes,
        empty="Nothing is borrowed.",
    )


def liquidation_ladder(frame: pl.DataFrame) -> View:
    """Health of each loan while the market falls step by step.

    Args:
        frame: place String; step, health_factor Float64; liquidable Boolean.
    """
    text = pl.when(pl.col("liquidable")).then(pl.lit("may be liquidated")).otherwise(pl.lit("no liquidation"))
    return table(
        frame.with_columns(says=text),
        title="Health factor as the market falls",
        subtitle="everything without a peg falls alike, debts included; below 1 a loan may be liquidated",
        fields=(
            Field(name="place", title="Loan"),
            Field(name="step", title="Market", unit="fraction"),
            Field(name="collateral", title="Collateral", unit="USD whole"),
            Field(name="borrowed", title="Borrowed", unit="USD whole"),
            Field(name="health_factor", title="Health factor", unit="ratio"),
            Field(name="says", title="State"),
        ),
        empty="Nothing is borrowed against collateral whose liquidation threshold is known.",
    )


def thresholds(found: pl.DataFrame) -> View:
    """The liquidation threshold of each asset that backs a loan, with its source and day.

    Args:
        found: place, symbol, source, reason, unsourced String; value, threshold Float64; as_of Date.
    """
    return table(
        found,
        title="Liquidation thresholds",
        subtitle="the part of each collateral that the lender counts as backing, as the registry of assets states it",
        fields=(
            Field(name="place", title="Loan", width=18),
            Field(name="symbol", title="Collateral"),
            Field(name="value", title="Value", unit="USD whole"),
            Field(name="threshold", title="Threshold", unit="share", reason="reason"),
            Field(name="source", title="Source", reason="unsourced", width=34),
            Field(name="as_of", title="As of", unit="date", reason="unsourced"),
        ),
        empty="Nothing is borrowed.",
    )


def time_to_act(found: pl.DataFrame) -> View:
    """How fast the move that would liquidate each loan came in the last year.

    Args:
        found: place, what, reason, never String; move, volatility, deviations Float64; fastest, days Int64.
    """
    return table(
        found,
        title="Time to act",
        subtitle="the move after which a loan may be liquidated, against the asset's daily closes of the last year",
        fields=(
            Field(name="place", title="Loan", width=18),
            Field(name="what", title="What moves"),
            Field(name="move", title="By", unit="fraction", tone=True),
            Field(name="volatility", title="Usual day", unit="rate", reason="reason"),
            Field(name="deviations", title="In usual days", unit="ratio", reason="reason"),
            Field(name="fastest", title="Fastest such move", unit="days", reason="never"),
        ),
        notes=("Usual day: the standard deviation of the last 90 daily returns. Between two closes it may be faster.",)
        if found.height
        else (),
        empty="No move of one asset would liquidate a loan.",
    )
