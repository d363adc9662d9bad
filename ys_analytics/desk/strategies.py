"""Income of the satellites' strategies compared with the yields the platform states for them.

Depends on the pieces of `attribution`; opens nothing.
"""

import json
from datetime import datetime

import polars as pl

_STRATEGIES: dict[str, pl.DataType | type[pl.DataType]] = {
    "satellite": pl.String,
    "strategy": pl.String,
    "claimed": pl.Float64,
    "realised": pl.Float64,
    "difference": pl.Float64,
    "income": pl.Float64,
    "capital": pl.Float64,
    "gain": pl.Float64,
    "gas": pl.Float64,
    "days": pl.Int64,
    "reason": pl.String,
}
_MIN_DAYS = 30


def claimed_apy(metrics: str | None) -> float | None:
    """The yearly yield that a strategy's stored metrics state.

    >>> claimed_apy('{"realised_apy": "0.1274"}'), claimed_apy("{}"), claimed_apy(None)
    (0.1274, None, None)
    """
    try:
        parsed = json.loads(metrics or "{}")
        return float(parsed["realised_apy"]) if isinstance(parsed, dict) and "realised_apy" in parsed else None
    except (TypeError, ValueError):
        return None


def strategies(
    stored: pl.DataFrame,
    agents: pl.DataFrame,
    pieces: pl.DataFrame | None,
    *,
    start: datetime,
    end: datetime,
    reason: str,
) -> pl.DataFrame:
    """Each strategy's income a year on the capital it had, against the claim stored with it.

    Income is yield, rewards and liquidity fees; price moves, impermanent loss and gas are not in it and stand apart in
    `gain` and `gas`. Capital is the average of what the strategy held, by Modified Dietz, debts taken off.

    Args:
        stored: `trading_strategies` of the portfolio.
        agents: `satellite_agents`.
        pieces: What `attribution.pieces` gave since inception; None where it cannot be stated.
        start: Of the period.
        end: Of the period.
        reason: Why `pieces` is None.

    Returns:
        satellite, strategy String; claimed, realised, difference Float64 a year (realised compounds income over the
        days on the capital; null below 30 days or without capital above zero); income, capital, gain, gas Float64 in
        USD; days Int64 since its first movement; reason String. Sorted by satellite.
    """
    names = dict(agents.select("id", "name").iter_rows())
    rows = []
    for row in (
        stored.with_columns(pl.col("strategy_type").cast(pl.String))
        .sort("satellite_id", "strategy_type", "id")
        .iter_rows(named=True)
    ):
        claimed_rate = claimed_apy(row["performance_metrics"])
        base = {"satellite": names.get(row["satellite_id"], row["satellite_id"]),
                "strategy": str(row["strategy_type"]).replace("_", " "), "claimed": claimed_rate}  # fmt: skip
        if pieces is None:
            rows.append(base | {"reason": reason})
            continue
        rows.append(base | _realised(pieces, row["id"], claimed_rate, start=start, end=end))
    return pl.DataFrame(rows, schema=_STRATEGIES)


def _realised(
    pieces: pl.DataFrame, strategy: str, claimed_rate: float | None, *, start: datetime, end: datetime
) -> dict[str, object]:
    held = pieces.filter(pl.col("strategy_held") == strategy)
    done = pieces.filter(pl.col("strategy_done") == strategy)
    own_income = pl.col("cause").is_in(["yield", "rewards", "rebase"]) & pl.col("strategy_done").is_null()
    income_pieces = pl.concat([done, held.filter(own_income)])
    income = float(income_pieces["yield"].sum()) + float(income_pieces["rewards"].sum()) + float(held["lp_fees"].sum())
    market = float((held["price"] - held["traded"]).sum()) - float(held["impermanent_loss"].sum())
    pooled, cost = float(held["pool"].sum()), float(done["gas"].sum())
    first_moment = held["timestamp"].min()
    if not isinstance(first_moment, datetime):
        return {"income": 0.0, "reason": "it has held nothing"}
    active_from = max(first_moment, start)
    length = (end - active_from).total_seconds()
    capital_flows = held.filter(pl.col("cause").is_in(["trade", "flow"])).select(
        "timestamp", amount=(pl.col("traded") + pl.col("flows")).cast(pl.Float64)
    )
    capital: float = float(held["opening"].sum()) + sum(
        amount * (end - at).total_seconds() / length for at, amount in capital_flows.iter_rows()
    ) if length > 0 else 0.0  # fmt: skip
    days = int(length // 86_400) + 1
    can_annualise = capital > 0 and days >= _MIN_DAYS
    realised = (1 + income / capital) ** (365 / days) - 1 if can_annualise and income > -capital else None
    why_not = f"needs {_MIN_DAYS} days, has {days}" if days < _MIN_DAYS else "its average capital is not above zero"
    return {
        "realised": realised, "difference": None if None in (realised, claimed_rate) else realised - claimed_rate,  # type: ignore[operator]
        "income": income, "capital": capital, "gain": income + market + pooled + float(done["traded"].sum()) - cost,
        "gas": cost, "days": days, "reason": None if realised is not None else why_not,
    }  # fmt: skip
