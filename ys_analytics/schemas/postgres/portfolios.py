"""Portfolios, their positions and strategies.

Depends on the columns of this package; holds no SQL.
"""

from ys_analytics.schemas.postgres.columns import (
    amount_column,
    count_column,
    enum_column,
    flag_column,
    fraction_column,
    id_column,
    json_column,
    text_column,
    time_column,
)
from ys_analytics.schemas.rules import (
    ADDRESS,
    GENESIS,
    JSON,
    LABEL,
    TEXT,
    UUID,
    Bounded,
    Formatted,
    NotInFuture,
    OneOf,
    Refers,
    Required,
    Rows,
    Unique,
)
from ys_analytics.schemas.table import Table

_PORTFOLIOS_ID = Formatted(
    UUID,
    "critical",
    "Snapshots refer to portfolios by UUID in lower case, so a portfolio with any other id has no history and no "
    "owner.",
)

_PORTFOLIOS_TEXT = Formatted(
    TEXT, "warning", "A portfolio with a blank name or description has an empty title in its report."
)

_PORTFOLIOS_SINCE = Bounded(
    "warning", "A portfolio dated before 2009 has its annualised return spread over decades.", at_least=GENESIS
)

PORTFOLIOS = Table(
    name="portfolios",
    store="postgres",
    key=("id",),
    portfolio="id",
    meaning="What a user asked us to run: risk profile, targets and limits.",
    affects=("id", "portfolio"),
    rows=Rows(1, "critical", "The portfolio table is empty, so there are no reports."),
    unique=Unique("critical", "A duplicated portfolio gets two reports that may disagree."),
    required=Required(
        "critical", "A portfolio without its id, owner, name, risk profile or target cannot be reported on."
    ),
    columns=(
        id_column("id", "The portfolio.", _PORTFOLIOS_ID),
        id_column(
            "user_id",
            "Its owner.",
            _PORTFOLIOS_ID,
            Refers("users.id", "critical", "A portfolio without a known owner has no recipient for its report."),
        ),
        text_column("name", "What the owner calls it; any text at all.", _PORTFOLIOS_TEXT, size=255),
        text_column("description", "What it is for.", _PORTFOLIOS_TEXT, nullable=True),
        enum_column(
            "risk_profile",
            "risk_profile_enum",
            "How much risk the owner wants.",
            OneOf(
                "critical",
                "Default limits depend on the risk profile, so a portfolio with an unknown profile has none.",
            ),
        ),
        json_column(
            "target_allocation",
            "Target weight by asset symbol, as fractions.",
            Formatted(
                JSON,
                "critical",
                "A target allocation that is not valid JSON is ignored, so drift from the target cannot be measured.",
            ),
        ),
        enum_column(
            "rebalancing_strategy",
            "rebalancing_strategy_enum",
            "How often weights are restored.",
            OneOf(
                "warning",
                "With an unknown rebalancing strategy, drift from the target is measured on the wrong schedule.",
            ),
            nullable=True,
        ),
        fraction_column(
            "max_drawdown",
            "The fall from the peak the owner accepts.",
            Bounded(
                "critical",
                "A drawdown limit of 20 instead of 0.20 is never reached, so no warning is ever given.",
                at_least=0,
                at_most=1,
            ),
            nullable=True,
            exact=True,
        ),
        fraction_column(
            "target_return",
            "The return per year the owner hopes for.",
            Bounded(
                "warning",
                "A target return of 12 instead of 0.12 makes every year miss its target.",
                at_least=-1,
                at_most=5,
            ),
            nullable=True,
            exact=True,
        ),
        flag_column(
            "is_active",
            "Whether it is being run.",
            Required("warning", "A portfolio without an active flag may or may not be reported."),
        ),
        time_column("created_at", "When it was opened.", _PORTFOLIOS_SINCE),
        time_column("updated_at", "When it last changed.", _PORTFOLIOS_SINCE),
    ),
)

_PORTFOLIO_POSITIONS_ID = Formatted(
    UUID, "critical", "A position without a valid portfolio or asset id has neither a price nor an owner."
)

