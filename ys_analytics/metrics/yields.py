"""Yield of a pool: rates and their compounding, realised against quoted, impermanent loss, Uniswap's geometry.

Takes expressions (or plain numbers, where a tick is one) and gives back the same. Does not read a store,
clock or setting. Rates are fractions per year; undefined is null.
"""

import math

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS, per_year, too_short
from ys_analytics.metrics.sample import NO_RISK, YEAR, check_periods, finite_or_null, nan_to_null, null_if_negligible

# Seconds in a year of 365 days: how often Aave compounds.
SECONDS_PER_YEAR = 31_536_000


def apr_to_apy(apr: pl.Expr, *, periods_per_year: float = YEAR) -> pl.Expr:
    r"""Yearly yield of a simple yearly rate that is paid and reinvested $n$ times.

    $$ \mathrm{APY} = (1 + \mathrm{APR}/n)^n - 1 $$

    Args:
        apr: Simple rate per year, as a fraction.
        periods_per_year: $n$: 365 for daily, `SECONDS_PER_YEAR` for Aave, `math.inf` for continuous compounding.

    Returns:
        One Float64 a row; null below -n, where a period would lose more than everything.

    Raises:
        ValueError: `periods_per_year` is not positive.

    >>> pl.DataFrame({"apr": [0.1]}).select(apr_to_apy(pl.col("apr"))).item()
    0.105...
    """
    check_periods(periods_per_year)
    apr = apr.cast(pl.Float64)
    if math.isinf(periods_per_year):
        return nan_to_null(_expm1(apr))
    # By logarithms: (1 + 1e-9) ** 31536000 has lost half its digits before it begins.
    growth = pl.when(apr > -periods_per_year).then(apr / periods_per_year).log1p() * periods_per_year
    return nan_to_null(_expm1(growth))


def apy_to_apr(apy: pl.Expr, *, periods_per_year: float = YEAR) -> pl.Expr:
    r"""Simple yearly rate that compounds to a yearly yield.

    $$ \mathrm{APR} = n\big((1 + \mathrm{APY})^{1/n} - 1\big) $$

    Args:
        apy: Yield per year, as a fraction.
        periods_per_year: $n$.

    Returns:
        One Float64 a row; null at or below -1.

    Raises:
        ValueError: `periods_per_year` is not positive.

    >>> pl.DataFrame({"apy": [0.21]}).select(apy_to_apr(pl.col("apy"), periods_per_year=2)).item()
    0.2...
    """
    check_periods(periods_per_year)
    apy = apy.cast(pl.Float64)
    above = pl.when(apy > -1).then(apy).log1p()
    if math.isinf(periods_per_year):
        return nan_to_null(above)
    growth = above / periods_per_year
    return nan_to_null(_expm1(growth) * periods_per_year)


def _expm1(x: pl.Expr) -> pl.Expr:
    """Exponential less one, without loss near zero: 2 sinh(x/2) e^(x/2)."""
    return (x / 2).sinh() * (x / 2).exp() * 2


def daily_yield(apy: pl.Expr) -> pl.Expr:
    r"""Return of one day that a yearly yield implies.

    $$ (1 + \mathrm{APY})^{1/365} - 1 $$

    >>> pl.DataFrame({"apy": [0.0]}).select(daily_yield(pl.col("apy"))).item()
    0.0
    """
    return apy_to_apr(apy) / YEAR


def realised_apy(gain: pl.Expr, capital: pl.Expr, *, days: pl.Expr, minimum_days: int = MINIMUM_DAYS) -> pl.Expr:
    r"""Yield per year that a position in fact brought.

    $$ (1 + g / C)^{365/d} - 1 \quad\text{where } d \ge 30 $$

    Args:
        gain: Yield, rewards and fees received in the period, in USD.
        capital: Average capital at work, in USD.
        days: Length of the period.
        minimum_days: Shorter periods have no yield per year, only the return of `period_return`.

    Returns:
        One Float64 fraction per year. Null without capital, for a period that is too short, or a loss of more than
        everything.

    >>> frame = pl.DataFrame({"gain": [10.0, 5.0], "capital": [100.0, 100.0], "days": [365, 1]})
    >>> apy = realised_apy(pl.col("gain"), pl.col("capital"), days=pl.col("days"))
    >>> frame.select(apy.round(9)).to_series().to_list()
    [0.1, None]
    """
    return per_year(period_return(gain, capital), days=days, minimum_days=minimum_days)


