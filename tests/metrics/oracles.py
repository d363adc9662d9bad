"""How each published or cross-computed figure is asked of our functions: the convention becomes parameters.

Knows the form of the cases in ../shared/oracles; the package itself never reads them.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import polars as pl

from ys_analytics.metrics import attribution, backtest, drawdown, flows, lending, performance, risk, uniswap, yields
from ys_analytics.metrics.drawdown import underwater

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "oracles"

R, B, F, DAY = pl.col("r"), pl.col("b"), pl.col("f"), pl.col("day")

Case = dict[str, Any]


class LeftOut(Exception):  # noqa: N818 - not an error: a case this project answers no question for
    """Why a case is not run."""


@cache
def cases() -> list[Case]:
    """Every case of every file, each with the file it stands in."""
    listed = []
    for path in sorted(FOLDER.glob("*.json")):
        listed += [case | {"file": path.name} for case in json.loads(path.read_text())["cases"]]
    return listed


@cache
def table(name: str) -> pl.DataFrame:
    if name.endswith(".parquet"):
        return pl.read_parquet(FOLDER.parent / "data" / name.removeprefix("../"))
    return pl.read_csv(FOLDER / name, try_parse_dates=True, null_values=["NA"])


class Asked:
    """The inputs of a case as a frame of r, b, f and day, and its convention."""

    def __init__(self, case: Case) -> None:
        self.case, self.inputs, self.how = case, case["inputs"], case["convention"]

    def __call__(self, expression: pl.Expr) -> Any:
        """The one value of an expression over the case's frame."""
        return self.frame.select(expression.alias("it"))["it"].item()

    def listed(self, expression: pl.Expr) -> list[Any]:
        return self.frame.select(expression.alias("it"))["it"].to_list()

    @property
    def year(self) -> float:
        """Periods per year: as stated, else by the frequency of the series."""
        if "periods_per_year" in self.how:
            return self.how["periods_per_year"]
        return 365 if "crypto" in self.inputs.get("prices_csv", "") else 12

    @property
    def text(self) -> str:
        """The convention in one line, to look words up in."""
        return json.dumps(self.how)

    @property
    def mar(self) -> Any:
        level = self.how.get(
            "mar", self.how.get("min_acceptable_return", self.inputs.get("required_return_per_period", 0))
        )
        return R.mean() if level == "mean" else 0.0 if level == "per period" else float(level)

    @property
    def frame(self) -> pl.DataFrame:
        if "returns" in self.inputs:
            return self._inline()
        if "values" in self.inputs or "generator" in self.inputs:
            values = self.inputs.get("values") or _generated(self.inputs["generator"])
            return pl.DataFrame({"r": values}, schema={"r": pl.Float64})
        name = self.inputs.get("series_csv") or self.inputs.get("prices_csv") or self.inputs.get("csv")
        data = table(name)
        columns = self.inputs.get("columns") or [self.inputs["column"], *filter(None, [self.inputs.get("benchmark")])]
        data = data.select(day="date", **dict(zip("rbf", columns, strict=False)))
        first = re.search(r"first (\d+)", self.inputs.get("rows", ""))
        data = data.head(int(first[1])) if first else data
        if "prices" in name or "close" in name:
            numbers = [column for column in "rbf" if column in data.columns]
            if name.startswith("series/ffn"):
                data = data.with_columns(price=pl.col("r"))
            data = data.with_columns(performance.price_returns(pl.col(column)).alias(column) for column in numbers)
            return data if name.startswith("series/ffn") else data.slice(1)
        return data.with_columns(pl.exclude("day").cast(pl.Float64))

    def _inline(self) -> pl.DataFrame:
        count = len(self.inputs["returns"])
        data: dict[str, Any] = {"r": self.inputs["returns"]}
        if "benchmark" in self.inputs:
            benchmark = self.inputs["benchmark"]
            data["b"] = benchmark if isinstance(benchmark, list) else [float(benchmark)] * count
        if isinstance(self.inputs.get("risk_free_per_period"), list):
            data["f"] = self.inputs["risk_free_per_period"]
        if "dates" in self.inputs:
            data["day"] = [date.fromisoformat(day) for day in self.inputs["dates"]]
        kinds = {name: pl.Date if name == "day" else pl.Float64 for name in data}
        return pl.DataFrame(data, schema=kinds, strict=False)

    @property
    def free(self) -> Any:
        """The risk-free rate per period: a column, a number, or nothing."""
        if "f" in self.frame.columns:
            return F
        return float(self.inputs.get("risk_free_per_period", 0) or 0)

    def growth(self, ret: pl.Expr = R) -> pl.Expr:
        missing = "incl" in str(self.how.get("n", ""))
        return performance.annualised_return(ret, periods_per_year=self.year, count_missing=missing)


