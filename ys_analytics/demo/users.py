"""The tables of users, API keys, sessions, portfolios and strategies.

Secrets are fakes: hashes of words, addresses at example.org, IP addresses of the documentation range.
"""

import json
from datetime import timedelta

import numpy as np
import polars as pl

from ys_analytics.demo.actions import ACTIONS
from ys_analytics.demo.calendar import moment
from ys_analytics.demo.fixed_point import frame_of_schema
from ys_analytics.demo.identity import fake_hash, name_id, random_generator
from ys_analytics.demo.ledger import Entries
from ys_analytics.demo.market import Market
from ys_analytics.demo.portfolios import LIMITS, Portfolios
from ys_analytics.demo.world import PLACES, SYMBOLS
from ys_analytics.schemas import TABLES

# Which satellite runs which kind of strategy.
SATELLITE_OF_STRATEGY = {
    "yield_farming": "pulse",
    "liquidity_provision": "forge",
    "arbitrage": "bridge",
    "staking": "pulse",
    "lending": "fuel",
}
_KINDS = ("retail", "retail", "institutional", "retail", "family_office")
_KYC = ("verified", "verified", "verified", "pending", "verified", "expired", "verified", "rejected")
_REBALANCING = {"conservative": "quarterly", "moderate": "monthly", "aggressive": "weekly", "custom": "dynamic"}
_NAMES = ("Ada", "Noor", "Mikko", "Ines", "Tariq", "Lena", "Kwame", "Sofia", "Jun", "Mara")
_FAMILIES = ("Example", "Sample", "Placeholder", "Specimen", "Model", "Fixture", "Pattern")
_SESSION = timedelta(hours=24)


def users(portfolios_: Portfolios, market: Market, *, seed: int) -> pl.DataFrame:
    """The table `users`, secret columns included; all invented."""
    end = moment(market.days[-1], 20 * 3600)
    registered = moment(market.days[0]) - timedelta(days=30)
    numbers = range(portfolios_.user_count)
    return _typed_as_declared(
        "users",
        {
            "id": [user_id(seed, number) for number in numbers],
            "email": [f"user{number:04}@example.org" for number in numbers],
            "username": [f"user{number:04}" for number in numbers],
            "password_hash": [fake_hash(seed, "password", number) for number in numbers],
            "first_name": [_NAMES[number % len(_NAMES)] for number in numbers],
            "last_name": [_FAMILIES[number % len(_FAMILIES)] for number in numbers],
            "user_type": [_KINDS[number % len(_KINDS)] for number in numbers],
            "kyc_status": [_KYC[number % len(_KYC)] for number in numbers],
            "created_at": [registered + timedelta(hours=7 * number % 600) for number in numbers],
            "updated_at": [end - timedelta(hours=5 * number % 900) for number in numbers],
            "last_login_at": [end - timedelta(hours=number % 300) if (number + 1) % 9 else None for number in numbers],
            "is_active": [(number + 1) % 17 > 0 for number in numbers],
            "settings": [json.dumps({"currency": "USD", "language": "en"}) for _ in numbers],
        },
    )


def user_api_keys(portfolios_: Portfolios, market: Market, *, seed: int) -> pl.DataFrame:
    """The table `user_api_keys`: every other user has one; the hash is of no key."""
    end = moment(market.days[-1], 12 * 3600)
    numbers = range(0, portfolios_.user_count, 2)
    return _typed_as_declared(
        "user_api_keys",
        {
            "id": [name_id("api key", seed, number) for number in numbers],
            "user_id": [user_id(seed, number) for number in numbers],
            "key_hash": [fake_hash(seed, "api key", number) for number in numbers],
            "name": [f"key of user{number:04}" for number in numbers],
            "permissions": [json.dumps(["read"] if number % 4 else ["read", "trade"]) for number in numbers],
            "is_active": [(number + 2) % 6 > 0 for number in numbers],
            "expires_at": [None if number % 4 else end + timedelta(days=90) for number in numbers],
            "last_used_at": [end - timedelta(hours=3 * number % 400) for number in numbers],
            "created_at": [end - timedelta(days=60 + number % 40) for number in numbers],
        },
    )


def user_sessions(portfolios_: Portfolios, market: Market, *, seed: int) -> pl.DataFrame:
    """The table `user_sessions`: one login for two users in three, on the last day."""
    end = moment(market.days[-1], 20 * 3600)
    numbers = [number for number in range(portfolios_.user_count) if (number + 1) % 3]
    started = [end - timedelta(minutes=11 * number % 900) for number in numbers]
    return _typed_as_declared(
        "user_sessions",
        {
            "id": [name_id("session", seed, number) for number in numbers],
            "user_id": [user_id(seed, number) for number in numbers],
            "session_token": [fake_hash(seed, "session", number) for number in numbers],
            "ip_address": [f"192.0.2.{number % 254 + 1}" for number in numbers],
            "user_agent": ["demo browser" for _ in numbers],
            "expires_at": [start + _SESSION for start in started],
            "created_at": started,
        },
    )


