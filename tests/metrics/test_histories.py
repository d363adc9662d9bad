"""What is no frame of returns is refused in one line, and every kind of one is taken, by every function of frames."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from ys_analytics.errors import ContractError
from ys_analytics.metrics import (
    ALL,
    aggregate_returns,
    drawdowns,
    fleet,
    intervals,
    monthly_table,
    rolling,
    summarise,
    trailing_returns,
)

LAST = date(2024, 3, 15)
FUNCTIONS = {
    "summarise": summarise,
    "fleet": lambda returns: fleet(returns, ALL),
    "drawdowns": drawdowns,
    "monthly_table": monthly_table,
    "trailing_returns": lambda returns: trailing_returns(returns, until=LAST),
    "aggregate_returns": lambda returns: aggregate_returns(returns, every="week"),
    "rolling": rolling,
    "intervals": lambda returns: intervals(returns, resamples=5),
}
EVERY = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)

RETURNS = pl.DataFrame(
    {
        "portfolio_id": "a",
        "day": [LAST - timedelta(days=74 - i) for i in range(75)],
        "ret": [0.25, -0.5, 0.125, -0.0625, 0.0] * 15,
        "benchmark": [0.125, -0.25, 0.25] * 25,
    }
)
KINDS = {
    "lazy": RETURNS.lazy(),
    "Float32": RETURNS.with_columns(pl.col("ret", "benchmark").cast(pl.Float32)),
    "Decimal": RETURNS.with_columns(pl.col("ret", "benchmark").cast(pl.Decimal(38, 18))),
    "days as midnights": RETURNS.with_columns(pl.col("day").cast(pl.Datetime("us", "UTC"))),
    "another column": RETURNS.with_columns(reason=pl.lit(None, pl.String)),
}


@EVERY
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same(function, kind):
    """Lazy, in another precision that holds these numbers exactly, or with days that are midnights."""
    assert function(KINDS[kind]).equals(function(RETURNS))


@EVERY
def test_an_empty_frame_gives_an_empty_frame(function):
    """Also when nothing is known of its columns but their names."""
    assert function(RETURNS.clear()).is_empty()
    assert function(pl.DataFrame({"portfolio_id": [], "day": [], "ret": []})).is_empty()


@EVERY
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        pytest.param(RETURNS.drop("ret"), "no column ret", id="no returns"),
        pytest.param(RETURNS.drop("day", "portfolio_id"), "no column portfolio_id, day", id="neither day nor owner"),
        pytest.param(RETURNS.with_columns(pl.col("ret").cast(pl.String)), "ret is String", id="returns as text"),
        pytest.param(RETURNS.with_columns(pl.col("day").cast(pl.String)), "day is String", id="days as text"),
        pytest.param(pl.concat([RETURNS, RETURNS.tail(1)]), "two returns for", id="a day twice"),
        pytest.param(
            RETURNS.with_columns(pl.when(pl.col("day") < LAST).then("day")), "without|not sorted", id="a day unknown"
        ),
    ],
)
def test_what_is_none_is_refused_in_a_line(function, broken, said):
    """The column, its kind, or the portfolio and the day."""
    with pytest.raises(ContractError, match=said) as refusal:
        function(broken)
    assert "\n" not in str(refusal.value)


@EVERY
def test_two_closes_of_one_day_are_two_returns(function):
    """Moments are days; a day has one close."""
    moments = [datetime(2024, 3, 15, hour, tzinfo=UTC) for hour in (9, 21)]
    twice = pl.DataFrame({"portfolio_id": "a", "day": moments, "ret": [0.1, 0.1]})
    with pytest.raises(ContractError, match="two returns for"):
        function(twice)


@EVERY
def test_the_order_of_rows_is_nothing_or_is_said(function):
    """A shuffled frame gives what the sorted one gives; rolling forms, which give a row for a row, refuse it."""
    shuffled = RETURNS.sample(fraction=1.0, shuffle=True, seed=3)
    if function is rolling:
        with pytest.raises(ContractError, match="not sorted"):
            function(shuffled)
    else:
        assert function(shuffled).equals(function(RETURNS))


def test_the_frame_says_what_the_expressions_say():
    """The lazy plan of the whole catalogue is the eager expression of each metric."""
    from ys_analytics.metrics.sample import Sample

    wide = fleet(RETURNS, ALL).row(0, named=True)
    sample = Sample(depth=pl.col("ret").pipe(_depth))
    for metric in ALL:
        alone = RETURNS.select(metric.of(sample).alias("it"))["it"].item()
        assert wide[metric.name] == (pytest.approx(alone, rel=1e-9) if alone is not None else None), metric.name


def _depth(ret):
    value = (ret + 1).cum_prod()
    return value / value.cum_max().clip(lower_bound=1.0) - 1
