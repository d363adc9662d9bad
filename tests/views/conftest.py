"""A small economy by hand: frames of every table a page reads, without a store.

Two portfolios live in it: one ordinary, with debts, pools and a gap, and one that was never funded. Its `Held`
is a source like any other, so desk and views are tested as they are used.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import UUID

import polars as pl
import pytest

from ys_analytics.desk import Desk
from ys_analytics.schemas import TABLES, TIME
from ys_analytics.settings import Settings

START, END = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
WEEK = "2026-W47"
NAME = '<script>alert(1)</script> & Söhne "Ω"'


def uid(number: int) -> str:
    """A UUID by its number."""
    return str(UUID(int=number))


OWNED, EMPTY, USER = uid(1), uid(2), uid(3)
BTC, ETH, USDC, LP = uid(11), uid(12), uid(13), uid(14)
POOL = "0x" + "ab" * 20
SYMBOLS = {BTC: "BTC", ETH: "ETH", USDC: "USDC", LP: "ETH-USDC-LP"}
DAYS = [START + timedelta(days=day) for day in range((END - START).days)]
GAP = (date(2026, 8, 10), date(2026, 8, 18))


@dataclass
class Held:
    """A source that holds its frames."""

    frames: dict[str, pl.DataFrame]
    label: str = "economy by hand"
    week: str = WEEK
    as_of: datetime | None = END
    folder: Path | None = None
    loaded: list[str] = field(default_factory=list)

    def rows(self, name, *, portfolio=None, where=None):
        """The frame, filtered."""
        self.loaded.append(name)
        table = TABLES[name]
        found = self.frames.get(name, pl.DataFrame(schema=table.schema))
        if portfolio is not None and table.portfolio is not None:
            found = found.filter(pl.col(table.portfolio) == portfolio)
        return found if where is None else found.filter(where)

    def read(self):
        """Each frame, its size and its last moment."""
        rows = [
            (TABLES[name].store, name, frame.height, frame[TABLES[name].time].max() if TABLES[name].time else None, END)
            for name, frame in self.frames.items()
        ]
        schema = {"store": pl.String, "frame": pl.String, "rows": pl.Int64, "latest": TIME, "as_of": TIME}
        return pl.DataFrame(rows, schema=schema, orient="row").sort("store", "frame")

    def versions(self):
        """A schema version."""
        return [("Schema of postgres", "0020")]

    def sql(self, query):
        """Polars' own SQL."""
        return pl.SQLContext(self.frames).execute(query, eager=True)


def economy(*, seed: int = 7) -> dict[str, pl.DataFrame]:
    """Every frame, typed as `schemas` says."""
    chance = Random(seed)  # noqa: S311 - a story, not a secret
    prices = {asset: _walk(chance, start, risk) for asset, start, risk in _MARKET}
    made = {
        "portfolios": _portfolios(),
        "users": [
            {"id": USER, "user_type": "family_office", "kyc_status": "verified", "created_at": START, "is_active": True}
        ],
        "assets": _assets(),
        "market_data": [
            _quote(asset, day, price) for asset, path in prices.items() for day, price in zip(DAYS, path, strict=True)
        ],
        "portfolio_snapshots": _snapshots(prices),
        "portfolio_positions": _positions(prices),
        "transactions": _transactions(),
        "risk_metrics": _risks(),
        "risk_alerts": _alerts(),
        "yield_metrics": [_yield(day, chance) for day in DAYS],
        "redis_price_current": [
            {
                "asset_id": asset,
                "chain_id": 0,
                "price": _money(path[-1] * 1.001),
                "volume_24h": _money(1e9),
                "change_24h": _money(0.01),
                "timestamp": END - timedelta(seconds=20),
                "source": "demo",
                "ttl_ms": 40_000,
            }
            for asset, path in prices.items()
            if asset != LP
        ],
        "redis_risk_liquidation": [{"portfolio_id": OWNED, "risk": 0.31, "ttl_ms": None}],
        "market_sentiment": _mood(chance),
    }
    return {name: frame_of(name, rows) for name, rows in made.items()}


def frame_of(name, rows):
    """Rows as the table's frame; a column that is left out is null."""
    schema = TABLES[name].schema
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema, orient="row")


_MARKET = ((BTC, 61_000.0, 0.02), (ETH, 2_900.0, 0.03), (USDC, 1.0, 0.0002), (LP, 108.0, 0.02))
_HELD = {BTC: 0.5, ETH: 12.0, USDC: -8_000.0, LP: 120.0}


def _walk(chance, start, risk):
    path, level = [], start
    for _ in DAYS:
        level *= math.exp(chance.gauss(0.0004, risk) if risk > 0.001 else 0)
        path.append(level if risk > 0.001 else start * (1 + chance.gauss(0, risk)))
    return path


def _money(value):
    return Decimal(repr(round(value, 8)))


