"""Spikes: prices that leave for one to three observations and come back, or have just left: a bad print, no market.

Depends on moves beyond the market, and on volume. A crash does not come straight back; a rebound of the
whole market is shared; a real jump is traded.
"""

from collections.abc import Sequence
from functools import reduce

import polars as pl

from ys_analytics.quality.detectors.abnormal_returns import market_adjusted_moves

# Usual moves an excursion must exceed, more where it is messy (per share of it that did not come back or wandered),
# and more where much was traded (per natural logarithm of the usual volume): something did happen then.
_MIN_SCORE, _NOISE_PENALTY, _VOLUME_PENALTY = 1.8, 1.0, 1.8
# How many times the usual volume still tells more of a jump, and what is taken where the volume is not known.
_MAX_TRADED, _TRADED_IF_UNKNOWN = 6.0, 1.75
# Smaller excursions cannot be told from a market's own: in eight years of 49 coins, 37 of the 51 honest days that a
# limit of 0.08 named lie below this one, and none of the bad prints of 30 % that it caught.
_MIN_SIZE = 0.15
# How much of the way out may be left after the way back, or lost on the way.
_MAX_REMAINDER = 0.7
_MAX_LENGTH = 3
# At its end a series has nothing yet to confirm a jump: usual moves, size, size again for each usual volume traded,
# and the largest move of the days before that still counts as calm.
_END_MIN_MOVES, _END_MIN_SIZE, _END_MAX_TRADED, _END_MAX_CALM = 3.5, 0.17, 15.0, 0.4
# At its beginning nothing came before, and a listing finds its price by leaping: further, and hardly traded.
_START_MIN_MOVES, _START_MAX_TRADED = 6.0, 2.5
# Observations from either end that are looked at so.
_EDGE_ROWS = 3
# Coins that spend most of their time this close to one dollar, and the depeg that is still one.
_PEG_TOLERANCE, _MIN_SHARE_AT_PEG, _MIN_DEPEG = 0.02, 0.6, 0.25


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
    with_moves = market_adjusted_moves(frame, series=by, time=time, value=value, volume=volume)
    scored = (
        with_moves.lazy()
        .with_columns(_tail=pl.col("excess").abs().quantile(0.9).over(by))
        .with_columns(**{f"_out{length}": _excursion(length).over(by) for length in range(1, _MAX_LENGTH + 1)})
        .with_columns(**{f"_score{length}": _score(length).over(by) for length in range(1, _MAX_LENGTH + 1)})
    )
    # An excursion of n observations began 0 to n-1 observations ago.
    windows = [(length, rows_back) for length in range(1, _MAX_LENGTH + 1) for rows_back in range(length)]
    size = [pl.col(f"_out{length}").shift(rows_back).over(by) for length, rows_back in windows]
    score = [pl.col(f"_score{length}").shift(rows_back).over(by) for length, rows_back in windows]
    return (
        scored.with_columns(_size=pl.max_horizontal(size), _score=pl.max_horizontal(score))
        .filter((pl.col("_score") > _MIN_SCORE) & (pl.col("_size") > _MIN_SIZE) & ~_is_small_depeg(value, by))
        .filter(pl.col("_size") > beyond_tail * pl.col("_tail"))
        .sort("_score", *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by,
            time,
            value,
            said=pl.format(
                "jumped by a factor of {} and returned, {} times its usual move",
                pl.col("_size").exp().round_sig_figs(3),
                (pl.col("_size") / pl.col("usual_move")).round(0).cast(pl.Int64),
            ),
        )
        .collect()
    )


def unconfirmed_jumps(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str
) -> pl.DataFrame:
    """Jumps among the last three observations, after quiet days and without the trading of a real move, not undone yet.

    The next observations would tell an error from a move, and there are none yet; the value is in use all the same.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": [100.0 + n % 3 for n in range(29)] + [250.0]})
    >>> quotes = quotes.with_columns(volume=pl.lit(1e6))
    >>> unconfirmed_jumps(quotes, series=["coin"], time="day", value="price", volume="volume").height
    1
    """
    by = list(series)
    size = pl.col("excess").abs()
    around = {
        "_before": pl.max_horizontal([size.shift(rows).over(by).fill_null(0.0) for rows in range(1, _EDGE_ROWS + 1)]),
        "_after": pl.max_horizontal([size.shift(-rows).over(by).fill_null(0.0) for rows in range(1, _EDGE_ROWS)]),
        "_left": pl.int_range(pl.len(), 0, -1).over(by),
        "_ended": pl.col(time).max().over(by) + _EDGE_ROWS * pl.col(time).diff().median().over(by),
    }
    return (
        market_adjusted_moves(frame, series=by, time=time, value=value, volume=volume)
        .lazy()
        .with_columns(**around)
        .filter(
            (pl.col("_left") <= _EDGE_ROWS) & (pl.col("_ended") >= pl.col(time).max())
            & (size > _END_MIN_MOVES * pl.col("usual_move")) & (size > _END_MIN_SIZE)
            & (pl.col("traded").fill_null(_TRADED_IF_UNKNOWN) < _END_MAX_TRADED * size)
            & (pl.col("_before") < _END_MAX_CALM) & (pl.col("_after") < 0.5 * size)
            & ~_is_small_depeg(value, by)
        )
        .sort(size / pl.col("usual_move"), *by, descending=[True, *[False] * len(by)])
        .select(*by, time, value, said=_jump_text("and no later value confirms it"))
        .collect()
    )  # fmt: skip


