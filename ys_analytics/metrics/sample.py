"""Rules that every metric shares: which returns count, when a risk is negligible, how long a year is.

Does not know a metric, or read a store, clock or setting. A return that is null, NaN or infinite
is a day without data: it is left out, and `n` and coverage show that it was.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist

import polars as pl

from ys_analytics.errors import UsageError

# Days in a year, and so daily periods in one: these markets never close.
YEAR = 365

# Below this a standard deviation is rounding noise, not risk: seven returns of 0.1 have 1.5e-17.
NO_RISK = 1e-12

# A rate or a return that may change from period to period.
Rate = float | pl.Expr

# Columns so named went through `finite_or_null` before and are not asked again: asking once for each of a
# dozen metrics takes as long as the metrics.
OBSERVED = "observed:"
# The attribute of an expression that is finite or null by the way it is made: a rule within a rule would name its
# argument twice at every level, and Polars computes an argument as often as it is named.
_FINITE = "_ys_is_finite_or_null"


def finite_or_null(ret: pl.Expr) -> pl.Expr:
    """Return the finite values of `ret`, of any numeric type, as Float64; the others become null.

    Raises:
        UsageError: `ret` is a Series or another value, and no expression.
    """
    if _is_observed(ret):
        return ret
    exact = ret.cast(pl.Float64)
    return _as_finite(pl.when(exact.is_finite()).then(exact))


def only_where(condition: pl.Expr, ret: pl.Expr) -> pl.Expr:
    """Return the finite values of `ret` where a condition holds; the others become null."""
    return _as_finite(pl.when(condition).then(finite_or_null(ret)))


def _as_finite(values: pl.Expr) -> pl.Expr:
    setattr(values, _FINITE, True)
    return values


def present(ret: pl.Expr) -> pl.Expr:
    """Whether a row has a return."""
    return ret.is_not_null() if _is_observed(ret) else ret.cast(pl.Float64).is_finite().fill_null(value=False)


def _is_observed(ret: pl.Expr) -> bool:
    if not isinstance(ret, pl.Expr):
        raise UsageError(
            f"a metric takes an expression, not a {type(ret).__name__}; write frame.select(METRIC(pl.col('ret'))), or"
            " ys.metrics.summarise(frame, ['METRIC'])"
        )
    return getattr(ret, _FINITE, False) or (ret.meta.is_column() and ret.meta.output_name().startswith(OBSERVED))


def nan_to_null(value: pl.Expr) -> pl.Expr:
    """Return `value`, or null where it is NaN or infinite: undefined is null."""
    # One at a time: of a list, `replace` makes lists in `group_by`.
    return value.cast(pl.Float64).replace(math.nan, None).replace(math.inf, None).replace(-math.inf, None)


def as_loss(ret: pl.Expr) -> pl.Expr:
    """Return the loss in `ret`, positive when money is lost; nothing lost is 0.0, not -0.0."""
    # Of more than one row, Polars 2.1 leaves -0.0 as it is when 0.0 is added to it, or when it is taken from 0.0.
    return (-ret).replace(0.0, 0.0)


def null_if_negligible(risk: pl.Expr) -> pl.Expr:
    """Return `risk` where it is more than rounding noise, else null."""
    # Like the two above: in one chain, that names the number once and stays in Polars, for in `group_by`
    # an aggregate is computed again wherever it is named, and each call of Python costs as much.
    return risk.clip(lower_bound=NO_RISK).replace(NO_RISK, None)


def zero_if_negligible(risk: pl.Expr) -> pl.Expr:
    """Return `risk`, and 0 where it is no more than rounding noise."""
    return risk.clip(lower_bound=NO_RISK).replace(NO_RISK, 0.0)


def ascending(ret: pl.Expr) -> pl.Expr:
    """Return what is present in `ret`, the lowest first."""
    # Without the mark Polars 2.1 takes a sum over ranked values for one that needs no order, when it is
    # lazy, and leaves the sorting out.
    return ret.drop_nulls().sort().set_sorted()


def dispersion(ret: pl.Expr, *, ddof: int = 1) -> pl.Expr:
    """Return the standard deviation, null where it is only rounding noise, compared with one or with the mean."""
    return _relative_to_mean(ret, null_if_negligible, ddof)


def spread(ret: pl.Expr, *, ddof: int = 1) -> pl.Expr:
    """Return the standard deviation, and 0 where it is only rounding noise."""
    return _relative_to_mean(ret, zero_if_negligible, ddof)


def varies(ret: pl.Expr) -> pl.Expr:
    """Whether there is any risk in `ret`: more than rounding noise."""
    return dispersion(ret).is_not_null()


def _relative_to_mean(ret: pl.Expr, guard: Callable[[pl.Expr], pl.Expr], ddof: int) -> pl.Expr:
    # Thirty returns of 123,456.789 have a deviation of 1e-11: large next to 1e-12, nothing next to their mean.
    size = ret.mean().abs().clip(lower_bound=1.0)
    return guard(ret.std(ddof=ddof) / size) * size


def nonzero(value: pl.Expr) -> pl.Expr:
    """Return `value` where it is more than rounding noise on either side of zero, else null."""
    return evaluate_once(lambda x: pl.when(x.abs() > NO_RISK).then(x), value)


def evaluate_once(formula: Callable[[pl.Expr], pl.Expr], value: pl.Expr) -> pl.Expr:
    """Apply a formula that names its argument several times to a value that is computed once.

    Polars computes an aggregate again wherever it is named, and guards within guards would
    double it at every level.
    """

    def apply(values: pl.Series) -> pl.Series:
        return values.to_frame("x").select(formula(pl.col("x")).alias(values.name)).to_series()

    return value.map_batches(apply, return_dtype=pl.Float64, is_elementwise=True)


def paired(ret: pl.Expr, benchmark: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return both where both are finite: a day one of them lacks compares nothing."""
    both = present(ret) & present(benchmark)
    return only_where(both, ret), only_where(both, benchmark)


