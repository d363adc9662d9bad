"""Backtests of value at risk: how often a loss exceeded it, and whether the exceedances come in clusters.

Has the tests of Kupiec, Christoffersen and Basel for one series of counts, and `backtest`
for all portfolios, on the platform's stored `var_95` as on ours. Does not read a store, clock or setting.
"""

import math
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ys_analytics.metrics.sample import check_confidence, finite_or_null

Zone = Literal["green", "yellow", "red"]

# Basel's borders, on the probability of so many failures or fewer.
_YELLOW, _RED = 0.95, 0.9999


@dataclass(frozen=True, slots=True)
class SignificanceTest:
    """Outcome of one statistical test.

    Attributes:
        statistic: Likelihood ratio, or z.
        p_value: Probability of so large a statistic when the value at risk is right; small speaks against it.
    """

    statistic: float
    p_value: float

    def rejects(self, level: float = 0.95) -> bool:
        """Whether the value at risk is refused at this test level.

        >>> SignificanceTest(5.0, 0.025).rejects(0.95)
        True
        """
        return self.p_value < 1 - level


def kupiec(observations: int, failures: int, *, confidence: float = 0.95) -> SignificanceTest:
    r"""Proportion of failures: were there as many as the confidence implies?

    $$ LR = -2 \ln \frac{(1-p)^{n-x} p^x}{(1-x/n)^{n-x} (x/n)^x} \sim \chi^2_1 $$

    Args:
        observations: $n$.
        failures: $x$, losses above the value at risk.
        confidence: $1 - p$.

    Source:
        Kupiec (1995), "Techniques for Verifying the Accuracy of Risk Measurement Models", J. of Derivatives 3(2).

    >>> round(kupiec(1043, 57).statistic, 5)
    0.46147
    """
    _check_counts(observations, failures, confidence)
    p, x, n = 1 - confidence, failures, observations
    ratio = 2 * (_log_likelihood(n - x, x, x / n) - _log_likelihood(n - x, x, p)) if n else 0.0
    return _by_chi_square(ratio, 1)


def kupiec_region(observations: int, *, confidence: float = 0.95, level: float = 0.95) -> tuple[int, int]:
    """Fewest and most failures that `kupiec` does not refuse.

    Args:
        observations: Number of days.
        confidence: Of the value at risk.
        level: Of the test.

    Source:
        Kupiec (1995), table 2.

    >>> kupiec_region(510, confidence=0.99)
    (2, 10)
    """
    _check_counts(observations, 0, confidence)
    accepted = [x for x in range(observations + 1) if not kupiec(observations, x, confidence=confidence).rejects(level)]
    return accepted[0], accepted[-1]


def binomial_test(observations: int, failures: int, *, confidence: float = 0.95) -> SignificanceTest:
    r"""Proportion of failures by the normal approximation, both sides.

    $$ z = \frac{x - np}{\sqrt{np(1-p)}} $$

    Source:
        Jorion (2006), ch. 6.

    >>> round(binomial_test(1043, 57).statistic, 5)
    0.68905
    """
    _check_counts(observations, failures, confidence)
    p = 1 - confidence
    z = (failures - observations * p) / math.sqrt(observations * p * (1 - p)) if observations else 0.0
    return SignificanceTest(z, math.erfc(abs(z) / math.sqrt(2)))


def christoffersen(n00: int, n01: int, n10: int, n11: int) -> SignificanceTest:
    r"""Independence: does a failure make another one likelier the day after?

    $$ LR = -2 \ln \frac{(1-\pi)^{n_{00}+n_{10}} \pi^{n_{01}+n_{11}}}
       {(1-\pi_0)^{n_{00}} \pi_0^{n_{01}} (1-\pi_1)^{n_{10}} \pi_1^{n_{11}}} \sim \chi^2_1 $$

    Args:
        n00: Days without failure after days without.
        n01: Failures after days without.
        n10: Days without failure after failures.
        n11: Failures after failures.

    Source:
        Christoffersen (1998), "Evaluating Interval Forecasts", International Economic Review 39(4).

    >>> round(christoffersen(932, 53, 53, 4).statistic, 5)
    0.25866
    """
    days = n00 + n01 + n10 + n11
    if not days:
        return SignificanceTest(0.0, 1.0)
    after_none = n01 / (n00 + n01) if n00 + n01 else 0.0
    after_one = n11 / (n10 + n11) if n10 + n11 else 0.0
    joint_likelihood = _log_likelihood(n00 + n10, n01 + n11, (n01 + n11) / days)
    separate_likelihood = _log_likelihood(n00, n01, after_none) + _log_likelihood(n10, n11, after_one)
    return _by_chi_square(2 * (separate_likelihood - joint_likelihood), 1)


