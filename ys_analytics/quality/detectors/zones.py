"""Moments written in another time zone: off the usual minute of the beat, or a beat beside the market.

Knows regular series; a shift shows either on the clock, or, when it is a whole beat, in what the others did then.
"""

from collections.abc import Sequence

import polars as pl

from ys_analytics.quality.detectors.moves import moves

_REGULAR = 0.6
_ENOUGH = 5
_QUARTER = 900  # seconds; every zone on Earth is a multiple of it away from UTC
_DAY = 86400
# Observations from which a correlation is read, and how clear it must be.
_BLOCK = 30
_WITH, _WITHOUT, _BY = 0.45, 0.2, 0.4


def off_beat(frame: pl.DataFrame, *, series: Sequence[str], alike: Sequence[str], time: str) -> pl.DataFrame:
    """Rows a whole number of quarters of an hour beside the minute at which their like arrive.

    Args:
        frame: Observations.
        series: The columns that name one series.
        alike: The columns that name series of one beat, such as their source.
        time: When.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> at = [start + timedelta(days=n, hours=5.5 if 10 <= n < 13 else 0) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "source": "x", "at": at})
    >>> off_beat(quotes, series=["coin"], alike=["source"], time="at").height
    3
    """
    by, like = list(series), list(alike)
    usual = pl.col(time).diff().dt.total_seconds().median().over(by)
    # A beat that divides a day has a phase; others do not keep to a clock.
    beat = pl.when(pl.col("_usual") >= _DAY / 2).then(_DAY).when((_DAY % pl.col("_usual").clip(1)) == 0).then("_usual")
    away = (pl.col("_phase") - pl.col("_mode")).abs()
    return (
        frame.lazy()
        .sort(*by, time)
        .with_columns(_usual=usual, _many=pl.len().over(by))
        .with_columns(_beat=beat.cast(pl.Int64))
        .with_columns(_phase=pl.col(time).dt.epoch("s") % pl.col("_beat"))
        .with_columns(_mode=pl.col("_phase").drop_nulls().mode().min().over([*like, "_beat"]))
        .with_columns(_share=(pl.col("_phase") == pl.col("_mode")).mean().over([*like, "_beat"]))
        .filter(
            (pl.col("_many") >= _ENOUGH) & (pl.col("_share") >= _REGULAR) & (away > 0) & (away % _QUARTER == 0)
        )
        .sort(*by, time)
        .select(*by, time, said=pl.format("comes {} minutes beside its beat", away // 60))
        .collect()
    )  # fmt: skip


def beside_the_market(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str) -> pl.DataFrame:
    """Stretches in which a series does what the market did one beat before or after, and not what it does now.

    Returns:
        One row per stretch of thirty observations, by its first: a date shifted by a day looks like this.
    """
    by = list(series)
    seen = moves(frame, series=by, time=time, value=value).lazy()
    market = (
        seen.group_by(time)
        .agg(_market=pl.col("step").median(), _quoted=pl.col("step").count())
        .filter(pl.col("_quoted") >= _ENOUGH)
        .sort(time)
        .with_columns(_before=pl.col("_market").shift(1), _after=pl.col("_market").shift(-1))
    )
    tame = pl.col("step").clip(-6 * pl.col("habit"), 6 * pl.col("habit"))
    most = pl.max_horizontal("_early", "_late")
    return (
        seen.join(market, on=time, how="left")
        .sort(*by, time)
        .with_columns(_tame=tame, _block=pl.int_range(pl.len()).over(by) // _BLOCK)
        .group_by(*by, "_block", maintain_order=True)
        .agg(
            pl.col(time).first(),
            _rows=pl.len(),
            _now=pl.corr("_tame", "_market"),
            _late=pl.corr("_tame", "_before"),
            _early=pl.corr("_tame", "_after"),
        )
        # A series that never follows the market, at whatever beat, may do as it likes.
        .with_columns(_follows=pl.max_horizontal("_now", "_late", "_early").median().over(by))
        .filter(
            (pl.col("_rows") == _BLOCK) & (pl.col("_follows") > _WITH)
            & (most > _WITH) & (pl.col("_now") < _WITHOUT) & (most - pl.col("_now") > _BY)
        )
        .sort(*by, time)
        .select(
            *by, time,
            said=pl.format(
                "for {} observations goes with the market of the beat {}",
                pl.lit(_BLOCK),
                pl.when(pl.col("_late") >= pl.col("_early")).then(pl.lit("before")).otherwise(pl.lit("after")),
            ),
        )
        .collect()
    )  # fmt: skip
