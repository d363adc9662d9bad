"""What PostgreSQL holds: who, what they own, what was done, and what it risks.

Knows the thirteen tables and two materialized views, column by column, with the
types `information_schema` must show. Holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.rules import (
    ADDRESS,
    ADDRESS_OR_EMPTY,
    GENESIS,
    JSON,
    LABEL,
    NUMBERED,
    SHA256,
    TEXT,
    TRANSACTION_HASH,
    UUID,
    VERSION,
    Bounded,
    Formatted,
    NotAhead,
    OneOf,
    OnTime,
    Refers,
    Required,
    Rows,
    Rule,
    Unique,
    UsualRows,
)
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


def _id(name: str, meaning: str, *rules: Rule, nullable: bool = False) -> Column:
    return Column(name=name, dtype=pl.String(), native="uuid", meaning=meaning, nullable=nullable, rules=rules)


def _text(
    name: str, meaning: str, *rules: Rule, size: int | None = None, nullable: bool = False, secret: bool = False
) -> Column:
    native = "text" if size is None else f"character varying({size})"
    return Column(
        name=name, dtype=pl.String(), native=native, meaning=meaning, nullable=nullable, secret=secret, rules=rules
    )


def _enum(name: str, enum: str, meaning: str, *rules: Rule, nullable: bool = False) -> Column:
    return Column(name=name, dtype=pl.Enum(ENUMS[enum]), native=enum, meaning=meaning, nullable=nullable, rules=rules)


def _json(name: str, meaning: str, *rules: Rule, nullable: bool = False, secret: bool = False) -> Column:
    return Column(
        name=name, dtype=pl.String(), native="jsonb", meaning=meaning, nullable=nullable, secret=secret, rules=rules
    )


def _time(name: str, meaning: str, *rules: Rule, nullable: bool = True) -> Column:
    native = "timestamp with time zone"
    return Column(name=name, dtype=TIME, native=native, meaning=meaning, unit="UTC", nullable=nullable, rules=rules)


def _flag(name: str, meaning: str, *rules: Rule, nullable: bool = True) -> Column:
    return Column(name=name, dtype=pl.Boolean(), native="boolean", meaning=meaning, nullable=nullable, rules=rules)


def _count(name: str, meaning: str, *rules: Rule, big: bool = False, unit: str = "", nullable: bool = False) -> Column:
    dtype, native = (pl.Int64(), "bigint") if big else (pl.Int32(), "integer")
    return Column(name=name, dtype=dtype, native=native, meaning=meaning, unit=unit, nullable=nullable, rules=rules)


def _amount(name: str, meaning: str, *rules: Rule, unit: str, nullable: bool = False) -> Column:
    return Column(
        name=name, dtype=MONEY, native="numeric(36,18)", meaning=meaning, unit=unit, nullable=nullable, rules=rules
    )


def _fraction(name: str, meaning: str, *rules: Rule, nullable: bool = False, exact: bool = False) -> Column:
    return Column(
        name=name,
        dtype=pl.Decimal(5, 4),
        native="numeric(5,4)",
        meaning=meaning,
        unit="fraction",
        nullable=nullable,
        exact=exact,
        rules=rules,
    )


_USERS_SINCE = Bounded(
    "warning", "Cohorts by age are wrong when an account is older than money on a chain.", at_least=GENESIS
)

USERS = Table(
    name="users",
    store="postgres",
    key=("id",),
    meaning="Who owns portfolios; known here by id, type and KYC status alone.",
    affects=("id", "user"),
    unique=Unique("critical", "One user shown as two owns every portfolio twice."),
    required=Required(
        "critical", "Clients cannot be told apart by kind or standing, so a report may reach one it must not."
    ),
    columns=(
        _id(
            "id", "The user.", Formatted(UUID, "critical", "An owner who is not spelt as a UUID joins to no portfolio.")
        ),
        _text("email", "Address of the user.", size=255, secret=True),
        _text("username", "Login of the user.", size=100, secret=True),
        _text("password_hash", "Hash of the password.", size=255, secret=True),
        _text("first_name", "Given name.", size=100, nullable=True, secret=True),
        _text("last_name", "Family name.", size=100, nullable=True, secret=True),
        _enum(
            "user_type",
            "user_type_enum",
            "What kind of client.",
            OneOf("critical", "A kind of client nobody knows falls out of every breakdown."),
        ),
        _enum(
            "kyc_status",
            "kyc_status_enum",
            "How far identity is verified.",
            OneOf("critical", "A standing nobody knows is treated as verified somewhere."),
        ),
        _time("created_at", "When the account was made.", _USERS_SINCE),
        _time("updated_at", "When the account last changed.", _USERS_SINCE),
        _time("last_login_at", "When the user last logged in.", _USERS_SINCE),
        _flag(
            "is_active",
            "Whether the account is in use.",
            Required("warning", "An account neither open nor closed is counted as either."),
        ),
        _json("settings", "The user's own settings.", nullable=True, secret=True),
    ),
)

_USER_API_KEYS_ID = Formatted(UUID, "warning", "A grant that names nobody cannot be revoked when its owner leaves.")
_USER_API_KEYS_MISSING = Required("warning", "A grant without an owner or limits is a grant of everything.")
_USER_API_KEYS_SINCE = Bounded(
    "warning", "Access that ended in 1970 was never meant to, and may not have ended at all.", at_least=GENESIS
)

USER_API_KEYS = Table(
    name="user_api_keys",
    store="postgres",
    key=("id",),
    meaning="Programmatic access a user granted; the key itself is never read.",
    affects=(),
    unique=Unique("warning", "A grant listed twice is revoked once and stays open."),
    required=_USER_API_KEYS_MISSING,
    columns=(
        _id("id", "The grant.", _USER_API_KEYS_ID),
        _id(
            "user_id",
            "Whose grant.",
            _USER_API_KEYS_ID,
            Refers("users.id", "warning", "Access of nobody cannot be taken back."),
        ),
        _text("key_hash", "Hash of the key.", size=255, secret=True),
        _text("name", "What the user called it.", size=100, secret=True),
        _json(
            "permissions",
            "What the key may do.",
            Formatted(JSON, "warning", "Limits that cannot be read limit nothing."),
        ),
        _flag("is_active", "Whether the key is in use.", _USER_API_KEYS_MISSING),
        _time("expires_at", "When it ends; none if it does not.", _USER_API_KEYS_SINCE),
        _time("last_used_at", "When it was last used.", _USER_API_KEYS_SINCE),
        _time("created_at", "When it was granted.", _USER_API_KEYS_SINCE),
    ),
)

_USER_SESSIONS_ID = Formatted(UUID, "warning", "A session that names nobody cannot be ended for anybody.")
_USER_SESSIONS_SINCE = Bounded(
    "warning", "Counts of visits by week are wrong when a session begins in 1970.", at_least=GENESIS
)

USER_SESSIONS = Table(
    name="user_sessions",
    store="postgres",
    key=("id",),
    meaning="Logins; only their number and lifetime are read.",
    affects=(),
    unique=Unique("warning", "A session listed twice makes one visitor two."),
    required=Required("warning", "A session without an owner or an end stays open for whoever holds it."),
    columns=(
        _id("id", "The session.", _USER_SESSIONS_ID),
        _id(
            "user_id",
            "Whose session.",
            _USER_SESSIONS_ID,
            Refers("users.id", "warning", "A session of nobody cannot be ended."),
        ),
        _text("session_token", "The bearer's token.", size=255, secret=True),
        Column(name="ip_address", dtype=pl.String(), native="inet", meaning="Where from.", nullable=True, secret=True),
        _text("user_agent", "With which program.", nullable=True, secret=True),
        _time("expires_at", "When it ends.", _USER_SESSIONS_SINCE, nullable=False),
        _time("created_at", "When it began.", _USER_SESSIONS_SINCE),
    ),
)

# The one place where the keys are listed; `desk.lookthrough` and `desk.rebasing` read them.
_ASSET_METADATA = (
    "What else is known: `underlying`, what it stands for (a symbol, found on its own chain first, or an id; a list of"
    " them for a pool); `pool` (constant_product, weighted, stable, concentrated); `weights` (of a weighted pool, in"
    " the order of `underlying`); `amplification` (of a stable one, as its contract's A() states it); `range` (of a"
    " concentrated position: lowest and highest price of the first asset in the second); `ratio` (underlying per unit,"
    " 1 where left out); `rebasing` (true where the balance grows by itself, false where it does not);"
    " `liquidation_threshold` (the fraction of it that a lender counts as backing), with `liquidation_threshold_source`"
    " and `liquidation_threshold_as_of` (a day, ISO 8601); `peg` (the currency whose price it keeps), `issuer`,"
    " `protocol`, `native_of_chains`."
)

_ASSETS_TEXT = Formatted(TEXT, "warning", "A blank label in a chart reads as nothing.")
_ASSETS_SINCE = Bounded("warning", "An asset registered in 1970 was registered with no clock at all.", at_least=GENESIS)

ASSETS = Table(
    name="assets",
    store="postgres",
    key=("id",),
    meaning="Every token a position or a price may name.",
    affects=("id", "asset"),
    rows=Rows(1, "critical", "No holding has a name: the list of assets has not arrived."),
    unique=Unique("critical", "Every holding of an asset listed twice is counted twice."),
    required=Required("critical", "A holding is printed without a name or kind."),
    columns=(
        _id(
            "id",
            "The asset.",
            Formatted(
                UUID,
                "critical",
                "Prices in ClickHouse are filed under lower-case UUID text; any other spelling has no price.",
            ),
        ),
        _text("symbol", "Ticker; several contracts of a chain may have the same.", _ASSETS_TEXT, size=50),
        _text("name", "Full name.", _ASSETS_TEXT, size=255),
        _enum(
            "asset_type",
            "asset_type_enum",
            "What kind of token.",
            OneOf("critical", "Exposure by kind leaves out what has a kind nobody knows."),
        ),
        _text(
            "contract_address",
            "Its contract, unique on its chain; none for a native coin.",
            Formatted(ADDRESS, "warning", "Transfers of a token whose contract is misspelt are never found."),
            size=42,
            nullable=True,
        ),
        _count(
            "chain_id",
            "EVM chain; none for a coin with a chain of its own.",
            Bounded(
                "warning", "A coin with a chain of its own names none; zero is a chain that does not exist.", at_least=1
            ),
            nullable=True,
        ),
        _count(
            "decimals",
            "Decimal places on chain.",
            Bounded(
                "warning",
                "Amounts are off by powers of ten when the number of decimal places is wrong; few have more.",
                at_least=0,
                at_most=36,
            ),
            unit="digits",
            nullable=True,
        ),
        _text("coingecko_id", "Its name at CoinGecko.", _ASSETS_TEXT, size=100, nullable=True),
        _flag(
            "is_active",
            "Whether it may be traded.",
            Required("warning", "A token that is neither traded nor retired looks stale for ever."),
        ),
        _json(
            "metadata",
            _ASSET_METADATA,
            Formatted(JSON, "warning", "A peg or an issuer that cannot be read is not watched."),
            nullable=True,
        ),
        _time("created_at", "When it was registered.", _ASSETS_SINCE),
        _time("updated_at", "When it last changed.", _ASSETS_SINCE),
    ),
)

_PORTFOLIOS_ID = Formatted(
    UUID, "critical", "Snapshots are filed under lower-case UUID text; any other spelling has no history and no owner."
)
_PORTFOLIOS_TEXT = Formatted(TEXT, "warning", "A blank title reads as a broken page.")
_PORTFOLIOS_SINCE = Bounded(
    "warning", "Returns per year are spread over decades when a portfolio was opened in 1970.", at_least=GENESIS
)

PORTFOLIOS = Table(
    name="portfolios",
    store="postgres",
    key=("id",),
    portfolio="id",
    meaning="What a user asked us to run: risk profile, targets and limits.",
    affects=("id", "portfolio"),
    rows=Rows(1, "critical", "There is nobody to report to."),
    unique=Unique("critical", "Two reports of one portfolio disagree with each other."),
    required=Required("critical", "A report without an owner, name or target cannot be addressed."),
    columns=(
        _id("id", "The portfolio.", _PORTFOLIOS_ID),
        _id(
            "user_id",
            "Its owner.",
            _PORTFOLIOS_ID,
            Refers("users.id", "critical", "A portfolio nobody owns is reported to nobody."),
        ),
        _text("name", "What the owner calls it; any text at all.", _PORTFOLIOS_TEXT, size=255),
        _text("description", "What it is for.", _PORTFOLIOS_TEXT, nullable=True),
        _enum(
            "risk_profile",
            "risk_profile_enum",
            "How much risk the owner wants.",
            OneOf("critical", "Limits are read off the risk profile; an unknown one has none."),
        ),
        _json(
            "target_allocation",
            "Target weight by asset symbol, as fractions.",
            Formatted(JSON, "critical", "Drift from a target that cannot be read is not drift at all."),
        ),
        _enum(
            "rebalancing_strategy",
            "rebalancing_strategy_enum",
            "How often weights are restored.",
            OneOf("warning", "Drift from target is judged against the wrong calendar."),
            nullable=True,
        ),
        _fraction(
            "max_drawdown",
            "The fall from the peak the owner accepts.",
            Bounded(
                "critical",
                "A limit of 20 instead of 0.20 is never reached, so nobody is ever warned.",
                at_least=0,
                at_most=1,
            ),
            nullable=True,
            exact=True,
        ),
        _fraction(
            "target_return",
            "The return per year the owner hopes for.",
            Bounded("warning", "A hope of 12 instead of 0.12 makes every year a failure.", at_least=-1, at_most=5),
            nullable=True,
            exact=True,
        ),
        _flag(
            "is_active",
            "Whether it is being run.",
            Required("warning", "A portfolio neither open nor closed is reported by chance."),
        ),
        _time("created_at", "When it was opened.", _PORTFOLIOS_SINCE),
        _time("updated_at", "When it last changed.", _PORTFOLIOS_SINCE),
    ),
)

_PORTFOLIO_POSITIONS_ID = Formatted(
    UUID, "critical", "A position of no portfolio, or in no asset, has no price and no owner."
)

PORTFOLIO_POSITIONS = Table(
    name="portfolio_positions",
    store="postgres",
    key=("id",),
    portfolio="portfolio_id",
    meaning="What each portfolio holds or owes now.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("critical", "A position listed twice doubles an exposure."),
    required=Required("critical", "Exposure is short of a position that is not complete."),
    columns=(
        _id("id", "The position.", _PORTFOLIO_POSITIONS_ID),
        _id(
            "portfolio_id",
            "Whose position.",
            _PORTFOLIO_POSITIONS_ID,
            Refers("portfolios.id", "critical", "Money is held for nobody."),
        ),
        _id(
            "asset_id",
            "Of which asset.",
            _PORTFOLIO_POSITIONS_ID,
            Refers("assets.id", "critical", "A holding is in nothing we know."),
        ),
        _amount(
            "quantity",
            "How much is held; for borrowing, how much is owed.",
            Bounded(
                "critical",
                "A negative amount turns a holding into a debt; debts are positions of their own.",
                at_least=0,
                refused=True,
            ),
            unit="asset units",
        ),
        _amount(
            "average_cost",
            "Average price paid.",
            Bounded(
                "warning",
                "Gains against a negative cost are always profits. A platform that takes rewards off the cost comes "
                "to one honestly.",
                at_least=0,
                refused=True,
            ),
            unit="USD per unit",
        ),
        _amount(
            "current_value",
            "Quantity at the last price; negative for a debt.",
            Bounded(
                "warning",
                "One unscaled amount makes every other share of a portfolio zero; a spam token quoted at a fancy "
                "price does so too.",
                at_least=-1_000_000_000_000,
                at_most=1_000_000_000_000,
            ),
            unit="USD",
        ),
        _fraction("allocation_percentage", "Share of the portfolio's net value."),
        _enum(
            "position_type",
            "position_type_enum",
            "How it is held.",
            OneOf("critical", "A debt that is not known as one is counted as wealth."),
        ),
        _text(
            "protocol_address",
            "Contract it sits in; none for a wallet.",
            Formatted(
                ADDRESS, "warning", "Exposure to a protocol is short of what is filed under a misspelt contract."
            ),
            size=42,
            nullable=True,
        ),
        _count(
            "chain_id",
            "Chain it sits on.",
            Bounded("warning", "A position on chain zero is held nowhere.", at_least=1),
            nullable=True,
        ),
        _time(
            "last_updated",
            "When it was last valued.",
            Bounded("warning", "A value whose age is unknown is shown as if it were today's.", at_least=GENESIS),
            NotAhead("warning", "A value from tomorrow looks fresh for a day too long; a zone was added twice."),
        ),
    ),
)

_TRADING_STRATEGIES_ID = Formatted(UUID, "critical", "A strategy of no portfolio earns for nobody.")
_TRADING_STRATEGIES_JSON = Formatted(JSON, "warning", "How a strategy was set, or what it claims, cannot be audited.")
_TRADING_STRATEGIES_SINCE = Bounded(
    "warning", "A strategy that began in 1970 earned nothing for fifty years.", at_least=GENESIS
)

TRADING_STRATEGIES = Table(
    name="trading_strategies",
    store="postgres",
    key=("id",),
    portfolio="portfolio_id",
    meaning="What a satellite agent does for a portfolio.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("critical", "Profit of a strategy listed twice is credited twice."),
    required=Required("warning", "Work cannot be credited to a satellite that is not named."),
    columns=(
        _id("id", "The strategy.", _TRADING_STRATEGIES_ID),
        _id(
            "portfolio_id",
            "For which portfolio.",
            _TRADING_STRATEGIES_ID,
            Refers("portfolios.id", "warning", "Profit is made for nobody."),
        ),
        _text(
            "satellite_id",
            "Which satellite runs it.",
            Formatted(LABEL, "warning", "Two spellings split one satellite's record in two."),
            Refers("satellite_agents.id", "warning", "Work is credited to a satellite nobody registered."),
            size=50,
        ),
        _enum(
            "strategy_type",
            "strategy_type_enum",
            "What kind of strategy.",
            OneOf("warning", "Attribution by strategy leaves out what nobody knows."),
        ),
        _text(
            "name",
            "What it is called.",
            Formatted(TEXT, "warning", "A blank label in a table reads as a broken page."),
            size=255,
        ),
        _json("parameters", "How it is set.", _TRADING_STRATEGIES_JSON),
        _json("performance_metrics", "What the platform says it earned.", _TRADING_STRATEGIES_JSON, nullable=True),
        _flag(
            "is_active",
            "Whether it runs.",
            Required("warning", "A strategy neither running nor stopped is counted as either."),
        ),
        _time("created_at", "When it began.", _TRADING_STRATEGIES_SINCE),
        _time("updated_at", "When it last changed.", _TRADING_STRATEGIES_SINCE),
    ),
)

_TRANSACTIONS_ID = Formatted(UUID, "critical", "A flow of no portfolio, or in no asset, is missing from a return.")
_TRANSACTIONS_AMOUNT = Bounded(
    "critical",
    "A negative amount turns a deposit into a withdrawal; direction is the kind's business.",
    at_least=0,
    refused=True,
)
_TRANSACTIONS_GAS = Bounded("warning", "Gas that pays us hides what trading costs.", at_least=0, refused=True)

TRANSACTIONS = Table(
    name="transactions",
    store="postgres",
    key=("id",),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="Everything done on chain for a portfolio, gas included.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("critical", "A deposit counted twice is taken out of the return twice."),
    required=Required("critical", "A flow without its moment, kind or state is counted or not by chance."),
    columns=(
        _id("id", "The transaction.", _TRANSACTIONS_ID),
        _id(
            "portfolio_id",
            "For which portfolio.",
            _TRANSACTIONS_ID,
            Refers("portfolios.id", "critical", "Money moves for nobody."),
        ),
        _id(
            "strategy_id",
            "By which strategy; none when the owner acted.",
            _TRANSACTIONS_ID,
            Refers("trading_strategies.id", "warning", "A trade is credited to no strategy."),
            nullable=True,
        ),
        _text(
            "transaction_hash",
            "Its hash on chain; accepted once.",
            Unique(
                "critical", "Money moves twice in our books and once on chain: a hash came in through two partitions."
            ),
            Formatted(TRANSACTION_HASH, "warning", "A transaction nobody can look up on chain cannot be audited."),
            size=66,
        ),
        _count(
            "chain_id",
            "On which chain.",
            Bounded(
                "warning",
                "A transaction below chain zero happened nowhere; zero is a coin with a chain of its own.",
                at_least=0,
            ),
        ),
        _count(
            "block_number",
            "In which block.",
            Bounded("warning", "Order within a second is lost without the block.", at_least=0),
            big=True,
        ),
        _enum(
            "transaction_type",
            "transaction_type_enum",
            "What it did.",
            OneOf("critical", "A withdrawal nobody knows as one is a loss in the return."),
        ),
        _id(
            "from_asset_id",
            "What was given.",
            _TRANSACTIONS_ID,
            Refers("assets.id", "critical", "What was given has no price."),
            nullable=True,
        ),
        _id(
            "to_asset_id",
            "What was received.",
            _TRANSACTIONS_ID,
            Refers("assets.id", "critical", "What was received has no price."),
            nullable=True,
        ),
        _amount("from_amount", "How much was given.", _TRANSACTIONS_AMOUNT, unit="asset units", nullable=True),
        _amount("to_amount", "How much was received.", _TRANSACTIONS_AMOUNT, unit="asset units", nullable=True),
        _amount(
            "gas_used",
            "Gas spent, failed or not.",
            _TRANSACTIONS_GAS,
            Bounded(
                "warning", "Costs are off by powers of ten: no block ever held a billion gas.", at_most=1_000_000_000
            ),
            unit="gas",
            nullable=True,
        ),
        _amount(
            "gas_price",
            "Price of one unit of gas.",
            _TRANSACTIONS_GAS,
            Bounded(
                "warning",
                "Costs are off by a billion when gas is priced in gwei instead of whole tokens.",
                at_most=0.001,
            ),
            unit="native token per gas",
            nullable=True,
        ),
        _text(
            "protocol_name",
            "Which protocol; none when money crosses the portfolio's edge.",
            Formatted(
                TEXT,
                "critical",
                "A blank protocol is not none: money that moved inside looks as if it had come from outside.",
            ),
            size=100,
            nullable=True,
        ),
        _enum(
            "status",
            "transaction_status_enum",
            "What became of it; only confirmed ones count.",
            OneOf("critical", "Only confirmed transactions count; one in a state nobody knows is left out silently."),
        ),
        _time(
            "timestamp",
            "When it was included.",
            Bounded("critical", "A flow in 1970 moves the beginning of the portfolio's history.", at_least=GENESIS),
            OnTime("warning", "Flows of the last days are not taken out of returns; the ledger has stopped."),
            UsualRows("warning", "Flows are missing from, or doubled in, the returns of such a day."),
            NotAhead("warning", "A flow from tomorrow is in no return; a zone was added twice."),
            nullable=False,
        ),
        _json(
            "metadata",
            "What else is known: `flow` (external, internal) overrides the flow rule; `from_position`, `to_position`"
            " and `action` say what moved where; `l1_fee`, `operator_fee`, `blob_fee` in whole native coins and"
            " `gas_paid_by` belong to gas; `transaction_index`, `log_index` order a block; `cost_basis` in USD is what"
            " a deposit had cost.",
            Formatted(
                JSON, "warning", "A flow's own word on whether it is external cannot be read, so the rule guesses."
            ),
            nullable=True,
        ),
    ),
)

_RISK_ASSESSMENTS_ID = Formatted(UUID, "warning", "The risk of no portfolio warns nobody.")
_RISK_ASSESSMENTS_BOUNDS = Bounded(
    "warning",
    "A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
    at_least=0,
    at_most=1,
)
_RISK_ASSESSMENTS_JSON = Formatted(JSON, "warning", "Why a portfolio is at risk, or what to do, cannot be shown.")
_RISK_ASSESSMENTS_SINCE = Bounded(
    "warning", "An assessment from 1970 is never the latest, so it is never read.", at_least=GENESIS
)

RISK_ASSESSMENTS = Table(
    name="risk_assessments",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What the satellites thought of a portfolio's risk, and when.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("warning", "An assessment listed twice weighs twice."),
    required=Required("warning", "A risk without its size, kind or source cannot be weighed."),
    columns=(
        _id("id", "The assessment.", _RISK_ASSESSMENTS_ID),
        _id(
            "portfolio_id",
            "Of which portfolio.",
            _RISK_ASSESSMENTS_ID,
            Refers("portfolios.id", "warning", "A risk of nobody is assessed."),
        ),
        _enum(
            "assessment_type",
            "risk_assessment_type_enum",
            "Which risk.",
            OneOf("warning", "A kind of risk nobody knows is on no page."),
        ),
        _fraction("risk_score", "How bad: 0 none, 1 certain.", _RISK_ASSESSMENTS_BOUNDS),
        _fraction("confidence_level", "How sure the satellite is.", _RISK_ASSESSMENTS_BOUNDS),
        _json("factors", "What went into the score.", _RISK_ASSESSMENTS_JSON),
        _json("recommendations", "What it advises.", _RISK_ASSESSMENTS_JSON, nullable=True),
        _text(
            "satellite_source",
            "Which satellite.",
            Formatted(LABEL, "warning", "Two spellings split one satellite's record in two."),
            size=50,
        ),
        _time(
            "created_at",
            "When it was made.",
            _RISK_ASSESSMENTS_SINCE,
            OnTime("warning", "A risk is shown as it was before; nobody assesses any more."),
            NotAhead("warning", "What was written tomorrow is in no week; a zone was added twice."),
            nullable=False,
        ),
        _time("expires_at", "When it stops being valid.", _RISK_ASSESSMENTS_SINCE),
    ),
)

_RISK_ALERTS_ID = Formatted(UUID, "warning", "An alert about no portfolio warns nobody.")
_RISK_ALERTS_MISSING = Required("warning", "An alert that does not say what or how grave is not one.")

RISK_ALERTS = Table(
    name="risk_alerts",
    store="postgres",
    key=("id",),
    time="created_at",
    portfolio="portfolio_id",
    meaning="What an owner was warned of.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("warning", "An alert listed twice rings twice."),
    required=_RISK_ALERTS_MISSING,
    columns=(
        _id("id", "The alert.", _RISK_ALERTS_ID),
        _id(
            "portfolio_id",
            "About which portfolio.",
            _RISK_ALERTS_ID,
            Refers("portfolios.id", "warning", "Nobody hears the alarm."),
        ),
        _enum(
            "alert_type",
            "risk_alert_type_enum",
            "About which risk.",
            OneOf("warning", "An alert of a kind nobody knows is on no page."),
        ),
        _enum(
            "severity",
            "severity_enum",
            "How grave.",
            OneOf("warning", "An alert of unknown gravity sorts below the harmless."),
        ),
        _text("message", "What was said.", Formatted(TEXT, "warning", "A blank warning warns of nothing.")),
        _json(
            "details",
            "The figures behind it.",
            Formatted(JSON, "warning", "The figures behind an alert cannot be shown."),
            nullable=True,
        ),
        _flag("is_acknowledged", "Whether it was acknowledged."),
        _time("acknowledged_at", "When it was acknowledged."),
        _id("acknowledged_by", "Who did.", _RISK_ALERTS_ID, nullable=True),
        _time(
            "created_at",
            "When it was raised.",
            _RISK_ALERTS_MISSING,
            Bounded("warning", "An alert from 1970 is open for fifty years in every statistic.", at_least=GENESIS),
            NotAhead("warning", "What was written tomorrow is in no week; a zone was added twice."),
        ),
        _time("resolved_at", "When it was over."),
    ),
)

_SATELLITE_AGENTS_TEXT = Formatted(TEXT, "warning", "A blank label reads as a broken page.")
_SATELLITE_AGENTS_KIND = OneOf("warning", "A satellite of unknown trade, build or health falls out of its table.")
_SATELLITE_AGENTS_JSON = Formatted(JSON, "warning", "How a satellite is set, or what it claims, cannot be audited.")
_SATELLITE_AGENTS_SINCE = Bounded("warning", "A health check from 1970 was never made.", at_least=GENESIS)
_SATELLITE_AGENTS_MISSING = Required("warning", "A satellite without a name, trade or version cannot be compared.")

SATELLITE_AGENTS = Table(
    name="satellite_agents",
    store="postgres",
    key=("id",),
    meaning="The eight satellite agents.",
    affects=(),
    rows=Rows(8, "warning", "Work of a satellite that is not registered is credited to nobody."),
    unique=Unique("critical", "A satellite registered twice does everything twice."),
    required=_SATELLITE_AGENTS_MISSING,
    columns=(
        _text(
            "id",
            "The satellite: sage, forge, pulse, and so on.",
            Formatted(LABEL, "warning", "Two spellings split one satellite's record in two."),
            size=50,
        ),
        _text("name", "Its full name.", _SATELLITE_AGENTS_TEXT, size=255),
        _text("description", "What it does.", _SATELLITE_AGENTS_TEXT, nullable=True),
        _enum("agent_type", "agent_type_enum", "Its trade.", _SATELLITE_AGENTS_KIND),
        _enum("implementation_type", "implementation_type_enum", "How it is built.", _SATELLITE_AGENTS_KIND),
        _text(
            "version",
            "Which build runs.",
            Formatted(VERSION, "warning", "A change in behaviour cannot be laid to a build that is not named."),
            size=50,
        ),
        _json("configuration", "How it is set.", _SATELLITE_AGENTS_JSON),
        _json("performance_metrics", "What it says of itself.", _SATELLITE_AGENTS_JSON, nullable=True),
        _enum("health_status", "health_status_enum", "How it is.", _SATELLITE_AGENTS_KIND, nullable=True),
        _time("last_health_check", "When that was asked.", _SATELLITE_AGENTS_SINCE),
        _flag("is_active", "Whether it runs.", _SATELLITE_AGENTS_MISSING),
        _time("created_at", "When it was registered.", _SATELLITE_AGENTS_SINCE),
        _time("updated_at", "When it last changed.", _SATELLITE_AGENTS_SINCE),
    ),
)

_AGENT_TASKS_LABEL = Formatted(LABEL, "warning", "Two spellings split one record in two.")
_AGENT_TASKS_JSON = Formatted(JSON, "warning", "What a task was given, or gave, cannot be audited.")
_AGENT_TASKS_MISSING = Required("warning", "A task without its satellite, kind or state is nobody's.")

AGENT_TASKS = Table(
    name="agent_tasks",
    store="postgres",
    key=("id",),
    time="created_at",
    meaning="What the satellites were asked to do, and how it went.",
    affects=(),
    unique=Unique("warning", "A task listed twice is done twice as often."),
    required=_AGENT_TASKS_MISSING,
    columns=(
        _id("id", "The task.", Formatted(UUID, "warning", "A queue names tasks by UUID; others are never found.")),
        _text(
            "agent_id",
            "Which satellite.",
            _AGENT_TASKS_LABEL,
            Refers("satellite_agents.id", "warning", "A task is nobody's."),
            size=50,
        ),
        _text("task_type", "What was asked.", _AGENT_TASKS_LABEL, size=100),
        _count(
            "priority",
            "1 first, 10 last.",
            Bounded("warning", "Urgent work waits behind a priority off the scale.", at_least=1, at_most=10),
        ),
        _json("payload", "With which input.", _AGENT_TASKS_JSON),
        _enum(
            "status",
            "task_status_enum",
            "How far it is.",
            OneOf("warning", "A task in a state nobody knows is neither done nor open."),
        ),
        _time("started_at", "When work began."),
        _time("completed_at", "When work ended."),
        _text("error_message", "Why it failed.", nullable=True),
        _json("result", "What came of it.", _AGENT_TASKS_JSON, nullable=True),
        _time(
            "created_at",
            "When it was asked.",
            _AGENT_TASKS_MISSING,
            Bounded("warning", "A task from 1970 waits for ever.", at_least=GENESIS),
            OnTime("warning", "Satellites look idle, or busy, because nobody writes down what they do."),
            NotAhead("warning", "What was written tomorrow is in no week; a zone was added twice."),
        ),
    ),
)

_SCHEMA_MIGRATIONS_TEXT = Formatted(
    TEXT, "info", "A migration that does not say what it did, or how to undo it, is found out by trying."
)
_SCHEMA_MIGRATIONS_MISSING = Required("warning", "A migration without name, time or checksum cannot be verified.")

SCHEMA_MIGRATIONS = Table(
    name="schema_migrations",
    store="postgres",
    key=("version",),
    meaning="Which migrations made this database.",
    affects=None,
    rows=Rows(1, "warning", "Nobody can say which schema these numbers came from."),
    unique=Unique("warning", "A migration applied twice may have changed the data twice."),
    required=_SCHEMA_MIGRATIONS_MISSING,
    columns=(
        _text(
            "version",
            "Number of the migration.",
            Formatted(NUMBERED, "warning", "Order is lost when a version does not begin with its number."),
            size=50,
        ),
        _text("description", "What it did.", _SCHEMA_MIGRATIONS_TEXT),
        _time(
            "applied_at",
            "When.",
            _SCHEMA_MIGRATIONS_MISSING,
            Bounded(
                "warning",
                "A change of schema cannot be laid beside a change of numbers without its date.",
                at_least=GENESIS,
            ),
        ),
        _text("rollback_sql", "What undoes it.", _SCHEMA_MIGRATIONS_TEXT, nullable=True),
        _text(
            "checksum",
            "SHA-256 of the file as it was applied.",
            Formatted(SHA256, "warning", "An edited migration goes unseen without the checksum of its file."),
        ),
    ),
)

_DAILY_EXTERNAL_FLOWS_ID = Formatted(UUID, "critical", "A flow of nobody is taken out of no return.")

DAILY_EXTERNAL_FLOWS = Table(
    name="daily_external_flows",
    store="postgres",
    key=("portfolio_id", "day", "asset_id", "direction", "rule"),
    day="day",
    portfolio="portfolio_id",
    view=True,
    meaning="What crossed each portfolio's edge, by day and asset.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique(
        "critical",
        "A flow taken out of a return twice is a loss nobody had.",
        rule="one row per portfolio, day, asset, direction and rule",
    ),
    required=Required("critical", "A flow without its day, asset, direction or size is left in the return."),
    columns=(
        _id(
            "portfolio_id",
            "Whose flow.",
            _DAILY_EXTERNAL_FLOWS_ID,
            Refers("portfolios.id", "critical", "A flow is taken out of no return."),
            nullable=True,
        ),
        Column(
            name="day",
            dtype=pl.Date(),
            native="date",
            meaning="UTC day.",
            nullable=True,
            rules=(
                Bounded(
                    "critical",
                    "A flow in 1970 moves the beginning of the portfolio's history.",
                    at_least=GENESIS.date(),
                ),
            ),
        ),
        _id(
            "asset_id",
            "In which asset.",
            _DAILY_EXTERNAL_FLOWS_ID,
            Refers("assets.id", "critical", "A flow cannot be valued."),
            nullable=True,
        ),
        Column(
            name="direction",
            dtype=pl.Enum(["in", "out"]),
            native="text",
            meaning="Into or out of it.",
            nullable=True,
            rules=(OneOf("critical", "A flow that goes neither in nor out has no sign."),),
        ),
        Column(
            name="rule",
            dtype=pl.Enum(["protocol", "override"]),
            native="text",
            meaning="What made it external: no protocol named, or metadata.flow.",
            nullable=True,
            rules=(OneOf("warning", "The audit of what made a flow external is incomplete."),),
        ),
        Column(
            name="amount",
            dtype=MONEY,
            native="numeric",
            meaning="How much.",
            unit="asset units",
            nullable=True,
            rules=(Bounded("critical", "A negative amount turns a deposit into a withdrawal.", at_least=0),),
        ),
        _count(
            "flows",
            "How many transactions.",
            Bounded("warning", "A day with a flow and no transaction was invented.", at_least=1),
            big=True,
            nullable=True,
        ),
    ),
)

CURRENT_EXPOSURE = Table(
    name="current_exposure",
    store="postgres",
    key=("portfolio_id", "asset_type", "protocol_address", "chain_id"),
    portfolio="portfolio_id",
    view=True,
    meaning="What each portfolio is exposed to now, by asset type, protocol and chain.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique(
        "critical",
        "An exposure listed twice doubles a concentration.",
        rule="one row per portfolio, kind, protocol and chain",
    ),
    required=Required("critical", "Exposure by kind, protocol and chain does not add up to the whole."),
    columns=(
        _id(
            "portfolio_id",
            "Whose exposure.",
            Formatted(UUID, "critical", "The exposure of nobody is on no page."),
            Refers("portfolios.id", "warning", "Exposure of nobody is shown."),
            nullable=True,
        ),
        _enum(
            "asset_type",
            "asset_type_enum",
            "To what kind of token.",
            OneOf("critical", "Exposure by kind leaves out what nobody knows."),
            nullable=True,
        ),
        _text(
            "protocol_address",
            "In which contract; empty for a wallet.",
            Formatted(
                ADDRESS_OR_EMPTY,
                "warning",
                "Exposure to a protocol is short of what is filed under a misspelt contract.",
            ),
            nullable=True,
        ),
        _count(
            "chain_id",
            "On which chain; 0 where none is named.",
            Bounded("warning", "Exposure to a chain below zero is to nothing.", at_least=0),
            nullable=True,
        ),
        Column(
            name="value",
            dtype=MONEY,
            native="numeric",
            meaning="Net value; negative for a debt.",
            unit="USD",
            nullable=True,
            rules=(
                Bounded(
                    "warning",
                    "One unscaled amount is the whole of every chart, and so is a spam token quoted at a fancy price.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                ),
            ),
        ),
        _count(
            "positions",
            "How many positions.",
            Bounded("warning", "An exposure without a position was invented.", at_least=1),
            big=True,
            nullable=True,
        ),
    ),
)

TABLES = (
    USERS, USER_API_KEYS, USER_SESSIONS, ASSETS, PORTFOLIOS, PORTFOLIO_POSITIONS, TRADING_STRATEGIES, TRANSACTIONS,
    RISK_ASSESSMENTS, RISK_ALERTS, SATELLITE_AGENTS, AGENT_TASKS, SCHEMA_MIGRATIONS, DAILY_EXTERNAL_FLOWS,
    CURRENT_EXPOSURE,
)  # fmt: skip
