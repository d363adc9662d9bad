"""Chart of the bridge: what changed the value in the week.

Depends on frames of the desk. Does not compute a figure.
"""

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, not_shown

_OPENING_AND_CLOSING = ("before", "after")


def bridge(bridge_terms: pl.DataFrame) -> View:
    """Bars: what each term of the bridge added to the week's value or took from it.

    Args:
        bridge_terms: term, title String; amount Decimal in USD (negative: taken away), reason String where null.
    """
    title = "What changed the value"
    terms = bridge_terms.filter(~pl.col("term").is_in(_OPENING_AND_CLOSING))
    if terms["amount"].null_count():
        return not_shown(title, terms["reason"][0], size="half")
    amounts = [float(amount) for amount in terms["amount"]]
    texts = [formats.text(amount, "USD whole signed") for amount in terms["amount"]]
    # The bars leave a third of the width to names.
    short_title = pl.when(pl.col("term") == "pool").then(pl.lit("Pool share, merged")).otherwise("title")
    names = terms.select(short_title).to_series().to_list()
    largest = max(map(abs, amounts)) or 1.0
    lowest, highest = min(0.0, *amounts), max(0.0, *amounts)
    bars: Json = {
        "type": "bar",
        "orientation": "h",
        "x": amounts,
        "y": list(range(len(amounts))),
        "marker": {"color": [theme.BLUE if amount >= 0 else theme.VERMILION for amount in amounts]},
        "text": names,
        "textposition": "none",
        "hovertemplate": "%{text}: %{x:,.2f} USD<extra></extra>",
    }
    small = {"size": theme.SMALL, "color": theme.TEXT}
    notes = []
    for row, (name, amount, text) in enumerate(zip(names, amounts, texts, strict=True)):
        notes.append(theme.note(name, x=0, xref="paper", y=row, font=small))
        notes.append(theme.note(text, x=max(amount, 0.0), y=row, xshift=4, font=small))
    plain_axis: Json = {"showgrid": False, "showticklabels": False, "fixedrange": True}
    return Chart(
        title=title,
        subtitle="USD, each term of the table",
        fields=(
            Field(name="title", title="Term"),
            Field(name="amount", title="Amount", unit="USD signed"),
        ),
        rows=tuple(terms.select("title", "amount").iter_rows()),
        labels=tuple(texts),
        alt="What changed the value, USD: "
        + formats.join_words(f"{name.lower()} {text}" for name, text in zip(names, texts, strict=True))
        + ".",
        traces=(bars,),
        layout=theme.layout(
            height=232,
            left=0,
            right=0,
            top=6,
            bottom=6,
            hovermode="closest",
            bargap=0.35,
            xaxis={
                **plain_axis,
                "zeroline": True,
                "zerolinecolor": theme.FAINT,
                "zerolinewidth": 0.8,
                # A third is the names', a fifth the amounts'.
                "domain": [0.36, 0.80],
                "range": [lowest - 0.02 * largest, highest + 0.02 * largest],
            },
            yaxis={**plain_axis, "zeroline": False, "range": [len(amounts) - 0.4, -0.6]},
            annotations=notes,
        ),
        size="half",
    )
