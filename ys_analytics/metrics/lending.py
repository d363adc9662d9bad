"""Distance of a loan from liquidation: health factor, the price that ends it, a ladder of joint shocks.

Takes the supplies and borrows of portfolios and gives tables, or expressions over one
side of them. Does not read a store, clock or setting. A health factor below 1 may be liquidated.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

import polars as pl

from ys_analytics.metrics.lookthrough import LookThrough, by_symbol
from ys_analytics.metrics.risk.concentration import keeps_peg
from ys_analytics.metrics.sample import NO_RISK, nan_to_null, null_if_negligible

# A move this near to another is it, but for the rounding of a quotient.
_ROUNDING = 1e-12


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
    collateral_value = (collateral.cast(pl.Float64) * threshold.cast(pl.Float64)).sum()
    return nan_to_null(collateral_value / null_if_negligible(debt.cast(pl.Float64).sum()))


def liquidation_price(
    price: pl.Expr, health: pl.Expr, *, weight: pl.Expr | None = None, correlated_debt: pl.Expr | None = None
) -> pl.Expr:
    r"""Price of one collateral at which the health factor is 1, all but what moves with it standing still.

    $$ P^* = P\,\Big(1 - \frac{H - 1}{H s - m}\Big) $$

    Where all that is owed moves with all of the collateral there is no such price: what liquidates is their ratio,
    see `liquidation_ratio`; `liquidation_points` finds out what moves with what.

    Args:
        price: $P$ now.
        health: $H$ now.
        weight: $s$, this collateral's part of the backing $\sum c \ell$; all of it when None.
        correlated_debt: $m$, the part of the debt that moves with this collateral (borrowed WETH against wstETH); none
            when None.

    Returns:
        One Float64 a row, in the unit of `price`; above it when already liquidable, or when a rise does it (more is
        owed in it than it backs). Null without debt, and where no price would do it.

    >>> frame = pl.DataFrame({"p": [1000.0], "h": [2.0], "m": [1.0]})
    >>> frame.select(liquidation_price(pl.col("p"), pl.col("h"))).item()
    500.0
    >>> frame.select(liquidation_price(pl.col("p"), pl.col("h"), correlated_debt=pl.col("m"))).item() is None
    True
    """
    part = pl.lit(1.0) if weight is None else weight
    moving_part = pl.lit(0.0) if correlated_debt is None else correlated_debt
    # Below nothing where more is owed in it than it backs: then a rise liquidates.
    net = health * part - moving_part
    fall = (health - 1) / pl.when(net.abs() > NO_RISK).then(net)
    # At a price of nothing a debt that moves in full is nothing too.
    possible = (fall < 1) | ((fall == 1) & (moving_part < 1))
    return nan_to_null(pl.when(possible).then(price.cast(pl.Float64) * (1 - fall)))


def liquidation_ratio(price: pl.Expr, debt_value: pl.Expr, health: pl.Expr) -> pl.Expr:
    r"""Price of the one collateral, in units of the one asset that is owed, at which the health factor is 1.

    $$ R^* = \frac{P}{D\,H} $$

    Args:
        price: $P$, of the collateral, in USD.
        debt_value: $D$, of what is owed, in USD.
        health: $H$ now.

    Returns:
        One Float64 a row. Null without debt.

    >>> frame = pl.DataFrame({"wsteth": [3600.0], "weth": [3000.0], "h": [1.2]})
    >>> round(frame.select(liquidation_ratio(pl.col("wsteth"), pl.col("weth"), pl.col("h"))).item(), 6)
    1.0
    """
    return nan_to_null(
        price.cast(pl.Float64) / null_if_negligible(debt_value.cast(pl.Float64)) / null_if_negligible(health)
    )


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
    return nan_to_null(1 - 1 / health)


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
    return nan_to_null((rate.cast(pl.Float64) * size).sum() / null_if_negligible(size.sum()))


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
    through: LookThrough | None = None,
    by: str = "portfolio_id",
) -> pl.DataFrame:
    """Health of each portfolio while the market falls step by step, every asset in its measure.

    Args:
        positions: As for `loans`.
        steps: Moves of the market, as fractions.
        betas: By base asset, its move per move of the market, never beyond a total loss. What is not given is 0 for
            a well-known stablecoin and 1 for all else. An asset's own beta, where it is given, comes before that of
            what it stands for. Debts move with their asset too.
        through: What the assets stand for; well-known symbols when None, so that wstETH, aWETH and WETH move as one.
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
    >>> liquidation_ladder(frame, steps=(-0.4, -0.6)).select("step", "liquidable").rows()
    [(-0.4, False), (-0.6, True)]
    """
    held = positions.lazy().collect()
    assets = held["asset"].unique().sort().to_list()
    checked_positions, checked_measure = through or by_symbol(assets), dict(betas or {})
    moves = [
        (step_row, step, asset, _remaining_factor(asset, step, checked_positions, checked_measure))
        for step_row, step in enumerate(steps)
        for asset in assets
    ]
    schema = {"rung": pl.UInt32, "step": pl.Float64, "asset": pl.String, "factor": pl.Float64}
    threshold = pl.col("threshold").cast(pl.Float64).fill_null(0.0)
    supply, value = pl.col("side") == "supply", pl.col("value").cast(pl.Float64) * pl.col("factor")
    return (
        held.join(pl.DataFrame(moves, schema=schema, orient="row"), on="asset", maintain_order="left_right")
        .with_columns(value=value)
        .group_by(by, "rung", "step", maintain_order=True)
        .agg(
            collateral=pl.col("value").filter(supply & (threshold > 0)).sum(),
            borrowed=pl.col("value").filter(~supply).sum(),
            health_factor=health_factor(
                pl.col("value").filter(supply), threshold.filter(supply), pl.col("value").filter(~supply)
            ),
        )
        .with_columns(liquidable=pl.col("health_factor") < 1)
        .sort(by, "rung")
        .drop("rung")
    )


def _remaining_factor(asset: str, step: float, through: LookThrough, betas: Mapping[str, float]) -> float:
    """What is left of an asset at a step of the market."""
    if asset in betas:
        return max(1 + betas[asset] * step, 0.0)
    bases = through.exposures(asset)
    return through.growth(asset, {base: betas.get(base, 0.0 if keeps_peg(base) else 1.0) * step for base in bases})


# Prices tried, as parts of the price of now: twenty a decade, down to a millionth and up to a thousandfold.
_DOWN = [10 ** (-place / 20) for place in range(1, 121)]
_UP = [10 ** (place / 20) for place in range(1, 61)]
_HALVINGS = 100

_POINTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "asset": pl.String,
    "health_factor": pl.Float64,
    "fall": pl.Float64,
    "rise": pl.Float64,
    "reason": pl.String,
}


def liquidation_points(
    positions: pl.DataFrame,
    *,
    through: LookThrough | None = None,
    unmoved: Collection[str] | None = None,
    by: str = "portfolio_id",
) -> pl.DataFrame:
    """By how far prices must move until the health factor is 1: of each asset behind a loan, and of all together.

    Collateral and debt both follow what they stand for, a share of a pool along its curve; all else stands still.
    A loan whose debt moves with its collateral has no such price: the reason says so, and by how much the collateral
    that moves with it must fall against what is owed in it until the loan may be liquidated, all else standing still.

    Args:
        positions: As for `loans`.
        through: What the assets stand for; well-known symbols when None.
        unmoved: Base assets that keep their price; well-known stablecoins when None.
        by: The column that tells the portfolios apart.

    Returns:
        For each portfolio that owes anything, sorted, one row for the market (asset null: all that does not stand
        still, together) and one for each base asset: `by`, asset String, health_factor, fall Float64 (negative, the
        nearest), rise Float64 (positive, the nearest), reason String where neither would liquidate.

    >>> rows = {
    ...     "asset": ["ETH", "USDC"],
    ...     "side": ["supply", "borrow"],
    ...     "value": [100.0, 40.0],
    ...     "threshold": [0.8, None],
    ... }
    >>> found = liquidation_points(pl.DataFrame({"portfolio_id": "a"} | rows))
    >>> found.select("asset", pl.col("fall").round(6), "rise").rows()
    [(None, -0.5, None), ('ETH', -0.5, None)]
    """
    checked_positions = through or by_symbol(positions["asset"].unique().to_list())
    rows: list[dict[str, object]] = []
    for (owner,), loan in positions.sort(by, maintain_order=True).group_by(by, maintain_order=True):
        supply = _values_by_asset(loan, "supply")
        borrowed = _values_by_asset(loan, "borrow")
        if sum(borrowed.values()) > 0:
            rows += [{by: owner} | row for row in _points(supply, borrowed, checked_positions, unmoved)]
    return pl.DataFrame(rows, schema={by: positions.schema[by], **_POINTS})


def _values_by_asset(loan: pl.DataFrame, side: str) -> dict[str, float]:
    """What each asset backs, or how much of it is owed."""
    threshold = pl.col("threshold").cast(pl.Float64).fill_null(0.0) if side == "supply" else pl.lit(1.0)
    worth = pl.col("value").cast(pl.Float64) * threshold
    of = loan.filter(pl.col("side") == side).group_by("asset", maintain_order=True).agg(worth=worth.sum())
    return dict(of.filter(pl.col("worth") > 0).select("asset", "worth").iter_rows())


def _points(
    supply: Mapping[str, float], borrowed: Mapping[str, float], through: LookThrough, unmoved: Collection[str] | None
) -> list[dict[str, object]]:
    assets_behind = {base for asset in supply for base in through.exposures(asset)}
    due = {base for asset in borrowed for base in through.exposures(asset)}
    free = sorted(base for base in assets_behind | due if not (keeps_peg(base) if unmoved is None else base in unmoved))
    health = sum(supply.values()) / sum(borrowed.values())

    def equity_after(bases: Sequence[str], factor: float) -> float:
        """Backing less debt after these assets moved."""
        moves = dict.fromkeys(bases, factor - 1)
        collateral_value = sum(worth * through.growth(asset, moves) for asset, worth in supply.items())
        return collateral_value - sum(worth * through.growth(asset, moves) for asset, worth in borrowed.items())

    def equity_after_collateral(bases: Sequence[str], factor: float) -> float:
        """Backing less debt after the collateral in these assets moved, and what is owed in them did not."""
        moves = dict.fromkeys(bases, factor - 1)
        return sum(worth * through.growth(asset, moves) for asset, worth in supply.items()) - sum(borrowed.values())

    rows: list[dict[str, object]] = []
    for asset, bases in [(None, free), *((base, [base]) for base in free)]:
        row: dict[str, object] = {"asset": asset, "health_factor": health, "fall": None, "rise": None, "reason": None}
        if health <= 1:
            row["reason"] = "it may be liquidated now"
        elif not bases:
            row["reason"] = "all of it keeps its price"
        else:
            fall, rise = (_crossing(partial(equity_after, bases), path) for path in (_DOWN, _UP))
            row |= {"fall": fall, "rise": rise}
            if fall is None and rise is None:
                row["reason"] = _no_price(
                    _crossing(partial(equity_after_collateral, bases), _DOWN), both=bool(assets_behind & due & {*bases})
                )
        rows.append(row)
    return rows


def _no_price(fall: float | None, *, both: bool) -> str:
    """Why no price of an asset liquidates; `fall` is that of its collateral against what is owed in it, which does."""
    if not both:
        return "no move of it liquidates the loan"
    if fall is None:
        return "what is owed moves with it: no price of it liquidates, nor any ratio of the two"
    ratio = f"{-fall:.2%}".replace("%", "\N{NO-BREAK SPACE}%")
    return f"what is owed moves with it: only the ratio of the two liquidates, once it falls by {ratio}"


def _crossing(equity_after: Callable[[float], float], path: Sequence[float]) -> float | None:
    """The first move on a path at which what is left is below nothing; null where it never is."""
    before = 1.0
    for factor in path:
        if equity_after(factor) < 0:
            beyond = factor
            for _ in range(_HALVINGS):
                middle = (before + beyond) / 2
                before, beyond = (before, middle) if equity_after(middle) < 0 else (middle, beyond)
            return beyond - 1
        before = factor
    return None


def fastest_move(closes: pl.Series, move: float) -> int | None:
    """The fewest closes in which a price once moved at least so far.

    Args:
        closes: Daily closes, oldest first, each positive; no day left out.
        move: As a fraction: -0.3 is a fall of 30 per cent, 0.3 a rise.

    Returns:
        Days from one close to the other; null where it never moved so far within these closes.

    >>> fastest_move(pl.Series([100.0, 90.0, 68.0, 80.0, 60.0]), -0.3)
    2
    >>> fastest_move(pl.Series([100.0, 90.0]), -0.3)
    """
    path = closes.cast(pl.Float64).to_numpy()
    for days in range(1, len(path)):
        gone = path[days:] / path[:-days] - 1
        # A move of exactly so far counts, but for the rounding of the quotient.
        if (gone.min() <= move + _ROUNDING) if move < 0 else (gone.max() >= move - _ROUNDING):
            return days
    return None
