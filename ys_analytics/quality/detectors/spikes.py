"""Prices that leave and come back as if nothing had happened, or have just left: a bad print, not a market.

Knows isolated excursions of one to three observations. A crash does not come straight back; a rebound of the
whole market is shared; a real jump is traded.
"""

from collections.abc import Sequence
from functools import reduce

import polars as pl

from ys_analytics.quality.detectors.abnormal_returns import moves

# Usual moves an excursion must exceed, more where it is messy (per share of it that did not come back or wandered),
# and more where much was traded (per natural logarithm of the usual volume): something did happen then.
_FAR, _FAR_IF_MESSY, _FAR_IF_TRADED = 1.8, 1.0, 1.8
# How many times the usual volume still tells more of a jump, and what is taken where the volume is not known.
_MOST_TRADED, _UNKNOWN = 6.0, 1.75
# Smaller excursions cannot be told from a market's own: in eight years of 49 coins, 37 of the 51 honest days that a
# limit of 0.08 named lie below this one, and none of the bad prints of 30 % that it caught.
_LEAST = 0.15
# How much of the way out may be left after the way back, or lost on the way.
_LEFT = 0.7
_LONGEST = 3
# At its end a series has nothing yet to bear a jump out: usual moves, size, size again for each usual volume traded,
# and the largest move of the days before that still counts as calm.
_END_FAR, _END_LEAST, _END_TRADED, _END_CALM = 3.5, 0.17, 15.0, 0.4
# At its beginning nothing came before, and a listing finds its price by leaping: further, and hardly traded.
_START_FAR, _START_TRADED = 6.0, 2.5
# Observations from either end that are looked at so.
_ENDS = 3
# Coins that spend most of their time this close to one dollar, and the depeg that is still one.
_PEGGED, _KEPT, _NEWS = 0.02, 0.6, 0.25


def reverting_spikes(
    frame: pl.DataFrame,
    *,
    series: Sequence[str],
    time: str,
    value: str,
    volume: str | None = None,
    beyond_tail: float = 0.0,
) -> pl.DataFrame:
    """Observations that stand apart from those before and after, which agree with each other.

    Args:
        frame: Observations.
        series: The columns that name one series.
        time: When.
        value: What was observed; positive.
        volume: How much was traded, where known.
        beyond_tail: How many times the move that one in ten of the series' own exceeds an excursion must
            measure: for sizes that leap by nature, as a pool's does when a large holder comes and goes.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> price = [100.0 + n % 3 for n in range(30)]
    >>> price[20] = 180.0
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": price})
    >>> reverting_spikes(quotes, series=["coin"], time="day", value="price")["day"].to_list()
    [datetime.date(2024, 1, 21)]
    """
    by = list(series)
    seen = moves(frame, series=by, time=time, value=value, volume=volume)
    scored = (
        seen.lazy()
        .with_columns(_tail=pl.col("alone").abs().quantile(0.9).over(by))
        .with_columns(**{f"_out{length}": _excursion(length).over(by) for length in range(1, _LONGEST + 1)})
        .with_columns(**{f"_score{length}": _score(length).over(by) for length in range(1, _LONGEST + 1)})
    )
    # An excursion of n observations began 0 to n-1 observations ago.
    began = [(length, ago) for length in range(1, _LONGEST + 1) for ago in range(length)]
    size = [pl.col(f"_out{length}").shift(ago).over(by) for length, ago in began]
    score = [pl.col(f"_score{length}").shift(ago).over(by) for length, ago in began]
    return (
        scored.with_columns(_size=pl.max_horizontal(size), _score=pl.max_horizontal(score))
        .filter((pl.col("_score") > _FAR) & (pl.col("_size") > _LEAST) & ~_off_its_peg(value, by))
        .filter(pl.col("_size") > beyond_tail * pl.col("_tail"))
        .sort("_score", *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time, value,
            said=pl.format(
                "jumped by a factor of {} and returned, {} times its usual move",
                pl.col("_size").exp().round_sig_figs(3), (pl.col("_size") / pl.col("habit")).round(0).cast(pl.Int64),
            ),
        )
        .collect()
    )  # fmt: skip


