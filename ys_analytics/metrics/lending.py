"""How far a loan is from liquidation: health factor, the price that ends it, a ladder of joint shocks.

Takes the supplies and borrows of portfolios and gives tables, or expressions over one
side of them. Knows no store, clock or setting. A health factor below 1 may be liquidated.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from ys_analytics.metrics.sample import known, risky


def health_factor(collateral: pl.Expr, threshold: pl.Expr, debt: pl.Expr) -> pl.Expr:
    r"""Collateral at its liquidation thresholds per unit of debt.

    $$ H = \frac{\sum_i c_i \ell_i}{\sum_j d_j} $$

    Args:
        collateral: $c_i$, worth of each supply that is collateral, in USD.
        threshold: $\ell_i$, its liquidation threshold, as a fraction.
        debt: $d_j$, worth of each borrow, in USD.

    Returns:
        One dimensionless Float64 per group. Null without debt: nothing can be liquidated.

    Source:
        Aave v3 documentation, "Health factor".

    >>> frame = pl.DataFrame({"c": [1100.0], "l": [0.825], "d": [600.0]})
    >>> frame.select(health_factor(pl.col("c"), pl.col("l"), pl.col("d"))).item()
    1.51...
    """
    backing = (collateral.cast(pl.Float64) * threshold.cast(pl.Float64)).sum()
    return known(backing / risky(debt.cast(pl.Float64).sum()))


def liquidation_price(price: pl.Expr, health: pl.Expr, *, weight: pl.Expr | None = None) -> pl.Expr:
    r"""Price of one collateral at which the health factor is 1, all else standing still.

    $$ P^* = P\,\Big(1 - \frac{1}{s}\big(1 - \frac1H\big)\Big) $$

    Args:
        price: $P$ now.
        health: $H$ now.
        weight: $s$, this collateral's part of the backing $\sum c \ell$; all of it when None.

    Returns:
        One Float64 a row, in the unit of `price`; above it when already liquidable. Null without
        debt, and where even a price of nothing would not do it.

    >>> pl.DataFrame({"p": [1000.0], "h": [2.0]}).select(liquidation_price(pl.col("p"), pl.col("h"))).item()
    500.0
    """
    fall = (1 - 1 / health) / (pl.lit(1.0) if weight is None else risky(weight))
    return known(pl.when(fall <= 1).then(price.cast(pl.Float64) * (1 - fall)))


def liquidation_distance(health: pl.Expr) -> pl.Expr:
    r"""Fall of all collateral, debts standing still, after which the health factor is 1.

    $$ 1 - 1/H $$

    Args:
        health: $H$ now.

    Returns:
        One Float64 fraction a row; 0 or below when already liquidable. Null without debt.

    >>> pl.DataFrame({"h": [2.0]}).select(liquidation_distance(pl.col("h"))).item()
    0.5
    """
    return known(1 - 1 / health)


def weighted_rate(rate: pl.Expr, value: pl.Expr) -> pl.Expr:
    r"""Mean rate, weighed by what stands at it.

    $$ \sum_i v_i y_i / \sum_i v_i $$

    Args:
        rate: $y_i$, yield or cost per year.
        value: $v_i$, in USD.

    Returns:
        One Float64 per group. Null when nothing stands anywhere.

    >>> pl.DataFrame({"y": [0.1, 0.2], "v": [3.0, 1.0]}).select(weighted_rate(pl.col("y"), pl.col("v"))).item()
    0.125
    """
    size = value.cast(pl.Float64)
    return known((rate.cast(pl.Float64) * size).sum() / risky(size.sum()))


def loans(positions: pl.DataFrame | pl.LazyFrame, *, by: str = "portfolio_id") -> pl.DataFrame:
    """State of each portfolio's loans.

    Args:
        positions: `by`, asset String, side String ("supply" or "borrow"), value (USD, positive on both
            sides), threshold Float64 (0 or null: no collateral).
        by: The column that tells the portfolios apart.

    Returns:
        One row per portfolio, sorted: `by`, supplied, collateral, borrowed, net Float64 in USD,
        health_factor Float64, distance Float64, reason String ("nothing is borrowed").

    >>> rows = {
    ...     "asset": ["ETH", "USDC"],
    ...     "side": ["supply", "borrow"],
    ...     "value": [100.0, 40.0],
    ...     "threshold": [0.8, None],
    ... }
    >>> loans(pl.DataFrame({"portfolio_id": "a"} | rows)).select("health_factor", "distance", "net").row(0)
    (2.0, 0.5, 60.0)
    """
    value, threshold = pl.col("value").cast(pl.Float64), pl.col("threshold").cast(pl.Float64).fill_null(0.0)
    supply, borrow = value.filter(pl.col("side") == "supply"), value.filter(pl.col("side") == "borrow")
    health = health_factor(supply, threshold.filter(pl.col("side") == "supply"), borrow)
    return (
        positions.lazy()
        .group_by(by, maintain_order=True)
        .agg(
            supplied=supply.sum(),
            collateral=value.filter((pl.col("side") == "supply") & (threshold > 0)).sum(),
            borrowed=borrow.sum(),
            health_factor=health,
        )
        .with_columns(
            net=pl.col("supplied") - pl.col("borrowed"), distance=liquidation_distance(pl.col("health_factor"))
        )
        .select(
            by,
            "supplied",
            "collateral",
            "borrowed",
            "net",
            "health_factor",
            "distance",
            reason=pl.when(pl.col("health_factor").is_null()).then(pl.lit("nothing is borrowed")),
        )
        .sort(by)
        .collect()
    )


def liquidation_ladder(
    positions: pl.DataFrame | pl.LazyFrame,
    *,
    steps: Iterable[float] = (0.0, -0.1, -0.2, -0.3, -0.4, -0.5, -0.6, -0.7),
    betas: Mapping[str, float] | None = None,
    by: str = "portfolio_id",
) -> pl.DataFrame:
    """Health of each portfolio while the market falls step by step, every asset in its measure.

    Args:
        positions: As for `loans`.
        steps: Moves of the market, as fractions.
        betas: By asset, its move per move of the market, never beyond a total loss; 1 where not
            given, 0 for a stablecoin. Debts move with their asset too.
        by: The column that tells the portfolios apart.

    Returns:
        One row per portfolio and step, in order: `by`, step Float64, collateral, borrowed,
        health_factor Float64, liquidable Boolean (null without debt).

    >>> rows = {
    ...     "asset": ["ETH", "USDC"],
    ...     "side": ["supply", "borrow"],
    ...     "value": [100.0, 40.0],
    ...     "threshold": [0.8, None],
    ... }
    >>> frame = pl.DataFrame({"portfolio_id": "a"} | rows)
    >>> liquidation_ladder(frame, steps=(-0.4, -0.6), betas={"USDC": 0.0}).select("step", "liquidable").rows()
    [(-0.4, False), (-0.6, True)]
    """
    rungs = pl.LazyFrame({"step": list(steps)}, schema={"step": pl.Float64}).with_row_index("place")
    measure = pl.col("asset").replace_strict(dict(betas or {}), default=1.0, return_dtype=pl.Float64)
    value = pl.col("value").cast(pl.Float64) * (measure * pl.col("step") + 1).clip(lower_bound=0.0)
    threshold = pl.col("threshold").cast(pl.Float64).fill_null(0.0)
    supply = pl.col("side") == "supply"
    return (
        positions.lazy()
        .join(rungs, how="cross")
        .with_columns(value=value)
        .group_by(by, "place", "step", maintain_order=True)
        .agg(
            collateral=pl.col("value").filter(supply & (threshold > 0)).sum(),
            borrowed=pl.col("value").filter(~supply).sum(),
            health_factor=health_factor(
                pl.col("value").filter(supply), threshold.filter(supply), pl.col("value").filter(~supply)
            ),
        )
        .with_columns(liquidable=pl.col("health_factor") < 1)
        .sort(by, "place")
        .drop("place")
        .collect()
    )
