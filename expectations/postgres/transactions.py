"""Rules of `transactions`: the transactions that flows and gas costs are computed from."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.scale import scale_outliers
from ys_analytics.quality.detectors.timezones import out_of_order
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas.outcomes import MOVING, moves

_MOVED = "status IN ({})".format(", ".join(f"'{status}'" for status in MOVING))

SUITE = ExpectationSuite(
    name="transactions",
    expectations=[
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
            notes=(
                "A confirmed flow without its asset or amount is not removed from the return and is shown as profit or "
                "loss."
            ),
        ),
        UnexpectedRowsExpectation(
            description="gas_used is zero or at least 21,000",
            unexpected_rows_query="""
                SELECT id, chain_id, gas_used, gas_price FROM {batch} AS judged
                WHERE gas_used > 0 AND gas_used < 21000
            """,
            meta={"columns": ["gas_used", "gas_price"]},
            severity="warning",
            notes="Costs are wrong: no transaction uses less than 21,000 gas, so another column was stored here.",
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="in_whole_tokens(from_amount)",
        find=lambda snapshot: scale_outliers(
            snapshot.frame("transactions"), series=("from_asset_id",), key=("id",), value="from_amount"
        ),
        columns=("from_amount", "from_asset_id"),
        severity="warning",
        notes=(
            "A withdrawal may exceed the whole portfolio, because raw units were stored instead of whole tokens. A "
            "rule of `cross_store` compares it with the portfolio's value, which distinguishes an error from a large "
            "holder, and blocks the report."
        ),
        needs=("transactions",),
    ),
    Detector(
        rule="in_whole_tokens(to_amount)",
        find=lambda snapshot: scale_outliers(
            snapshot.frame("transactions"), series=("to_asset_id",), key=("id",), value="to_amount"
        ),
        columns=("to_amount", "to_asset_id"),
        severity="warning",
        notes=(
            "A deposit may exceed the whole portfolio, because raw units were stored instead of whole tokens. A rule "
            "of `cross_store` compares it with the portfolio's value, which distinguishes an error from a large "
            "holder, and blocks the report."
        ),
        needs=("transactions",),
    ),
    Detector(
        rule="in_whole_tokens(gas_price)",
        find=lambda snapshot: scale_outliers(
            snapshot.frame("transactions"), series=("chain_id",), key=("id",), value="gas_price"
        ),
        columns=("gas_price",),
        severity="warning",
        notes=(
            "Costs are a billion times too high because the gas price was stored in gwei or wei instead of whole "
            "tokens."
        ),
        needs=("transactions",),
    ),
    Detector(
        rule="in_order_of_blocks(timestamp)",
        find=lambda snapshot: out_of_order(
            snapshot.frame("transactions").filter(moves()),
            series=("chain_id",),
            key=("id",),
            order="block_number",
            time="timestamp",
        ),
        columns=("timestamp", "block_number"),
        severity="warning",
        notes=(
            "A transaction's timestamp contradicts its block number, so a flow may be removed from another day's "
            "return."
        ),
        needs=("transactions",),
    ),
]
