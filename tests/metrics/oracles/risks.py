"""What the cases of risk and drawdown ask."""

import re
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import polars as pl

from ys_analytics.metrics import drawdown, performance, risk

from .cases import CaseInputs, R, path, signed, table


def downside_deviation(a: CaseInputs) -> Any:
    over = "below" if "only observations below" in a.text else "all"
    year = a.how.get("periods_per_year", 1)
    return a(risk.downside_deviation(R, periods_per_year=year, target=a.mar, over=over))


def semi_deviation(a: CaseInputs) -> Any:
    unbiased = a.how.get("biased") is False or a.how.get("denominator") == "n-1"
    return a(risk.downside_deviation(R, periods_per_year=1, target=a.mar, ddof=1 if unbiased else 0))


def deviation(a: CaseInputs) -> Any:
    return a(performance.volatility(R, periods_per_year=a.how.get("periods_per_year", 1), ddof=a.how.get("ddof", 1)))


def mean_absolute_deviation(a: CaseInputs) -> Any:
    level = a.how.get("min_acceptable_return", "mean")
    return a(risk.mean_absolute_deviation(R) if level == "mean" else (R - float(level)).abs().mean())


def skewness(a: CaseInputs) -> Any:
    definition = a.how["definition"]
    kind = (
        "half"
        if "standardised by POPULATION" in definition
        else "population"
        if "population" in definition
        else "sample"
    )
    return a(risk.skewness(R, kind=kind))


def kurtosis(a: CaseInputs) -> Any:
    definition = a.how["definition"]
    if "RAW" in definition:
        return a(risk.kurtosis(R, about="zero"))
    kind = "population" if "population" in definition else "sample"
    plain = "NOT excess" in definition or "not excess" in definition
    return a(risk.kurtosis(R, kind=kind, excess=not plain))


def confidence_of(a: CaseInputs) -> float:
    level = 1 - a.how["cutoff"] if "cutoff" in a.how else a.how.get("confidence", 0.95)
    return NormalDist().cdf(2) if isinstance(level, str) else level


def var_historical(a: CaseInputs) -> Any:
    quantile = "order" if "order statistic" in a.text else "linear"
    return signed(a, a(risk.value_at_risk(R, confidence=confidence_of(a), quantile=quantile)))


def tail_of(method: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        if "mean" in a.inputs:
            return risk.normal_value_at_risk(a.inputs["mean"], a.inputs["sigma"], confidence=confidence_of(a))
        ddof = 1 if a.how.get("std") == "sample" else 0
        return signed(a, a(risk.value_at_risk(R, confidence=confidence_of(a), method=method, ddof=ddof)))

    return of


def es_of(method: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        if "mean" in a.inputs:
            return risk.normal_expected_shortfall(a.inputs["mean"], a.inputs["sigma"], confidence=confidence_of(a))
        ddof = 1 if a.how.get("std") == "sample" else 0
        return signed(a, a(risk.expected_shortfall(R, confidence=confidence_of(a), method=method, ddof=ddof)))

    return of


def es_historical(a: CaseInputs) -> Any:
    words = a.how.get("method", "Rockafellar")
    named = {"strictly": "below", "int(": "count", "at or below": "at_or_below", "<=": "at_or_below"}
    tail = next((tail for word, tail in named.items() if word in words), "fraction")
    return signed(a, a(risk.expected_shortfall(R, confidence=confidence_of(a), tail=tail)))


def entropic_value_at_risk(a: CaseInputs) -> Any:
    # The tool searches theta from a hundredth of the worst loss on.
    return a(risk.entropic_value_at_risk(R, confidence=confidence_of(a), min_theta=0.01))


def component(measure: str, *, total: bool) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        names = a.inputs["columns"]
        long = table(a.inputs["series_csv"]).unpivot(names, index="date", variable_name="asset", value_name="ret")
        weights = pl.DataFrame({"asset": names, "weight": a.inputs["weights"]})
        parts = risk.risk_contributions(
            long.rename({"date": "day"}), weights, measure=measure, confidence=a.how["confidence"]
        )["component"]
        return parts.sum() if total else parts.to_list()

    return of


def weights_of(kind: str) -> Callable[[CaseInputs], Any]:
    def of(a: CaseInputs) -> Any:
        data = table(a.inputs["csv"]).head(int(re.search(r"\d+", a.inputs["rows"])[0]))
        returns = data.select(performance.price_returns(pl.col(name)).alias(name) for name in a.how["order"]).slice(1)
        if kind == "inverse":
            return risk.inverse_volatility_weights([returns[name].std() for name in a.how["order"]])
        covariance = [[returns.select(pl.cov(x, y)).item() for y in a.how["order"]] for x in a.how["order"]]
        return risk.equal_risk_weights(covariance)

    return of


def max_drawdown(a: CaseInputs) -> Any:
    if "values" in a.inputs:
        frame = pl.DataFrame({"p": a.inputs["values"]}).select(r=performance.price_returns(pl.col("p")))
        return -frame.select(drawdown.max_drawdown(R)).item()
    fill = R.fill_null(0.0) if "null" in a.how else R
    value = a(drawdown.max_drawdown(fill, depth=path(a) if "compounded" in a.how else None))
    return -value if value is not None and "positive" in a.how.get("sign", "") else value


def average_drawdown(a: CaseInputs) -> Any:
    if "episodes" in a.text:
        value = a(drawdown.average_drawdown(R))
    else:
        value = a(drawdown.average_drawdown(R, per="period", depth=path(a)))
    return -value


def ulcer_index(a: CaseInputs) -> Any:
    if "values" in a.inputs:
        frame = pl.DataFrame({"p": a.inputs["values"]}).select(r=performance.price_returns(pl.col("p")))
        return 100 * frame.select(drawdown.ulcer_index(R, ddof=-1)).item()
    ddof = 1 if a.how.get("denominator") == "n-1" else 0
    return a(drawdown.ulcer_index(R, depth=path(a), ddof=ddof))


def ulcer_performance_index(a: CaseInputs) -> Any:
    frame = pl.DataFrame({"p": a.inputs["values"]}).select(r=performance.price_returns(pl.col("p")))
    return frame.select(performance.mean_return(R) / drawdown.ulcer_index(R, ddof=-1)).item()


def drawdown_table(a: CaseInputs) -> Any:
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
