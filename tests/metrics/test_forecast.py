"""The rank correlation of forecasts with what followed, against SciPy-free arithmetic done by hand."""

import math

import polars as pl
import pytest

from ys_analytics.metrics.forecast import rank_correlation


def test_rank_correlation_is_spearmans_with_bonett_and_wrights_interval():
    """Of ten pairs, two neighbours swapped: 1 - 6 * 2 / (10 * 99)."""
    found = rank_correlation(pl.Series(range(10)), pl.Series([1, 0, 2, 3, 4, 5, 6, 7, 8, 9]))
    rho = 1 - 6 * 2 / 990
    width = 1.959963984540054 * math.sqrt((1 + rho**2 / 2) / 7)
    assert found["value"] == pytest.approx(rho)
    assert found["low"] == pytest.approx(math.tanh(math.atanh(rho) - width))
    assert found["high"] == pytest.approx(math.tanh(math.atanh(rho) + width))
    assert found["n"] == 10


def test_pairs_with_a_null_do_not_count_and_few_give_no_number():
    """Nine whole pairs are too few, and it says so."""
    found = rank_correlation(pl.Series([*range(9), None]), pl.Series(range(10)))
    assert (found["value"], found["n"], found["reason"]) == (None, 9, "needs 10 pairs, has 9")


def test_forecasts_that_are_all_alike_predict_nothing():
    """A constant has no rank."""
    found = rank_correlation(pl.Series([1.0] * 12), pl.Series(range(12)))
    assert (found["value"], found["reason"]) == (None, "forecasts or outcomes are all alike")