def conditional_coverage(pof: SignificanceTest, independence: SignificanceTest) -> SignificanceTest:
    """Both at once: as many failures as expected, and none that come in clusters.

    Source:
        Christoffersen (1998), International Economic Review 39(4).

    >>> round(conditional_coverage(kupiec(1043, 57), christoffersen(932, 53, 53, 4)).p_value, 5)
    0.69763
    """
    return _by_chi_square(pof.statistic + independence.statistic, 2)


def time_until_first_failure(first: int, *, confidence: float = 0.95) -> SignificanceTest:
    r"""Did the first failure come too soon, or too late?

    $$ LR = -2 \ln \frac{p (1-p)^{v-1}}{\frac1v (1 - \frac1v)^{v-1}} \sim \chi^2_1 $$

    Args:
        first: $v$, number of the day on which it came, from 1.
        confidence: $1 - p$.

    Source:
        Kupiec (1995), J. of Derivatives 3(2).

    >>> round(time_until_first_failure(58).statistic, 4)
    1.7354
    """
    check_confidence(confidence)
    if first < 1:
        raise ValueError(f"first must be the number of a day, from 1, not {first}")
    return _by_chi_square(
        2 * (_log_likelihood(first - 1, 1, 1 / first) - _log_likelihood(first - 1, 1, 1 - confidence)), 1
    )


def failures_at_most(observations: int, failures: int, *, confidence: float = 0.99) -> float:
    """Probability of so many failures or fewer when the value at risk is right.

    >>> round(failures_at_most(250, 4, confidence=0.99), 4)
    0.8922
    """
    _check_counts(observations, failures, confidence)
    return min(1.0, math.fsum(exactly(observations, x, confidence=confidence) for x in range(failures + 1)))


def exactly(observations: int, failures: int, *, confidence: float = 0.99) -> float:
    """Probability of exactly so many failures when the value at risk is right.

    >>> round(exactly(250, 0, confidence=0.99), 3)
    0.081
    """
    _check_counts(observations, failures, confidence)
    n, x = observations, failures
    combinations = math.lgamma(n + 1) - math.lgamma(x + 1) - math.lgamma(n - x + 1)
    return math.exp(combinations + x * math.log(1 - confidence) + (n - x) * math.log(confidence))


def _check_counts(observations: int, failures: int, confidence: float) -> None:
    """Refuse counts that no backtest gives.

    Raises:
        ValueError: fewer than no failures, or more than days; or the confidence is outside (0, 1).
    """
    check_confidence(confidence)
    if not 0 <= failures <= observations:
        raise ValueError(f"failures must be from 0 to the {observations} observations, not {failures}")


def traffic_light(observations: int, failures: int, *, confidence: float = 0.99) -> Zone:
    """Basel's zone: green, yellow from 95 % on, red from 99.99 % on.

    Source:
        Basel Committee (1996), "Supervisory framework for the use of backtesting".

    >>> traffic_light(250, 5)
    'yellow'
    """
    probability = failures_at_most(observations, failures, confidence=confidence)
    return "green" if probability < _YELLOW else "yellow" if probability < _RED else "red"


