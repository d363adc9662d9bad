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
    NotAhead,
    OneOf,
    Refers,
    Required,
    Rows,
    Unique,
)
from ys_analytics.schemas.table import Table

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
        id_column("id", "The portfolio.", _PORTFOLIOS_ID),
        id_column(
            "user_id",
            "Its owner.",
            _PORTFOLIOS_ID,
            Refers("users.id", "critical", "A portfolio nobody owns is reported to nobody."),
        ),
        text_column("name", "What the owner calls it; any text at all.", _PORTFOLIOS_TEXT, size=255),
        text_column("description", "What it is for.", _PORTFOLIOS_TEXT, nullable=True),
        enum_column(
            "risk_profile",
            "risk_profile_enum",
            "How much risk the owner wants.",
            OneOf("critical", "Limits are read off the risk profile; an unknown one has none."),
        ),
        json_column(
            "target_allocation",
            "Target weight by asset symbol, as fractions.",
            Formatted(JSON, "critical", "Drift from a target that cannot be read is not drift at all."),
        ),
        enum_column(
            "rebalancing_strategy",
            "rebalancing_strategy_enum",
            "How often weights are restored.",
            OneOf("warning", "Drift from target is judged against the wrong calendar."),
            nullable=True,
        ),
        fraction_column(
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
        fraction_column(
            "target_return",
            "The return per year the owner hopes for.",
            Bounded("warning", "A hope of 12 instead of 0.12 makes every year a failure.", at_least=-1, at_most=5),
            nullable=True,
            exact=True,
        ),
        flag_column(
            "is_active",
            "Whether it is being run.",
            Required("warning", "A portfolio neither open nor closed is reported by chance."),
        ),
        time_column("created_at", "When it was opened.", _PORTFOLIOS_SINCE),
        time_column("updated_at", "When it last changed.", _PORTFOLIOS_SINCE),
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
        id_column("id", "The position.", _PORTFOLIO_POSITIONS_ID),
        id_column(
            "portfolio_id",
            "Whose position.",
            _PORTFOLIO_POSITIONS_ID,
            Refers("portfolios.id", "critical", "Money is held for nobody."),
        ),
        id_column(
            "asset_id",
            "Of which asset.",
            _PORTFOLIO_POSITIONS_ID,
            Refers("assets.id", "critical", "A holding is in nothing we know."),
        ),
        amount_column(
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
        amount_column(
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
        amount_column(
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
        fraction_column("allocation_percentage", "Share of the portfolio's net value."),
        enum_column(
            "position_type",
            "position_type_enum",
            "How it is held.",
            OneOf("critical", "A debt that is not known as one is counted as wealth."),
        ),
        text_column(
            "protocol_address",
            "Contract it sits in; none for a wallet.",
            Formatted(
                ADDRESS, "warning", "Exposure to a protocol is short of what is filed under a misspelt contract."
            ),
            size=42,
            nullable=True,
        ),
        count_column(
            "chain_id",
            "Chain it sits on.",
            Bounded("warning", "A position on chain zero is held nowhere.", at_least=1),
            nullable=True,
        ),
        time_column(
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
        id_column("id", "The strategy.", _TRADING_STRATEGIES_ID),
        id_column(
            "portfolio_id",
            "For which portfolio.",
            _TRADING_STRATEGIES_ID,
            Refers("portfolios.id", "warning", "Profit is made for nobody."),
        ),
        text_column(
            "satellite_id",
            "Which satellite runs it.",
            Formatted(LABEL, "warning", "Two spellings split one satellite's record in two."),
            Refers("satellite_agents.id", "warning", "Work is credited to a satellite nobody registered."),
            size=50,
        ),
        enum_column(
            "strategy_type",
            "strategy_type_enum",
            "What kind of strategy.",
            OneOf("warning", "Attribution by strategy leaves out what nobody knows."),
        ),
        text_column(
            "name",
            "What it is called.",
            Formatted(TEXT, "warning", "A blank label in a table reads as a broken page."),
            size=255,
        ),
        json_column("parameters", "How it is set.", _TRADING_STRATEGIES_JSON),
        json_column(
            "performance_metrics", "What the platform says it earned.", _TRADING_STRATEGIES_JSON, nullable=True
        ),
        flag_column(
            "is_active",
            "Whether it runs.",
            Required("warning", "A strategy neither running nor stopped is counted as either."),
        ),
        time_column("created_at", "When it began.", _TRADING_STRATEGIES_SINCE),
        time_column("updated_at", "When it last changed.", _TRADING_STRATEGIES_SINCE),
    ),
)