def unproven_starts(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str) -> pl.DataFrame:
    """The first observations of a series, where those that follow differ by a jump that was hardly traded.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": [250.0] + [100.0 + n % 3 for n in range(29)]})
    >>> quotes = quotes.with_columns(volume=pl.lit(1e6))
    >>> unproven_starts(quotes, series=["coin"], time="day", value="price", volume="volume")["price"].to_list()
    [250.0]
    """
    by = list(series)
    jump = pl.col("excess").shift(-1).over(by).abs()
    usual_move = pl.col("usual_move").shift(-1).over(by)
    traded = pl.max_horizontal("traded", pl.col("traded").shift(-1).over(by)).fill_null(_TRADED_IF_UNKNOWN)
    so_far = pl.max_horizontal(
        [pl.col("excess").abs().shift(rows).over(by).fill_null(0.0) for rows in range(_EDGE_ROWS)]
    )
    return (
        market_adjusted_moves(frame, series=by, time=time, value=value, volume=volume)
        .lazy()
        .with_columns(
            _place=pl.int_range(pl.len()).over(by),
            _leap=jump,
            _usual=usual_move,
            _traded=traded,
            _so_far=so_far.fill_null(0.0),
        )
        .filter(
            (pl.col("_place") < _EDGE_ROWS)
            & (pl.col("_leap") > _START_MIN_MOVES * pl.col("_usual"))
            & (pl.col("_leap") > _END_MIN_SIZE)
            & (pl.col("_traded") < _START_MAX_TRADED)
            & (pl.col("_so_far") < 0.5 * pl.col("_leap"))
            & ~_is_small_depeg(value, by)
        )
        .with_columns(excess="_leap", usual_move="_usual")
        .sort(pl.col("excess") / pl.col("usual_move"), *by, descending=[True, *[False] * len(by)])
        .select(*by, time, value, said=_jump_text("from the values that follow, and none precede it"))
        .collect()
    )


def _jump_text(ending: str) -> pl.Expr:
    """The size of a jump, in words."""
    size = pl.col("excess").abs()
    return pl.format(
        "is off by a factor of {}, {} times the usual move, {}",
        size.exp().round_sig_figs(3), (size / pl.col("usual_move")).round(0).cast(pl.Int64), pl.lit(ending),
    )  # fmt: skip


def _is_small_depeg(value: str, by: Sequence[str]) -> pl.Expr:
    """Whether a coin pegged to one dollar left it by little: that is news, which `pegs` finds."""
    deviation = (pl.col(value).cast(pl.Float64) - 1).abs()
    return (((deviation <= _PEG_TOLERANCE).mean() > _MIN_SHARE_AT_PEG).over(by)) & (deviation < _MIN_DEPEG)


def _excursion(length: int) -> pl.Expr:
    """How far an excursion of so many observations went, at its first; null where there was none."""
    size = pl.min_horizontal(pl.col("excess").abs(), pl.col("excess").shift(-length).abs())
    turns = pl.col("excess") * pl.col("excess").shift(-length) < 0
    return pl.when(turns & (_remainder(length) < _MAX_REMAINDER * size)).then(size)


def _remainder(length: int) -> pl.Expr:
    """The part of an excursion that did not come back, or the moves within it; the larger of the two."""
    inside = [pl.col("excess").shift(-step) for step in range(1, length)]
    remainder = reduce(
        lambda total, step: total + step, inside, pl.col("excess") + pl.col("excess").shift(-length)
    ).abs()
    return pl.max_horizontal(remainder, reduce(lambda total, step: total + step.abs(), inside, pl.lit(0.0)))


def _score(length: int) -> pl.Expr:
    """The excursion in usual moves, of the livelier of its two ends, less what speaks against an error."""
    size = pl.col(f"_out{length}")
    traded = (
        pl.max_horizontal("traded", pl.col("traded").shift(-length))
        .fill_null(_TRADED_IF_UNKNOWN)
        .clip(1.0, _MAX_TRADED)
    )
    usual = size / pl.max_horizontal(pl.col("usual_move"), pl.col("usual_move").shift(-length))
    return usual - _NOISE_PENALTY * _remainder(length) / size - _VOLUME_PENALTY * traded.log()
