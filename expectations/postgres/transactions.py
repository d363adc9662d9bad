"""What must be true of `transactions` before flows and gas are read off them."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead, late
from ys_analytics.quality.detectors.row_counts import unusual_days
from ys_analytics.quality.detectors.scale import scale_outliers
from ys_analytics.quality.detectors.timezones import out_of_order
from ys_analytics.quality.suite_types import Detect
from ys_analytics.schemas.outcomes import MOVING, moves
from ys_analytics.schemas.postgres import ENUMS

_MOVED = "status IN ({})".format(", ".join(f"'{status}'" for status in MOVING))

SUITE = ExpectationSuite(
    name="transactions",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="critical",
            notes="A deposit counted twice is taken out of the return twice.",
        ),
        ExpectColumnValuesToBeUnique(
            column="transaction_hash",
            severity="critical",
            notes="Money moves twice in our books and once on chain: a hash came in through two partitions.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="critical",
                notes="A flow of no portfolio, or in no asset, is missing from a return.",
            )
            for column in ("id", "portfolio_id", "strategy_id", "from_asset_id", "to_asset_id")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A flow without its moment, kind or state is counted or not by chance.",
            )
            for column in (
                "id",
                "portfolio_id",
                "transaction_hash",
                "chain_id",
                "block_number",
                "transaction_type",
                "status",
                "timestamp",
            )
        ),
        ExpectColumnValuesToBeInSet(
            column="transaction_type",
            value_set=list(ENUMS["transaction_type_enum"]),
            severity="critical",
            notes="A withdrawal nobody knows as one is a loss in the return.",
        ),
        ExpectColumnValuesToBeInSet(
            column="status",
            value_set=list(ENUMS["transaction_status_enum"]),
            severity="critical",
            notes="Only confirmed transactions count; one in a state nobody knows is left out silently.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=0,
                severity="critical",
                notes="A negative amount turns a deposit into a withdrawal; direction is the kind's business.",
            )
            for column in ("from_amount", "to_amount")
        ),
        UnexpectedRowsExpectation(
            description="a confirmed flow says what and how much",
            unexpected_rows_query=f"""
                SELECT id, portfolio_id, transaction_type FROM {{batch}} AS judged
                WHERE {_MOVED} AND (
                    (transaction_type = 'deposit' AND (to_asset_id IS NULL OR to_amount IS NULL)
                     AND (from_asset_id IS NULL OR from_amount IS NULL))
                    OR (transaction_type = 'withdraw' AND (from_asset_id IS NULL OR from_amount IS NULL)
                     AND (to_asset_id IS NULL OR to_amount IS NULL))
                    OR (transaction_type = 'swap' AND (from_asset_id IS NULL OR to_asset_id IS NULL
                     OR from_amount IS NULL OR to_amount IS NULL))
                )
            """,  # noqa: S608 - statuses of our own list
            meta={
                "columns": ["transaction_type", "from_asset_id", "from_amount", "to_asset_id", "to_amount", "status"]
            },
            severity="critical",
            notes="A return swallows a flow whose asset or amount is not known, and shows it as profit or loss.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=0,
                severity="warning",
                notes="Gas that pays us hides what trading costs.",
            )
            for column in ("gas_used", "gas_price")
        ),
        ExpectColumnValuesToBeBetween(
            column="gas_used",
            max_value=1_000_000_000,
            severity="warning",
            notes="Costs are off by powers of ten: no block ever held a billion gas.",
        ),
        ExpectColumnValuesToBeBetween(
            column="gas_price",
            max_value=0.001,
            severity="warning",
            notes="Costs are off by a billion when gas is priced in gwei instead of whole tokens.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="transaction_hash",
            regex=patterns.TRANSACTION_HASH,
            severity="warning",
            notes="A transaction nobody can look up on chain cannot be audited.",
        ),
        UnexpectedRowsExpectation(
            description="gas_used is gas, and no price",
            unexpected_rows_query="""
                SELECT id, chain_id, gas_used, gas_price FROM {batch} AS judged
                WHERE gas_used > 0 AND gas_used < 21000
            """,
            meta={"columns": ["gas_used", "gas_price"]},
            severity="warning",
            notes="Costs are nonsense: no transaction ever used less than 21,000 gas, so a column was exchanged.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="protocol_name",
            regex=patterns.WRITTEN,
            severity="critical",
            notes="A blank protocol is not none: money that moved inside looks as if it had come from outside.",
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id",
            min_value=0,
            severity="warning",
            notes="A transaction below chain zero happened nowhere; zero is a coin with a chain of its own.",
        ),
        ExpectColumnValuesToBeBetween(
            column="block_number",
            min_value=0,
            severity="warning",
            notes="Order within a second is lost without the block.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=patterns.GENESIS,
            severity="critical",
            notes="A flow in 1970 moves the beginning of the portfolio's history.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="metadata",
            severity="warning",
            notes="A flow's own word on whether it is external cannot be read, so the rule guesses.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="in_whole_tokens(from_amount)",
        find=lambda picture: scale_outliers(
            picture.frame("transactions"), series=("from_asset_id",), key=("id",), value="from_amount"
        ),
        columns=("from_amount", "from_asset_id"),
        severity="warning",
        notes="A withdrawal may be larger than all there is: raw units were written where whole tokens belong. What "
        "its portfolio was worth tells a whale from an error, and stops a report: see `cross_store`.",
        needs=("transactions",),
    ),
    Detect(
        rule="in_whole_tokens(to_amount)",
        find=lambda picture: scale_outliers(
            picture.frame("transactions"), series=("to_asset_id",), key=("id",), value="to_amount"
        ),
        columns=("to_amount", "to_asset_id"),
        severity="warning",
        notes="A deposit may be larger than all there is: raw units were written where whole tokens belong. What its "
        "portfolio was worth tells a whale from an error, and stops a report: see `cross_store`.",
        needs=("transactions",),
    ),
    Detect(
        rule="in_whole_tokens(gas_price)",
        find=lambda picture: scale_outliers(
            picture.frame("transactions"), series=("chain_id",), key=("id",), value="gas_price"
        ),
        columns=("gas_price",),
        severity="warning",
        notes="Costs are off by a billion: gas was priced in gwei or wei instead of whole tokens.",
        needs=("transactions",),
    ),
    Detect(
        rule="in_order_of_blocks(timestamp)",
        find=lambda picture: out_of_order(
            picture.frame("transactions").filter(moves()),
            series=("chain_id",),
            key=("id",),
            order="block_number",
            time="timestamp",
        ),
        columns=("timestamp", "block_number"),
        severity="warning",
        notes="A flow is taken out of another day's return: its moment is not that of its block.",
        needs=("transactions",),
    ),
    Detect(
        rule="on_time(timestamp)",
        find=lambda picture: late(picture.frame("transactions"), time="timestamp", as_of=picture.as_of),
        columns=("timestamp",),
        severity="warning",
        notes="Flows of the last days are not taken out of returns; the ledger has stopped.",
        needs=("transactions",),
    ),
    Detect(
        rule="usual_rows_a_day(timestamp)",
        find=lambda picture: unusual_days(picture.frame("transactions"), time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="Flows are missing from, or doubled in, the returns of such a day.",
        needs=("transactions",),
    ),
    Detect(
        rule="not_ahead(timestamp)",
        find=lambda picture: ahead(picture.frame("transactions"), key=("id",), time="timestamp", as_of=picture.as_of),
        columns=("timestamp",),
        severity="warning",
        notes="A flow from tomorrow is in no return; a zone was added twice.",
        needs=("transactions",),
    ),
]