def _portfolios():
    common = {
        "user_id": USER,
        "description": "by hand",
        "risk_profile": "moderate",
        "target_allocation": "{}",
        "rebalancing_strategy": "monthly",
        "max_drawdown": Decimal("0.2500"),
        "target_return": Decimal("0.1200"),
        "is_active": True,
        "created_at": START,
        "updated_at": START,
    }
    return [{"id": OWNED, "name": NAME, **common}, {"id": EMPTY, "name": "Never funded", **common}]


def _assets():
    return [
        {
            "id": asset,
            "symbol": symbol,
            "name": symbol,
            "asset_type": "lp_token" if asset == LP else "crypto",
            "contract_address": None if asset in {BTC, ETH} else "0x" + "1" * 40,
            "chain_id": None if asset in {BTC, ETH} else 1,
            "decimals": 18,
            "is_active": True,
            "metadata": '{"native_of_chains": [1, 10]}' if asset == ETH else "{}",
            "created_at": START,
            "updated_at": START,
        }
        for asset, symbol in SYMBOLS.items()
    ]


def _quote(asset, day, price):
    return {
        "timestamp": day + timedelta(hours=23),
        "asset_id": asset,
        "chain_id": 0,
        "price": _money(price),
        "volume_24h": _money(1e9),
        "market_cap": _money(1e12),
        "price_change_24h": Decimal("0.01"),
        "source": "demo",
    }


def _net(prices, place):
    return sum(quantity * prices[asset][place] for asset, quantity in _HELD.items())


def _snapshots(prices):
    rows = []
    for place, day in enumerate(DAYS):
        if GAP[0] <= day.date() <= GAP[1]:
            continue
        # 20,000 USDC more came in on 1 September.
        value = _net(prices, place) + (20_000 if day >= datetime(2026, 9, 1, tzinfo=UTC) else 0)
        rows.append(
            {
                "timestamp": day + timedelta(hours=23, minutes=59),
                "portfolio_id": OWNED,
                "total_value": _money(value),
                "total_return": Decimal("0.08"),
                "daily_return": Decimal("0.002"),
                "sharpe_ratio": Decimal("1.10"),
                "max_drawdown": Decimal("0.21"),
                "volatility": Decimal("0.41"),
                "asset_allocation": [],
            }
        )
    return rows


def _positions(prices):
    net = _net(prices, -1)
    places = {
        BTC: ("spot", None, 0),
        ETH: ("staked", "0x" + "cd" * 20, 1),
        USDC: ("borrowing", "0x" + "ef" * 20, 1),
        LP: ("lp_token", POOL, 1),
    }
    return [
        {
            "id": uid(100 + number),
            "portfolio_id": OWNED,
            "asset_id": asset,
            "quantity": _money(abs(quantity)),
            "average_cost": _money(prices[asset][0]),
            "current_value": _money(quantity * prices[asset][-1]),
            "allocation_percentage": Decimal(f"{quantity * prices[asset][-1] / net:.4f}"),
            "position_type": places[asset][0],
            "protocol_address": places[asset][1],
            "chain_id": places[asset][2],
            "last_updated": END - timedelta(minutes=1),
        }
        for number, (asset, quantity) in enumerate(_HELD.items())
    ]


def _transactions():
    def row(number, at, kind, **more):
        return {
            "id": uid(200 + number),
            "portfolio_id": OWNED,
            "transaction_hash": f"0x{number:064x}",
            "chain_id": 1,
            "block_number": 21_000_000 + number,
            "transaction_type": kind,
            "gas_used": Decimal(150_000),
            "gas_price": Decimal("0.000000012"),
            "status": "confirmed",
            "timestamp": at,
            "metadata": "{}",
            **more,
        }

    at = datetime(2026, 11, 17, 9, 30, tzinfo=UTC)
    staked = {"from_asset_id": ETH, "to_asset_id": ETH, "from_amount": _money(1), "to_amount": _money(1)}
    swapped_values = {
        "from_asset_id": USDC,
        "to_asset_id": ETH,
        "from_amount": _money(3_000),
        "to_amount": _money(1.02),
    }
    claimed = {"to_asset_id": USDC, "to_amount": _money(12.5), "status": "failed"}
    begun = {"to_asset_id": BTC, "to_amount": _money(0.5), "gas_used": None, "gas_price": None}
    return [
        row(0, START + timedelta(minutes=5), "deposit", **begun),
        row(1, datetime(2026, 9, 1, 8, tzinfo=UTC), "deposit", to_asset_id=USDC, to_amount=_money(20_000)),
        row(2, at, "swap", protocol_name="uniswap-v3", **swapped_values),
        row(3, at + timedelta(days=1), "stake", protocol_name="lido", **staked),
        row(4, at + timedelta(days=2), "claim", protocol_name="aave-v3", **claimed),
        row(5, at + timedelta(days=4), "withdraw", from_asset_id=USDC, from_amount=_money(1_500)),
    ]