def check_periods(periods_per_year: float) -> None:
    """Refuse a number of periods per year that is not positive.

    Raises:
        ValueError: `periods_per_year` is not positive.
    """
    if not periods_per_year > 0:
        raise ValueError(f"periods_per_year must be positive, not {periods_per_year}")


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is not strictly between 0 and 1.

    Raises:
        ValueError: `confidence` is outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, as 0.95, not {confidence}")


def normal_quantile(probability: float) -> float:
    """Return the standard normal's quantile."""
    return NormalDist().inv_cdf(probability)


def normal_density(z: float) -> float:
    """Return the standard normal's density."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def map_scalar(value: pl.Expr, function: Callable[[float], float]) -> pl.Expr:
    """Apply a scalar function that Polars lacks; for one number per portfolio, not per day."""

    def apply(numbers: pl.Series) -> pl.Series:
        return pl.Series(numbers.name, [None if x is None else function(x) for x in numbers], pl.Float64)

    return value.map_batches(apply, return_dtype=pl.Float64, is_elementwise=True)


def combine(formula: Callable[..., pl.Expr], **parts: pl.Expr) -> pl.Expr:
    """Apply a formula to several numbers that are each computed once; named after the first of them."""

    def apply(row: pl.Series) -> pl.Series:
        return row.struct.unnest().select(formula(**{name: pl.col(name) for name in parts}).alias(row.name)).to_series()

    row = pl.struct(*(part.alias(name) for name, part in parts.items()))
    by_name = next(iter(parts.values())).meta.output_name(raise_if_undetermined=False) or "value"
    return row.map_batches(apply, return_dtype=pl.Float64, is_elementwise=True).alias(by_name)


def normal_cdf(z: pl.Expr) -> pl.Expr:
    """Probability that a standard normal is below `z`."""
    return map_scalar(z, lambda x: math.erfc(-x / math.sqrt(2)) / 2)


def student_cdf(t: pl.Expr, *, freedom: pl.Expr) -> pl.Expr:
    """Probability that Student's t of so many degrees of freedom is below `t`."""

    def apply(row: pl.Series) -> pl.Series:
        pairs = zip(row.struct.field("t"), row.struct.field("freedom"), strict=True)
        values = [None if x is None or k is None or not k > 0 else _student(x, k) for x, k in pairs]
        return pl.Series(row.name, values, pl.Float64)

    row = pl.struct(t=nan_to_null(t), freedom=freedom)
    by_name = t.meta.output_name(raise_if_undetermined=False) or "value"
    return row.map_batches(apply, return_dtype=pl.Float64, is_elementwise=True).alias(by_name)


def _student(t: float, freedom: float) -> float:
    """By the incomplete beta function's continued fraction, as Lentz evaluates it."""
    a, b, x = freedom / 2, 0.5, freedom / (freedom + t * t)
    if x in {0.0, 1.0}:
        return 0.5 if x else float(t > 0)
    # The fraction converges fast on one side of the mean; the other is one less its mirror.
    reflected = x > (a + 1) / (a + b + 2)
    tail = 1 - _beta_fraction(b, a, 1 - x) if reflected else _beta_fraction(a, b, x)
    return 1 - tail / 2 if t > 0 else tail / 2


def _beta_fraction(a: float, b: float, x: float) -> float:
    prefactor = (
        math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    )
    tiny = 1e-300
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    fraction = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:  # noqa: PLR2004 - nothing more to gain in a Float64
            break
    return prefactor * fraction


@dataclass(frozen=True, slots=True)
class Sample:
    """The columns and conventions one set of numbers is computed from.

    Attributes:
        ret: Simple returns, as fractions, in time order: every one, over however many days.
        daily: Those of them that span one day; the others are null.
        days: How many days each of `ret` spans; one each when None.
        day: The day (or period) each return ends on.
        benchmark: Simple returns of the benchmark over the same days, of one day each.
        depth: The drawdown path of `ret`, `drawdown.underwater`, computed once for all who need it.
        periods_per_year: 365 for daily on-chain series.
        risk_free: Simple return per period, not per year.
        confidence: Of value at risk and expected shortfall: 0.95 is one bad day in twenty.
    """

    ret: pl.Expr = field(default_factory=lambda: pl.col("ret"))
    daily: pl.Expr = field(default_factory=lambda: pl.col("ret"))
    days: pl.Expr | None = None
    day: pl.Expr = field(default_factory=lambda: pl.col("day"))
    benchmark: pl.Expr = field(default_factory=lambda: pl.col("benchmark"))
    depth: pl.Expr = field(default_factory=lambda: pl.col("depth"))
    periods_per_year: int = YEAR
    risk_free: float = 0.0
    confidence: float = 0.95