def backtest(
    history: pl.DataFrame | pl.LazyFrame,
    *,
    var: str = "var",
    confidence: float = 0.95,
    minimum: int = 30,
    by: str = "portfolio_id",
) -> pl.DataFrame:
    """All tests of each portfolio's value at risk.

    Args:
        history: Columns `by`, day Date, ret Float64, and `var` Float64: the loss, positive and as a
            fraction, that was forecast for that day the day before; perhaps days Int64, which each return spans: one
            over several days tests no forecast of one, and is neither counted nor taken for the day before.
        var: The column of the forecast.
        confidence: Of the forecast.
        minimum: Days with both, below which nothing is tested.
        by: The column that tells the portfolios apart.

    Returns:
        One row per portfolio, sorted: `by`, n, failures Int64, expected Float64, kupiec_lr, kupiec_p,
        independence_lr, independence_p, coverage_lr, coverage_p Float64, first_failure Int64,
        first_failure_p Float64 (both null without a failure), zone String, reason String.

    >>> from datetime import date
    >>> day = pl.date_range(date(2025, 1, 1), date(2025, 2, 9), eager=True)
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": day, "ret": [0.0] * 39 + [-0.2], "var": 0.1})
    >>> backtest(frame).select("n", "failures", "first_failure", "zone").row(0)
    (40, 1, 40, 'green')
    """
    check_confidence(confidence)
    forecast = pl.col(var).cast(pl.Float64)
    broken, previous = pl.col("broken"), pl.col("before")
    one_day_returns = pl.col("days").fill_null(1) <= 1 if "days" in history.collect_schema() else pl.lit(value=True)
    counts = (
        history.lazy()
        .with_columns(broken=-finite_or_null(pl.col("ret")) > finite_or_null(forecast))
        .filter(broken.is_not_null())
        .sort(by, "day")
        .with_columns(broken=pl.when(one_day_returns).then(broken))
        .with_columns(before=broken.shift(1).over(by))
        .filter(broken.is_not_null())
        .group_by(by, maintain_order=True)
        .agg(
            n=pl.len().cast(pl.Int64),
            failures=broken.sum().cast(pl.Int64),
            first_failure=pl.when(broken.any()).then(broken.arg_max().cast(pl.Int64) + 1),
            n00=(~previous & ~broken).sum(),
            n01=(~previous & broken).sum(),
            n10=(previous & ~broken).sum(),
            n11=(previous & broken).sum(),
        )
        .collect()
    )
    rows = [_test_counts(row, confidence, minimum) for row in counts.iter_rows(named=True)]
    return pl.concat([counts.select(by, "n", "failures"), pl.DataFrame(rows, schema=_TESTED)], how="horizontal")


_TESTED: dict[str, type[pl.DataType]] = {
    "expected": pl.Float64,
    **{f"{test}_{what}": pl.Float64 for test in ("kupiec", "independence", "coverage") for what in ("lr", "p")},
    "first_failure": pl.Int64,
    "first_failure_p": pl.Float64,
    "zone": pl.String,
    "reason": pl.String,
}


def _test_counts(counts: dict[str, int], confidence: float, minimum: int) -> dict[str, float | int | str | None]:
    n, failures, first = counts["n"], counts["failures"], counts["first_failure"]
    if n < minimum:
        return {"reason": f"needs {minimum} days, has {n}"}
    pof = kupiec(n, failures, confidence=confidence)
    one_day_returns = christoffersen(counts["n00"], counts["n01"], counts["n10"], counts["n11"])
    coverage = conditional_coverage(pof, one_day_returns)
    return {
        "expected": n * (1 - confidence),
        "kupiec_lr": pof.statistic,
        "kupiec_p": pof.p_value,
        "independence_lr": one_day_returns.statistic,
        "independence_p": one_day_returns.p_value,
        "coverage_lr": coverage.statistic,
        "coverage_p": coverage.p_value,
        "first_failure": first,
        "first_failure_p": time_until_first_failure(first, confidence=confidence).p_value if first else None,
        "zone": traffic_light(n, failures, confidence=confidence),
    }


def _log_likelihood(misses: int, hits: int, p: float) -> float:
    """Of hits and misses at probability p; nothing times the logarithm of nothing is nothing."""
    return (misses * math.log1p(-p) if misses else 0.0) + (hits * math.log(p) if hits else 0.0)


def _by_chi_square(statistic: float, degrees: Literal[1, 2]) -> SignificanceTest:
    statistic = max(0.0, statistic)
    p_value = math.erfc(math.sqrt(statistic / 2)) if degrees == 1 else math.exp(-statistic / 2)
    return SignificanceTest(statistic, p_value)
