"""What PostgreSQL holds: who, what they own, what was done, and what it risks.

Knows the thirteen tables and two materialized views, column by column, with the
types `information_schema` must show. Holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.table import MONEY, TIME, Column, Table

ENUMS: dict[str, tuple[str, ...]] = {
    "user_type_enum": ("retail", "institutional", "family_office"),
    "kyc_status_enum": ("pending", "verified", "rejected", "expired"),
    "risk_profile_enum": ("conservative", "moderate", "aggressive", "custom"),
    "rebalancing_strategy_enum": ("daily", "weekly", "monthly", "quarterly", "dynamic"),
    "position_type_enum": ("spot", "staked", "lp_token", "yield_farm", "lending", "borrowing"),
    "asset_type_enum": ("crypto", "lp_token", "staked_token", "yield_token", "rwa_token"),
    "strategy_type_enum": ("yield_farming", "liquidity_provision", "arbitrage", "staking", "lending"),
    "transaction_type_enum": ("swap", "stake", "unstake", "deposit", "withdraw", "claim", "bridge"),
    "transaction_status_enum": ("pending", "confirmed", "failed", "replaced"),
    "risk_assessment_type_enum": ("liquidation", "correlation", "protocol", "market", "regulatory"),
    "risk_alert_type_enum": ("liquidation_risk", "high_correlation", "protocol_risk", "unusual_activity"),
    "severity_enum": ("low", "medium", "high", "critical"),
    "agent_type_enum": (
        "logic", "builder", "growth", "security", "sentiment", "logistics", "cross_chain", "data",
    ),
    "implementation_type_enum": ("custom", "elizaos", "hybrid"),
    "health_status_enum": ("healthy", "degraded", "unhealthy", "unknown"),
    "task_status_enum": ("pending", "running", "completed", "failed", "cancelled"),
}  # fmt: skip


def _id(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name=name, dtype=pl.String(), native="uuid", meaning=meaning, nullable=nullable)


def _text(name: str, meaning: str, *, size: int | None = None, nullable: bool = False, secret: bool = False) -> Column:
    native = "text" if size is None else f"character varying({size})"
    return Column(name=name, dtype=pl.String(), native=native, meaning=meaning, nullable=nullable, secret=secret)


def _enum(name: str, enum: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name=name, dtype=pl.Enum(ENUMS[enum]), native=enum, meaning=meaning, nullable=nullable)


def _json(name: str, meaning: str, *, nullable: bool = False, secret: bool = False) -> Column:
    return Column(name=name, dtype=pl.String(), native="jsonb", meaning=meaning, nullable=nullable, secret=secret)


def _time(name: str, meaning: str, *, nullable: bool = True) -> Column:
    native = "timestamp with time zone"
    return Column(name=name, dtype=TIME, native=native, meaning=meaning, unit="UTC", nullable=nullable)


def _flag(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(name=name, dtype=pl.Boolean(), native="boolean", meaning=meaning, nullable=nullable)


def _count(name: str, meaning: str, *, big: bool = False, unit: str = "", nullable: bool = False) -> Column:
    dtype, native = (pl.Int64(), "bigint") if big else (pl.Int32(), "integer")
    return Column(name=name, dtype=dtype, native=native, meaning=meaning, unit=unit, nullable=nullable)


def _amount(name: str, meaning: str, *, unit: str, nullable: bool = False) -> Column:
    return Column(name=name, dtype=MONEY, native="numeric(36,18)", meaning=meaning, unit=unit, nullable=nullable)


def _fraction(name: str, meaning: str, *, nullable: bool = False) -> Column:
    dtype = pl.Decimal(5, 4)
    return Column(name=name, dtype=dtype, native="numeric(5,4)", meaning=meaning, unit="fraction", nullable=nullable)


USERS = Table(
    name="users",
    store="postgres",
    key=("id",),
    meaning="Who owns portfolios; known here by id, type and KYC status alone.",
    columns=(
        _id("id", "The user."),
        _text("email", "Address of the user.", size=255, secret=True),
        _text("username", "Login of the user.", size=100, secret=True),
        _text("password_hash", "Hash of the password.", size=255, secret=True),
        _text("first_name", "Given name.", size=100, nullable=True, secret=True),
        _text("last_name", "Family name.", size=100, nullable=True, secret=True),
        _enum("user_type", "user_type_enum", "What kind of client."),
        _enum("kyc_status", "kyc_status_enum", "How far identity is verified."),
        _time("created_at", "When the account was made."),
        _time("updated_at", "When the account last changed."),
        _time("last_login_at", "When the user last logged in."),
        _flag("is_active", "Whether the account is in use."),
        _json("settings", "The user's own settings.", nullable=True, secret=True),
    ),
)

USER_API_KEYS = Table(
    name="user_api_keys",
    store="postgres",
    key=("id",),
    meaning="Programmatic access a user granted; the key itself is never read.",
    columns=(
        _id("id", "The grant."),
        _id("user_id", "Whose grant."),
        _text("key_hash", "Hash of the key.", size=255, secret=True),
        _text("name", "What the user called it.", size=100, secret=True),
        _json("permissions", "What the key may do."),
        _flag("is_active", "Whether the key is in use."),
        _time("expires_at", "When it ends; none if it does not."),
        _time("last_used_at", "When it was last used."),
        _time("created_at", "When it was granted."),
    ),
)

USER_SESSIONS = Table(
    name="user_sessions",
    store="postgres",
    key=("id",),
    meaning="Logins; only their number and lifetime are read.",
    columns=(
        _id("id", "The session."),
        _id("user_id", "Whose session."),
        _text("session_token", "The bearer's token.", size=255, secret=True),
        Column(name="ip_address", dtype=pl.String(), native="inet", meaning="Where from.", nullable=True, secret=True),
        _text("user_agent", "With which program.", nullable=True, secret=True),
        _time("expires_at", "When it ends.", nullable=False),
        _time("created_at", "When it began."),
    ),
)

# The one place where the keys are listed; `desk.lookthrough` and `desk.rebasing` read them.
_ASSET_METADATA = (
    "What else is known: `underlying`, what it stands for (a symbol, found on its own chain first, or an id; a list of"
    " them for a pool); `pool` (constant_product, weighted, stable, concentrated); `weights` (of a weighted pool, in"
    " the order of `underlying`); `amplification` (of a stable one, as its contract's A() states it); `range` (of a"
    " concentrated position: lowest and highest price of the first asset in the second); `ratio` (underlying per unit,"
    " 1 where left out); `rebasing` (true where the balance grows by itself, false where it does not);"
    " `liquidation_threshold` (the fraction of it that a lender counts as backing); `peg` (the currency whose price it"
    " keeps), `issuer`, `protocol`, `native_of_chains`."
)

ASSETS = Table(
    name="assets",
    store="postgres",
    key=("id",),
    meaning="Every token a position or a price may name.",
    columns=(
        _id("id", "The asset."),
        _text("symbol", "Ticker; several contracts of a chain may have the same.", size=50),
        _text("name", "Full name.", size=255),
        _enum("asset_type", "asset_type_enum", "What kind of token."),
        _text("contract_address", "Its contract, unique on its chain; none for a native coin.", size=42, nullable=True),
        _count("chain_id", "EVM chain; none for a coin with a chain of its own.", nullable=True),
        _count("decimals", "Decimal places on chain.", unit="digits", nullable=True),
        _text("coingecko_id", "Its name at CoinGecko.", size=100, nullable=True),
        _flag("is_active", "Whether it may be traded."),
        _json("metadata", _ASSET_METADATA, nullable=True),
        _time("created_at", "When it was registered."),
        _time("updated_at", "When it last changed."),
    ),
)

PORTFOLIOS = Table(
    name="portfolios",
    store="postgres",
    key=("id",),
    portfolio="id",
    meaning="What a user asked us to run: risk profile, targets and limits.",
    columns=(
        _id("id", "The portfolio."),
        _id("user_id", "Its owner."),
        _text("name", "What the owner calls it; any text at all.", size=255),
        _text("description", "What it is for.", nullable=True),
        _enum("risk_profile", "risk_profile_enum", "How much risk the owner wants."),
        _json("target_allocation", "Target weight by asset symbol, as fractions."),
        _enum("rebalancing_strategy", "rebalancing_strategy_enum", "How often weights are restored.", nullable=True),
        _fraction("max_drawdown", "The fall from the peak the owner accepts.", nullable=True),
        _fraction("target_return", "The return per year the owner hopes for.", nullable=True),
        _flag("is_active", "Whether it is being run."),
        _time("created_at", "When it was opened."),
        _time("updated_at", "When it last changed."),
    ),
)

PORTFOLIO_POSITIONS = Table(
    name="portfolio_positions",
    store="postgres",
    key=("id",),
    portfolio="portfolio_id",
    meaning="What each portfolio holds or owes now.",
    columns=(
        _id("id", "The position."),
        _id("portfolio_id", "Whose position."),
        _id("asset_id", "Of which asset."),
        _amount("quantity", "How much is held; for borrowing, how much is owed.", unit="asset units"),
        _amount("average_cost", "Average price paid.", unit="USD per unit"),
        _amount("current_value", "Quantity at the last price; negative for a debt.", unit="USD"),
        _fraction("allocation_percentage", "Share of the portfolio's net value."),
        _enum("position_type", "position_type_enum", "How it is held."),
        _text("protocol_address", "Contract it sits in; none for a wallet.", size=42, nullable=True),
        _count("chain_id", "Chain it sits on.", nullable=True),
        _time("last_updated", "When it was last valued."),
    ),
)

TRADING_STRATEGIES = Table(
    name="trading_strategies",
    store="postgres",
    key=("id",),
    portfolio="portfolio_id",
    meaning="What a satellite agent does for a portfolio.",
    columns=(
        _id("id", "The strategy."),
        _id("portfolio_id", "For which portfolio."),
        _text("satellite_id", "Which satellite runs it.", size=50),
        _enum("strategy_type", "strategy_type_enum", "What kind of strategy."),
        _text("name", "What it is called.", size=255),
        _json("parameters", "How it is set."),
        _json("performance_metrics", "What the platform says it earned.", nullable=True),
        _flag("is_active", "Whether it runs."),
        _time("created_at", "When it began."),
        _time("updated_at", "When it last changed."),
    ),
)

TRANSACTIONS = Table(
    name="transactions",
    store="postgres",
    key=("id",),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="Everything done on chain for a portfolio, gas included.",
    columns=(
        _id("id", "The transaction."),
        _id("portfolio_id", "For which portfolio."),
        _id("strategy_id", "By which strategy; none when the owner acted.", nullable=True),
        _text("transaction_hash", "Its hash on chain; accepted once.", size=66),
        _count("chain_id", "On which chain."),
        _count("block_number", "In which block.", big=True),
        _enum("transaction_type", "transaction_type_enum", "What it did."),
        _id("from_asset_id", "What was given.", nullable=True),
        _id("to_asset_id", "What was received.", nullable=True),
        _amount("from_amount", "How much was given.", unit="asset units", nullable=True),
        _amount("to_amount", "How much was received.", unit="asset units", nullable=True),
        _amount("gas_used", "Gas spent, failed or not.", unit="gas", nullable=True),
        _amount("gas_price", "Price of one unit of gas.", unit="native token per gas", nullable=True),
        _text(
            "protocol_name", "Which protocol; none when money crosses the portfolio's edge.", size=100, nullable=True
        ),
        _enum("status", "transaction_status_enum", "What became of it; only confirmed ones count."),
        _time("timestamp", "When it was included.", nullable=False),
        _json(
            "metadata",
            "What else is known: `flow` (external, internal) overrides the flow rule; `from_position`, `to_position`"
            " and `action` say what moved where; `l1_fee`, `operator_fee`, `blob_fee` in whole native coins and"
            " `gas_paid_by` belong to gas; `transaction_index`, `log_index` order a block; `cost_basis` in USD is what"
            " a deposit had cost.",
            nullable=True,
        ),
    ),
)

RISK_ASSESSMENTS = Table(
    name="risk_assessments",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What the satellites thought of a portfolio's risk, and when.",
    columns=(
        _id("id", "The assessment."),
        _id("portfolio_id", "Of which portfolio."),
        _enum("assessment_type", "risk_assessment_type_enum", "Which risk."),
        _fraction("risk_score", "How bad: 0 none, 1 certain."),
        _fraction("confidence_level", "How sure the satellite is."),
        _json("factors", "What went into the score."),
        _json("recommendations", "What it advises.", nullable=True),
        _text("satellite_source", "Which satellite.", size=50),
        _time("created_at", "When it was made.", nullable=False),
        _time("expires_at", "When it stops being valid."),
    ),
)

RISK_ALERTS = Table(
    name="risk_alerts",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What an owner was warned of.",
    columns=(
        _id("id", "The alert."),
        _id("portfolio_id", "About which portfolio."),
        _enum("alert_type", "risk_alert_type_enum", "About which risk."),
        _enum("severity", "severity_enum", "How grave."),
        _text("message", "What was said."),
        _json("details", "The figures behind it.", nullable=True),
        _flag("is_acknowledged", "Whether it was acknowledged."),
        _time("acknowledged_at", "When it was acknowledged."),
        _id("acknowledged_by", "Who did.", nullable=True),
        _time("created_at", "When it was raised."),
        _time("resolved_at", "When it was over."),
    ),
)

SATELLITE_AGENTS = Table(
    name="satellite_agents",
    store="postgres",
    key=("id",),
    meaning="The eight satellite agents.",
    columns=(
        _text("id", "The satellite: sage, forge, pulse, and so on.", size=50),
        _text("name", "Its full name.", size=255),
        _text("description", "What it does.", nullable=True),
        _enum("agent_type", "agent_type_enum", "Its trade."),
        _enum("implementation_type", "implementation_type_enum", "How it is built."),
        _text("version", "Which build runs.", size=50),
        _json("configuration", "How it is set."),
        _json("performance_metrics", "What it says of itself.", nullable=True),
        _enum("health_status", "health_status_enum", "How it is.", nullable=True),
        _time("last_health_check", "When that was asked."),
        _flag("is_active", "Whether it runs."),
        _time("created_at", "When it was registered."),
        _time("updated_at", "When it last changed."),
    ),
)

AGENT_TASKS = Table(
    name="agent_tasks",
    store="postgres",
    key=("id",),
    time="created_at",
    meaning="What the satellites were asked to do, and how it went.",
    columns=(
        _id("id", "The task."),
        _text("agent_id", "Which satellite.", size=50),
        _text("task_type", "What was asked.", size=100),
        _count("priority", "1 first, 10 last."),
        _json("payload", "With which input."),
        _enum("status", "task_status_enum", "How far it is."),
        _time("started_at", "When work began."),
        _time("completed_at", "When work ended."),
        _text("error_message", "Why it failed.", nullable=True),
        _json("result", "What came of it.", nullable=True),
        _time("created_at", "When it was asked."),
    ),
)

SCHEMA_MIGRATIONS = Table(
    name="schema_migrations",
    store="postgres",
    key=("version",),
    meaning="Which migrations made this database.",
    columns=(
        _text("version", "Number of the migration.", size=50),
        _text("description", "What it did."),
        _time("applied_at", "When."),
        _text("rollback_sql", "What undoes it.", nullable=True),
        _text("checksum", "SHA-256 of the file as it was applied."),
    ),
)

DAILY_EXTERNAL_FLOWS = Table(
    name="daily_external_flows",
    store="postgres",
    key=("portfolio_id", "day", "asset_id", "direction", "rule"),
    day="day",
    portfolio="portfolio_id",
    view=True,
    meaning="What crossed each portfolio's edge, by day and asset.",
    columns=(
        _id("portfolio_id", "Whose flow.", nullable=True),
        Column(name="day", dtype=pl.Date(), native="date", meaning="UTC day.", nullable=True),
        _id("asset_id", "In which asset.", nullable=True),
        Column(
            name="direction", dtype=pl.Enum(["in", "out"]), native="text", meaning="Into or out of it.", nullable=True
        ),
        Column(
            name="rule",
            dtype=pl.Enum(["protocol", "override"]),
            native="text",
            meaning="What made it external: no protocol named, or metadata.flow.",
            nullable=True,
        ),
        Column(name="amount", dtype=MONEY, native="numeric", meaning="How much.", unit="asset units", nullable=True),
        _count("flows", "How many transactions.", big=True, nullable=True),
    ),
)

CURRENT_EXPOSURE = Table(
    name="current_exposure",
    store="postgres",
    key=("portfolio_id", "asset_type", "protocol_address", "chain_id"),
    portfolio="portfolio_id",
    view=True,
    meaning="What each portfolio is exposed to now, by asset type, protocol and chain.",
    columns=(
        _id("portfolio_id", "Whose exposure.", nullable=True),
        _enum("asset_type", "asset_type_enum", "To what kind of token.", nullable=True),
        _text("protocol_address", "In which contract; empty for a wallet.", nullable=True),
        _count("chain_id", "On which chain; 0 where none is named.", nullable=True),
        Column(
            name="value", dtype=MONEY, native="numeric", meaning="Net value; negative for a debt.", unit="USD",
            nullable=True,
        ),
        _count("positions", "How many positions.", big=True, nullable=True),
    ),
)  # fmt: skip

TABLES = (
    USERS, USER_API_KEYS, USER_SESSIONS, ASSETS, PORTFOLIOS, PORTFOLIO_POSITIONS, TRADING_STRATEGIES, TRANSACTIONS,
    RISK_ASSESSMENTS, RISK_ALERTS, SATELLITE_AGENTS, AGENT_TASKS, SCHEMA_MIGRATIONS, DAILY_EXTERNAL_FLOWS,
    CURRENT_EXPOSURE,
)  # fmt: skip
