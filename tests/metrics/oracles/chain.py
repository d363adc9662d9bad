"""What the cases of DeFi and of backtests ask."""

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from ys_analytics.metrics import backtest, lending, uniswap, yields

from .cases import CaseInputs, table


def scalar(expression: pl.Expr, **columns: float) -> Any:
    return pl.DataFrame({name: [float(value)] for name, value in columns.items()}).select(expression).item()


def scalar_of(expression: pl.Expr, **columns: list[float]) -> Any:
    return pl.DataFrame(columns).select(expression).item()


def aave(a: CaseInputs) -> pl.DataFrame:
    rows = []
    for supply in a.inputs["supplies"]:
        value = supply["amount"] * supply["liquidity_index"] * supply["price"]
        threshold = supply.get("liquidation_threshold") if supply["collateral"] else None
        rows.append((supply["asset"], "supply", value, threshold, supply["apr"]))
    rows += [(b["asset"], "borrow", b["amount"] * b["index"] * b["price"], None, b["apr"]) for b in a.inputs["borrows"]]
    schema = {"asset": pl.String, "side": pl.String, "value": pl.Float64, "threshold": pl.Float64, "apr": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(portfolio_id=pl.lit("p"))


def loan(column: str) -> Callable[[CaseInputs], Any]:
    return lambda a: lending.loans(aave(a))[column].item()


def weighted_apy(side: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        apy = yields.apr_to_apy(pl.col("apr"), periods_per_year=yields.SECONDS_PER_YEAR)
        return aave(a).filter(side=side).select(lending.weighted_rate(apy, pl.col("value"))).item()

    return of


def pool(expression: Callable[[pl.Expr], pl.Expr]) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        until = date.fromisoformat(a.inputs["filter"]["timestamp_le"])
        history = table(a.inputs["parquet"]).filter(
            pl.col("pool_id_defillama") == a.inputs["filter"]["pool_id_defillama"],
            pl.col("timestamp").cast(pl.Date) <= until,
        )
        return 100 * history.select(expression(pl.col("apy").cast(pl.Float64) / 100)).item()

    return of


def mint(a: CaseInputs) -> Any:
    found = uniswap.mint(
        a.inputs["amount0_max"],
        a.inputs["amount1_max"],
        tick_lower=a.inputs["tick_lower"],
        tick_upper=a.inputs["tick_upper"],
        sqrt_price_x96=int(a.inputs["sqrt_price_x96"]),
        decimals=tuple(a.inputs.get("decimals") or a.how["decimals"]),
    )
    return [found.amount0, found.amount1, found.liquidity]


def counts(a: CaseInputs) -> tuple[int, int]:
    return a.inputs["observations"], a.inputs["failures"]


def pof(a: CaseInputs) -> backtest.SignificanceTest:
    return backtest.kupiec(*counts(a), confidence=a.inputs["var_level"])


def independence(a: CaseInputs) -> backtest.SignificanceTest:
    return backtest.christoffersen(*(a.inputs[name] for name in ("n00", "n01", "n10", "n11")))


def tuff(a: CaseInputs) -> backtest.SignificanceTest:
    return backtest.time_until_first_failure(a.inputs["first_failure"], confidence=a.inputs["var_level"])


def both(a: CaseInputs) -> backtest.SignificanceTest:
    return backtest.conditional_coverage(pof(a), independence(a))


def percent(a: CaseInputs, probability: float) -> float:
    return 100 * probability if "percent" in a.how.get("unit", "") else probability


def at_most(a: CaseInputs) -> Any:
    return percent(a, backtest.failures_at_most(*counts(a), confidence=a.inputs["var_level"]))


def at_least(a: CaseInputs) -> Any:
    n, x = counts(a)
    return 1 - backtest.failures_at_most(n, x - 1, confidence=a.inputs["var_level"])
