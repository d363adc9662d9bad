"""Attribution of the return above a benchmark: allocation, selection, interaction, linked over time.

Takes a frame of segments (assets, strategies, protocols, chains, satellites: any label) and
gives the effects of each. Weights are of the beginning of the period. Does not read a store, clock or setting.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.errors import ContractError

Model = Literal["brinson_fachler", "brinson_hood_beebower"]
Interaction = Literal["apart", "selection", "allocation"]
Linking = Literal["carino", "menchero", "grap", "frongello"]

_EFFECTS = ("allocation", "selection", "interaction")


def brinson(
    segments: pl.DataFrame | pl.LazyFrame,
    *,
    model: Model = "brinson_fachler",
    interaction: Interaction = "apart",
    over: list[str] | None = None,
) -> pl.DataFrame:
    r"""Effects of each segment of one period, which add up to the excess return.

    $$ A_i = (w_i - W_i)(b_i - b), \qquad S_i = W_i (r_i - b_i), \qquad I_i = (w_i - W_i)(r_i - b_i) $$

    Args:
        segments: weight, benchmark_weight, ret, benchmark_ret Float64 of each segment; a segment that one
            side does not hold has weight 0 there. Other columns are kept.
        model: Brinson and Fachler compare with the whole benchmark $b$; Brinson, Hood and Beebower with nothing.
        interaction: Left "apart", or counted into "selection" (top down) or "allocation" (bottom up).
        over: Columns that tell periods or portfolios apart; the whole benchmark is within them.

    Returns:
        The rows and allocation, selection, interaction, total Float64. A return missing where there is a
        weight makes its effects null.

    Source:
        Brinson and Fachler (1985), "Measuring Non-US Equity Portfolio Performance", J. Portfolio Management 11(3);
        Bacon (2008), ch. 5.

    >>> rows = {"weight": [0.5, 0.5], "benchmark_weight": [1.0, 0.0], "ret": [0.1, 0.3], "benchmark_ret": [0.1, 0.3]}
    >>> brinson(pl.DataFrame(rows)).select("allocation", "selection").row(1)
    (0.0999..., 0.0)
    """
    w, wb, r, rb = _sides()
    total = _within((wb * rb).sum(), over)
    allocation = (w - wb) * (rb - total if model == "brinson_fachler" else rb)
    crossed = (w - wb) * (r - rb)
    selection = wb * (r - rb)
    return (
        segments.lazy()
        .with_columns(
            allocation=allocation + crossed if interaction == "allocation" else allocation,
            selection=selection + crossed if interaction == "selection" else selection,
            interaction=crossed if interaction == "apart" else crossed * 0.0,
        )
        .with_columns(total=pl.sum_horizontal(*_EFFECTS, ignore_nulls=False))
        .collect()
    )


def geometric_brinson(segments: pl.DataFrame | pl.LazyFrame, *, over: list[str] | None = None) -> pl.DataFrame:
    r"""Effects of each segment that compound, instead of adding, to the geometric excess return.

    $$ A_i = (w_i - W_i)\Big(\frac{1 + b_i}{1 + b} - 1\Big), \qquad
       S_i = w_i \Big(\frac{1 + r_i}{1 + b_i} - 1\Big)\frac{1 + b_i}{1 + b_S} $$

    with $b_S = \sum_i w_i b_i$ the semi-notional return.

    Args:
        segments: As for `brinson`, and perhaps hedged_ret Float64: the benchmark's return hedged into the
            base currency, by which allocation is then measured; ret and benchmark_ret are local.
        over: Columns that tell periods or portfolios apart.

    Returns:
        The rows and allocation, selection Float64.

    Source:
        Bacon (2008), ch. 5 and 6.

    >>> rows = {"weight": [0.5, 0.5], "benchmark_weight": [1.0, 0.0], "ret": [0.1, 0.1], "benchmark_ret": [0.1, 0.1]}
    >>> geometric_brinson(pl.DataFrame(rows)).select("allocation", "selection").row(0)
    (-0.0, 0.0)
    """
    arithmetic = segments.lazy()
    hedged = "hedged_ret" in arithmetic.collect_schema()
    w, wb, r, rb = _sides()
    level = pl.col("hedged_ret").cast(pl.Float64) if hedged else rb
    # Hedged, an overweight earns the hedged return, and the benchmark's own weight the local one.
    total = _within((wb * rb).sum(), over)
    semi = _within((w * rb).sum(), over)
    return arithmetic.with_columns(
        allocation=(w - wb) * ((level + 1) / (total + 1) - 1),
        selection=w * ((r + 1) / (rb + 1) - 1) * (rb + 1) / (semi + 1),
    ).collect()


def hedging_cost(segments: pl.DataFrame) -> float:
    r"""What it cost, geometrically, to hold other currencies than the benchmark hedges.

    $$ \frac{1 + \sum w_i b_i}{1 + \sum (W_i b_i + (w_i - W_i) b^H_i)} - 1 $$

    Args:
        segments: weight, benchmark_weight, benchmark_ret (local), hedged_ret.

    Source:
        Bacon (2008), ch. 6.

    >>> rows = {"weight": [1.0], "benchmark_weight": [1.0], "benchmark_ret": [0.1], "hedged_ret": [0.1]}
    >>> hedging_cost(pl.DataFrame(rows))
    0.0
    """
    w, wb = pl.col("weight"), pl.col("benchmark_weight")
    rb, hedged = pl.col("benchmark_ret"), pl.col("hedged_ret")
    local, mixed = segments.select((w * rb).sum(), mixed=(wb * rb + (w - wb) * hedged).sum()).row(0)
    return float((1 + local) / (1 + mixed) - 1)


def linked_effects(
    segments: pl.DataFrame,
    *,
    period: str = "period",
    segment: str = "segment",
    linking: Linking = "carino",
    model: Model = "brinson_fachler",
    interaction: Interaction = "apart",
    per_period: bool = False,
) -> pl.DataFrame:
    r"""Effects of each segment over several periods, which add up to the compounded excess return.

    $$ k_t = \frac{\ln(1+r_t) - \ln(1+b_t)}{r_t - b_t}\Big/\frac{\ln(1+r) - \ln(1+b)}{r - b} $$

    Args:
        segments: As for `brinson`, with `period` (sortable) and `segment`, one portfolio.
        period: The column of the period.
        segment: The column of the segment.
        linking: Carino scales each period's effects by $k_t$, Menchero by one factor and a correction least
            in squares; GRAP and Frongello (the same in sum) take them on from the portfolio's earlier
            returns at the benchmark's later ones.
        model: As for `brinson`.
        interaction: As for `brinson`.
        per_period: One row for each period and segment too, instead of their sums.

    Returns:
        `segment` (and `period`), allocation, selection, interaction, total Float64, in order of appearance.

    Raises:
        ContractError: a period lost everything or more, so that it cannot be linked.

    Source:
        Carino (1999), "Combining Attribution Effects Over Time", J. Performance Measurement 3(4);
        Menchero (2000), "An Optimized Approach to Linking Attribution Effects", same journal 5(1);
        GRAP (1997), "Synthese des modeles d'attribution de performance"; Frongello (2002), same journal 6(3).

    >>> row = {"weight": [1.0], "benchmark_weight": [1.0], "ret": [0.2], "benchmark_ret": [0.1]}
    >>> both = pl.DataFrame(
    ...     {"period": [1, 2], "segment": ["a", "a"]} | {name: value * 2 for name, value in row.items()}
    ... )
    >>> linked_effects(both)["total"].round(12).item()
    0.23
    """
    effects = brinson(segments, model=model, interaction=interaction, over=[period])
    w, wb, r, rb = _sides()
    totals = segments.group_by(period, maintain_order=True).agg(r=(w * r).sum(), b=(wb * rb).sum()).sort(period)
    factors = {"carino": _carino, "menchero": _menchero}.get(linking, _grap)(totals)
    scaled = effects.join(
        totals.select(period).with_columns(factor=factors), on=period, how="left", maintain_order="left"
    )
    scaled = scaled.with_columns(pl.col(*_EFFECTS, "total") * pl.col("factor"))
    if per_period:
        return scaled.select(period, segment, *_EFFECTS, "total")
    return scaled.group_by(segment, maintain_order=True).agg(pl.col(*_EFFECTS, "total").sum())


def _carino(totals: pl.DataFrame) -> pl.Series:
    returns = totals.select("r", "b").rows()
    if any(min(r, b) <= -1 for r, b in returns):
        raise ContractError("segments: a period lost everything, which cannot be linked; attribute it alone")
    total = _log_ratio(math.prod(1 + r for r, _ in returns) - 1, math.prod(1 + b for _, b in returns) - 1)
    return pl.Series("factor", [_log_ratio(r, b) / total for r, b in returns], pl.Float64)


def _log_ratio(r: float, b: float) -> float:
    """Carino's coefficient; its limit where both returns are the same."""
    return 1 / (1 + r) if math.isclose(r, b, abs_tol=1e-15) else (math.log1p(r) - math.log1p(b)) / (r - b)


