"""Prices that leave and come back as if nothing had happened, or have just left: a bad print, not a market.

Knows isolated excursions of one to three observations. A crash does not come straight back; a rebound of the
whole market is shared; a real jump is traded.
"""

from collections.abc import Sequence
from functools import reduce

import polars as pl

from ys_analytics.quality.detectors.moves import moves

# Beyond this many times the usual move, there and back, with no more trading than usual.
_FAR = 3.0
# The same where far more was traded than usual: something did happen then.
_FAR_AND_TRADED = 5.0
_TRADED = 1.8
# A last observation must be further away, out of a calm, and hardly traded: nothing after it can speak for it.
_ALONE, _ALONE_LEAST, _ALONE_TRADED, _ALONE_CALM = 4.0, 0.2, 3.0, 0.4
# Smaller excursions do no damage worth a finding.
_LEAST = 0.08
# How much of the way out may be left after the way back.
_LEFT = 0.45
_LONGEST = 3
# Coins that spend most of their time this close to one dollar, and the depeg that is still one.
_PEGGED, _KEPT, _NEWS = 0.02, 0.6, 0.25


def reverting_spikes(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str | None = None
) -> pl.DataFrame:
    """Observations that stand apart from those before and after, which agree with each other.

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
        .with_columns(**{f"_out{length}": _excursion(length).over(by) for length in range(1, _LONGEST + 1)})
        .with_columns(**{f"_score{length}": _score(length).over(by) for length in range(1, _LONGEST + 1)})
    )
    # An excursion of n observations began 0 to n-1 observations ago.
    began = [(length, ago) for length in range(1, _LONGEST + 1) for ago in range(length)]
    size = [pl.col(f"_out{length}").shift(ago).over(by) for length, ago in began]
    score = [pl.col(f"_score{length}").shift(ago).over(by) for length, ago in began]
    far = pl.when(pl.col("traded") >= _TRADED).then(_FAR_AND_TRADED).otherwise(_FAR)
    return (
        scored.with_columns(_size=pl.max_horizontal(size), _score=pl.max_horizontal(score))
        .filter((pl.col("_score") > far) & (pl.col("_size") > _LEAST) & ~_off_its_peg(value, by))
        .sort("_score", *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time, value,
            said=pl.format(
                "went off by a factor of {} and came back, {} times its usual move",
                pl.col("_size").exp().round_sig_figs(3), pl.col("_score").round(0),
            ),
        )
        .collect()
    )  # fmt: skip


def unconfirmed_jumps(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str
) -> pl.DataFrame:
    """Last observations that stand far from the one before, out of a calm and without the trading a move brings.

    What comes next would tell an error from a move, and nothing has come yet; the value is in use all the same.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": [100.0 + n % 3 for n in range(29)] + [250.0]})
    >>> quotes = quotes.with_columns(volume=pl.lit(1e6))
    >>> unconfirmed_jumps(quotes, series=["coin"], time="day", value="price", volume="volume").height
    1
    """
    by = list(series)
    seen = moves(frame, series=by, time=time, value=value, volume=volume)
    before = [pl.col("alone").abs().shift(ago).over(by).fill_null(0.0) for ago in range(1, 4)]
    score = pl.col("alone").abs() / pl.col("habit")
    return (
        seen.lazy()
        .with_columns(_before=pl.max_horizontal(before), _last=pl.col(time) == pl.col(time).max().over(by))
        .filter(
            pl.col("_last") & (pl.col(time) == pl.col(time).max())
            & (score > _ALONE) & (pl.col("alone").abs() > _ALONE_LEAST)
            & (pl.col("traded") < _ALONE_TRADED) & (pl.col("_before") < _ALONE_CALM)
        )
        .sort(score, *by, descending=[True, *[False] * len(by)])
        .select(
            *by, time, value,
            said=pl.format(
                "went off by a factor of {}, {} times its usual move, and nothing has come after it",
                pl.col("alone").abs().exp().round_sig_figs(3), score.round(0),
            ),
        )
        .collect()
    )  # fmt: skip


def _off_its_peg(value: str, by: Sequence[str]) -> pl.Expr:
    """Whether a coin that keeps to one dollar left it by little: that is news, and `pegs` tells it."""
    off = (pl.col(value).cast(pl.Float64) - 1).abs()
    return (((off <= _PEGGED).mean() > _KEPT).over(by)) & (off < _NEWS)


def _excursion(length: int) -> pl.Expr:
    """How far an excursion of so many observations went, at its first; null where there was none."""
    away, back = pl.col("alone"), pl.col("alone").shift(-length)
    inside = [pl.col("alone").shift(-step) for step in range(1, length)]
    size = pl.min_horizontal(away.abs(), back.abs())
    left = reduce(lambda total, step: total + step, inside, away + back).abs()
    wandered = reduce(lambda total, step: total + step.abs(), inside, pl.lit(0.0))
    return pl.when((away * back < 0) & (left < _LEFT * size) & (wandered < _LEFT * size)).then(size)


def _score(length: int) -> pl.Expr:
    """The excursion in usual moves, of the livelier of its two ends."""
    return pl.col(f"_out{length}") / pl.max_horizontal(pl.col("habit"), pl.col("habit").shift(-length))