PORTFOLIO_POSITIONS = Table(
    name="portfolio_positions",
    store="postgres",
    key=("id",),
    portfolio="portfolio_id",
    meaning="What each portfolio holds or owes now.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("critical", "A duplicated position doubles the portfolio's exposure to its asset."),
    required=Required("critical", "A position with a missing value is left out of exposure."),
    columns=(
        id_column("id", "The position.", _PORTFOLIO_POSITIONS_ID),
        id_column(
            "portfolio_id",
            "Whose position.",
            _PORTFOLIO_POSITIONS_ID,
            Refers(
                "portfolios.id",
                "critical",
                "Positions without a portfolio are missing from every portfolio's exposure.",
            ),
        ),
        id_column(
            "asset_id",
            "Of which asset.",
            _PORTFOLIO_POSITIONS_ID,
            Refers("assets.id", "critical", "A position in an unknown asset has no name, type or price."),
        ),
        amount_column(
            "quantity",
            "How much is held; for borrowing, how much is owed.",
            Bounded(
                "critical",
                "A negative quantity turns a holding into a debt. Debts are positions of their own type.",
                at_least=0,
                refused=True,
            ),
            unit="asset units",
        ),
        amount_column(
            "average_cost",
            "Average price paid.",
            Bounded(
                "warning",
                "A negative average cost always shows a profit. A platform that deducts rewards from the cost "
                "legitimately has one.",
                at_least=0,
                refused=True,
            ),
            unit="USD per unit",
        ),
        amount_column(
            "current_value",
            "Quantity at the last price; negative for a debt.",
            Bounded(
                "warning",
                "One unscaled amount makes every other position's share of the portfolio almost zero. A spam token "
                "quoted at an inflated price does the same.",
                at_least=-1_000_000_000_000,
                at_most=1_000_000_000_000,
            ),
            unit="USD",
        ),
        fraction_column("allocation_percentage", "Share of the portfolio's net value."),
        enum_column(
            "position_type",
            "position_type_enum",
            "How it is held.",
            OneOf("critical", "A debt with an unknown position type is counted as an asset."),
        ),
        text_column(
            "protocol_address",
            "Contract it sits in, as `pool_address` of the quotes; none for a wallet.",
            Formatted(ADDRESS, "warning", "Exposure to a protocol is too low when its address is malformed."),
            size=42,
            nullable=True,
        ),
        count_column(
            "chain_id",
            "Chain it sits on.",
            Bounded("warning", "A position with a chain id below 1 is missing from exposure by chain.", at_least=1),
            nullable=True,
        ),
        time_column(
            "last_updated",
            "When it was last valued.",
            Bounded(
                "warning",
                "A position dated before 2009 has no usable update time, so an old value is shown as current.",
                at_least=GENESIS,
            ),
            NotInFuture(
                "warning",
                "A position dated in the future looks current longer than it is. The usual cause is a time zone "
                "offset applied twice.",
            ),
        ),
    ),
)

_TRADING_STRATEGIES_ID = Formatted(
    UUID, "critical", "A strategy with a malformed id or portfolio id is missing from every portfolio's attribution."
)

_TRADING_STRATEGIES_JSON = Formatted(
    JSON, "warning", "A strategy's parameters or performance that are not valid JSON cannot be audited."
)

_TRADING_STRATEGIES_SINCE = Bounded(
    "warning", "A strategy dated before 2009 has its return spread over decades.", at_least=GENESIS
)

TRADING_STRATEGIES = Table(
    name="trading_strategies",
    store="postgres",
    key=("id",),
    portfolio="portfolio_id",
    meaning="What a satellite agent does for a portfolio.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("critical", "Profit of a duplicated strategy is credited twice."),
    required=Required(
        "warning",
        "A strategy without its name, type, portfolio or satellite agent cannot be credited with its results.",
    ),
    columns=(
        id_column("id", "The strategy.", _TRADING_STRATEGIES_ID),
        id_column(
            "portfolio_id",
            "For which portfolio.",
            _TRADING_STRATEGIES_ID,
            Refers(
                "portfolios.id",
                "warning",
                "Profit of a strategy with an unknown portfolio is missing from every attribution.",
            ),
        ),
        text_column(
            "satellite_id",
            "Which satellite runs it.",
            Formatted(LABEL, "warning", "A malformed agent id splits one satellite agent's records into two groups."),
            Refers(
                "satellite_agents.id", "warning", "A strategy's profit is credited to an unregistered satellite agent."
            ),
            size=50,
        ),
        enum_column(
            "strategy_type",
            "strategy_type_enum",
            "What kind of strategy.",
            OneOf("warning", "Strategies with an unknown type are missing from attribution by type."),
        ),
        text_column(
            "name",
            "What it is called.",
            Formatted(TEXT, "warning", "A strategy with a blank name has an empty label in tables."),
            size=255,
        ),
        json_column("parameters", "How it is set.", _TRADING_STRATEGIES_JSON),
        json_column(
            "performance_metrics", "What the platform says it earned.", _TRADING_STRATEGIES_JSON, nullable=True
        ),
        flag_column(
            "is_active",
            "Whether it runs.",
            Required("warning", "A strategy without an active flag may be counted as running or as stopped."),
        ),
        time_column("created_at", "When it began.", _TRADING_STRATEGIES_SINCE),
        time_column("updated_at", "When it last changed.", _TRADING_STRATEGIES_SINCE),
    ),
)