def _menchero(totals: pl.DataFrame) -> pl.Series:
    returns = totals.select("r", "b").rows()
    n, gaps = len(returns), [r - b for r, b in returns]
    own_effect, market = (math.prod(1 + pair[side] for pair in returns) for side in (0, 1))
    if min(own_effect, market) <= 0:
        raise ContractError("segments: a period lost everything, which cannot be linked; attribute it alone")
    excess, roots = own_effect - market, own_effect ** (1 / n) - market ** (1 / n)
    level = excess / n / roots if roots else own_effect ** ((n - 1) / n)
    squares = math.fsum(gap * gap for gap in gaps)
    slope = (excess - level * math.fsum(gaps)) / squares if squares else 0.0
    return pl.Series("factor", [level + slope * gap for gap in gaps], pl.Float64)


def _grap(totals: pl.DataFrame) -> pl.Series:
    r, b = totals["r"].to_list(), totals["b"].to_list()
    before = [math.prod(1 + x for x in r[:t]) for t in range(len(r))]
    after = [math.prod(1 + x for x in b[t + 1 :]) for t in range(len(b))]
    return pl.Series("factor", [x * y for x, y in zip(before, after, strict=True)], pl.Float64)


def compounded_notionals(segments: pl.DataFrame, *, period: str = "period") -> dict[str, float]:
    r"""Effects over several periods by compounding four notional portfolios.

    Allocation is the compounded semi-notional less the benchmark, selection the compounded
    stock-picking portfolio less the benchmark, interaction what is left of the excess.

    Args:
        segments: As for `brinson`, with `period`.
        period: The column of the period.

    Returns:
        allocation, selection, interaction: fractions that add up to the compounded excess.

    Source:
        Davies and Laker (2001), "Multiple-Period Performance Attribution Using the Brinson Model".

    >>> row = {"weight": [1.0], "benchmark_weight": [1.0], "ret": [0.2], "benchmark_ret": [0.1], "period": [1]}
    >>> round(compounded_notionals(pl.DataFrame(row))["selection"], 12)
    0.1
    """
    w, wb, r, rb = _sides()
    notionals = {"own": w * r, "benchmark": wb * rb, "allocation": w * rb, "selection": wb * r}
    each = segments.group_by(period, maintain_order=True).agg(**{name: part.sum() for name, part in notionals.items()})
    total = {name: float((each[name] + 1).product()) - 1 for name in notionals}
    allocation = total["allocation"] - total["benchmark"]
    selection = total["selection"] - total["benchmark"]
    other_effect = total["own"] - total["allocation"] - total["selection"] + total["benchmark"]
    return {"allocation": allocation, "selection": selection, "interaction": other_effect}


