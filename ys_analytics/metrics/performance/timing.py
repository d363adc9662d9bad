"""Market timing: whether exposure rose with the market.

Takes return expressions and gives back one expression. Does not read a store, clock or setting.
Undefined is null, never NaN.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.sample import combine, dispersion, nan_to_null, paired


@metric(
    title="Market timing",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark does not vary enough",
    why="Treynor and Mazuy's squared term is the test of timing that most textbooks give.",
    cites="Treynor",
    of=lambda f, s: f(s.daily, s.benchmark, risk_free=s.risk_free),
    benchmark=True,
)
def market_timing(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    model: Literal["treynor_mazuy", "henriksson_merton"] = "treynor_mazuy",
    risk_free: float = 0.0,
) -> pl.Expr:
    r"""Curvature of the regression on the benchmark: positive when exposure rose with it.

    $$ \gamma \text{ in } r - f = \alpha + \beta (b - f) + \gamma\, (b - f)^2 \quad\text{or}\quad
       \gamma \text{ in } r - f = \alpha + \beta (b - f) + \gamma \max(f - b, 0) $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        model: The parabola of Treynor and Mazuy, or the put of Henriksson and Merton; written with
            $\max(b - f, 0)$ instead, $\gamma$ is the same.
        risk_free: $f$, a simple return per period.

    Returns:
        One Float64, $\gamma$. Null with fewer than four pairs, or where the benchmark has no curvature to it.

    Source:
        Treynor and Mazuy (1966), Harvard Business Review 44; Henriksson and Merton (1981), J. of Business 54(4).

    >>> frame = pl.DataFrame({"r": [0.04, 0.01, 0.0, 0.01], "b": [0.2, 0.1, 0.0, -0.1]})
    >>> round(frame.select(market_timing(pl.col("r"), pl.col("b"))).item(), 9)
    1.0
    """
    r, b = paired(ret, benchmark)
    y, x = r - risk_free, b - risk_free
    # About the mean, which leaves the curvature as it is and the two regressors apart.
    z = (x - x.mean()).pow(2) if model == "treynor_mazuy" else (-x).clip(lower_bound=0)

    def curvature(*, xx: pl.Expr, zz: pl.Expr, xz: pl.Expr, xy: pl.Expr, zy: pl.Expr, n: pl.Expr) -> pl.Expr:
        # What is left of one regressor when the other is taken out, relative to what it was.
        determinant = xx * zz - xz.pow(2)
        return nan_to_null(
            pl.when((n > 3) & (determinant > 1e-12 * xx * zz)).then((zy * xx - xy * xz) / determinant)  # noqa: PLR2004
        )

    return combine(
        curvature,
        xx=dispersion(x).pow(2),
        zz=dispersion(z).pow(2),
        xz=pl.cov(x, z),
        xy=pl.cov(x, y),
        zy=pl.cov(z, y),
        n=r.count(),
    )
