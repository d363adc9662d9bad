"""What the cases of growth, ratios and benchmarks ask."""

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from ys_analytics.metrics import drawdown, performance

from .cases import DAY, B, CaseInputs, R, table


def total_return(a: CaseInputs) -> Any:
    if "price" in a.frame.columns:
        return a(performance.total_return(R))
    value = a(performance.total_return(R))
    start = a.how.get("start_value", 0)
    return start * (1 + value) if start else value


def cumulative_return_series(a: CaseInputs) -> Any:
    value = drawdown.wealth(R.fill_null(0.0))
    start = a.how.get("start_value", 0)
    return a.listed(value * start if start else value - 1)


def cagr(a: CaseInputs) -> Any:
    if "31557600" in a.text:
        return a(performance.cagr(R, day=DAY, days_per_year=365.25, minimum_days=0))
    return a(a.growth())


def aggregate_returns(a: CaseInputs) -> Any:
    every = {"weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}[a.how["to"]]
    # empyrical books each return whole on the day it ends, of weekly returns too: as if it were of that day alone.
    frame = a.frame.select(portfolio_id=pl.lit("p"), day="day", ret="r", days=1)
    return performance.aggregate_returns(frame, every=every)["ret"].to_list()


def annualised_return(a: CaseInputs) -> Any:
    if a.how.get("method") == "simple":
        total = a.inputs["end"] / a.inputs["begin"] - 1
        frame = pl.DataFrame({"r": [total]})
        years = a.inputs["days"] / a.how["days_per_year"]
        return frame.select(performance.annualised_return(R, periods_per_year=1 / years, method="arithmetic")).item()
    years = a.inputs["days"] / a.how["days_per_year"]
    frame = pl.DataFrame({"r": [a.inputs["total_return"]]})
    return frame.select(performance.annualised_return(R, periods_per_year=1 / years)).item()


def to_date(every: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        span = pl.col("day").is_between(date.fromisoformat(a.inputs["start"]), date.fromisoformat(a.inputs["end"]))
        prices = a.frame.filter(span)
        last = prices.select(performance.price_returns(pl.col("price")).alias("ret"), "day").with_columns(
            portfolio_id=pl.lit("p")
        )
        until = prices["day"].max()
        windows = performance.trailing_returns(last, until=until)
        return windows.filter(window=f"{every} to date")["value"].item()

    return of


def row_of(a: CaseInputs, expression: pl.Expr) -> Any:
    return a.listed(expression)[a.how["row"]]


def portfolio_total_return(a: CaseInputs) -> Any:
    names = a.inputs["columns"]
    data = table(a.inputs["series_csv"]).filter(pl.col("date") >= date.fromisoformat(a.inputs["start"]))
    long = data.unpivot(names, index="date", variable_name="asset", value_name="ret").rename({"date": "day"})
    every = "quarter" if "quarter" in a.how["rebalance"] else "always"
    mix = performance.rebalanced_return(long, weights=dict(zip(names, a.inputs["weights"], strict=True)), every=every)
    return mix.select(performance.total_return(pl.col("ret"))).item()


def sharpe_ratio(a: CaseInputs) -> Any:
    year = 1 if a.how.get("annualised") is False else a.year if "periods_per_year" in a.how else 1
    raw = "raw" if "RAW" in a.text else "excess"
    return a(performance.sharpe_ratio(R, periods_per_year=year, risk_free=a.free, deviation=raw))


def geometric_sharpe(a: CaseInputs) -> Any:
    return a(performance.geometric_sharpe_ratio(R, periods_per_year=a.year, risk_free=a.free))


def sortino_ratio(a: CaseInputs) -> Any:
    year = a.year if "periods_per_year" in a.how else 1
    return a(performance.sortino_ratio(R, periods_per_year=year, target=a.mar))


def omega_ratio(a: CaseInputs) -> Any:
    if "required_return_annual" in a.inputs:
        required = (1 + a.inputs["required_return_annual"]) ** (1 / 252) - 1
        return a(performance.omega_ratio(R - a.free, threshold=required))
    if "undefined" in a.how:
        return a(performance.omega_ratio(R, threshold=0.01))
    return a(performance.omega_ratio(R, threshold=float(a.how["threshold"])))


def adjusted_sharpe(a: CaseInputs) -> Any:
    return a(performance.adjusted_sharpe_ratio(R, sharpe=performance.geometric_sharpe_ratio(R, periods_per_year=12)))


def rolling_sharpe(a: CaseInputs) -> Any:
    window = a.how["window"]
    rolled = performance.rolling_sharpe(R, periods_per_year=a.year, window=window, min_samples=2)
    return a.listed(rolled)[window - 1 :]


def rolling_max_drawdown(a: CaseInputs) -> Any:
    window = a.how["window"]
    return a.listed(performance.rolling_max_drawdown(R.fill_null(0.0), window=window))[window - 1 :]


def probabilistic_sharpe(a: CaseInputs) -> Any:
    tails = "normal" if "forced to 3" in a.text else "observed"
    return a(performance.probabilistic_sharpe_ratio(R, reference=a.how["ref_sharpe_per_period"], tails=tails))


def burke(a: CaseInputs, *, modified: bool = False) -> Any:
    # The tool looks for runs from the second return on.
    ret = R.slice(1) / 100
    ratio = drawdown.burke(ret, growth=a.growth() / 100, per="run")
    return a(ratio * R.count().cast(pl.Float64).sqrt() if modified else ratio)


def upside_potential_ratio(a: CaseInputs) -> Any:
    over = "subset" if "subset" in a.text else "all"
    return a(performance.upside_potential_ratio(R, target=a.mar, over=over))


def of_benchmark(function: Callable[..., pl.Expr], **fixed: Any) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        keys = {"periods_per_year": a.year} if fixed.get("year") else {}
        if fixed.get("free"):
            keys["risk_free"] = a.free
        return a(
            function(R, B, **keys, **{name: value for name, value in fixed.items() if name not in {"year", "free"}})
        )

    return of


def information_ratio_per_period(a: CaseInputs) -> Any:
    return a(performance.information_ratio(R, B, periods_per_year=1))


def alpha_beta(market: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        return [
            a(performance.alpha(R, B, periods_per_year=a.year, market=market)),
            a(performance.beta(R, B, market=market)),
        ]

    return of


def batting_average(a: CaseInputs) -> Any:
    return [a(performance.hit_rate(R, B, market=market)) for market in ("all", "up", "down")]


def capture_ratio(a: CaseInputs) -> Any:
    return a(a.growth(R) / a.growth(B))
