"""What Redis holds: caches that expire, and the sets that agents act on.

Knows each key family's pattern, type, lifetime and the frame it loads as. A
family's name is its key's words after `redis_`. Sessions are counted, never read.
"""

import polars as pl

from ys_analytics.schemas.table import MONEY, TIME, Column, KeyFamily

_TTL = Column(
    name="ttl_ms", dtype=pl.Int64(), meaning="Lifetime left when it was read; none if it stays.", unit="ms",
    nullable=True,
)  # fmt: skip


def _text(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=pl.String(), meaning=meaning)


def _value(name: str, meaning: str, *, unit: str) -> Column:
    return Column(name=name, dtype=MONEY, native="decimal text", meaning=meaning, unit=unit)


def _moment(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=TIME, native="ISO-8601 text", meaning=meaning, unit="UTC")


def _place(meaning: str) -> Column:
    return Column(name="position", dtype=pl.UInt32(), meaning=meaning)


_ASSET = _text("asset_id", "Which asset.")
_PORTFOLIO = _text("portfolio_id", "Which portfolio.")
_AGENT = _text("agent_id", "Which satellite.")
_METRIC = _text("metric", "What was measured.")
_MEASURE = _value("value", "The measurement.", unit="as named")
_CHAIN = Column(name="chain_id", dtype=pl.UInt32(), meaning="On which chain.")
_SECRET = Column(name="key", dtype=pl.String(), meaning="Holds a secret: counted, never read.", secret=True)