def portfolios(portfolios_: Portfolios, market: Market, *, seed: int) -> pl.DataFrame:
    """The table `portfolios`."""
    numbers = range(portfolios_.size)
    end = moment(market.days[-1], 12 * 3600)
    return _typed_as_declared(
        "portfolios",
        {
            "id": portfolios_.ids,
            "user_id": [user_id(seed, int(owner)) for owner in portfolios_.owners],
            "name": portfolios_.names,
            "description": portfolios_.notes,
            "risk_profile": portfolios_.profiles,
            "target_allocation": [json.dumps(targets(portfolios_, number)) for number in numbers],
            "rebalancing_strategy": [_REBALANCING[profile] for profile in portfolios_.profiles],
            "max_drawdown": [LIMITS[profile][0] for profile in portfolios_.profiles],
            "target_return": [LIMITS[profile][1] for profile in portfolios_.profiles],
            "is_active": [role != "empty" for role in portfolios_.roles],
            "created_at": [moment(market.days[day]) for day in portfolios_.opened],
            "updated_at": [end for _ in numbers],
        },
    )


def targets(portfolios_: Portfolios, number: int) -> dict[str, float]:
    """Wanted weight of each symbol, cash in USDC for the rest; what is borrowed counts against it."""
    single_asset = {"hold": "BTC", "new": "BTC", "losing": "USDT", "still": "TBILL", "empty": "USDC"}
    if portfolios_.roles[number] in single_asset:
        return {single_asset[portfolios_.roles[number]]: 1.0}
    weights: dict[str, float] = {}
    for place, weight in enumerate(portfolios_.target_weights[number]):
        if weight > 0:
            symbol = SYMBOLS[portfolios_.symbols[number, place]]
            weights[symbol] = round(weights.get(symbol, 0.0) + float(weight), 4)
    cash = round(1.0 - sum(weights.values()), 4)
    return weights | {"USDC": round(weights.get("USDC", 0.0) + cash, 4)}


def strategy_id(seed: int, number: int, kind: str) -> str:
    """The UUID of a portfolio's strategy."""
    return name_id("strategy", seed, number, kind)


def trading_strategies(portfolios_: Portfolios, market: Market, entries: Entries, *, seed: int) -> pl.DataFrame:
    """The table `trading_strategies`: one for each kind of action a portfolio took."""
    kinds = np.array([action.strategy for action in ACTIONS])
    used = sorted(
        {
            (int(portfolio), str(kinds[action]))
            for portfolio, action in zip(entries.portfolio, entries.action, strict=True)
        }
    )
    pairs = [(portfolio, kind) for portfolio, kind in used if kind]
    rng = random_generator(seed, "strategies")
    return _typed_as_declared(
        "trading_strategies",
        {
            "id": [strategy_id(seed, portfolio, kind) for portfolio, kind in pairs],
            "portfolio_id": [portfolios_.ids[portfolio] for portfolio, _ in pairs],
            "satellite_id": [SATELLITE_OF_STRATEGY[kind] for _, kind in pairs],
            "strategy_type": [kind for _, kind in pairs],
            "name": [
                f"{kind.replace('_', ' ').capitalize()} of {portfolios_.names[portfolio]}"[:255]
                for portfolio, kind in pairs
            ],
            "parameters": [json.dumps(_parameters(portfolios_, portfolio, kind)) for portfolio, kind in pairs],
            "performance_metrics": [
                json.dumps({"realised_apy": f"{apy:.4f}"}) for apy in rng.uniform(0.01, 0.14, len(pairs))
            ],
            "is_active": [True for _ in pairs],
            "created_at": [moment(market.days[portfolios_.opened[portfolio]]) for portfolio, _ in pairs],
            "updated_at": [moment(market.days[-1], 6 * 3600) for _ in pairs],
        },
    )


def user_id(seed: int, number: int) -> str:
    """The UUID of a user."""
    return name_id("user", seed, number)


def _parameters(portfolios_: Portfolios, portfolio: int, kind: str) -> dict[str, object]:
    positions = {"staking": "staked", "lending": "lending", "liquidity_provision": "lp_token",
                 "yield_farming": "yield_farm"}  # fmt: skip
    target_weight = sum(
        float(portfolios_.target_weights[portfolio, number])
        for number, place in enumerate(PLACES)
        if place.position == positions.get(kind, "") or (kind == "arbitrage" and place.chain == "second")
    )
    return {"target_weight": f"{target_weight:.4f}", "max_slippage": "0.0050"}


def _typed_as_declared(table: str, columns: dict[str, object]) -> pl.DataFrame:
    """Columns typed as the schema declares them, the secret ones too."""
    declared = {column.name: column.dtype for column in TABLES[table].columns}
    return frame_of_schema(pl.DataFrame(columns, schema_overrides=_texts(declared)).cast(declared), declared)  # type: ignore[arg-type]


def _texts(declared: dict[str, pl.DataType]) -> dict[str, pl.DataType]:
    """Types for columns that may be all null."""
    return {name: dtype for name, dtype in declared.items() if not dtype.is_decimal()}
