"""The key families of Redis: the last state of what the other stores hold.

Frames have the shape of `schemas.redis`, with the full time until a key expires in `ttl_ms`; `redis_encoding.py`
turns them into keys. Sessions are fake and the only frames with a shape of their own: `key` and `value`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast as typed

import numpy as np
import polars as pl

from ys_analytics.demo import agents
from ys_analytics.demo.assets import changes, priced_assets_of
from ys_analytics.demo.calendar import DAY_SECONDS, HOUR_SECONDS, LAST_SECOND, moment
from ys_analytics.demo.fixed_point import PRICE_SCALE, UNITS_PER_DOLLAR, decimal_series, frame_of_schema
from ys_analytics.demo.identity import fake_hash, name_id, random_generator
from ys_analytics.demo.market import CLOSE, HOURS, Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.risk import Risks, liquidation_score
from ys_analytics.demo.snapshots import Claims
from ys_analytics.demo.users import targets, user_id
from ys_analytics.demo.world import LAYER_2, MAINNET, SATELLITES, SYMBOLS
from ys_analytics.schemas import TABLES, KeyFamily

_WEEK = 7
# Alerts asked for, for every coin, when it leaves this range around its price.
_ALERT_LEVELS = (("above", 1.08), ("below", 0.92))
_BRIDGES = ("across", "stargate", "hop")
_ENDPOINTS = ("portfolios", "prices", "reports")
_PERIODS = {"24h": 1, "7d": 7, "30d": 30}

Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastClose:
    """The tables that the caches are made from, at the last close."""

    portfolios: Portfolios
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


def caches(last_close: LastClose) -> dict[str, pl.DataFrame]:
    """One frame for each key family, by the schema's name."""
    rows_by_family = {
        **_prices(last_close),
        **_portfolios(last_close),
        **_satellites(last_close),
        **_risk(last_close),
        **_arbitrage(last_close),
        "redis_rate_limit": _rate_limits(last_close),
    }
    frames = {name: _frame(name, rows) for name, rows in rows_by_family.items()}
    return frames | _sessions(last_close)


def _frame(name: str, rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as the family's schema has them, sorted by its key, with its expiry."""
    family = typed("KeyFamily", TABLES[name])
    ttl_ms = None if family.ttl is None else family.ttl * 1_000
    schema = family.schema
    texts = {column: pl.String() if dtype.is_decimal() else dtype for column, dtype in schema.items()}
    frame = pl.DataFrame([{**row, "ttl_ms": ttl_ms} for row in rows], schema=texts)
    return frame_of_schema(frame.cast(dict(schema)).sort(family.key), schema)  # type: ignore[arg-type]


def _prices(last_close: LastClose) -> dict[str, list[Row]]:
    market = last_close.market
    last, end = market.days.size - 1, moment(market.days[-1], DAY_SECONDS - 1)
    current: list[Row] = []
    history: list[Row] = []
    alerts: list[Row] = []
    for asset in priced_assets_of(market):
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
            for period, day, hour, at in _history_points(market)
        ]
        if asset.native:
            alerts += [
                {"asset_id": asset.id, "position": place, "alert": json.dumps({side: f"{level * float(price):.8f}"})}
                for place, (side, level) in enumerate(_ALERT_LEVELS)
            ]
    return {"redis_price_current": current, "redis_price_hist": history, "redis_price_alerts": alerts}


def _history_points(market: Market) -> list[tuple[str, int, int, object]]:
    """Period, day, hour and moment of every price that is kept; hours only where hours are quoted."""
    last = market.days.size - 1
    hours = (
        [(last, CLOSE - hours_back) for hours_back in range(HOURS)]
        if market.hourly_days
        else [(last, CLOSE), (last - 1, CLOSE)]
    )
    days = [(last - hours_back, CLOSE) for hours_back in range(min(_WEEK, last + 1))]
    points_of_period = [("1h", hours[:2]), ("24h", hours), ("7d", days)]
    return [
        (period, day, hour, moment(market.days[day], hour * HOUR_SECONDS + LAST_SECOND))
        for period, points in points_of_period
        for day, hour in points
    ]


def _price(market: Market, row: int, day: int, hour: int) -> str:
    return str(decimal_series(market.prices[row, [day], [hour]], scale=PRICE_SCALE)[0])


