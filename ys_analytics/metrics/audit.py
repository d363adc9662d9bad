"""Comparison of the platform's stored metrics with ours, and whether method, data or neither explains a difference.

Tries each of the other ways in which such metrics are usually computed. Does not read a store, clock or setting.
"""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal

import polars as pl

from ys_analytics.metrics import drawdown, performance, risk
from ys_analytics.metrics.sample import YEAR, finite_or_null
from ys_analytics.metrics.spans import one_day
from ys_analytics.metrics.zones import in_utc

# Stored with eight decimals, some as Float: closer than this is the same number.
_TOLERANCE = 1e-6
# Risk-free rates that people choose: quarters of a per cent, up to a tenth.
_RATE_STEP, _RATE_MOST = 0.0025, 0.1

_RET, _DAILY = pl.col("ret"), pl.col("daily")

_AS_DAYS = "returns over several days counted as one day"

# The platform's name, and the metric of ours that answers it.
OURS = {
    "daily_return": "ret",
    "sharpe_ratio": "sharpe_ratio",
    "volatility": "volatility",
    "max_drawdown": "max_drawdown",
    "var_95": "value_at_risk",
    "cvar_95": "expected_shortfall",
}


def claims(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Lay stored columns out as claims: the last of each portfolio, metric and day.

    Args:
        frame: portfolio_id, timestamp, and any of daily_return, sharpe_ratio, max_drawdown, volatility
            (`portfolio_snapshots`), var_95, cvar_95 in USD (`risk_metrics`).

    Returns:
        portfolio_id, day Date, metric String, stored Float64, sorted; nulls are no claim.

    >>> from datetime import UTC, datetime
    >>> row = {"portfolio_id": "a", "timestamp": datetime(2025, 1, 1, 23, tzinfo=UTC), "volatility": 0.5}
    >>> claims(pl.DataFrame(row)).row(0)
    ('a', datetime.date(2025, 1, 1), 'volatility', 0.5)
    """
    casts = in_utc(frame, "timestamp", of="claims")
    stored = [name for name in OURS if name in casts.collect_schema()]
    return (
        casts.select("portfolio_id", "timestamp", *(pl.col(name).cast(pl.Float64) for name in stored))
        .sort("portfolio_id", "timestamp")
        .unpivot(stored, index=["portfolio_id", "timestamp"], variable_name="metric", value_name="stored")
        .filter(pl.col("stored").is_not_null())
        .group_by("portfolio_id", "metric", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(pl.col("stored").last())
        .select("portfolio_id", "day", "metric", "stored")
        .sort("portfolio_id", "metric", "day")
        .collect()
    )


def audit(
    stored: pl.DataFrame,
    returns: pl.DataFrame,
    values: pl.DataFrame,
    *,
    risk_free: float = 0.0,
    tolerance: float = _TOLERANCE,
) -> pl.DataFrame:
    """Each portfolio's latest claim of each metric, with ours of the same day.

    Args:
        stored: What `claims` gave; one frame or several concatenated.
        returns: What `daily_returns` gave, in order; without its days, every return is taken for one of one day.
        values: portfolio_id, day, value, by which fractions of loss become USD.
        risk_free: Simple rate per year, as a fraction, that our Sharpe ratio is in excess of. A stored one in
            excess of another rate, in quarters of a per cent up to a tenth, is explained by it.
        tolerance: Numbers this near, relative to the greater of ours and one, are the same.

    Returns:
        One row per portfolio and metric, sorted: portfolio_id, metric String, day Date, stored, ours,
        difference Float64, explained String ("agrees", "method", "data", "neither"), how String (which
        other method gives the stored number, or what the data lack), n Int64, coverage Float64.

    >>> from datetime import date
    >>> day = [date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3)]
    >>> returns = pl.DataFrame({"portfolio_id": "a", "day": day[1:], "ret": [0.01, -0.01], "reason": [None, None]})
    >>> returns = returns.with_columns(gain=0.0, flow=0.0, capital=100.0)
    >>> stored = pl.DataFrame({"portfolio_id": "a", "day": day[-1:], "metric": "volatility", "stored": 0.01 * 504**0.5})
    >>> values = pl.DataFrame({"portfolio_id": "a", "day": day, "value": [100.0] * 3})
    >>> audit(stored, returns, values).select("explained", "how").row(0)
    ('method', '252 days a year')
    """
    latest = stored.sort("portfolio_id", "metric", "day").group_by("portfolio_id", "metric", maintain_order=True).last()
    rows = []
    spans = pl.col("days").fill_null(1) if "days" in returns.columns else pl.lit(1)
    claims_of_day = returns.sort("portfolio_id", "day").with_columns(daily=one_day(pl.col("ret"), days=spans))
    histories = claims_of_day.partition_by("portfolio_id", as_dict=True)
    closes = values.sort("portfolio_id", "day").partition_by("portfolio_id", as_dict=True)
    for portfolio, metric, day, claim in latest.select("portfolio_id", "metric", "day", "stored").iter_rows():
        history, value_history = histories.get((portfolio,)), closes.get((portfolio,))
        history_until = None if history is None else history.filter(pl.col("day") <= day)
        values_until = (
            []
            if value_history is None
            else value_history.filter(pl.col("day") <= day)["value"].drop_nulls().tail(2).to_list()
        )
        rows.append(
            (
                portfolio,
                metric,
                day,
                claim,
                *_compare(metric, claim, history_until, values_until, risk_free=risk_free, tolerance=tolerance),
            )
        )
    return pl.DataFrame(rows, schema=_AUDIT, orient="row")


_AUDIT: dict[str, type[pl.DataType]] = {
    "portfolio_id": pl.String,
    "metric": pl.String,
    "day": pl.Date,
    "stored": pl.Float64,
    "ours": pl.Float64,
    "difference": pl.Float64,
    "explained": pl.String,
    "how": pl.String,
    "n": pl.Int64,
    "coverage": pl.Float64,
}

_Comparison = tuple[float | None, float | None, str, str | None, int, float | None]


def _compare(
    metric: str,
    claim: float,
    history: pl.DataFrame | None,
    closes: list[Decimal],
    *,
    risk_free: float,
    tolerance: float,
) -> _Comparison:
    if history is None or not history["ret"].count():
        return None, None, "data", "there is no return to compute it from", 0, None
    n = history["ret"].count()
    stored = history.filter(pl.col("ret").is_not_null())["day"]
    days = (stored.max() - stored.min()).days + 1  # type: ignore[operator,union-attr]
    usd_closes = [float(value) for value in closes]
    computed = _alternatives(metric, history, usd_closes, risk_free, ours_alone=True)[""]
    if computed is None:
        return None, None, "data", "too few returns to compute it from", n, n / days
    if _is_near(claim, computed, tolerance):
        return computed, claim - computed, "agrees", None, n, n / days
    alternatives = _alternatives(metric, history, usd_closes, risk_free)
    explanation = next(
        (
            name
            for name, other in alternatives.items()
            if name and other is not None and _is_near(claim, other, tolerance)
        ),
        None,
    )
    if explanation is None and metric == "sharpe_ratio":
        explanation = _other_rate(claim, history, tolerance)
    if explanation:
        return computed, claim - computed, "method", explanation, n, n / days
    missing = _missing_data(history, n, days)
    return computed, claim - computed, "data" if missing else "neither", missing, n, n / days


def _is_near(first: float, other: float, tolerance: float) -> bool:
    return math.isfinite(first) and abs(first - other) <= tolerance * max(1.0, abs(other))


def _missing_data(history: pl.DataFrame, n: int, days: int) -> str | None:
    """What the data lack, in a line; the first close of a history lacks nothing."""
    null_reason = history.slice(1).filter(pl.col("reason").is_not_null())["reason"]
    parts = [f"{days - n} of {days} days are missing"] if n < days else []
    parts += [f"{count} x {reason}" for reason, count in null_reason.value_counts(sort=True).iter_rows()]
    return "; ".join(parts) or None


def _other_rate(claim: float, history: pl.DataFrame, tolerance: float) -> str | None:
    """The risk-free rate that makes the stored Sharpe ratio ours, if it is one that people choose."""
    mean, deviation = history.select(mean=finite_or_null(_DAILY).mean(), deviation=finite_or_null(_DAILY).std()).row(0)
    if not deviation or not math.isfinite(claim):
        return None
    for year, note in ((YEAR, ""), (252, ", 252 days a year")):
        per_period = mean - claim * deviation / math.sqrt(year)
        if per_period <= -1 or per_period * year > 1:
            continue
        for compounding, rate in (("", per_period * year), (", compounded", (1 + per_period) ** year - 1)):
            round_rate = round(rate / _RATE_STEP) * _RATE_STEP
            implied = (1 + round_rate) ** (1 / year) - 1 if compounding else round_rate / year
            if 0 < round_rate <= _RATE_MOST and _is_near(
                claim, (mean - implied) / deviation * math.sqrt(year), tolerance
            ):
                return f"a risk-free rate of {round_rate:.2%} a year{compounding}{note}"
    return None


def _alternatives(
    metric: str, history: pl.DataFrame, closes: list[float], risk_free: float, *, ours_alone: bool = False
) -> dict[str, float | None]:
    """Ours under the empty name, then, where not it alone is asked for, as others compute it, the likeliest first."""
    if metric == "daily_return":
        return _daily_alternatives(history, closes)
    expressions = _sharpe_alternatives(risk_free) if metric == "sharpe_ratio" else _expressions(metric)
    if ours_alone:
        expressions = {"": expressions[""]}
    row = history.select(**{f"way {place}": alternative for place, alternative in enumerate(expressions.values())}).row(
        0
    )
    numbers: dict[str, float | None] = dict(zip(expressions, row, strict=True))
    if metric in {"var_95", "cvar_95"}:
        fractions = numbers
        numbers = {name: None if part is None or not closes else part * closes[-1] for name, part in fractions.items()}
        numbers["a fraction, not USD"] = fractions[""]
    if numbers[""] is not None:
        numbers["the opposite sign"] = -numbers[""]
        numbers["per cent, not a fraction"] = numbers[""] * 100
    return numbers


def _sharpe_alternatives(risk_free: float) -> Mapping[str, pl.Expr]:
    def sharpe(ret: pl.Expr, year: int = YEAR, ddof: int = 1) -> pl.Expr:
        return performance.sharpe_ratio(ret, periods_per_year=year, risk_free=risk_free / year, ddof=ddof)

    return {
        "": sharpe(_DAILY),
        _AS_DAYS: sharpe(_RET),
        "no risk-free rate": performance.sharpe_ratio(_DAILY, periods_per_year=YEAR),
        "252 days a year": sharpe(_DAILY, 252),
        "not annualised": performance.sharpe_ratio(_DAILY, periods_per_year=1, risk_free=risk_free / YEAR),
        "the population's deviation": sharpe(_DAILY, ddof=0),
        "compound growth over volatility": performance.geometric_sharpe_ratio(
            _DAILY, periods_per_year=YEAR, risk_free=risk_free / YEAR
        ),
        **_windows(sharpe),
    }


def _expressions(metric: str) -> Mapping[str, pl.Expr]:
    if metric == "volatility":
        return {
            "": performance.volatility(_DAILY, periods_per_year=YEAR),
            _AS_DAYS: performance.volatility(_RET, periods_per_year=YEAR),
            "252 days a year": performance.volatility(_DAILY, periods_per_year=252),
            "not annualised": performance.volatility(_DAILY, periods_per_year=1),
            "the population's deviation": performance.volatility(_DAILY, periods_per_year=YEAR, ddof=0),
            **_windows(lambda ret: performance.volatility(ret, periods_per_year=YEAR)),
            **_windows(lambda ret: performance.volatility(ret, periods_per_year=1), note=", not annualised"),
        }
    if metric == "max_drawdown":
        from_first = drawdown.underwater(_RET, from_start=False).min()
        return {
            "": drawdown.max_drawdown(_RET),
            "the start is no peak": from_first,
            "the drawdown of that day": drawdown.underwater(_RET).drop_nulls().last(),
            **_windows(drawdown.max_drawdown, ret=_RET),
        }
    measure = risk.value_at_risk if metric == "var_95" else risk.expected_shortfall
    return {
        "": measure(_DAILY),
        _AS_DAYS: measure(_RET),
        "the normal distribution": measure(_DAILY, method="normal"),
        "the normal distribution of the population": measure(_DAILY, method="normal", ddof=0),
        "Cornish and Fisher": measure(_DAILY, method="cornish_fisher"),
        "99 % confidence": measure(_DAILY, confidence=0.99),
        **_windows(measure),
        **_windows(lambda ret: measure(ret, method="normal"), note=", normal"),
    }


def _windows(number: Callable[[pl.Expr], pl.Expr], note: str = "", ret: pl.Expr = _DAILY) -> dict[str, pl.Expr]:
    recent = finite_or_null(ret).drop_nulls()
    return {f"the last {days} days{note}": number(recent.tail(days)) for days in (7, 30, 90, 180, YEAR)}


def _daily_alternatives(history: pl.DataFrame, closes: list[float]) -> dict[str, float | None]:
    computed, gain, flow = history.select("ret", "gain", "flow").row(-1)
    alternatives: dict[str, float | None] = {"": computed}
    if gain is not None and len(closes) > 1:
        before, gain, flow = closes[0], float(gain), float(flow)
        if before > 0:
            alternatives["flows counted as gains"] = (gain + flow) / before
            alternatives["flows at the end of the day"] = gain / before
        if before + flow > 0:
            alternatives["flows at the start of the day"] = gain / (before + flow)
    if computed is not None:
        alternatives["a logarithm"] = math.log1p(computed) if computed > -1 else None
        alternatives["per cent, not a fraction"] = computed * 100
    return alternatives