def _risks():
    return [
        {
            "timestamp": day + timedelta(hours=23, minutes=59),
            "portfolio_id": OWNED,
            "var_95": _money(2_100),
            "cvar_95": _money(3_300),
            "correlation_score": Decimal("0.62"),
            "liquidation_distance": Decimal(f"{0.45 + 0.1 * math.sin(place / 9):.8f}"),
            "protocol_risk_score": Decimal("0.22"),
        }
        for place, day in enumerate(DAYS)
    ]


def _alerts():
    raised = (
        (datetime(2026, 9, 20, 3, tzinfo=UTC), "low", "unusual_activity", True),
        (datetime(2026, 10, 14, 17, tzinfo=UTC), "high", "high_correlation", False),
        (datetime(2026, 11, 18, 5, tzinfo=UTC), "critical", "liquidation_risk", False),
        (datetime(2026, 11, 20, 11, tzinfo=UTC), "medium", "protocol_risk", True),
    )
    return [
        {
            "id": uid(300 + number),
            "portfolio_id": OWNED,
            "alert_type": about,
            "severity": severity,
            "message": f"{about.replace('_', ' ')} passed its level & <b>stays</b>",
            "details": "{}",
            "is_acknowledged": done,
            "acknowledged_at": at + timedelta(hours=2) if done else None,
            "created_at": at,
            "resolved_at": at + timedelta(hours=9) if done else None,
        }
        for number, (at, severity, about, done) in enumerate(raised)
    ]


def _yield(day, chance):
    return {
        "timestamp": day + timedelta(hours=12),
        "protocol_name": "uniswap-v2",
        "pool_address": POOL,
        "chain_id": 1,
        "apy": Decimal(f"{0.09 + chance.gauss(0, 0.01):.8f}"),
        "tvl": _money(95e6),
        "rewards_apr": Decimal("0.02"),
        "trading_fees_apr": Decimal("0.07"),
        "impermanent_loss_risk": Decimal("0.12"),
    }


def _mood(chance):
    return [
        {
            "id": uid(1000 + number),
            "vector": [0.0] * 384,
            "timestamp": END - timedelta(hours=5 * number + 3),
            "source": "news",
            "sentiment_score": max(-1.0, min(1.0, chance.gauss(0.1, 0.4))),
            "confidence": 0.8,
            "asset_mentioned": [SYMBOLS[(BTC, ETH, USDC)[number % 3]]],
            "content_hash": f"{number:064x}",
        }
        for number in range(60)
    ]


@pytest.fixture(scope="session")
def frames():
    """Every frame of the economy."""
    return economy()


def explained(frames):
    """The ordinary portfolio with every purchase on record, and snapshots that are its quantities times prices."""
    bought = [
        {
            "id": uid(290 + number),
            "portfolio_id": OWNED,
            "transaction_hash": f"0x{290 + number:064x}",
            "chain_id": 1,
            "transaction_type": "swap",
            "to_asset_id": asset,
            "to_amount": _money(quantity),
            "status": "confirmed",
            "timestamp": START + timedelta(minutes=1),
            "metadata": "{}",
        }
        for number, (asset, quantity) in enumerate({**_HELD, BTC: 0.0}.items())
    ]
    done = pl.concat([frames["transactions"], frame_of("transactions", bought)]).sort("timestamp")
    prices = {(row["asset_id"], row["timestamp"].date()): row["price"] for row in frames["market_data"].to_dicts()}
    snapshots = []
    for row in frames["portfolio_snapshots"].to_dicts():
        held = dict.fromkeys(_HELD, Decimal(0))
        for deed in done.filter(pl.col("timestamp") <= row["timestamp"]).to_dicts():
            if deed["status"] == "confirmed":
                held[deed["from_asset_id"]] = held.get(deed["from_asset_id"], 0) - (deed["from_amount"] or 0)
                held[deed["to_asset_id"]] = held.get(deed["to_asset_id"], 0) + (deed["to_amount"] or 0)
            held[ETH] -= (deed["gas_used"] or 0) * (deed["gas_price"] or 0)
        worth = sum(held[asset] * prices[asset, row["timestamp"].date()] for asset in _HELD)
        snapshots.append(row | {"total_value": worth})
    return {"transactions": done, "portfolio_snapshots": frame_of("portfolio_snapshots", snapshots)}


@pytest.fixture(scope="session")
def whole(frames):
    """What changes in the economy when every purchase is on record."""
    return explained(frames)


@pytest.fixture(scope="session")
def desk_of(frames):
    """Sit down to one of its portfolios, at a desk that has computed nothing yet: `owned` or `empty`."""

    def desk_of_portfolio(who, **changed):
        ids = {"owned": OWNED, "empty": EMPTY}
        source = Held({**frames, **changed})
        return Desk(source=source, portfolio_id=ids[who], week=WEEK, settings=Settings(_env_file=None))

    return desk_of_portfolio
