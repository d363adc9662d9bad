"""Sources that contradict each other at one moment, or a value that contradicts its own row.

Depends on what must agree. Does not know which of two sources is right: that takes a third.
"""

from collections.abc import Sequence

import polars as pl

_MIN_DEVIATION = 0.05
# A ratio that was computed from its own amounts differs from them by rounding alone.
_MIN_RATIO_DEVIATION = 0.0002
_TWO_SOURCES_DEVIATION = 0.1


def disagreeing_sources(
    frame: pl.DataFrame, *, subject: Sequence[str], time: str, source: str, value: str
) -> pl.DataFrame:
    """Quotes far from the median of all sources of that moment; of two sources both are named.

    >>> quotes = pl.DataFrame({"coin": "A", "at": 1, "source": ["x", "y", "z"], "price": [100.0, 101.0, 1010.0]})
    >>> disagreeing_sources(quotes, subject=["coin"], time="at", source="source", value="price")["source"].to_list()
    ['z']
    """
    moment = [*subject, time]
    deviation = (pl.col("_level") - pl.col("_middle")).abs()
    limit = (
        pl.when(pl.col("_many") == 2)  # noqa: PLR2004
        .then(_TWO_SOURCES_DEVIATION / 2)
        .otherwise(pl.max_horizontal(_MIN_DEVIATION, 6 * pl.col("_spread")))
    )
    return (
        frame.lazy()
        .filter(pl.col(value) > 0)
        .with_columns(_level=pl.col(value).cast(pl.Float64).log(), _many=pl.col(source).n_unique().over(moment))
        .filter(pl.col("_many") >= 2)  # noqa: PLR2004
        .with_columns(_middle=pl.col("_level").median().over(moment))
        .with_columns(_spread=1.4826 * deviation.median().over(moment))
        .filter(deviation > limit)
        .sort(deviation, *moment, source, descending=[True, *[False] * (len(moment) + 1)])
        .select(
            *moment,
            source,
            value,
            said=pl.format(
                "is {} % from the median of {} sources", ((deviation.exp() - 1) * 100).round(1), pl.col("_many")
            ),
        )
        .collect()
    )


def contradicted_change(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, change: str, min_multiple: float = 0.0
) -> pl.DataFrame:
    """Rows whose stated change of 24 hours is not what the value did since the row exactly a day before.

    Args:
        frame: Observations.
        series: The columns that name one series.
        time: When.
        value: What was observed.
        change: What is stated of it, as a fraction.
        min_multiple: How many times what the value did must be stated; for values that flows move too.

    >>> from datetime import date
    >>> quotes = pl.DataFrame(
    ...     {"coin": "A", "day": [date(2024, 1, 1), date(2024, 1, 2)], "price": [100.0, 150.0], "change": [0.0, 0.02]}
    ... )
    >>> contradicted_change(quotes, series=["coin"], time="day", value="price", change="change")["said"].item()
    'stated 2.0 %, actual 50.0 %'
    """
    by = list(series)
    rows = frame.lazy().filter(pl.col(value) > 0).with_columns(_value=pl.col(value).cast(pl.Float64))
    before = rows.select(*by, (pl.col(time).dt.offset_by("1d")).alias(time), _before="_value")
    actual, stated = pl.col("_value") / pl.col("_before") - 1, pl.col(change).cast(pl.Float64)
    # A stated zero is often "unknown"; a small difference is another sampling instant.
    differs = (actual - stated).abs() > 0.03 + 0.1 * actual.abs()
    return (
        rows.join(before, on=[*by, time], how="inner")
        .filter(differs & (stated != 0) & (stated.abs() > min_multiple * actual.abs()))
        .sort((actual - stated).abs(), *by, time, descending=[True, *[False] * (len(by) + 1)])
        .unique([*by, time], keep="first", maintain_order=True)
        .select(
            *by, time, value, change,
            said=pl.format("stated {} %, actual {} %", (stated * 100).round(1), (actual * 100).round(1)),
        )
        .collect()
    )  # fmt: skip


def inconsistent_ratios(
    frame: pl.DataFrame, *, series: Sequence[str], key: Sequence[str], claimed: str, parts: tuple[str, str]
) -> pl.DataFrame:
    """Rows whose claimed ratio is not that of its two amounts, up to a factor their whole series shares.

    The factor is one where amounts are in whole tokens, and a power of ten where they are raw; it is learnt, so
    that a row is only held against its like.

    >>> swaps = pl.DataFrame(
    ...     {"id": range(6), "pool": "A", "price": [2.0] * 6, "got": [4.0] * 5 + [2.0], "gave": [-2.0] * 5 + [-4.0]}
    ... )
    >>> inconsistent_ratios(swaps, series=["pool"], key=["id"], claimed="price", parts=("got", "gave"))["id"].to_list()
    [5]
    """
    by, (numerator, denominator) = list(series), parts
    amounts = pl.col(numerator).cast(pl.Float64).abs() / pl.col(denominator).cast(pl.Float64).abs()
    deviation = pl.col("_ratio") - pl.col("_usual")
    return (
        frame.lazy()
        .filter((pl.col(claimed) > 0) & (pl.col(numerator) != 0) & (pl.col(denominator) != 0))
        .with_columns(_ratio=(amounts / pl.col(claimed).cast(pl.Float64)).log(), _many=pl.len().over(by))
        .with_columns(_usual=pl.col("_ratio").median().over(by))
        .with_columns(_spread=1.4826 * deviation.abs().median().over(by))
        .filter(
            (pl.col("_many") >= 5)  # noqa: PLR2004
            & (deviation.abs() > pl.max_horizontal(_MIN_RATIO_DEVIATION, 8 * pl.col("_spread")))
        )
        .sort(deviation.abs(), *key, descending=[True, *[False] * len(key)])
        .select(
            *key,
            claimed,
            numerator,
            denominator,
            said=pl.format(
                f"{claimed} is off by a factor of {{}} from {numerator} / {denominator}", deviation.abs().exp().round(3)
            ),
        )
        .collect()
    )