def group_segments(segments: pl.DataFrame | pl.LazyFrame, *, by: list[str]) -> pl.DataFrame:
    """Roll segments up: weights added, returns weighed.

    Args:
        segments: weight, benchmark_weight, ret, benchmark_ret and the columns of `by`.
        by: protocol, chain, satellite, period ...

    Returns:
        `by`, weight, benchmark_weight, ret, benchmark_ret, sorted; a side without weight has a null return.

    >>> rows = {"chain": ["x", "x"], "weight": [0.25, 0.75], "benchmark_weight": [0.5, 0.5]}
    >>> frame = pl.DataFrame(rows | {"ret": [0.0, 0.4], "benchmark_ret": [0.0, 0.2]})
    >>> group_segments(frame, by=["chain"]).select("ret", "benchmark_ret").row(0)
    (0.30..., 0.1)
    """
    w, wb, r, rb = (pl.col(name).cast(pl.Float64) for name in ("weight", "benchmark_weight", "ret", "benchmark_ret"))
    weight, market = w.sum(), wb.sum()
    return (
        segments.lazy()
        .group_by(by, maintain_order=True)
        .agg(
            weight=weight,
            benchmark_weight=market,
            ret=(w * r).sum() / pl.when(weight != 0).then(weight),
            benchmark_ret=(wb * rb).sum() / pl.when(market != 0).then(market),
        )
        .sort(by)
        .collect()
    )


