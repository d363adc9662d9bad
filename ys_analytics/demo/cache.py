"""The key families of Redis, each the last moment of something the other stores hold.

Frames have the shape of `schemas.redis`, with the full lifetime in `ttl_ms`; `keys.py` turns them into
keys. Sessions are fake and the only frames with a shape of their own: `key` and `value`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast as typed

import numpy as np
import polars as pl

from ys_analytics.demo import agents
from ys_analytics.demo.assets import changes, registered
from ys_analytics.demo.calendar import DAY_SECONDS, HOUR_SECONDS, LAST_SECOND, moment
from ys_analytics.demo.fixed_point import PRICE, PRICE_SCALE, decimals, fitted
from ys_analytics.demo.identity import fake_hash, name_id, stream
from ys_analytics.demo.market import CLOSE, HOURS, Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.risk import Risks, liquidation_score
from ys_analytics.demo.snapshots import Claims
from ys_analytics.demo.users import targets, user_id
from ys_analytics.demo.world import LAYER_2, MAINNET, SATELLITES, SYMBOLS
from ys_analytics.schemas import TABLES, KeyFamily

_WEEK = 7
# Alerts asked for, for every coin, when it leaves this range around its price.
_ASKED = (("above", 1.08), ("below", 0.92))
_BRIDGES = ("across", "stargate", "hop")
_ENDPOINTS = ("portfolios", "prices", "reports")
_PERIODS = {"24h": 1, "7d": 7, "30d": 30}

Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Everything the caches are made of, as it stands at the last close."""

    cast: Portfolios
    market: Market
    claims: Claims
    risks: Risks
    positions: pl.DataFrame
    alerts: pl.DataFrame
    tasks: pl.DataFrame
    satellites: pl.DataFrame
    performance: pl.DataFrame
    snapshots: pl.DataFrame
    seed: int


def caches(present: Present) -> dict[str, pl.DataFrame]:
    """One frame for each key family, by the schema's name."""
    made = {
        **_prices(present),
        **_portfolios(present),
        **_satellites(present),
        **_risk(present),
        **_arbitrage(present),
        "redis_rate_limit": _rate_limits(present),
    }
    frames = {name: _frame(name, rows) for name, rows in made.items()}
    return frames | _sessions(present)


