"""What the satellites' strategies earned against what the platform says they earned: the desk's audit of claims.

Depends on the lots of `attribution`; opens nothing.
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
_LEAST = 30


def claimed(metrics: str | None) -> float | None:
    """The yearly yield that a strategy's stored metrics state.

    >>> claimed('{"realised_apy": "0.1274"}'), claimed("{}"), claimed(None)
    (0.1274, None, None)
    """
    try:
        found = json.loads(metrics or "{}")
        return float(found["realised_apy"]) if isinstance(found, dict) and "realised_apy" in found else None
    except (TypeError, ValueError):
        return None


def strategies(
    listed: pl.DataFrame,
    agents: pl.DataFrame,
    lots: pl.DataFrame | None,
    *,
    start: datetime,
    end: datetime,
    reason: str,
) -> pl.DataFrame:
    """Each strategy's income a year on the capital it had, against the claim stored with it.

    Income is yield, rewards and liquidity fees; price moves, impermanent loss and gas are not in it and stand apart in
    `gain` and `gas`. Capital is the average of what the strategy held, by Modified Dietz, debts taken off.

    Args:
        listed: `trading_strategies` of the portfolio.
        agents: `satellite_agents`.
        lots: What `attribution.lots` gave since inception; None where it cannot be stated.
        start: Of the period.
        end: Of the period.
        reason: Why `lots` is None.

    Returns:
        satellite, strategy String; claimed, realised, difference Float64 a year (realised compounds income over the
        days on the capital; null below 30 days or without capital above zero); income, capital, gain, gas Float64 in
        USD; days Int64 since its first movement; reason String. Sorted by satellite.
    """
    names = dict(agents.select("id", "name").iter_rows())
    rows = []
    for row in (
        listed.with_columns(pl.col("strategy_type").cast(pl.String))
        .sort("satellite_id", "strategy_type", "id")
        .iter_rows(named=True)
    ):
        stated = claimed(row["performance_metrics"])
        base = {"satellite": names.get(row["satellite_id"], row["satellite_id"]),
                "strategy": str(row["strategy_type"]).replace("_", " "), "claimed": stated}  # fmt: skip
        if lots is None:
            rows.append(base | {"reason": reason})
            continue
        rows.append(base | _earned(lots, row["id"], stated, start=start, end=end))
    return pl.DataFrame(rows, schema=_STRATEGIES)


def _earned(
    lots: pl.DataFrame, strategy: str, stated: float | None, *, start: datetime, end: datetime
) -> dict[str, object]:
    held = lots.filter(pl.col("strategy_held") == strategy)
    done = lots.filter(pl.col("strategy_done") == strategy)
    own = pl.col("cause").is_in(["yield", "rewards", "rebase"]) & pl.col("strategy_done").is_null()
    paid = pl.concat([done, held.filter(own)])
    income = float(paid["yield"].sum()) + float(paid["rewards"].sum()) + float(held["lp_fees"].sum())
    market = float((held["price"] - held["traded"]).sum()) - float(held["impermanent_loss"].sum())
    pooled, cost = float(held["pool"].sum()), float(done["gas"].sum())
    first = held["timestamp"].min()
    if not isinstance(first, datetime):
        return {"income": 0.0, "reason": "it has held nothing"}
    begun = max(first, start)
    length = (end - begun).total_seconds()
    moved = held.filter(pl.col("cause").is_in(["trade", "flow"])).select(
        "timestamp", amount=(pl.col("traded") + pl.col("flows")).cast(pl.Float64)
    )
    capital: float = float(held["opening"].sum()) + sum(
        amount * (end - at).total_seconds() / length for at, amount in moved.iter_rows()
    ) if length > 0 else 0.0  # fmt: skip
    days = int(length // 86_400) + 1
    known = capital > 0 and days >= _LEAST
    realised = (1 + income / capital) ** (365 / days) - 1 if known and income > -capital else None
    short = f"needs {_LEAST} days, has {days}" if days < _LEAST else "its average capital is not above zero"
    return {
        "realised": realised, "difference": None if None in (realised, stated) else realised - stated,  # type: ignore[operator]
        "income": income, "capital": capital, "gain": income + market + pooled + float(done["traded"].sum()) - cost,
        "gas": cost, "days": days, "reason": None if realised is not None else short,
    }  # fmt: skip