def _generated(words: str) -> list[float]:
    """ "first value 1.2, then alternating 1.1, 1.3; 1001 values"."""
    first, low, high, count = re.findall(r"[\d.]*\d", words)
    return [float(first)] + [float(low), float(high)] * (int(count) // 2)


def near_additive(ret: pl.Expr) -> pl.Expr:
    """Drawdowns as PerformanceAnalytics has them in its pain and ulcer indices: of returns divided by 100."""
    return underwater(ret / 100) * 100


def path(asked: Asked) -> pl.Expr:
    """The drawdown path a convention asks for."""
    if "ADDITIVE" in asked.text:
        return near_additive(R)
    additive = asked.how.get("compounded") is False
    return underwater(
        R,
        compounding="additive" if additive else "geometric",
        from_start="no initial" not in str(asked.how.get("peak")),
    )


def signed(asked: Asked, loss: float | None) -> float | None:
    """A loss of ours in the sign of the case."""
    return -loss if loss is not None and "positive" not in asked.how.get("sign", "") else loss


# ---- growth ----------------------------------------------------------------------------------------------------------


def total_return(a: Asked) -> Any:
    if "price" in a.frame.columns:
        return a(performance.total_return(R))
    value = a(performance.total_return(R))
    start = a.how.get("start_value", 0)
    return start * (1 + value) if start else value


def cumulative_return_series(a: Asked) -> Any:
    value = drawdown.wealth(R.fill_null(0.0))
    start = a.how.get("start_value", 0)
    return a.listed(value * start if start else value - 1)


def cagr(a: Asked) -> Any:
    if "31557600" in a.text:
        return a(performance.cagr(R, day=DAY, days_per_year=365.25))
    return a(a.growth())


def aggregate_returns(a: Asked) -> Any:
    every = {"weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}[a.how["to"]]
    frame = a.frame.select(portfolio_id=pl.lit("p"), day="day", ret="r")
    return performance.aggregate_returns(frame, every=every)["ret"].to_list()


def annualised_return(a: Asked) -> Any:
    if a.how.get("method") == "simple":
        total = a.inputs["end"] / a.inputs["begin"] - 1
        frame = pl.DataFrame({"r": [total]})
        years = a.inputs["days"] / a.how["days_per_year"]
        return frame.select(performance.annualised_return(R, periods_per_year=1 / years, method="arithmetic")).item()
    years = a.inputs["days"] / a.how["days_per_year"]
    frame = pl.DataFrame({"r": [a.inputs["total_return"]]})
    return frame.select(performance.annualised_return(R, periods_per_year=1 / years)).item()


def to_date(every: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        span = pl.col("day").is_between(date.fromisoformat(a.inputs["start"]), date.fromisoformat(a.inputs["end"]))
        prices = a.frame.filter(span)
        last = prices.select(performance.price_returns(pl.col("price")).alias("ret"), "day").with_columns(
            portfolio_id=pl.lit("p")
        )
        until = prices["day"].max()
        windows = performance.trailing_returns(last, until=until)
        return windows.filter(window=f"{every} to date")["value"].item()

    return of


def row_of(a: Asked, expression: pl.Expr) -> Any:
    return a.listed(expression)[a.how["row"]]


def portfolio_total_return(a: Asked) -> Any:
    names = a.inputs["columns"]
    data = table(a.inputs["series_csv"]).filter(pl.col("date") >= date.fromisoformat(a.inputs["start"]))
    long = data.unpivot(names, index="date", variable_name="asset", value_name="ret").rename({"date": "day"})
    every = "quarter" if "quarter" in a.how["rebalance"] else "always"
    mix = performance.rebalanced_return(long, weights=dict(zip(names, a.inputs["weights"], strict=True)), every=every)
    return mix.select(performance.total_return(pl.col("ret"))).item()


# ---- ratios ----------------------------------------------------------------------------------------------------------


def sharpe_ratio(a: Asked) -> Any:
    year = 1 if a.how.get("annualised") is False else a.year if "periods_per_year" in a.how else 1
    raw = "raw" if "RAW" in a.text else "excess"
    return a(performance.sharpe_ratio(R, periods_per_year=year, risk_free=a.free, deviation=raw))


def geometric_sharpe(a: Asked) -> Any:
    return a(performance.geometric_sharpe_ratio(R, periods_per_year=a.year, risk_free=a.free))


def sortino_ratio(a: Asked) -> Any:
    year = a.year if "periods_per_year" in a.how else 1
    return a(performance.sortino_ratio(R, periods_per_year=year, target=a.mar))


def omega_ratio(a: Asked) -> Any:
    if "required_return_annual" in a.inputs:
        required = (1 + a.inputs["required_return_annual"]) ** (1 / 252) - 1
        return a(performance.omega_ratio(R - a.free, threshold=required))
    if "undefined" in a.how:
        return a(performance.omega_ratio(R, threshold=0.01))
    return a(performance.omega_ratio(R, threshold=float(a.how["threshold"])))


def adjusted_sharpe(a: Asked) -> Any:
    return a(performance.adjusted_sharpe_ratio(R, sharpe=performance.geometric_sharpe_ratio(R, periods_per_year=12)))


def rolling_sharpe(a: Asked) -> Any:
    window = a.how["window"]
    rolled = performance.rolling_sharpe(R, periods_per_year=a.year, window=window, min_samples=2)
    return a.listed(rolled)[window - 1 :]


def rolling_max_drawdown(a: Asked) -> Any:
    window = a.how["window"]
    return a.listed(performance.rolling_max_drawdown(R.fill_null(0.0), window=window))[window - 1 :]


def probabilistic_sharpe(a: Asked) -> Any:
    tails = "normal" if "forced to 3" in a.text else "observed"
    return a(performance.probabilistic_sharpe_ratio(R, reference=a.how["ref_sharpe_per_period"], tails=tails))


def burke(a: Asked, *, modified: bool = False) -> Any:
    # The tool looks for runs from the second return on.
    ret = R.slice(1) / 100
    ratio = drawdown.burke_ratio(ret, growth=a.growth() / 100, per="run")
    return a(ratio * R.count().cast(pl.Float64).sqrt() if modified else ratio)


def upside_potential_ratio(a: Asked) -> Any:
    over = "subset" if "subset" in a.text else "all"
    return a(performance.upside_potential_ratio(R, target=a.mar, over=over))


# ---- against a benchmark ---------------------------------------------------------------------------------------------


def of_benchmark(function: Callable[..., pl.Expr], **fixed: Any) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        keys = {"periods_per_year": a.year} if fixed.get("year") else {}
        if fixed.get("free"):
            keys["risk_free"] = a.free
        return a(
            function(R, B, **keys, **{name: value for name, value in fixed.items() if name not in {"year", "free"}})
        )

    return of


def information_ratio_per_period(a: Asked) -> Any:
    return a(performance.information_ratio(R, B, periods_per_year=1))


def alpha_beta(market: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        return [
            a(performance.alpha(R, B, periods_per_year=a.year, market=market)),
            a(performance.beta(R, B, market=market)),
        ]

    return of


def batting_average(a: Asked) -> Any:
    return [a(performance.hit_rate(R, B, market=market)) for market in ("all", "up", "down")]


def capture_ratio(a: Asked) -> Any:
    return a(a.growth(R) / a.growth(B))


# ---- risk ------------------------------------------------------------------------------------------------------------


def downside_deviation(a: Asked) -> Any:
    over = "below" if "only observations below" in a.text else "all"
    year = a.how.get("periods_per_year", 1)
    return a(risk.downside_deviation(R, periods_per_year=year, target=a.mar, over=over))


def semi_deviation(a: Asked) -> Any:
    unbiased = a.how.get("biased") is False or a.how.get("denominator") == "n-1"
    return a(risk.downside_deviation(R, periods_per_year=1, target=a.mar, ddof=1 if unbiased else 0))


def deviation(a: Asked) -> Any:
    return a(performance.volatility(R, periods_per_year=a.how.get("periods_per_year", 1), ddof=a.how.get("ddof", 1)))


def mean_absolute_deviation(a: Asked) -> Any:
    level = a.how.get("min_acceptable_return", "mean")
    return a(risk.mean_absolute_deviation(R) if level == "mean" else (R - float(level)).abs().mean())


def skewness(a: Asked) -> Any:
    definition = a.how["definition"]
    kind = (
        "half"
        if "standardised by POPULATION" in definition
        else "population"
        if "population" in definition
        else "sample"
    )
    return a(risk.skewness(R, kind=kind))


def kurtosis(a: Asked) -> Any:
    definition = a.how["definition"]
    if "RAW" in definition:
        return a(risk.kurtosis(R, about="zero"))
    kind = "population" if "population" in definition else "sample"
    plain = "NOT excess" in definition or "not excess" in definition
    return a(risk.kurtosis(R, kind=kind, excess=not plain))


def confidence_of(a: Asked) -> float:
    level = a.how.get("confidence", 0.95)
    return NormalDist().cdf(2) if isinstance(level, str) else level


def var_historical(a: Asked) -> Any:
    level = 1 - a.how["cutoff"] if "cutoff" in a.how else confidence_of(a)
    quantile = "order" if "order statistic" in a.text else "linear"
    return signed(a, a(risk.value_at_risk(R, confidence=level, quantile=quantile)))


def tail_of(method: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        if "mean" in a.inputs:
            return risk.normal_value_at_risk(a.inputs["mean"], a.inputs["sigma"], confidence=confidence_of(a))
        ddof = 1 if a.how.get("std") == "sample" else 0
        return signed(a, a(risk.value_at_risk(R, confidence=confidence_of(a), method=method, ddof=ddof)))

    return of


def es_of(method: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        if "mean" in a.inputs:
            return risk.normal_expected_shortfall(a.inputs["mean"], a.inputs["sigma"], confidence=confidence_of(a))
        ddof = 1 if a.how.get("std") == "sample" else 0
        return signed(a, a(risk.expected_shortfall(R, confidence=confidence_of(a), method=method, ddof=ddof)))

    return of


def es_historical(a: Asked) -> Any:
    words = a.how["method"]
    tail = "below" if "strictly" in words else "count" if "int(" in words else "fraction"
    return signed(a, a(risk.expected_shortfall(R, confidence=confidence_of(a), tail=tail)))


def entropic_value_at_risk(a: Asked) -> Any:
    # The tool searches theta from a hundredth of the worst loss on.
    return a(risk.entropic_value_at_risk(R, confidence=confidence_of(a), least_theta=0.01))


def component(measure: str, *, total: bool) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        names = a.inputs["columns"]
        long = table(a.inputs["series_csv"]).unpivot(names, index="date", variable_name="asset", value_name="ret")
        weights = pl.DataFrame({"asset": names, "weight": a.inputs["weights"]})
        parts = risk.risk_contributions(
            long.rename({"date": "day"}), weights, measure=measure, confidence=a.how["confidence"]
        )["component"]
        return parts.sum() if total else parts.to_list()

    return of


def weights_of(kind: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        data = table(a.inputs["csv"]).head(int(re.search(r"\d+", a.inputs["rows"])[0]))
        returns = data.select(performance.price_returns(pl.col(name)).alias(name) for name in a.how["order"]).slice(1)
        if kind == "inverse":
            return risk.inverse_volatility_weights([returns[name].std() for name in a.how["order"]])
        covariance = [[returns.select(pl.cov(x, y)).item() for y in a.how["order"]] for x in a.how["order"]]
        return risk.equal_risk_weights(covariance)

    return of


# ---- drawdown --------------------------------------------------------------------------------------------------------


def max_drawdown(a: Asked) -> Any:
    if "values" in a.inputs:
        frame = pl.DataFrame({"p": a.inputs["values"]}).select(r=performance.price_returns(pl.col("p")))
        return -frame.select(drawdown.max_drawdown(R)).item()
    fill = R.fill_null(0.0) if "null" in a.how else R
    value = a(drawdown.max_drawdown(fill, depth=path(a) if "compounded" in a.how else None))
    return -value if value is not None and "positive" in a.how.get("sign", "") else value


def average_drawdown(a: Asked) -> Any:
    if "episodes" in a.text:
        value = a(drawdown.average_drawdown(R))
    else:
        value = a(drawdown.average_drawdown(R, per="period", depth=path(a)))
    return -value


def ulcer_index(a: Asked) -> Any:
    if "values" in a.inputs:
        frame = pl.DataFrame({"p": a.inputs["values"]}).select(r=performance.price_returns(pl.col("p")))
        return 100 * frame.select(drawdown.ulcer_index(R, ddof=-1)).item()
    ddof = 1 if a.how.get("denominator") == "n-1" else 0
    return a(drawdown.ulcer_index(R, depth=path(a), ddof=ddof))


def ulcer_performance_index(a: Asked) -> Any:
    frame = pl.DataFrame({"p": a.inputs["values"]}).select(r=performance.price_returns(pl.col("p")))
    return frame.select(performance.mean_return(R) / drawdown.ulcer_index(R, ddof=-1)).item()


def drawdown_table(a: Asked) -> Any:
    frame = a.frame.select(portfolio_id=pl.lit("p"), day="day", ret="r").filter(pl.col("ret").is_not_null())
    falls = drawdown.drawdowns(frame, top=5)
    days = frame["day"].to_list()
    return [
        {
            # The tool's episode starts on the first day under the peak; ours on the peak.
            "start": str(days[days.index(row["peak"]) + 1 if row["peak"] in days else 0]),
            "trough": str(row["trough"]),
            "end": str(row["recovery"]),
            "depth": row["depth"],
            "length": row["periods"],
            "to_trough": row["fall_periods"],
            "recovery": row["recovery_periods"],
        }
        for row in falls.iter_rows(named=True)
    ]


# ---- flows -----------------------------------------------------------------------------------------------------------


def dated(a: Asked) -> list[tuple[date, float]]:
    if "flows" in a.inputs:
        return [(date.fromisoformat(day), float(amount)) for day, amount in a.inputs["flows"]]
    data = pl.read_csv(FOLDER / a.inputs["csv"], has_header=True, try_parse_dates=False)
    rows = [*data.rows()]
    if not re.search("[a-z]", "".join(data.columns).lower()):
        rows = [tuple(data.columns), *rows]
    return [(date.fromisoformat(str(row[0]).strip()[:10]), float(row[1])) for row in rows]


def xirr(a: Asked) -> Any:
    found = flows.xirr(dated(a), day_count=a.how["day_count"])
    return one_of(found, a.case["expected"])


def irr(a: Asked) -> Any:
    amounts = a.inputs.get("cash_flows") or [amount for _, amount in dated(a)]
    return one_of(flows.irr([float(amount) for amount in amounts]), a.case["expected"])


def one_of(found: flows.MoneyWeighted, expected: float | None) -> float | None:
    """Where several rates solve it we name them all and choose none; the tool's choice must be among them."""
    if len(found.roots) > 1 and expected is not None:
        assert found.rate is None
        assert found.reason
        return min(found.roots, key=lambda root: abs(root - expected))
    assert (found.rate is None) == (found.reason is not None)
    return found.rate


def modified_dietz(a: Asked) -> Any:
    moved = [(flow["amount"], flow["weight"]) for flow in a.inputs["flows"]]
    if "end" not in a.inputs:
        return flows.average_capital(a.inputs["begin"], moved)
    return flows.modified_dietz(a.inputs["begin"], a.inputs["end"], moved)


def npv(a: Asked) -> Any:
    return flows.npv(a.how["rate"], a.inputs["cash_flows"], first=1 if a.how["first"] == "t=1" else 0)


def mirr(a: Asked) -> Any:
    amounts = [float(amount) for amount in a.inputs["cash_flows"]]
    return flows.mirr(amounts, finance_rate=a.how["finance_rate"], reinvest_rate=a.how["reinvest_rate"])


# ---- attribution -----------------------------------------------------------------------------------------------------


def segments(inputs: dict[str, Any], suffix: str = "") -> pl.DataFrame:
    names = inputs["segments"]
    columns = {
        "weight": inputs["weights_portfolio"],
        "benchmark_weight": inputs["weights_benchmark"],
        "ret": inputs[f"returns_portfolio{suffix}"],
        "benchmark_ret": inputs[f"returns_benchmark{suffix}"],
    }
    nested = isinstance(columns["weight"][0], list)
    periods = len(columns["weight"]) if nested else 1
    flat = {name: [float(x) for row in (value if nested else [value]) for x in row] for name, value in columns.items()}
    labels = {"segment": names * periods, "period": [t for t in range(periods) for _ in names]}
    return pl.DataFrame(labels | flat)


def with_total(values: list[float]) -> list[float]:
    return [*values, math.fsum(values)]


def brinson(effect: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        words = a.how["model"]
        model = "brinson_fachler" if "Fachler" in words else "brinson_hood_beebower"
        inside = "selection" if "top-down" in words else "allocation" if "bottom-up" in words else "apart"
        return with_total(attribution.brinson(segments(a.inputs), model=model, interaction=inside)[effect].to_list())

    return of


def brinson_totals(a: Asked) -> Any:
    frame = segments(a.inputs)
    own, market = (frame.select((pl.col(w) * pl.col(r)).sum()).item() for w, r in SIDES)
    effects = attribution.brinson(frame)["total"].sum()
    assert math.isclose(effects, own - market, abs_tol=1e-12)
    return [own, market, own - market]


SIDES = (("weight", "ret"), ("benchmark_weight", "benchmark_ret"))


def geometric(effect: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        local = "returns_portfolio_local" in a.inputs
        frame = segments(a.inputs, "_local" if local else "")
        if "hedged" in str(a.how.get("currency")):
            frame = frame.with_columns(hedged_ret=pl.Series(a.inputs["returns_benchmark_hedged"]))
        return with_total(attribution.geometric_brinson(frame)[effect].to_list())

    return of


def geometric_excess(a: Asked) -> Any:
    frame = segments(a.inputs, "_base")
    own, market = (frame.select((pl.col(w) * pl.col(r)).sum()).item() for w, r in SIDES)
    return (1 + own) / (1 + market) - 1


def hedging_cost(a: Asked) -> Any:
    frame = segments(a.inputs, "_local").with_columns(hedged_ret=pl.Series(a.inputs["returns_benchmark_hedged"]))
    return attribution.hedging_cost(frame)


def linked(effect: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        found = attribution.linked_effects(segments(a.inputs), linking=a.how["linking"], interaction="selection")
        return with_total(found[effect].to_list())

    return of


def linked_per_period(effect: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        found = attribution.linked_effects(
            segments(a.inputs), linking=a.how["linking"], interaction="selection", per_period=True
        )
        return [with_total(part[effect].to_list()) for part in found.partition_by("period", maintain_order=True)]

    return of


def davies_laker(a: Asked) -> Any:
    found = attribution.compounded_notionals(segments(a.inputs))
    return [found[name] for name in a.how["order"]]


def geometric_totals(a: Asked) -> Any:
    frame = segments(a.inputs)
    effects = attribution.geometric_brinson(frame, over=["period"])
    each = effects.group_by("period", maintain_order=True).agg(pl.col("allocation", "selection").sum())
    allocation, selection = (float((each[name] + 1).product()) - 1 for name in ("allocation", "selection"))
    return [(1 + allocation) * (1 + selection) - 1, allocation, selection]


def grouped(what: tuple[str, str]) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        frame = segments(a.inputs).with_columns(region=pl.Series(a.inputs["region"]))
        return [x for row in attribution.group_segments(frame, by=["region"]).select(what).rows() for x in row]

    return of


# ---- DeFi ------------------------------------------------------------------------------------------------------------


def scalar(expression: pl.Expr, **columns: float) -> Any:
    return pl.DataFrame({name: [float(value)] for name, value in columns.items()}).select(expression).item()


def aave(a: Asked) -> pl.DataFrame:
    rows = []
    for supply in a.inputs["supplies"]:
        value = supply["amount"] * supply["liquidity_index"] * supply["price"]
        threshold = supply.get("liquidation_threshold") if supply["collateral"] else None
        rows.append((supply["asset"], "supply", value, threshold, supply["apr"]))
    for borrow in a.inputs["borrows"]:
        rows.append(
            (borrow["asset"], "borrow", borrow["amount"] * borrow["index"] * borrow["price"], None, borrow["apr"])
        )
    schema = {"asset": pl.String, "side": pl.String, "value": pl.Float64, "threshold": pl.Float64, "apr": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(portfolio_id=pl.lit("p"))


def loan(column: str) -> Callable[[Asked], Any]:
    return lambda a: lending.loans(aave(a))[column].item()


def weighted_apy(side: str) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        apy = yields.apr_to_apy(pl.col("apr"), periods_per_year=yields.SECONDS_PER_YEAR)
        return aave(a).filter(side=side).select(lending.weighted_rate(apy, pl.col("value"))).item()

    return of


def pool(expression: Callable[[pl.Expr], pl.Expr]) -> Callable[[Asked], Any]:
    def of(a: Asked) -> Any:
        until = date.fromisoformat(a.inputs["filter"]["timestamp_le"])
        history = table(a.inputs["parquet"]).filter(
            pl.col("pool_id_defillama") == a.inputs["filter"]["pool_id_defillama"],
            pl.col("timestamp").cast(pl.Date) <= until,
        )
        return 100 * history.select(expression(pl.col("apy").cast(pl.Float64) / 100)).item()

    return of


def mint(a: Asked) -> Any:
    found = uniswap.mint(
        a.inputs["amount0_max"],
        a.inputs["amount1_max"],
        tick_lower=a.inputs["tick_lower"],
        tick_upper=a.inputs["tick_upper"],
        sqrt_price_x96=int(a.inputs["sqrt_price_x96"]),
        decimals=tuple(a.inputs.get("decimals") or a.how["decimals"]),
    )
    return [found.amount0, found.amount1, found.liquidity]


# ---- backtests -------------------------------------------------------------------------------------------------------


def counts(a: Asked) -> tuple[int, int]:
    return a.inputs["observations"], a.inputs["failures"]


def pof(a: Asked) -> backtest.Verdict:
    return backtest.kupiec(*counts(a), confidence=a.inputs["var_level"])


def independence(a: Asked) -> backtest.Verdict:
    return backtest.christoffersen(*(a.inputs[name] for name in ("n00", "n01", "n10", "n11")))


def tuff(a: Asked) -> backtest.Verdict:
    return backtest.time_until_first_failure(a.inputs["first_failure"], confidence=a.inputs["var_level"])


def both(a: Asked) -> backtest.Verdict:
    return backtest.conditional_coverage(pof(a), independence(a))


def percent(a: Asked, probability: float) -> float:
    return 100 * probability if "percent" in a.how.get("unit", "") else probability


def at_most(a: Asked) -> Any:
    return percent(a, backtest.failures_at_most(*counts(a), confidence=a.inputs["var_level"]))


def at_least(a: Asked) -> Any:
    n, x = counts(a)
    return 1 - backtest.failures_at_most(n, x - 1, confidence=a.inputs["var_level"])


ANSWERS: dict[str, Callable[[Asked], Any]] = {
    "total_return": total_return,
    "cumulative_return_series": cumulative_return_series,
    "cagr": cagr,
    "annual_return_arithmetic": lambda a: a(performance.annualised_return(R, periods_per_year=12, method="arithmetic")),
    "annualised_return": annualised_return,
    "aggregate_returns": aggregate_returns,
    "mean": lambda a: a(performance.mean_return(R)),
    "mean_return": lambda a: a(performance.mean_return(R)),
    "geometric_mean_return": lambda a: a(performance.geometric_mean_return(R)),
    "month_to_date_return": to_date("month"),
    "year_to_date_return": to_date("year"),
    "simple_return": lambda a: row_of(a, performance.price_returns(pl.col("price"))),
    "log_return": lambda a: row_of(a, performance.price_returns(pl.col("price"), kind="log")),
    "rebased_price": lambda a: row_of(a, a.how["base"] * drawdown.wealth(R)),
    "portfolio_total_return": portfolio_total_return,
    "stability": lambda a: a(performance.stability(R)),
    "sharpe_ratio": sharpe_ratio,
    "sharpe_ratio_annualised_geometric": geometric_sharpe,
    "adjusted_sharpe_ratio": adjusted_sharpe,
    "probabilistic_sharpe_ratio": probabilistic_sharpe,
    "rolling_sharpe": rolling_sharpe,
    "rolling_max_drawdown": rolling_max_drawdown,
    "sortino_ratio": sortino_ratio,
    "calmar_ratio": lambda a: a(performance.calmar_ratio(R.fill_null(0.0), growth=a.growth())),
    "omega_ratio": omega_ratio,
    "omega_sharpe_ratio": lambda a: a(performance.omega_sharpe_ratio(R, threshold=a.mar)),
    "kappa": lambda a: a(performance.kappa(R, order=a.how["order"], target=a.mar)),
    "upside_potential_ratio": upside_potential_ratio,
    "prospect_ratio": lambda a: a(performance.prospect_ratio(R, target=a.mar)),
    "gain_loss_ratio": lambda a: a(performance.profit_factor(R)),
    "profit_factor": lambda a: a(performance.profit_factor(R)),
    "gain_to_pain_ratio": lambda a: a(performance.gain_to_pain(R)),
    "d_ratio": lambda a: a(performance.d_ratio(R)),
    "payoff_ratio": lambda a: a(performance.payoff_ratio(R)),
    "kelly_criterion": lambda a: a(performance.kelly_fraction(R)),
    "win_rate": lambda a: a(performance.win_rate(R, zeros="skip")),
    "consecutive_wins": lambda a: a(performance.longest_run(R, of="wins")),
    "consecutive_losses": lambda a: a(performance.longest_run(R, of="losses")),
    "best_return": lambda a: a(performance.best_day(R)),
    "worst_return": lambda a: a(performance.worst_day(R)),
    "worst_realization": lambda a: -a(performance.worst_day(R)),
    "tail_ratio": lambda a: a(risk.tail_ratio(R)),
    "volatility_skewness": lambda a: a(performance.upside_downside_ratio(R, target=a.mar)),
    "variability_skewness": lambda a: a(performance.upside_downside_ratio(R, target=a.mar, order=1)),
    "skewness_kurtosis_ratio": lambda a: a(performance.skewness_kurtosis_ratio(R)),
    "beta": of_benchmark(performance.beta, free=True),
    "beta_bull": of_benchmark(performance.beta, free=True, market="up"),
    "beta_bear": of_benchmark(performance.beta, free=True, market="down"),
    "timing_ratio": of_benchmark(performance.timing_ratio, free=True),
    "alpha_per_period": of_benchmark(performance.alpha, free=True),
    "alpha_annualised": of_benchmark(performance.alpha, year=True),
    "alpha_beta": alpha_beta("all"),
    "up_alpha_beta": alpha_beta("up"),
    "down_alpha_beta": alpha_beta("down"),
    "jensen_alpha": of_benchmark(performance.jensen_alpha, year=True),
    "selectivity": of_benchmark(performance.jensen_alpha, year=True),
    "modified_jensen_alpha": of_benchmark(performance.appraisal_ratio, year=True, per="beta"),
    "alternative_jensen_alpha": of_benchmark(performance.appraisal_ratio, year=True, per="systematic_risk"),
    "appraisal_ratio": of_benchmark(performance.appraisal_ratio, year=True),
    "net_selectivity": of_benchmark(performance.net_selectivity, year=True),
    "regression_epsilon": of_benchmark(performance.regression_epsilon, year=True),
    "fama_beta": of_benchmark(performance.fama_beta),
    "treynor_ratio": of_benchmark(performance.treynor_ratio, year=True, free=True),
    "treynor_ratio_modified": of_benchmark(performance.treynor_ratio, year=True, per="systematic_risk"),
    "tracking_error": of_benchmark(performance.tracking_error, year=True),
    "active_premium": of_benchmark(performance.active_premium, year=True),
    "information_ratio": of_benchmark(performance.information_ratio, year=True, method="geometric"),
    "information_ratio_per_period": information_ratio_per_period,
    "m_squared": of_benchmark(performance.m_squared, year=True),
    "m_squared_excess": of_benchmark(performance.m_squared_excess, year=True),
    "m2_sortino": lambda a: a(performance.m2_sortino(R, B, periods_per_year=12, target=a.mar)),
    "omega_excess_return": lambda a: a(performance.omega_excess_return(R, B, periods_per_year=12, target=a.mar)),
    "correlation": of_benchmark(performance.correlation),
    "r_squared": of_benchmark(performance.r_squared),
    "systematic_risk": of_benchmark(performance.systematic_risk, year=True),
    "specific_risk": of_benchmark(performance.specific_risk, year=True),
    "total_risk": of_benchmark(performance.total_risk, year=True),
    "coskewness": of_benchmark(performance.comoment, order=2),
    "cokurtosis": of_benchmark(performance.comoment, order=3),
    "beta_covariance": of_benchmark(performance.comoment, order=1, standardised=True),
    "beta_coskewness": of_benchmark(performance.comoment, order=2, standardised=True),
    "beta_cokurtosis": of_benchmark(performance.comoment, order=3, standardised=True),
    "capture_ratio": capture_ratio,
    "up_capture": of_benchmark(performance.up_capture, year=True),
    "down_capture": of_benchmark(performance.down_capture, year=True),
    "up_down_capture": of_benchmark(performance.up_down_capture, year=True),
    "up_capture_sum": of_benchmark(performance.up_capture, year=True, method="sum"),
    "down_capture_sum": of_benchmark(performance.down_capture, year=True, method="sum"),
    "up_number_ratio": of_benchmark(performance.hit_rate, market="up", hit="follows"),
    "down_number_ratio": of_benchmark(performance.hit_rate, market="down", hit="follows"),
    "up_percent_ratio": of_benchmark(performance.hit_rate, market="up"),
    "down_percent_ratio": of_benchmark(performance.hit_rate, market="down"),
    "batting_average": batting_average,
    "annual_volatility": deviation,
    "standard_deviation": deviation,
    "variance": lambda a: deviation(a) ** 2,
    "downside_risk": downside_deviation,
    "downside_deviation": downside_deviation,
    "semi_deviation": semi_deviation,
    "semi_variance": lambda a: semi_deviation(a) ** 2,
    "mean_absolute_deviation": mean_absolute_deviation,
    "first_lower_partial_moment": lambda a: a(risk.lower_partial_moment(R, order=1, target=a.mar)),
    "fourth_lower_partial_moment": lambda a: a(risk.lower_partial_moment(R, order=4, target=a.mar)),
    "third_central_moment": lambda a: a(risk.central_moment(R, order=3)),
    "fourth_central_moment": lambda a: a(risk.central_moment(R, order=4)),
    "downside_potential": lambda a: a(risk.lower_partial_moment(R, order=1, target=a.mar)),
    "downside_frequency": lambda a: a(risk.lower_partial_moment(R, order=0, target=a.mar)),
    "upside_frequency": lambda a: a(risk.upper_partial_moment(R, order=0, target=a.mar)),
    "upside_potential": lambda a: a(risk.upper_partial_moment(R, order=1, target=a.mar)),
    "upside_variance": lambda a: a(risk.upper_partial_moment(R, order=2, target=a.mar)),
    "upside_risk": lambda a: a(risk.upside_risk(R, target=a.mar)),
    "skewness": skewness,
    "kurtosis": kurtosis,
    "gini_mean_difference": lambda a: a(risk.gini_mean_difference(R)),
    "autocorrelation_lag1": lambda a: a(risk.autocorrelation(R)),
    "hurst_index_simple": lambda a: a(risk.hurst_index(R)),
    "value_at_risk_historical": var_historical,
    "value_at_risk_gaussian": tail_of("normal"),
    "value_at_risk_cornish_fisher": tail_of("cornish_fisher"),
    "expected_shortfall_historical": es_historical,
    "conditional_value_at_risk_historical": es_historical,
    "expected_shortfall_gaussian": es_of("normal"),
    "expected_shortfall_cornish_fisher": es_of("cornish_fisher"),
    "entropic_risk_measure": lambda a: a(risk.entropic_risk(R, theta=a.how["theta"], confidence=a.how["confidence"])),
    "entropic_value_at_risk": entropic_value_at_risk,
    "component_var_gaussian": component("value_at_risk", total=False),
    "component_var_gaussian_total": component("value_at_risk", total=True),
    "component_var_cornish_fisher": component("value_at_risk_cornish_fisher", total=False),
    "component_var_cornish_fisher_total": component("value_at_risk_cornish_fisher", total=True),
    "component_es_gaussian": component("expected_shortfall", total=False),
    "component_es_gaussian_total": component("expected_shortfall", total=True),
    "component_stddev": component("volatility", total=False),
    "component_stddev_total": component("volatility", total=True),
    "inverse_volatility_weights": weights_of("inverse"),
    "equal_risk_contribution_weights": weights_of("equal"),
    "max_drawdown": max_drawdown,
    "average_drawdown": average_drawdown,
    "average_drawdown_length": lambda a: a(drawdown.average_drawdown_length(R)),
    "average_recovery_length": lambda a: a(drawdown.average_recovery_length(R)),
    "ulcer_index": ulcer_index,
    "ulcer_performance_index": ulcer_performance_index,
    "pain_index": lambda a: a(drawdown.pain_index(R, depth=path(a))),
    "pain_ratio": lambda a: a(drawdown.pain_ratio(R, growth=a.growth(), depth=path(a))),
    "martin_ratio": lambda a: a(drawdown.martin_ratio(R, growth=a.growth(), depth=path(a))),
    "sterling_ratio": lambda a: a(drawdown.sterling_ratio(R, growth=a.growth())),
    "burke_ratio": burke,
    "burke_ratio_modified": lambda a: burke(a, modified=True),
    "drawdown_at_risk": lambda a: a(drawdown.drawdown_at_risk(R, depth=path(a))),
    "conditional_drawdown_at_risk": lambda a: a(drawdown.conditional_drawdown_at_risk(R, depth=path(a))),
    "entropic_drawdown_at_risk": lambda a: a(drawdown.entropic_drawdown_at_risk(R, depth=path(a), least_theta=0.01)),
    "drawdown_table_top5": drawdown_table,
    "xirr": xirr,
    "irr": irr,
    "npv": npv,
    "xnpv": lambda a: flows.xnpv(a.how["rate"], dated(a)),
    "xnfv": lambda a: flows.xnfv(a.how["rate"], dated(a)),
    "mirr": mirr,
    "modified_dietz": modified_dietz,
    "modified_dietz_average_capital": modified_dietz,
    "brinson_allocation": brinson("allocation"),
    "brinson_selection": brinson("selection"),
    "brinson_interaction": brinson("interaction"),
    "brinson_totals": brinson_totals,
    "geometric_allocation": geometric("allocation"),
    "geometric_selection": geometric("selection"),
    "geometric_excess_return": geometric_excess,
    "geometric_hedging_cost": hedging_cost,
    "geometric_multi_period_totals": geometric_totals,
    "linked_allocation": linked("allocation"),
    "linked_selection": linked("selection"),
    "linked_allocation_per_period": linked_per_period("allocation"),
    "linked_selection_per_period": linked_per_period("selection"),
    "davies_laker": davies_laker,
    "group_weights": grouped(("weight", "benchmark_weight")),
    "group_returns": grouped(("ret", "benchmark_ret")),
    "impermanent_loss_pct": lambda a: 100 * scalar(yields.impermanent_loss(pl.col("k")), k=a.inputs["price_ratio"]),
    "apr_to_apy": lambda a: scalar(
        yields.apr_to_apy(pl.col("apr"), periods_per_year=yields.SECONDS_PER_YEAR), apr=a.inputs["apr"]
    ),
    "uniswap_v3_required_token1": lambda a: uniswap.required_token1(
        a.inputs["x"], price=a.inputs["price"], lower=a.inputs["lower"], upper=a.inputs["upper"]
    ),
    "uniswap_v3_lower_price": lambda a: uniswap.lower_price(
        a.inputs["x"], a.inputs["y"], price=a.inputs["price"], upper=a.inputs["upper"]
    ),
    "uniswap_v3_mint": mint,
    "uniswap_v3_tick_to_price": lambda a: uniswap.tick_to_price(a.inputs["tick"], decimals=a.inputs["decimals"]),
    "uniswap_v3_sqrt_price_to_price": lambda a: uniswap.sqrt_price_to_price(
        int(a.inputs["sqrt_price_x96"]), decimals=a.inputs["decimals"]
    ),
    "uniswap_v3_price_to_tick": lambda a: uniswap.price_to_tick(a.inputs["price"], decimals=a.inputs["decimals"]),
    "health_factor": loan("health_factor"),
    "net_value": loan("net"),
    "weighted_supply_apy": weighted_apy("supply"),
    "weighted_borrow_apy": weighted_apy("borrow"),
    "pool_apy_mean_expanding": pool(performance.mean_return),
    "pool_apy_std_expanding": pool(lambda apy: performance.volatility(apy, periods_per_year=1)),
    "pool_mu": pool(yields.pool_drift),
    "pool_sigma": pool(yields.pool_volatility),
    "kupiec_pof_lr": lambda a: pof(a).statistic,
    "kupiec_pof_pvalue": lambda a: pof(a).p_value,
    "kupiec_pof_reject": lambda a: pof(a).rejects(a.how["test_level"]),
    "kupiec_nonrejection_region": lambda a: list(
        backtest.kupiec_region(a.inputs["observations"], confidence=a.inputs["var_level"], level=a.how["test_level"])
    ),
    "var_binomial_z": lambda a: backtest.binomial_test(*counts(a), confidence=a.inputs["var_level"]).statistic,
    "var_binomial_pvalue": lambda a: backtest.binomial_test(*counts(a), confidence=a.inputs["var_level"]).p_value,
    "christoffersen_independence_lr": lambda a: independence(a).statistic,
    "christoffersen_independence_pvalue": lambda a: independence(a).p_value,
    "christoffersen_conditional_coverage_lr": lambda a: both(a).statistic,
    "christoffersen_conditional_coverage_pvalue": lambda a: both(a).p_value,
    "tuff_lr": lambda a: tuff(a).statistic,
    "tuff_pvalue": lambda a: tuff(a).p_value,
    "traffic_light_probability": at_most,
    "traffic_light_type1": at_least,
    "traffic_light_zone": lambda a: backtest.traffic_light(*counts(a), confidence=a.inputs["var_level"]),
    "binomial_exception_probability": lambda a: percent(
        a, backtest.exactly(*counts(a), confidence=a.inputs["var_level"])
    ),
    "year_fraction": lambda a: (
        flows.year_fraction(date.fromisoformat(a.inputs["start"]), date.fromisoformat(a.inputs["end"])) * 365 / 365.25
    ),
}

LEFT_OUT: dict[str, str] = {
    "probability_of_momentum": "Student's distribution of an information ratio is no metric of this kit",
}


def answer(case: Case) -> Any:
    """What our functions say to a case.

    Raises:
        LeftOut: the case asks for something the kit does not offer, and why.
    """
    if case["metric"] in LEFT_OUT:
        raise LeftOut(LEFT_OUT[case["metric"]])
    if case["metric"] not in ANSWERS:
        raise LeftOut(f"no function of ours is called for {case['metric']}")
    return ANSWERS[case["metric"]](Asked(case))


def agrees(got: Any, expected: Any, tolerance: dict[str, float]) -> bool:
    """Whether two answers are the same within the case's tolerance."""
    if isinstance(expected, dict):
        return all(agrees(got[name], value, tolerance) for name, value in expected.items())
    if isinstance(expected, list):
        return len(got) == len(expected) and all(agrees(x, y, tolerance) for x, y in zip(got, expected, strict=True))
    if got is None or expected is None or isinstance(expected, (str, bool)):
        return got is expected or got == expected
    allowed = max(tolerance.get("abs", 0.0), tolerance.get("rel", 0.0) * abs(expected))
    return abs(got - expected) <= allowed
