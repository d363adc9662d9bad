"""Falls from a peak: by hand, as a table, and as one number."""

import random
from datetime import date, timedelta

import polars as pl
import pytest

from ys_analytics.metrics import drawdown, drawdowns

R = pl.col("ret")
START = date(2025, 1, 1)


def frame(ret, portfolio="p"):
    days = [START + timedelta(days=i) for i in range(len(ret))]
    return pl.DataFrame({"portfolio_id": portfolio, "day": days, "ret": ret}, schema_overrides={"ret": pl.Float64})


def test_the_table_of_drawdowns_agrees_with_arithmetic_by_hand():
    """Two falls, the deeper first; the second is not over."""
    table = drawdowns(frame([0.1, -0.5, 0.5, 1.0, -0.1, 0.05]))
    days = [START + timedelta(days=i) for i in range(6)]
    deep, open_one = table.rows(named=True)
    assert (deep["peak"], deep["trough"], deep["recovery"], deep["rank"]) == (days[0], days[1], days[3], 1)
    assert deep["depth"] == pytest.approx(-0.5)
    assert (deep["fall_days"], deep["recovery_days"], deep["days"]) == (1, 2, 3)
    assert (open_one["peak"], open_one["trough"], open_one["recovery"]) == (days[3], days[4], None)
    assert (open_one["recovery_days"], open_one["days"], open_one["periods"]) == (None, 2, 2)


def test_who_never_fell_has_no_rows_and_the_same_columns():
    """Empty, and of one shape."""
    none = drawdowns(frame([0.1, 0.0]))
    assert none.is_empty()
    assert none.schema == drawdowns(frame([-0.1])).schema


def test_a_return_to_the_peak_but_for_rounding_is_a_recovery():
    """-10 % and +11.11...% are level again."""
    assert drawdowns(frame([-0.1, 1 / 0.9 - 1, 0.0]))["recovery"].item() == START + timedelta(days=1)


def test_the_table_agrees_with_the_numbers():
    """Deepest, mean depth and mean lengths are those of the episodes."""
    chance = random.Random(11)  # noqa: S311 - a series that must repeat, not a secret
    data = frame([chance.gauss(0.002, 0.02) for _ in range(500)])
    table = drawdowns(data)
    closed = table.filter(pl.col("recovery").is_not_null())
    assert data.select(drawdown.max_drawdown(R)).item() == table["depth"].min()
    assert data.select(drawdown.average_drawdown(R)).item() == pytest.approx(table["depth"].mean(), rel=1e-12)
    lengths = [*closed["periods"], *(table.filter(pl.col("recovery").is_null())["periods"] + 1)]
    assert data.select(drawdown.average_drawdown_length(R)).item() == pytest.approx(sum(lengths) / len(lengths))


def test_top_keeps_the_deepest_of_each():
    """Ranked within its portfolio."""
    both = pl.concat([frame([-0.1, 0.5, -0.2, 0.5], "a"), frame([-0.3, 0.9], "b")])
    assert drawdowns(both, top=1).select("portfolio_id", "rank").rows() == [("a", 1), ("b", 1)]


def test_after_a_total_loss_there_is_one_drawdown_without_end():
    """Nothing grows from nothing."""
    row = drawdowns(frame([0.1, -1.0, 0.5])).row(0, named=True)
    assert (row["depth"], row["recovery"]) == (-1.0, None)
