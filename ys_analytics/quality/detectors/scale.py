"""Values off by a power of ten: a unit misread, a decimal point moved, wei taken for ether.

Depends on jumps between observations of a series, and on amounts far outside all others of their kind. A collapse also
falls by powers of ten, but never after quiet days, and never without trading.
"""

from collections.abc import Sequence

import polars as pl

from ys_analytics.quality.detectors.abnormal_returns import market_adjusted_moves

_LN10 = 2.302585092994046
# A real move of this size comes with far more trading than usual.
_MIN_TRADED = 3.0
# Usual moves a jump must exceed: where values leap about anyhow, a leap of ten is nothing.
_MIN_MOVES = 8.0
# The largest move of the days before that still counts as calm.
_MAX_CALM_MOVE = 0.5
_DAYS_BEFORE = 3
# How far from the exact power a jump may lie: a few usual moves, and never so far that any fall will do.
_MIN_TOLERANCE, _MAX_TOLERANCE = 0.05, 0.4
# The same where owners change a size at will: only a jump by all but exactly a power is one of the decimal point.
_EXACT_TOLERANCE = 0.15
# Decades from the median of all amounts of a kind beyond which no person's wealth explains one.
_MIN_DECADES = 5.0


def decimal_shifts(
    frame: pl.DataFrame,
    *,
    series: Sequence[str],
    time: str,
    value: str,
    volume: str | None = None,
    min_power: int = 1,
    beyond_tail: float = 0.0,
    lasting: bool = True,
) -> pl.DataFrame:
    """Observations between a jump by a power of ten and the jump back, or the jump alone where none leads back.

    A jump that leads exactly back is proof. One that does not must follow quiet days and, when it is tenfold, come
    without the trading of a real one; which side of it is wrong the series cannot say.

    Args:
        frame: Observations.
        series: The columns that name one series.
        time: When.
        value: What was observed; positive.
        volume: How much was traded, where known.
        min_power: The smallest power of ten looked for: two where values leap tenfold by nature, as yields do.
        beyond_tail: How many times the move that one in ten of the series' own exceeds a jump must measure.
        lasting: Whether a jump that leads nowhere back is named too; not for sizes that owners change at will.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> price = [(100.0 + n % 3) * (1000 if 20 <= n < 25 else 1) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": price})
    >>> decimal_shifts(quotes, series=["coin"], time="day", value="price").height
    5
    """
    by = list(series)
    with_moves = market_adjusted_moves(frame, series=by, time=time, value=value, volume=volume)
    rows = _with_jumps(
        with_moves,
        by,
        min_power=min_power,
        beyond_tail=beyond_tail,
        max_tolerance=_MAX_TOLERANCE if lasting else _EXACT_TOLERANCE,
    )
    jumps = _erroneous_jumps(rows.filter(pl.col("_power") != 0), by)
    # A row lies inside when the last believed jump before it is one that leads back later.
    between_jumps = pl.col("_opens").forward_fill().over(by)
    one_way = pl.col("_believed") & ~pl.col("_paired")
    return (
        rows.join(jumps, on=[*by, "_row"], how="left")
        .with_columns(pl.col("_believed").fill_null(value=False), _to=pl.col("_to").forward_fill().over(by))
        .sort(*by, "_row")
        .filter(between_jumps.fill_null(value=False) | (one_way & lasting))
        .select(
            *by, time, value,
            said=pl.when(one_way)
            .then(pl.format("jumps to 10^{} times its level, and stays", pl.col("_power").cast(pl.Int32)))
            .otherwise(pl.format("is 10^{} times its level", pl.col("_to").cast(pl.Int32))),
        )
        .collect()
    )  # fmt: skip