def period_return(gain: pl.Expr, capital: pl.Expr) -> pl.Expr:
    r"""Return of a position over the period it was held, not annualised.

    $$ g / C $$

    Args:
        gain: Yield, rewards and fees received in the period, in USD.
        capital: Average capital at work, in USD.

    Returns:
        One Float64 fraction of the period. Null without capital.

    >>> pl.DataFrame({"g": [5.0], "c": [100.0]}).select(period_return(pl.col("g"), pl.col("c"))).item()
    0.05
    """
    return nan_to_null(gain.cast(pl.Float64) / null_if_negligible(capital.cast(pl.Float64)))


def quoted_against_realised(positions: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Realised and quoted yield of each position, and the haircut between them.

    Args:
        positions: pool String, quoted_apy (mean of the period, as a fraction), gain and capital (USD), days.

    Returns:
        The rows and period_return Float64 (gain over capital, not annualised), realised_apy Float64 a year (null for
        a position held for less than the catalogue's minimum history), haircut Float64 (quoted less realised:
        positive was quoted and not paid), reason String (why realised_apy is null); the largest haircut first.

    >>> frame = pl.DataFrame({"pool": ["p"], "quoted_apy": [0.3], "gain": [10.0], "capital": [100.0], "days": [365]})
    >>> quoted_against_realised(frame)["haircut"].round(6).item()
    0.2
    """
    gain, capital, days = pl.col("gain"), pl.col("capital"), pl.col("days")
    null_reason = pl.col("realised_apy").is_null()
    return (
        positions.lazy()
        .with_columns(period_return=period_return(gain, capital), realised_apy=realised_apy(gain, capital, days=days))
        .with_columns(
            haircut=pl.col("quoted_apy").cast(pl.Float64) - pl.col("realised_apy"),
            reason=pl.when(null_reason & gain.is_null())
            .then(pl.lit("the gain is unknown"))
            .when(null_reason & (pl.col("period_return").is_null() | days.is_null() | (days <= 0)))
            .then(pl.lit("no capital was at work"))
            .when(null_reason & (pl.col("period_return") < -1))
            .then(pl.lit("more than everything was lost"))
            .when(null_reason)
            .then(pl.coalesce(too_short(days), pl.lit("the yield overflows"))),
        )
        .sort("haircut", "pool", descending=[True, False], nulls_last=True)
        .collect()
    )


def impermanent_loss(price_ratio: pl.Expr, *, weight: float = 0.5) -> pl.Expr:
    r"""Value of a constant-product position over holding its tokens, less one, fees apart.

    $$ \frac{2\sqrt{k}}{1 + k} - 1 \quad\text{or}\quad \frac{k^w}{w k + 1 - w} - 1 $$

    Args:
        price_ratio: $k$, price of one token in the other now over then.
        weight: $w$, that token's share of a weighted pool: 0.8 in an 80/20 one.

    Returns:
        One Float64 from -1 to 0 a row; with equal weights the same for $k$ and $1/k$. Null when not positive.

    Raises:
        ValueError: `weight` is not between 0 and 1.

    Source:
        Uniswap v2 documentation, "Understanding returns"; Martinelli and Mushegian (2019), Balancer whitepaper.

    >>> pl.DataFrame({"k": [4.0]}).select(impermanent_loss(pl.col("k"))).item()
    -0.19...
    """
    if not 0 < weight < 1:
        raise ValueError(f"weight must be between 0 and 1, as 0.8, not {weight}")
    k = price_ratio.cast(pl.Float64)
    k = pl.when(k > 0).then(k)
    return nan_to_null((k.sqrt() if weight == 0.5 else k.pow(weight)) / (k * weight + (1 - weight)) - 1)  # noqa: PLR2004


def impermanent_loss_range(price: pl.Expr, *, entry: pl.Expr, lower: pl.Expr, upper: pl.Expr) -> pl.Expr:
    """Value of a concentrated position over holding what it was opened with, less one, fees apart.

    Args:
        price: Price of token 0 in token 1 now.
        entry: The same when the position was opened.
        lower: Lower end of its range.
        upper: Upper end.

    Returns:
        One Float64 at most 0 a row; sharper than `impermanent_loss` for the narrower range, and equal to
        it for all prices. Null unless prices are positive and lower is below upper.

    Source:
        Elsts (2021), "Liquidity Math in Uniswap v3".

    >>> frame = pl.DataFrame({"p": [4.0], "e": [1.0], "a": [1e-12], "b": [1e12]})
    >>> columns = [pl.col(name) for name in "peab"]
    >>> loss = impermanent_loss_range(columns[0], entry=columns[1], lower=columns[2], upper=columns[3])
    >>> frame.select(loss).item()
    -0.20...
    """
    p, e, a, b = (x.cast(pl.Float64) for x in (price, entry, lower, upper))
    x0, y0 = _amounts(e, a, b)
    x1, y1 = _amounts(p, a, b)
    in_range = (a > 0) & (a < b) & (p > 0) & (e > 0)
    held = x0 * p + y0
    return nan_to_null(pl.when(in_range).then((x1 * p + y1) / held - 1))


def _amounts(price: pl.Expr, lower: pl.Expr, upper: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Tokens 0 and 1 in one unit of liquidity: all of one beyond either end of the range."""
    s = pl.max_horizontal(lower, pl.min_horizontal(price, upper)).sqrt()
    return 1 / s - 1 / upper.sqrt(), s - lower.sqrt()


def fee_break_even(loss: pl.Expr, *, fee_apr: pl.Expr) -> pl.Expr:
    r"""Days of fees that make up for an impermanent loss.

    $$ d = 365\,\frac{|IL|}{(1 + IL)\,\mathrm{APR}} $$

    Args:
        loss: Impermanent loss, as a fraction, not positive.
        fee_apr: Simple yearly rate of the fees on what is left.

    Returns:
        One Float64 number of days; null without fees.

    >>> pl.DataFrame({"il": [-0.2], "apr": [0.25]}).select(fee_break_even(pl.col("il"), fee_apr=pl.col("apr"))).item()
    365.0
    """
    loss_share = loss.cast(pl.Float64)
    return nan_to_null(-loss_share / (loss_share + 1) / null_if_negligible(fee_apr.cast(pl.Float64)) * YEAR)


def pool_drift(apy: pl.Expr) -> pl.Expr:
    r"""Yearly growth that a history of quoted yields compounds to.

    $$ \mu = \Big(\prod_t (1 + y_t)\Big)^{365/n} - 1, \qquad y_t = (1 + \mathrm{APY}_t)^{1/365} - 1 $$

    Args:
        apy: Quoted yield of each day, as a fraction.

    Returns:
        One Float64 fraction per year. Null without a quote.

    Source:
        DefiLlama yield-server, triggerEnrichment: mu.

    >>> pl.DataFrame({"apy": [0.1, 0.1]}).select(pool_drift(pl.col("apy"))).item()
    0.10...
    """
    valid = finite_or_null(apy)
    return nan_to_null(_expm1(pl.when(valid > -1).then(valid).log1p().mean()))


def pool_volatility(apy: pl.Expr) -> pl.Expr:
    r"""Yearly deviation of the daily returns that quoted yields imply.

    $$ \sigma = \operatorname{std}(y_t)\sqrt{365} $$

    Args:
        apy: Quoted yield of each day, as a fraction.

    Returns:
        One Float64 fraction. Null with fewer than two quotes.

    Source:
        DefiLlama yield-server, triggerEnrichment: sigma.

    >>> pl.DataFrame({"apy": [0.1, 0.1]}).select(pool_volatility(pl.col("apy"))).item()
    0.0
    """
    risk = daily_yield(finite_or_null(apy)).std() * YEAR**0.5
    return nan_to_null(pl.when(risk > NO_RISK).then(risk).when(risk.is_not_null()).then(0.0))