def unconfirmed_jumps(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str
) -> pl.DataFrame:
    """Jumps among the last three observations, out of a calm and without the trading a move brings, not yet undone.

    What comes next would tell an error from a move, and nothing has come yet; the value is in use all the same.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": [100.0 + n % 3 for n in range(29)] + [250.0]})
    >>> quotes = quotes.with_columns(volume=pl.lit(1e6))
    >>> unconfirmed_jumps(quotes, series=["coin"], time="day", value="price", volume="volume").height
    1
    """
    by = list(series)
    far = pl.col("alone").abs()
    around = {
        "_before": pl.max_horizontal([far.shift(ago).over(by).fill_null(0.0) for ago in range(1, _ENDS + 1)]),
        "_after": pl.max_horizontal([far.shift(-ago).over(by).fill_null(0.0) for ago in range(1, _ENDS)]),
        "_left": pl.int_range(pl.len(), 0, -1).over(by),
        "_ended": pl.col(time).max().over(by) + _ENDS * pl.col(time).diff().median().over(by),
    }
    return (
        moves(frame, series=by, time=time, value=value, volume=volume)
        .lazy()
        .with_columns(**around)
        .filter(
            (pl.col("_left") <= _ENDS) & (pl.col("_ended") >= pl.col(time).max())
            & (far > _END_FAR * pl.col("habit")) & (far > _END_LEAST)
            & (pl.col("traded").fill_null(_UNKNOWN) < _END_TRADED * far)
            & (pl.col("_before") < _END_CALM) & (pl.col("_after") < 0.5 * far)
            & ~_off_its_peg(value, by)
        )
        .sort(far / pl.col("habit"), *by, descending=[True, *[False] * len(by)])
        .select(*by, time, value, said=_leapt("and no later value confirms it"))
        .collect()
    )  # fmt: skip


def unproven_starts(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str) -> pl.DataFrame:
    """The first observations of a series, where those that follow leave them by a leap that was hardly traded.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": [250.0] + [100.0 + n % 3 for n in range(29)]})
    >>> quotes = quotes.with_columns(volume=pl.lit(1e6))
    >>> unproven_starts(quotes, series=["coin"], time="day", value="price", volume="volume")["price"].to_list()
    [250.0]
    """
    by = list(series)
    leap = pl.col("alone").shift(-1).over(by).abs()
    habit = pl.col("habit").shift(-1).over(by)
    traded = pl.max_horizontal("traded", pl.col("traded").shift(-1).over(by)).fill_null(_UNKNOWN)
    so_far = pl.max_horizontal([pl.col("alone").abs().shift(ago).over(by).fill_null(0.0) for ago in range(_ENDS)])
    return (
        moves(frame, series=by, time=time, value=value, volume=volume)
        .lazy()
        .with_columns(
            _place=pl.int_range(pl.len()).over(by), _leap=leap, _habit=habit, _traded=traded,
            _so_far=so_far.fill_null(0.0),
        )
        .filter(
            (pl.col("_place") < _ENDS) & (pl.col("_leap") > _START_FAR * pl.col("_habit"))
            & (pl.col("_leap") > _END_LEAST) & (pl.col("_traded") < _START_TRADED)
            & (pl.col("_so_far") < 0.5 * pl.col("_leap")) & ~_off_its_peg(value, by)
        )
        .with_columns(alone="_leap", habit="_habit")
        .sort(pl.col("alone") / pl.col("habit"), *by, descending=[True, *[False] * len(by)])
        .select(*by, time, value, said=_leapt("from the values that follow, and none precede it"))
        .collect()
    )  # fmt: skip


def _leapt(words: str) -> pl.Expr:
    """How far a jump went, in words."""
    far = pl.col("alone").abs()
    return pl.format(
        "is off by a factor of {}, {} times the usual move, {}",
        far.exp().round_sig_figs(3), (far / pl.col("habit")).round(0).cast(pl.Int64), pl.lit(words),
    )  # fmt: skip


def _off_its_peg(value: str, by: Sequence[str]) -> pl.Expr:
    """Whether a coin that keeps to one dollar left it by little: that is news, and `pegs` tells it."""
    off = (pl.col(value).cast(pl.Float64) - 1).abs()
    return (((off <= _PEGGED).mean() > _KEPT).over(by)) & (off < _NEWS)


def _excursion(length: int) -> pl.Expr:
    """How far an excursion of so many observations went, at its first; null where there was none."""
    size = pl.min_horizontal(pl.col("alone").abs(), pl.col("alone").shift(-length).abs())
    turns = pl.col("alone") * pl.col("alone").shift(-length) < 0
    return pl.when(turns & (_mess(length) < _LEFT * size)).then(size)


def _mess(length: int) -> pl.Expr:
    """What of an excursion did not come back, or was walked to and fro on the way; the larger of the two."""
    inside = [pl.col("alone").shift(-step) for step in range(1, length)]
    left = reduce(lambda total, step: total + step, inside, pl.col("alone") + pl.col("alone").shift(-length)).abs()
    return pl.max_horizontal(left, reduce(lambda total, step: total + step.abs(), inside, pl.lit(0.0)))


def _score(length: int) -> pl.Expr:
    """The excursion in usual moves, of the livelier of its two ends, less what speaks against an error."""
    size = pl.col(f"_out{length}")
    traded = pl.max_horizontal("traded", pl.col("traded").shift(-length)).fill_null(_UNKNOWN).clip(1.0, _MOST_TRADED)
    usual = size / pl.max_horizontal(pl.col("habit"), pl.col("habit").shift(-length))
    return usual - _FAR_IF_MESSY * _mess(length) / size - _FAR_IF_TRADED * traded.log()
