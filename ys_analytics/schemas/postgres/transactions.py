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
    NotInFuture,
    OneOf,
    OnTime,
    Refers,
    Required,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Table

_TRANSACTIONS_ID = Formatted(
    UUID, "critical", "A transaction with a malformed id, portfolio id or asset id is missing from flows and returns."
)

_TRANSACTIONS_AMOUNT = Bounded(
    "critical",
    "A negative amount turns a deposit into a withdrawal. The direction is given by the transaction type.",
    at_least=0,
    refused=True,
)

_TRANSACTIONS_GAS = Bounded(
    "warning", "A negative gas price or gas amount lowers the trading costs shown.", at_least=0, refused=True
)

TRANSACTIONS = Table(
    name="transactions",
    store="postgres",
    key=("id",),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="Everything done on chain for a portfolio, gas included.",
    affects=("portfolio_id", "portfolio"),
    unique=Unique("critical", "A duplicated deposit is removed from the return twice."),
    required=Required(
        "critical", "A transaction without its time, type or status may or may not be counted as a flow."
    ),
    columns=(
        id_column("id", "The transaction.", _TRANSACTIONS_ID),
        id_column(
            "portfolio_id",
            "For which portfolio.",
            _TRANSACTIONS_ID,
            Refers(
                "portfolios.id",
                "critical",
                "A transaction of an unknown portfolio is missing from every portfolio's flows.",
            ),
        ),
        id_column(
            "strategy_id",
            "By which strategy; none when the owner acted.",
            _TRANSACTIONS_ID,
            Refers(
                "trading_strategies.id",
                "warning",
                "A trade with an unknown strategy is missing from attribution by strategy.",
            ),
            nullable=True,
        ),
        text_column(
            "transaction_hash",
            "Its hash on chain; accepted once.",
            Unique("critical", "A transaction recorded in two partitions is counted twice in flows and holdings."),
            Formatted(TRANSACTION_HASH, "warning", "A transaction without a valid hash cannot be verified on chain."),
            size=66,
        ),
        count_column(
            "chain_id",
            "On which chain.",
            Bounded(
                "warning",
                "A transaction with a negative chain id belongs to no chain. Zero stands for a coin with a chain of "
                "its own.",
                at_least=0,
            ),
        ),
        count_column(
            "block_number",
            "In which block.",
            Bounded(
                "warning", "Transactions without a valid block number cannot be ordered within one second.", at_least=0
            ),
            big=True,
        ),
        enum_column(
            "transaction_type",
            "transaction_type_enum",
            "What it did.",
            OneOf("critical", "A withdrawal with an unknown transaction type is shown as a loss in the return."),
        ),
        id_column(
            "from_asset_id",
            "What was given.",
            _TRANSACTIONS_ID,
            Refers("assets.id", "critical", "The asset given in a transaction is unknown and cannot be valued."),
            nullable=True,
        ),
        id_column(
            "to_asset_id",
            "What was received.",
            _TRANSACTIONS_ID,
            Refers("assets.id", "critical", "The asset received in a transaction is unknown and cannot be valued."),
            nullable=True,
        ),
        amount_column("from_amount", "How much was given.", _TRANSACTIONS_AMOUNT, unit="asset units", nullable=True),
        amount_column("to_amount", "How much was received.", _TRANSACTIONS_AMOUNT, unit="asset units", nullable=True),
        amount_column(
            "gas_used",
            "Gas spent, failed or not.",
            _TRANSACTIONS_GAS,
            Bounded(
                "warning",
                "Costs are wrong by powers of ten: no block has ever held a billion gas.",
                at_most=1_000_000_000,
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
                "A gas price stored in gwei instead of whole tokens makes costs a billion times too high.",
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
                "A blank protocol name is not the same as none: a transfer within the portfolio looks like an "
                "external flow.",
            ),
            size=100,
            nullable=True,
        ),
        enum_column(
            "status",
            "transaction_status_enum",
            "What became of it; only confirmed ones count.",
            OneOf(
                "critical",
                "A transaction with an unknown status is left out without notice, because only confirmed ones count.",
            ),
        ),
        time_column(
            "timestamp",
            "When it was included.",
            Bounded(
                "critical", "A flow dated before 2009 moves the start of the portfolio's history.", at_least=GENESIS
            ),
            OnTime(
                "warning", "Flows of the last days are not removed from returns because no new transactions arrive."
            ),
            UsualRows(
                "warning",
                "Flows may be missing or duplicated in the returns of a day with an unusual number of transactions.",
            ),
            NotInFuture(
                "warning",
                "A flow dated in the future is missing from every return. The usual cause is a time zone offset "
                "applied twice.",
            ),
            nullable=False,
        ),
        json_column(
            "metadata",
            "What else is known: `flow` (external, internal) overrides the flow rule; `from_position`, `to_position`"
            " and `action` say what moved where; `l1_fee`, `operator_fee`, `blob_fee` in whole native coins and"
            " `gas_paid_by` belong to gas; `transaction_index`, `log_index` order a block; `cost_basis` in USD is what"
            " a deposit had cost.",
            Formatted(
                JSON,
                "warning",
                "The metadata that says whether a flow is external is not valid JSON, so the classification is a "
                "guess.",
            ),
            nullable=True,
        ),
    ),
)