def _portfolios(last_close: LastClose) -> dict[str, list[Row]]:
    portfolios = last_close.portfolios
    latest = last_close.snapshots.group_by("portfolio_id", maintain_order=True).last()
    shares = dict(latest.select("portfolio_id", "asset_allocation").iter_rows())
    by_portfolio = {
        key[0]: rows for key, rows in last_close.positions.partition_by("portfolio_id", as_dict=True).items()
    }
    positions: list[Row] = []
    performance: list[Row] = []
    risk: list[Row] = []
    rebalance: list[Row] = []
    for number, portfolio in enumerate(portfolios.ids):
        own_positions = by_portfolio.get(portfolio, last_close.positions.clear())
        positions.append({"portfolio_id": portfolio, "positions": _positions_json(own_positions)})
        weights = {"target": targets(portfolios, number), "actual": _actual_weights(shares.get(portfolio, []))}
        rebalance.append({"portfolio_id": portfolio, "weights": json.dumps(weights)})
        performance += _performance(last_close, number)
        if last_close.risks.measured[number, -1]:
            figures = {
                "var_95": last_close.risks.var[number, -1],
                "cvar_95": last_close.risks.cvar[number, -1],
                "correlation_score": last_close.risks.correlation[number, -1],
                "liquidation_distance": last_close.risks.distance[number, -1],
                "protocol_risk_score": last_close.risks.protocol_risk[number, -1],
            }
            risk += [
                {"portfolio_id": portfolio, "metric": name, "value": f"{value:.8f}"} for name, value in figures.items()
            ]
    return {
        "redis_portfolio_positions": positions,
        "redis_portfolio_perf": performance,
        "redis_portfolio_risk": risk,
        "redis_portfolio_rebalance": rebalance,
    }


def _positions_json(positions: pl.DataFrame) -> str:
    """The positions as a JSON list; decimals are strings."""
    kept = positions.select("asset_id", "position_type", "chain_id", "quantity", "current_value")
    return json.dumps(
        [{name: str(value) if name in ("quantity", "current_value") else value for name, value in row.items()}
         for row in kept.to_dicts()]
    )  # fmt: skip


def _actual_weights(shares: list[dict[str, object]]) -> dict[str, str]:
    """Share of net value by asset id in the last snapshot; none for a portfolio without one."""
    return {str(share["key"]): str(share["value"]) for share in shares}


def _performance(last_close: LastClose, number: int) -> list[Row]:
    """Return and volatility of the last returns, as the platform states them."""
    returns = last_close.claims.returns[number]
    known_returns = returns[~np.isnan(returns)]
    rows: list[Row] = []
    for period, days in _PERIODS.items():
        if known_returns.size < days:
            continue
        recent = known_returns[-days:]
        figures = {"total_return": float(np.prod(1.0 + recent) - 1.0)}
        if days > 1:
            figures["volatility"] = float(recent.std(ddof=1) * np.sqrt(365))
        rows += [
            {
                "portfolio_id": last_close.portfolios.ids[number],
                "period": period,
                "metric": name,
                "value": f"{value:.8f}",
            }
            for name, value in figures.items()
        ]
    return rows


def _satellites(last_close: LastClose) -> dict[str, list[Row]]:
    checked = moment(last_close.market.days[-1], DAY_SECONDS - 30).isoformat()
    pending = last_close.tasks.filter(pl.col("status") == "pending").sort("agent_id", "priority", "created_at")
    latest = last_close.performance.sort("timestamp").group_by("agent_id", "metric_name", maintain_order=True).last()
    status = dict(last_close.satellites.select("id", pl.col("health_status").cast(pl.String)).iter_rows())
    return {
        "redis_agent_health": [
            {"agent_id": satellite.id, "field": name, "value": value}
            for satellite in SATELLITES
            for name, value in (("status", status[satellite.id]), ("last_check", checked), ("version", "1.0.0"))
        ],
        "redis_agent_tasks": [
            {"agent_id": agent, "position": place, "task_id": task}
            for (agent,), tasks in pending.partition_by("agent_id", as_dict=True).items()
            for place, task in enumerate(tasks["id"])
        ],
        "redis_agent_perf": [
            {"agent_id": row["agent_id"], "metric": row["metric_name"], "value": str(row["metric_value"])}
            for row in latest.to_dicts()
        ],
        "redis_agent_config": [
            {"agent_id": satellite.id, "config": agents.configuration(number)}
            for number, satellite in enumerate(SATELLITES)
        ],
    }


