"""Past weeks that resemble this one and what followed, and the sentiment of what is held, as tables."""

from typing import Any

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View


def nearest_weeks(found: pl.DataFrame, record: pl.DataFrame) -> View:
    """The past weeks whose news resembles this week's most, what followed them, and whether that ever predicted.

    Args:
        found: week String; similarity, score, ret, next_ret Float64; mentions Int64; reason String where next_ret is
            null.
        record: One row: value, low, high Float64, n Int64, reason String; forecast Float64, weeks Int64.
    """
    return table(
        found,
        title="Nearest past weeks, and what followed",
        subtitle="by cosine of the mean embedding of what was said of assets held; this portfolio's returns",
        fields=(
            Field(name="week", title="Week"),
            Field(name="similarity", title="Similarity", unit="ratio"),
            Field(name="mentions", title="Mentions", unit="count"),
            Field(name="score", title="Sentiment", unit="score signed"),
            Field(name="ret", title="Return that week", unit="fraction", tone=True),
            Field(name="next_ret", title="The week after", unit="fraction", reason="reason", tone=True),
        ),
        notes=_record(record.row(0, named=True)),
        empty="Fewer than three points of the week are about assets held, so no past week can be compared.",
    )


def _record(row: dict[str, Any]) -> tuple[str, ...]:
    """The honest line: how well the weeks after the nearest ones forecast the next week, over all past weeks."""
    pairs = formats.count(row["n"], "week")
    if row["value"] is None:
        return (f"Whether this ever predicted the next week cannot be said: {row['reason']}.",)
    interval = [formats.text(row[name], "score signed") for name in ("value", "low", "high")]
    between = f"rank correlation {interval[0]}, 95 % interval {interval[1]} to {interval[2]}, n = {pairs}"
    sentence = (
        "it did not predict the next week better than chance"
        if row["low"] <= 0 <= row["high"]
        else "it predicted the next week better than chance"
        if row["low"] > 0
        else "the next week went the other way more often than by chance"
    )
    now = "" if row["forecast"] is None else f" Its mean now: {formats.text(row['forecast'], 'fraction')}."
    return (f"In the past, {sentence}: {between}, each from weeks before it.{now}",)


def patterns(found: pl.DataFrame) -> View:
    """What the store says of trading patterns seen in assets held.

    Args:
        found: pattern, timeframes, assets String; n Int64; rate, low, high Float64.
    """
    return table(
        found.with_columns(pl.col("pattern").map_elements(formats.name, return_dtype=pl.String)),
        title="Trading patterns on record for assets held",
        subtitle="success rates are the store's own",
        fields=(
            Field(name="pattern", title="Pattern"),
            Field(name="timeframes", title="Seen over"),
            Field(name="assets", title="In assets held"),
            Field(name="n", title="Points", unit="count"),
            Field(name="low", title="Lowest", unit="share"),
            Field(name="rate", title="Mean success", unit="share"),
            Field(name="high", title="Highest", unit="share"),
        ),
        notes=("The store dates no pattern: which week one was seen in, and what followed it, cannot be looked up.",),
        empty="No pattern is on record for an asset held.",
    )


def sentiment_drift(found: pl.DataFrame) -> View:
    """Sentiment of what is held, the week against the quarter before it, with counts.

    Args:
        found: symbol, row String (part, whole); size, score, before, change Float64; mentions, mentions_before Int64;
            reason String where a score is null.
    """
    unmentioned = found.filter((pl.col("row") == "part") & (pl.col("mentions") == 0))["symbol"].to_list()
    notes = (f"Not mentioned in the week: {formats.join_words(unmentioned)}.",) if unmentioned else ()
    return table(
        found,
        title="Change of sentiment of the assets held",
        subtitle="mean score from -1 to 1; the week against the 13 weeks before it; share of the size of all positions",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="size", title="Share of size", unit="share"),
            Field(name="mentions", title="Mentions", unit="count"),
            Field(name="score", title="The week", unit="score signed", reason="reason"),
            Field(name="mentions_before", title="Mentions before", unit="count"),
            Field(name="before", title="Before", unit="score signed", reason="reason"),
            Field(name="change", title="Change", unit="score signed", reason="reason", tone=True),
        ),
        strong=frozenset(place for place, row in enumerate(found["row"]) if row == "whole"),
        notes=notes,
        empty="It holds nothing.",
    )
