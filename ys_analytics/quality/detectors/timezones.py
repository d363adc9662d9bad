"""Moments written in another time zone: off the usual minute of a series, or one interval off the market.

Depends on regular series. A shift shows on the clock, or, when it is a whole interval, in what the others did then.
"""

from collections.abc import Sequence

import polars as pl

from ys_analytics.quality.detectors.abnormal_returns import market_adjusted_moves

_MIN_REGULAR_SHARE = 0.6
_MIN_OBSERVATIONS = 5
# Pauses, half on each side, from which the usual one is read; and rows by whose moments one is dated.
_PAUSES_AROUND, _NEIGHBOURS = 41, 9
# How far a chain's pace strays from its median over some rows, as a share.
_PACE_TOLERANCE = 0.02
_QUARTER = 900  # seconds; every zone on Earth is a multiple of it away from UTC
_DAY = 86400
# Observations from which a correlation is read, and how clear it must be.
_BLOCK = 30
_MIN_CORRELATION, _MAX_CORRELATION_NOW, _MIN_GAIN = 0.45, 0.2, 0.4


def off_schedule(frame: pl.DataFrame, *, series: Sequence[str], group: Sequence[str], time: str) -> pl.DataFrame:
    """Rows a whole number of quarters of an hour off the minute at which rows of their group arrive.

    Args:
        frame: Observations.
        series: The columns that name one series.
        group: The columns that name series of one beat, such as their source.
        time: When.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> at = [start + timedelta(days=n, hours=5.5 if 10 <= n < 13 else 0) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "source": "x", "at": at})
    >>> off_schedule(quotes, series=["coin"], group=["source"], time="at").height
    3
    """
    by, group_columns = list(series), list(group)
    # A series may change its pace, so each row is held against the pauses around it.
    pause = pl.col(time).diff().dt.total_seconds().cast(pl.Float64)
    usual = pause.rolling_median(_PAUSES_AROUND, min_samples=_MIN_OBSERVATIONS - 1, center=True).over(by)
    # A beat that divides a day has a phase; others do not keep to a clock.
    interval = (
        pl.when(pl.col("_usual") >= _DAY / 2).then(_DAY).when((_DAY % pl.col("_usual").clip(1)) == 0).then("_usual")
    )
    offset = (pl.col("_phase") - pl.col("_mode")).abs()
    return (
        frame.lazy()
        .sort(*by, time)
        .with_columns(_usual=usual, _many=pl.len().over(by))
        .with_columns(_beat=interval.cast(pl.Int64))
        .with_columns(_phase=pl.col(time).dt.epoch("s") % pl.col("_beat"))
        .with_columns(_mode=pl.col("_phase").drop_nulls().mode().min().over([*group_columns, "_beat"]))
        .with_columns(_share=(pl.col("_phase") == pl.col("_mode")).mean().over([*group_columns, "_beat"]))
        .filter(
            (pl.col("_many") >= _MIN_OBSERVATIONS)
            & (pl.col("_share") >= _MIN_REGULAR_SHARE)
            & (offset > 0)
            & (offset % _QUARTER == 0)
        )
        .sort(*by, time)
        .select(*by, time, said=pl.format("is {} minutes away from its usual minute", offset // 60))
        .collect()
    )


def out_of_order(
    frame: pl.DataFrame, *, series: Sequence[str], key: Sequence[str], order: str, time: str
) -> pl.DataFrame:
    """Rows far from the moments of those that are numbered around them, such as swaps of neighbouring blocks.

    Far is ten minutes, six times what rows around usually differ by, and a fiftieth of the time to the rows around it:
    a chain's pace strays, so what lies alone is dated less exactly.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> at = [start + timedelta(minutes=10 * n, hours=5.5 if n == 12 else 0) for n in range(40)]
    >>> swaps = pl.DataFrame({"chain": 1, "block": range(40), "id": range(40), "at": at})
    >>> out_of_order(swaps, series=["chain"], key=["id"], order="block", time="at")["id"].to_list()
    [12]
    """
    by = list(series)
    seconds = pl.col(time).dt.epoch("s").cast(pl.Float64)
    # Blocks come at a steady pace: where a row lies between its neighbours is known from their numbers. The pace of a
    # chain changes once in years, so it is read from the rows around.
    blocks_passed = pl.col("_number").diff().fill_null(0.0)
    pace = pl.col("_at").diff() / blocks_passed
    usual_pace = pl.col("_pace").rolling_median(_PAUSES_AROUND, min_samples=_MIN_OBSERVATIONS, center=True)
    expected = pl.col("_origin").rolling_median(_NEIGHBOURS, min_samples=_MIN_OBSERVATIONS, center=True)
    time_to_neighbours = pl.max_horizontal(
        pl.col("_at").diff(_NEIGHBOURS // 2), pl.col("_at").diff(-(_NEIGHBOURS // 2)).abs()
    )
    return (
        frame.lazy()
        .drop_nulls([order, time])
        .sort(*by, order, *key)
        .with_columns(_at=seconds, _number=pl.col(order).cast(pl.Float64))
        .with_columns(
            _passed=blocks_passed.over(by),
            _pace=pl.when(blocks_passed > 0).then(pace).over(by),
            _lonely=time_to_neighbours.over(by),
        )
        .with_columns(_pace=usual_pace.over(by).fill_null(pl.col("_pace").median().over(by)))
        .with_columns(_origin=pl.col("_at") - (pl.col("_passed") * pl.col("_pace")).cum_sum().over(by))
        .with_columns(_expected=expected.over(by))
        .with_columns(_off=(pl.col("_origin") - pl.col("_expected")).abs())
        .with_columns(
            _usual=1.4826
            * pl.col("_off").rolling_median(_PAUSES_AROUND, min_samples=_MIN_OBSERVATIONS, center=True).over(by)
        )
        .filter(
            pl.col("_off") > pl.max_horizontal(600.0, 6 * pl.col("_usual"), _PACE_TOLERANCE * pl.col("_lonely").abs())
        )
        .sort("_off", *key, descending=[True, *[False] * len(key)])
        .select(
            *dict.fromkeys([*key, time, order]),
            said=pl.format(
                "is {} minutes away from its neighbours in {}",
                (pl.col("_off") / 60).round(0).cast(pl.Int64),
                pl.lit(order),
            ),
        )
        .collect()
    )


def shifted_against_market(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str) -> pl.DataFrame:
    """Stretches in which a series follows the market of one interval before or after, and not that of its own time.

    Returns:
        One row per stretch of thirty observations, by its first: a date shifted by a day looks like this.
    """
    by = list(series)
    with_moves = market_adjusted_moves(frame, series=by, time=time, value=value).lazy()
    market = (
        with_moves.group_by(time)
        .agg(_market=pl.col("step").median(), _quoted=pl.col("step").count())
        .filter(pl.col("_quoted") >= _MIN_OBSERVATIONS)
        .sort(time)
        .with_columns(_before=pl.col("_market").shift(1), _after=pl.col("_market").shift(-1))
    )
    clipped = pl.col("step").clip(-6 * pl.col("usual_move"), 6 * pl.col("usual_move"))
    best = pl.max_horizontal("_early", "_late")
    return (
        with_moves.join(market, on=time, how="left")
        .sort(*by, time)
        .with_columns(_tame=clipped, _block=pl.int_range(pl.len()).over(by) // _BLOCK)
        .group_by(*by, "_block", maintain_order=True)
        .agg(
            pl.col(time).first(),
            _rows=pl.len(),
            _now=pl.corr("_tame", "_market"),
            _late=pl.corr("_tame", "_before"),
            _early=pl.corr("_tame", "_after"),
        )
        # A series that follows the market at no interval is not checked.
        .with_columns(_follows=pl.max_horizontal("_now", "_late", "_early").median().over(by))
        # Thirty observations correlate with the wrong beat by chance now and then, but not sixty: dates stay shifted.
        .with_columns(_lags=pl.col("_late") - pl.col("_now"), _leads=pl.col("_early") - pl.col("_now"))
        .with_columns(_lag_lasts=_neighbour_agrees("_lags", by), _lead_lasts=_neighbour_agrees("_leads", by))
        .with_columns(_again=pl.when(pl.col("_lags") >= pl.col("_leads")).then("_lag_lasts").otherwise("_lead_lasts"))
        .filter(
            (pl.col("_rows") == _BLOCK) & (pl.col("_follows") > _MIN_CORRELATION) & pl.col("_again")
            & (best > _MIN_CORRELATION) & (pl.col("_now") < _MAX_CORRELATION_NOW) & (best - pl.col("_now") > _MIN_GAIN)
        )
        .sort(*by, time)
        .select(
            *by, time,
            said=pl.format(
                "for {} observations follows the market of the interval {}",
                pl.lit(_BLOCK),
                pl.when(pl.col("_late") >= pl.col("_early")).then(pl.lit("before")).otherwise(pl.lit("after")),
            ),
        )
        .collect()
    )  # fmt: skip


def _neighbour_agrees(gain: str, by: Sequence[str]) -> pl.Expr:
    """Whether a neighbouring stretch shows the same shift, at least half as clearly."""
    neighbour = pl.max_horizontal([pl.col(gain).shift(rows).over(by) for rows in (1, -1)])
    return (neighbour > _MIN_GAIN / 2).fill_null(value=False)