TABLES = (
    KeyFamily(
        name="redis_price_current", store="redis", pattern="price:current:{asset_id}:{chain_id}", kind="string", ttl=60,
        key=("asset_id", "chain_id"),
        meaning="The last price of each asset.",
        columns=(
            _ASSET, _CHAIN,
            _value("price", "Price of one unit.", unit="USD"),
            _value("volume_24h", "Traded in the last 24 hours.", unit="USD"),
            _value("change_24h", "Change of the price in 24 hours.", unit="fraction"),
            _moment("timestamp", "When it was quoted."),
            _text("source", "Who quoted it."),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_price_hist", store="redis", pattern="price:hist:{asset_id}:{period}", kind="string", ttl=60,
        key=("asset_id", "period", "timestamp"),
        meaning="Recent prices of each asset.",
        columns=(
            _ASSET,
            _text("period", "Over which stretch: 1h, 24h or 7d."),
            _moment("timestamp", "When it was quoted."),
            _value("price", "Price of one unit.", unit="USD"),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_price_alerts", store="redis", pattern="price:alerts:{asset_id}", kind="list", ttl=60,
        key=("asset_id", "position"),
        meaning="Price levels to be alerted at.",
        columns=(_ASSET, _place("Place in the list, 0 first."), _text("alert", "The alert, as JSON."), _TTL),
    ),
    KeyFamily(
        name="redis_portfolio_positions", store="redis", pattern="portfolio:positions:{portfolio_id}", kind="string",
        ttl=300, key=("portfolio_id",), portfolio="portfolio_id",
        meaning="Cached positions of each portfolio.",
        columns=(_PORTFOLIO, _text("positions", "The positions, as a JSON list."), _TTL),
    ),
    KeyFamily(
        name="redis_portfolio_perf", store="redis", pattern="portfolio:perf:{portfolio_id}:{period}", kind="hash",
        ttl=300, key=("portfolio_id", "period", "metric"), portfolio="portfolio_id",
        meaning="Cached performance of each portfolio.",
        columns=(_PORTFOLIO, _text("period", "Over which stretch."), _METRIC, _MEASURE, _TTL),
    ),
    KeyFamily(
        name="redis_portfolio_risk", store="redis", pattern="portfolio:risk:{portfolio_id}", kind="hash",
        ttl=300, key=("portfolio_id", "metric"), portfolio="portfolio_id",
        meaning="Cached risk of each portfolio.",
        columns=(_PORTFOLIO, _METRIC, _MEASURE, _TTL),
    ),
    KeyFamily(
        name="redis_portfolio_rebalance", store="redis", pattern="portfolio:rebalance:{portfolio_id}", kind="string",
        ttl=300, key=("portfolio_id",), portfolio="portfolio_id",
        meaning="Target and actual weights of each portfolio.",
        columns=(_PORTFOLIO, _text("weights", "Target and actual weights, as JSON."), _TTL),
    ),
    KeyFamily(
        name="redis_agent_health", store="redis", pattern="agent:health:{agent_id}", kind="hash", ttl=60,
        key=("agent_id", "field"),
        meaning="How each satellite is.",
        columns=(
            _AGENT, _text("field", "status, last_check or version."), _text("value", "What it says."), _TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_tasks", store="redis", pattern="agent:tasks:{agent_id}:pending", kind="list", ttl=60,
        key=("agent_id", "position"),
        meaning="Tasks each satellite has yet to begin.",
        columns=(_AGENT, _place("Place in the queue, 0 first."), _text("task_id", "Which task."), _TTL),
    ),
    KeyFamily(
        name="redis_agent_perf", store="redis", pattern="agent:perf:{agent_id}", kind="hash", ttl=60,
        key=("agent_id", "metric"),
        meaning="Cached performance of each satellite.",
        columns=(_AGENT, _METRIC, _MEASURE, _TTL),
    ),
    KeyFamily(
        name="redis_agent_config", store="redis", pattern="agent:config:{agent_id}", kind="string", ttl=3600,
        key=("agent_id",),
        meaning="How each satellite is set.",
        columns=(_AGENT, _text("config", "The settings, as JSON."), _TTL),
    ),
    KeyFamily(
        name="redis_session_user", store="redis", pattern="session:user:{session_token}", kind="string", ttl=86400,
        key=(), secret=True,
        meaning="Live sessions.",
        columns=(_SECRET,),
    ),
    KeyFamily(
        name="redis_session_perms", store="redis", pattern="session:perms:{user_id}", kind="string", ttl=86400,
        key=(), secret=True,
        meaning="Cached permissions.",
        columns=(_SECRET,),
    ),
    KeyFamily(
        name="redis_rate_limit", store="redis", pattern="rate:limit:{user_id}:{endpoint}", kind="string", ttl=900,
        key=("user_id", "endpoint"),
        meaning="Calls each user made lately.",
        columns=(
            _text("user_id", "Which user."), _text("endpoint", "Which endpoint."),
            Column(name="calls", dtype=pl.Int64(), native="integer text", meaning="How many calls."), _TTL,
        ),
    ),
    KeyFamily(
        name="redis_risk_liquidation", store="redis", pattern="risk:liquidation", kind="zset", ttl=None,
        key=("portfolio_id",), portfolio="portfolio_id",
        meaning="How close each portfolio is to liquidation.",
        columns=(
            _PORTFOLIO,
            Column(name="risk", dtype=pl.Float64(), meaning="0 none, 1 now.", unit="score"), _TTL,
        ),
    ),
    KeyFamily(
        name="redis_risk_correlation", store="redis", pattern="risk:correlation:{portfolio_id}", kind="hash", ttl=None,
        key=("portfolio_id", "asset_a", "asset_b"), portfolio="portfolio_id",
        meaning="Correlation of each pair of assets a portfolio holds.",
        columns=(
            _PORTFOLIO, _text("asset_a", "First asset."), _text("asset_b", "Second asset."),
            _value("correlation", "Correlation of daily returns.", unit="ratio"), _TTL,
        ),
    ),
    KeyFamily(
        name="redis_alerts_queue", store="redis", pattern="alerts:queue:high", kind="list", ttl=None,
        key=("position",),
        meaning="Alerts not yet handled.",
        columns=(_place("Place in the queue, 0 first."), _text("alert", "The alert, as JSON."), _TTL),
    ),
    KeyFamily(
        name="redis_arbitrage_opps", store="redis", pattern="arbitrage:opps", kind="zset", ttl=30,
        key=("opportunity",),
        meaning="Arbitrage open at this moment.",
        columns=(
            _text("opportunity", "The trade, as JSON."),
            Column(name="profit", dtype=pl.Float64(), meaning="Expected profit.", unit="USD"), _TTL,
        ),
    ),
    KeyFamily(
        name="redis_arbitrage_routes", store="redis", pattern="arbitrage:routes:{asset_id}", kind="hash", ttl=30,
        key=("asset_id", "bridge"),
        meaning="Bridges an asset can take.",
        columns=(_ASSET, _text("bridge", "Which bridge."), _text("route", "The route, as JSON."), _TTL),
    ),
    KeyFamily(
        name="redis_bridge_fees", store="redis", pattern="bridge:fees:{chain_id}:{target_chain_id}", kind="hash",
        ttl=30, key=("chain_id", "target_chain_id", "bridge"),
        meaning="What each bridge charges.",
        columns=(
            Column(name="chain_id", dtype=pl.UInt32(), meaning="From which chain."),
            Column(name="target_chain_id", dtype=pl.UInt32(), meaning="To which chain."),
            _text("bridge", "Which bridge."), _value("fee", "What it charges.", unit="USD"), _TTL,
        ),
    ),
)  # fmt: skip