def contributions(segments: pl.DataFrame | pl.LazyFrame, *, along: str, by: str = "portfolio_id") -> pl.DataFrame:
    """What each asset, strategy, protocol, chain or satellite added to the return of its portfolio.

    Args:
        segments: `by`, day Date, `along` String, gain (USD of that day, flows taken out), capital (of the
            whole portfolio that day, as `daily_returns` gives it).
        along: The label to sum by.
        by: The column that tells the portfolios apart.

    Returns:
        `by`, `along`, contribution Float64 (linked by Carino so that a portfolio's add up to its linked
        return), gain in USD, n Int64 (days), the largest first within a portfolio.

    >>> from datetime import date
    >>> row = {"portfolio_id": "a", "day": date(2025, 1, 1), "chain": ["x", "y"], "gain": [3.0, -1.0], "capital": 100.0}
    >>> contributions(pl.DataFrame(row), along="chain").select("chain", "contribution").rows()
    [('x', 0.03), ('y', -0.01)]
    """
    gain, capital = pl.col("gain"), pl.col("capital").cast(pl.Float64)
    part = pl.when(capital > 0).then(gain.cast(pl.Float64) / capital)
    days = (
        segments.lazy()
        .with_columns(part=part)
        .with_columns(ret=pl.col("part").sum().over(by, "day"))
        .with_columns(own=_coefficient(pl.col("ret")))
    )
    factor = (
        days.group_by(by, "day", maintain_order=True)
        .agg(pl.col("ret").first())
        .group_by(by, maintain_order=True)
        .agg(whole=(pl.col("ret") + 1).product() - 1)
        .with_columns(scale=_coefficient(pl.col("whole")))
    )
    return (
        days.join(factor, on=by)
        .group_by(by, along, maintain_order=True)
        .agg(
            contribution=(pl.col("part") * pl.col("own") / pl.col("scale")).sum(),
            gain=gain.sum(),
            n=pl.col("day").n_unique().cast(pl.Int64),
        )
        .sort(by, pl.col("contribution").abs(), along, descending=[False, True, False])
        .collect()
    )


def _coefficient(ret: pl.Expr) -> pl.Expr:
    """Carino's coefficient against a benchmark of nothing: ln(1 + r) / r, and 1 where r is 0."""
    return pl.when(ret.abs() < 1e-12).then(1.0).when(ret > -1).then(ret.log1p() / ret)  # noqa: PLR2004


def _sides() -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Weights and returns of both sides; a side without weight takes the other's return, and no effect of it."""
    w = pl.col("weight").cast(pl.Float64).fill_null(0.0)
    wb = pl.col("benchmark_weight").cast(pl.Float64).fill_null(0.0)
    r, rb = pl.col("ret").cast(pl.Float64), pl.col("benchmark_ret").cast(pl.Float64)
    return (
        w,
        wb,
        pl.when(w == 0).then(pl.coalesce(r, rb)).otherwise(r),
        pl.when(wb == 0).then(pl.coalesce(rb, r)).otherwise(rb),
    )


def _within(total: pl.Expr, over: list[str] | None) -> pl.Expr:
    return total.over(over) if over else total