def _frame(name: str, rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as the family's schema has them, sorted by its key, with its lifetime."""
    family = typed("KeyFamily", TABLES[name])
    lifetime = None if family.ttl is None else family.ttl * 1_000
    schema = family.schema
    texts = {column: pl.String() if dtype.is_decimal() else dtype for column, dtype in schema.items()}
    frame = pl.DataFrame([{**row, "ttl_ms": lifetime} for row in rows], schema=texts)
    return fitted(frame.cast(dict(schema)).sort(family.key), schema)  # type: ignore[arg-type]


def _prices(present: Present) -> dict[str, list[Row]]:
    market = present.market
    last, end = market.days.size - 1, moment(market.days[-1], DAY_SECONDS - 1)
    current: list[Row] = []
    history: list[Row] = []
    alerts: list[Row] = []
    for asset in registered(market):
        row = SYMBOLS.index(asset.symbol)
        change = float(changes(market, row, np.array([last]), np.array([CLOSE]))[0])
        change = 0.0 if np.isnan(change) else change
        price = _price(market, row, last, CLOSE)
        current.append(
            {
                "asset_id": asset.id,
                "chain_id": asset.quoted_on,
                "price": price,
                "volume_24h": f"{market.volume[row, last]:.2f}",
                "change_24h": f"{change:.8f}",
                "timestamp": end,
                "source": market.source,
            }
        )
        history += [
            {"asset_id": asset.id, "period": period, "timestamp": at, "price": _price(market, row, day, hour)}
            for period, day, hour, at in _looked_back(market)
        ]
        if asset.native:
            alerts += [
                {"asset_id": asset.id, "position": place, "alert": json.dumps({side: f"{level * float(price):.8f}"})}
                for place, (side, level) in enumerate(_ASKED)
            ]
    return {"redis_price_current": current, "redis_price_hist": history, "redis_price_alerts": alerts}


def _looked_back(market: Market) -> list[tuple[str, int, int, object]]:
    """Period, day, hour and moment of every price that is kept; hours only where hours are quoted."""
    last = market.days.size - 1
    hours = [(last, CLOSE - back) for back in range(HOURS)] if market.hourly else [(last, CLOSE), (last - 1, CLOSE)]
    days = [(last - back, CLOSE) for back in range(min(_WEEK, last + 1))]
    kept = [("1h", hours[:2]), ("24h", hours), ("7d", days)]
    return [
        (period, day, hour, moment(market.days[day], hour * HOUR_SECONDS + LAST_SECOND))
        for period, points in kept
        for day, hour in points
    ]


def _price(market: Market, row: int, day: int, hour: int) -> str:
    return str(decimals(market.prices[row, [day], [hour]], scale=PRICE_SCALE)[0])


def _portfolios(present: Present) -> dict[str, list[Row]]:
    cast = present.cast
    latest = present.snapshots.group_by("portfolio_id", maintain_order=True).last()
    shares = dict(latest.select("portfolio_id", "asset_allocation").iter_rows())
    held = {key[0]: rows for key, rows in present.positions.partition_by("portfolio_id", as_dict=True).items()}
    positions: list[Row] = []
    performance: list[Row] = []
    risk: list[Row] = []
    rebalance: list[Row] = []
    for who, portfolio in enumerate(cast.ids):
        own = held.get(portfolio, present.positions.clear())
        positions.append({"portfolio_id": portfolio, "positions": _listed(own)})
        weights = {"target": targets(cast, who), "actual": _actual(shares.get(portfolio, []))}
        rebalance.append({"portfolio_id": portfolio, "weights": json.dumps(weights)})
        performance += _performance(present, who)
        if present.risks.measured[who, -1]:
            said = {
                "var_95": present.risks.var[who, -1],
                "cvar_95": present.risks.cvar[who, -1],
                "correlation_score": present.risks.correlation[who, -1],
                "liquidation_distance": present.risks.distance[who, -1],
                "protocol_risk_score": present.risks.hazard[who, -1],
            }
            risk += [
                {"portfolio_id": portfolio, "metric": name, "value": f"{value:.8f}"} for name, value in said.items()
            ]
    return {
        "redis_portfolio_positions": positions,
        "redis_portfolio_perf": performance,
        "redis_portfolio_risk": risk,
        "redis_portfolio_rebalance": rebalance,
    }


def _listed(positions: pl.DataFrame) -> str:
    """The positions as a JSON list; decimals are strings."""
    kept = positions.select("asset_id", "position_type", "chain_id", "quantity", "current_value")
    return json.dumps(
        [{name: str(value) if name in ("quantity", "current_value") else value for name, value in row.items()}
         for row in kept.to_dicts()]
    )  # fmt: skip


def _actual(shares: list[dict[str, object]]) -> dict[str, str]:
    """Share of net value by asset id in the last snapshot; none for a portfolio without one."""
    return {str(share["key"]): str(share["value"]) for share in shares}


def _performance(present: Present, who: int) -> list[Row]:
    """Return and volatility of the last returns, as the platform claims them."""
    returns = present.claims.returns[who]
    known = returns[~np.isnan(returns)]
    rows: list[Row] = []
    for period, days in _PERIODS.items():
        if known.size < days:
            continue
        recent = known[-days:]
        said = {"total_return": float(np.prod(1.0 + recent) - 1.0)}
        if days > 1:
            said["volatility"] = float(recent.std(ddof=1) * np.sqrt(365))
        rows += [
            {"portfolio_id": present.cast.ids[who], "period": period, "metric": name, "value": f"{value:.8f}"}
            for name, value in said.items()
        ]
    return rows


def _satellites(present: Present) -> dict[str, list[Row]]:
    checked = moment(present.market.days[-1], DAY_SECONDS - 30).isoformat()
    waiting = present.tasks.filter(pl.col("status") == "pending").sort("agent_id", "priority", "created_at")
    latest = present.performance.sort("timestamp").group_by("agent_id", "metric_name", maintain_order=True).last()
    status = dict(present.satellites.select("id", pl.col("health_status").cast(pl.String)).iter_rows())
    return {
        "redis_agent_health": [
            {"agent_id": one.id, "field": name, "value": value}
            for one in SATELLITES
            for name, value in (("status", status[one.id]), ("last_check", checked), ("version", "1.0.0"))
        ],
        "redis_agent_tasks": [
            {"agent_id": agent, "position": place, "task_id": task}
            for (agent,), tasks in waiting.partition_by("agent_id", as_dict=True).items()
            for place, task in enumerate(tasks["id"])
        ],
        "redis_agent_perf": [
            {"agent_id": row["agent_id"], "metric": row["metric_name"], "value": str(row["metric_value"])}
            for row in latest.to_dicts()
        ],
        "redis_agent_config": [
            {"agent_id": one.id, "config": agents.configuration(number)} for number, one in enumerate(SATELLITES)
        ],
    }


def _risk(present: Present) -> dict[str, list[Row]]:
    cast, risks = present.cast, present.risks
    scores = liquidation_score(risks.distance[:, -1])
    highest = present.alerts.filter(pl.col("resolved_at").is_null()).sort(
        pl.col("severity").to_physical(), "created_at", "id", descending=[True, False, False]
    )
    return {
        # Every portfolio with a row of this day in risk_metrics, those without a debt at 0.
        "redis_risk_liquidation": [
            {"portfolio_id": cast.ids[who], "risk": float(scores[who])} for who in np.flatnonzero(risks.measured[:, -1])
        ],
        "redis_risk_correlation": _correlations(present),
        "redis_alerts_queue": [
            {"position": place, "alert": json.dumps(row)}
            for place, row in enumerate(
                highest.select(
                    "id", "portfolio_id", pl.col("alert_type", "severity").cast(pl.String), "message"
                ).to_dicts()
            )
        ],
    }


def _correlations(present: Present) -> list[Row]:
    """Of each pair of assets a portfolio holds; the first id is the smaller."""
    symbol = {asset.id: SYMBOLS.index(asset.symbol) for asset in registered(present.market)}
    matrix = present.risks.correlations[-1]
    held = present.positions.group_by("portfolio_id", maintain_order=True).agg(pl.col("asset_id").unique().sort())
    return [
        {
            "portfolio_id": portfolio,
            "asset_a": one,
            "asset_b": other,
            "correlation": f"{1.0 if symbol[one] == symbol[other] else matrix[symbol[one], symbol[other]]:.8f}",
        }
        for portfolio, assets in held.iter_rows()
        for one, other in combinations(assets, 2)
    ]


def _arbitrage(present: Present) -> dict[str, list[Row]]:
    chance = stream(present.seed, "arbitrage")
    market = present.market
    end = moment(market.days[-1], DAY_SECONDS - 1).isoformat()
    abroad = [asset for asset in registered(market) if asset.symbol in ("ETH", "USDC")]
    opportunities: list[Row] = []
    for number, asset in enumerate(abroad):
        profit = round(float(chance.lognormal(3.0, 0.8)), 2)
        price = market.prices[SYMBOLS.index(asset.symbol), -1, CLOSE] / PRICE
        trade = {"asset_id": asset.id, "buy_on": MAINNET, "sell_on": LAYER_2[number % len(LAYER_2)],
                 "price": f"{price:.8f}", "seen_at": end}  # fmt: skip
        opportunities.append({"opportunity": json.dumps(trade), "profit": profit})
    routes: list[Row] = [
        {"asset_id": asset.id, "bridge": bridge, "route": json.dumps({"from": MAINNET, "to": LAYER_2[place]})}
        for asset in abroad
        for place, bridge in enumerate(_BRIDGES)
    ]
    fees: list[Row] = [
        {"chain_id": one, "target_chain_id": other, "bridge": bridge, "fee": f"{chance.uniform(0.4, 6.0):.4f}"}
        for one in (MAINNET, *LAYER_2)
        for other in (MAINNET, *LAYER_2)
        for bridge in _BRIDGES
        if one != other
    ]
    return {"redis_arbitrage_opps": opportunities, "redis_arbitrage_routes": routes, "redis_bridge_fees": fees}


def _rate_limits(present: Present) -> list[Row]:
    chance = stream(present.seed, "rate limits")
    return [
        {"user_id": user_id(present.seed, number), "endpoint": endpoint, "calls": int(chance.integers(1, 60))}
        for number in range(present.cast.users)
        for endpoint in _ENDPOINTS
    ]


def _sessions(present: Present) -> dict[str, pl.DataFrame]:
    """What the kit must never read: tokens that are hashes of words."""
    numbers = [number for number in range(present.cast.users) if (number + 1) % 3]
    users = [user_id(present.seed, number) for number in numbers]
    tokens = [fake_hash(present.seed, "session", number) for number in numbers]
    permissions = json.dumps(["portfolio:read"])
    return {
        "redis_session_user": pl.DataFrame(
            {
                "key": [f"session:user:{token}" for token in tokens],
                "value": [json.dumps({"user_id": user, "id": name_id("login", user)}) for user in users],
            },
            schema={"key": pl.String, "value": pl.String},
        ),
        "redis_session_perms": pl.DataFrame(
            {"key": [f"session:perms:{user}" for user in users], "value": [permissions for _ in users]},
            schema={"key": pl.String, "value": pl.String},
        ),
    }