def _with_jumps(
    with_moves: pl.DataFrame, by: Sequence[str], *, min_power: int, beyond_tail: float, max_tolerance: float
) -> pl.LazyFrame:
    """Each row with its number in its series, and the power of ten it jumped by; 0 for a row like any other."""
    decades = pl.col("excess") / _LN10
    tolerance = (4 * pl.col("usual_move")).clip(_MIN_TOLERANCE, max_tolerance)
    min_move = pl.max_horizontal(
        _MIN_MOVES * pl.col("usual_move"), beyond_tail * pl.col("excess").abs().quantile(0.9).over(by)
    )
    is_power = (
        ((decades - decades.round(0)).abs() * _LN10 <= tolerance)
        & (pl.col("excess").abs() > min_move) & (decades.round(0).abs() >= min_power)
    )  # fmt: skip
    power = pl.when(is_power.fill_null(value=False)).then(decades.round(0)).otherwise(0.0)
    earlier_moves = [pl.col("_rest").abs().shift(rows).over(by).fill_null(0.0) for rows in range(1, _DAYS_BEFORE + 1)]
    return (
        with_moves.lazy()
        .with_columns(_row=pl.int_range(pl.len()).over(by), _power=power)
        .with_columns(_rest=pl.col("excess") - pl.col("_power") * _LN10)
        .with_columns(_calm=pl.max_horizontal(earlier_moves) < _MAX_CALM_MOVE)
    )


def _erroneous_jumps(jumps: pl.LazyFrame, by: Sequence[str]) -> pl.LazyFrame:
    """The jumps that are errors, and which of them open a stretch that another closes.

    In a chain of jumps there and back, every other stretch is wrong: those that are shorter together. Two jumps
    have one stretch between them.
    """
    after, before = pl.col("_power").shift(-1).over(by), pl.col("_power").shift(1).over(by)
    leads_back = (after == -pl.col("_power")).fill_null(value=False)
    led_back = (before == -pl.col("_power")).fill_null(value=False)
    traded_jump = (pl.col("traded").fill_null(0.0) >= _MIN_TRADED) & (pl.col("_power").abs() < 2)  # noqa: PLR2004 - tenfold
    of_chain = [*by, "_chain"]
    length = pl.when("_leads_back").then((pl.col("_row").shift(-1) - pl.col("_row")).over(by)).otherwise(0)
    even = pl.col("_place") % 2 == 0
    shorter = (pl.len() == 2) | (pl.col("_length").filter(even).sum() <= pl.col("_length").filter(~even).sum())  # noqa: PLR2004
    return (
        jumps.with_columns(_leads_back=leads_back, _led_back=led_back)
        .with_columns(_paired=pl.col("_leads_back") | pl.col("_led_back"), _length=length)
        .with_columns(_chain=(~pl.col("_led_back")).cum_sum().over(by))
        .with_columns(_place=pl.int_range(pl.len()).over(of_chain))
        .with_columns(_opens=pl.col("_leads_back") & (even == shorter.over(of_chain)))
        .with_columns(_believed=pl.col("_paired") | (pl.col("_calm") & ~traded_jump))
        .filter("_believed")
        .select(*by, "_row", "_believed", "_paired", "_opens", _to=pl.when("_opens").then("_power"))
    )


def scale_outliers(frame: pl.DataFrame, *, series: Sequence[str], key: Sequence[str], value: str) -> pl.DataFrame:
    """Amounts many decades above all others of their kind: raw units written where whole ones belong.

    Raw units are larger than whole ones, never smaller, so dust and small claims are not looked at. What is found may
    still be a whale's: only what other tables say of its worth can tell.

    Args:
        frame: Amounts of any sign; zeros and nulls are left out.
        series: The columns that name a kind, such as the asset.
        key: The columns that name a row.
        value: The amount.

    >>> paid = pl.DataFrame({"id": range(6), "coin": "A", "paid": [1.0, 2.0, 1e-12, 3.0, 2e18, 1.5]})
    >>> scale_outliers(paid, series=["coin"], key=["id"], value="paid")["id"].to_list()
    [4]
    """
    by = list(series)
    decades = pl.col(value).cast(pl.Float64).abs().log10()
    excess_decades = pl.col("_decades") - pl.col("_usual")
    return (
        frame.lazy()
        .filter(pl.col(value) != 0)
        .with_columns(_decades=decades)
        .with_columns(_usual=pl.col("_decades").median().over(by), _many=pl.len().over(by))
        .with_columns(_spread=1.4826 * excess_decades.abs().median().over(by))
        .filter((pl.col("_many") >= 5) & (excess_decades >= pl.max_horizontal(_MIN_DECADES, 6 * pl.col("_spread"))))  # noqa: PLR2004
        .with_columns(_off=excess_decades.round(0).cast(pl.Int32))
        .sort("_off", *key, descending=[True, *[False] * len(key)])
        .select(
            *dict.fromkeys([*key, *by]), value,
            said=pl.format("is 10^{} times the usual amount", pl.col("_off")),
        )
        .collect()
    )  # fmt: skip
