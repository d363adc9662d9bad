"""Tables of the bridge of value, and of realised against quoted yields."""

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View, not_shown

_TOTALS = ("before", "after", "residual")


def bridge(frame: pl.DataFrame) -> View:
    """From the opening value to the closing one, and what the terms leave unexplained.

    Args:
        frame: term, title String; amount, tolerance, traded Decimal in USD; start, end Datetime; holds Boolean;
            reason String where amounts are null; note String where more must be said of a term.
    """
    title = "From opening to closing value"
    row = frame.row(0, named=True)
    if row["start"] is None:
        return not_shown(title, row["reason"], size="half")
    notes = []
    if row["traded"]:
        notes.append(f"Trades alone brought {formats.text(row['traded'], 'USD signed')} USD against last quotes.")
    notes += [f"{title}: {note}." for title, note in frame.select("title", "note").drop_nulls().rows()]
    if row["tolerance"] is not None:
        outcome = {True: "holds", False: "does not hold", None: "could not be tested"}[row["holds"]]
        notes.append(f"The identity {outcome}; tolerance {formats.text(row['tolerance'], 'USD')} USD.")
    moments = {"before": row["start"], "after": row["end"]}
    titles = [
        f"{title}, {formats.moment(moments[term])}" if term in moments else title
        for term, title in frame.select("term", "title").rows()
    ]
    unit = pl.when(pl.col("term").is_in(["before", "after"])).then(pl.lit("USD")).otherwise(pl.lit("USD signed"))
    return table(
        frame.with_columns(pl.Series("title", titles), unit=unit),
        title=title,
        subtitle="values by the platform's snapshots, UTC; terms by transactions and prices",
        fields=(
            Field(name="title", title=""),
            Field(name="amount", title="Amount, USD", unit_from="unit", reason="reason", tone=True),
        ),
        strong=frozenset(index for index, term in enumerate(frame["term"]) if term in _TOTALS),
        notes=notes,
        alt=_bridge_alt(frame),
        size="half",
    )


def _bridge_alt(frame: pl.DataFrame) -> str:
    parts = (f"{name.lower()} {formats.text(amount, 'USD')}" for name, amount in frame.select("title", "amount").rows())
    return f"USD: {formats.join_words(parts)}."


def realised_yields(frame: pl.DataFrame) -> View:
    """Realised yield of positions in protocols next to the yield that their pools quoted.

    Args:
        frame: symbol, kind, place, why String; period_return Float64 of the days held; quoted_apy, realised_apy,
            haircut Float64 a year; gain and impermanent_loss Float64 in USD; days Int64; reason, quote_reason,
            haircut_reason String.
    """
    return table(
        frame.with_columns(what=pl.format("{}, {}", "symbol", pl.col("kind").str.replace_all("_", " "))),
        title="Realised and quoted yield",
        subtitle="last 13 weeks, a year, on the position's average value; quoted: mean of its pool's daily quotes",
        fields=(
            Field(name="what", title="Position", width=16),
            Field(name="place", title="Where", width=15),
            Field(name="days", title="Held", unit="days"),
            Field(name="period_return", title="Return", unit="rate", reason="reason"),
            Field(name="quoted_apy", title="Quoted APY", unit="rate", reason="quote_reason"),
            Field(name="realised_apy", title="Realised APY", unit="rate", reason="reason"),
            Field(name="haircut", title="Gap", unit="fraction", reason="haircut_reason"),
            Field(name="gain", title="Earned", unit="USD", reason="reason", tone=True),
            Field(name="impermanent_loss", title="IL", unit="USD", reason="reason"),
            Field(name="why", title="Explanation", width=21),
        ),
        notes=(
            "Return: of the days held, not annualised. Gap: quoted less realised APY.",
            "IL: impermanent loss, which is not in the realised yield.",
        )
        if frame.height
        else (),
        empty="No position sits in a protocol, so nothing could be earned there.",
    )
