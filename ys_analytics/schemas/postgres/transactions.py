"""Transactions of portfolios.

Depends on the columns of this package; holds no SQL.
"""

from ys_analytics.schemas.postgres.columns import (
    amount_column,
    count_column,
    enum_column,
    id_column,
    json_column,
    text_column,
    time_column,
)
from ys_analytics.schemas.rules import (
    GENESIS,
    JSON,
    TEXT,
    TRANSACTION_HASH,
    UUID,
    Bounded,
    Formatted,
    NotAhead,
    OneOf,
    OnTime,
    Refers,
    Required,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Table

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
        id_column("id", "The transaction.", _TRANSACTIONS_ID),
        id_column(
            "portfolio_id",
            "For which portfolio.",
            _TRANSACTIONS_ID,
            Refers("portfolios.id", "critical", "Money moves for nobody."),
        ),
        id_column(
            "strategy_id",
            "By which strategy; none when the owner acted.",
            _TRANSACTIONS_ID,
            Refers("trading_strategies.id", "warning", "A trade is credited to no strategy."),
            nullable=True,
        ),
        text_column(
            "transaction_hash",
            "Its hash on chain; accepted once.",
            Unique(
                "critical", "Money moves twice in our books and once on chain: a hash came in through two partitions."
            ),
            Formatted(TRANSACTION_HASH, "warning", "A transaction nobody can look up on chain cannot be audited."),
            size=66,
        ),
        count_column(
            "chain_id",
            "On which chain.",
            Bounded(
                "warning",
                "A transaction below chain zero happened nowhere; zero is a coin with a chain of its own.",
                at_least=0,
            ),
        ),
        count_column(
            "block_number",
            "In which block.",
            Bounded("warning", "Order within a second is lost without the block.", at_least=0),
            big=True,
        ),
        enum_column(
            "transaction_type",
            "transaction_type_enum",
            "What it did.",
            OneOf("critical", "A withdrawal nobody knows as one is a loss in the return."),
        ),
        id_column(
            "from_asset_id",
            "What was given.",
            _TRANSACTIONS_ID,
            Refers("assets.id", "critical", "What was given has no price."),
            nullable=True,
        ),
        id_column(
            "to_asset_id",
            "What was received.",
            _TRANSACTIONS_ID,
            Refers("assets.id", "critical", "What was received has no price."),
            nullable=True,
        ),
        amount_column("from_amount", "How much was given.", _TRANSACTIONS_AMOUNT, unit="asset units", nullable=True),
        amount_column("to_amount", "How much was received.", _TRANSACTIONS_AMOUNT, unit="asset units", nullable=True),
        amount_column(
            "gas_used",
            "Gas spent, failed or not.",
            _TRANSACTIONS_GAS,
            Bounded(
                "warning", "Costs are off by powers of ten: no block ever held a billion gas.", at_most=1_000_000_000
            ),
            unit="gas",
            nullable=True,
        ),
        amount_column(
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
        text_column(
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
        enum_column(
            "status",
            "transaction_status_enum",
            "What became of it; only confirmed ones count.",
            OneOf("critical", "Only confirmed transactions count; one in a state nobody knows is left out silently."),
        ),
        time_column(
            "timestamp",
            "When it was included.",
            Bounded("critical", "A flow in 1970 moves the beginning of the portfolio's history.", at_least=GENESIS),
            OnTime("warning", "Flows of the last days are not taken out of returns; the ledger has stopped."),
            UsualRows("warning", "Flows are missing from, or doubled in, the returns of such a day."),
            NotAhead("warning", "A flow from tomorrow is in no return; a zone was added twice."),
            nullable=False,
        ),
        json_column(
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