def _risk(last_close: LastClose) -> dict[str, list[Row]]:
    portfolios, risks = last_close.portfolios, last_close.risks
    scores = liquidation_score(risks.distance[:, -1])
    highest = last_close.alerts.filter(pl.col("resolved_at").is_null()).sort(
        pl.col("severity").to_physical(), "created_at", "id", descending=[True, False, False]
    )
    return {
        # Every portfolio with a row of this day in risk_metrics, those without a debt at 0.
        "redis_risk_liquidation": [
            {"portfolio_id": portfolios.ids[number], "risk": float(scores[number])}
            for number in np.flatnonzero(risks.measured[:, -1])
        ],
        "redis_risk_correlation": _correlations(last_close),
        "redis_alerts_queue": [
            {"position": place, "alert": json.dumps(row)}
            for place, row in enumerate(
                highest.select(
                    "id", "portfolio_id", pl.col("alert_type", "severity").cast(pl.String), "message"
                ).to_dicts()
            )
        ],
    }


def _correlations(last_close: LastClose) -> list[Row]:
    """Of each pair of assets a portfolio holds; the first id is the smaller."""
    symbol = {asset.id: SYMBOLS.index(asset.symbol) for asset in priced_assets_of(last_close.market)}
    matrix = last_close.risks.correlations[-1]
    held = last_close.positions.group_by("portfolio_id", maintain_order=True).agg(pl.col("asset_id").unique().sort())
    return [
        {
            "portfolio_id": portfolio,
            "asset_a": first,
            "asset_b": second,
            "correlation": f"{1.0 if symbol[first] == symbol[second] else matrix[symbol[first], symbol[second]]:.8f}",
        }
        for portfolio, assets in held.iter_rows()
        for first, second in combinations(assets, 2)
    ]


def _arbitrage(last_close: LastClose) -> dict[str, list[Row]]:
    rng = random_generator(last_close.seed, "arbitrage")
    market = last_close.market
    end = moment(market.days[-1], DAY_SECONDS - 1).isoformat()
    multichain = [asset for asset in priced_assets_of(market) if asset.symbol in ("ETH", "USDC")]
    opportunities: list[Row] = []
    for number, asset in enumerate(multichain):
        profit = round(float(rng.lognormal(3.0, 0.8)), 2)
        price = market.prices[SYMBOLS.index(asset.symbol), -1, CLOSE] / UNITS_PER_DOLLAR
        trade = {"asset_id": asset.id, "buy_on": MAINNET, "sell_on": LAYER_2[number % len(LAYER_2)],
                 "price": f"{price:.8f}", "seen_at": end}  # fmt: skip
        opportunities.append({"opportunity": json.dumps(trade), "profit": profit})
    routes: list[Row] = [
        {"asset_id": asset.id, "bridge": bridge, "route": json.dumps({"from": MAINNET, "to": LAYER_2[place]})}
        for asset in multichain
        for place, bridge in enumerate(_BRIDGES)
    ]
    fees: list[Row] = [
        {"chain_id": source, "target_chain_id": target, "bridge": bridge, "fee": f"{rng.uniform(0.4, 6.0):.4f}"}
        for source in (MAINNET, *LAYER_2)
        for target in (MAINNET, *LAYER_2)
        for bridge in _BRIDGES
        if source != target
    ]
    return {"redis_arbitrage_opps": opportunities, "redis_arbitrage_routes": routes, "redis_bridge_fees": fees}


def _rate_limits(last_close: LastClose) -> list[Row]:
    rng = random_generator(last_close.seed, "rate limits")
    return [
        {"user_id": user_id(last_close.seed, number), "endpoint": endpoint, "calls": int(rng.integers(1, 60))}
        for number in range(last_close.portfolios.user_count)
        for endpoint in _ENDPOINTS
    ]


def _sessions(last_close: LastClose) -> dict[str, pl.DataFrame]:
    """Sessions, which the kit must never read; the tokens are hashes of words."""
    numbers = [number for number in range(last_close.portfolios.user_count) if (number + 1) % 3]
    users = [user_id(last_close.seed, number) for number in numbers]
    tokens = [fake_hash(last_close.seed, "session", number) for number in numbers]
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
