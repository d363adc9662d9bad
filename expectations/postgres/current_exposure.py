"""What must be true of `current_exposure` before concentration is read off it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="current_exposure",
    expectations=[
        UnexpectedRowsExpectation(
            description="one row per portfolio, kind, protocol and chain",
            unexpected_rows_query="""
                SELECT portfolio_id, asset_type, protocol_address, chain_id, count(*) AS listed FROM {batch} AS judged
                GROUP BY portfolio_id, asset_type, protocol_address, chain_id HAVING count(*) > 1
            """,
            meta={"columns": ["portfolio_id", "asset_type", "protocol_address", "chain_id"]},
            severity="critical",
            notes="An exposure listed twice doubles a concentration.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="Exposure by kind, protocol and chain does not add up to the whole.",
            )
            for column in ("portfolio_id", "asset_type", "protocol_address", "chain_id", "value", "positions")
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id",
            regex=patterns.UUID,
            severity="critical",
            notes="The exposure of nobody is on no page.",
        ),
        ExpectColumnValuesToBeInSet(
            column="asset_type",
            value_set=list(ENUMS["asset_type_enum"]),
            severity="critical",
            notes="Exposure by kind leaves out what nobody knows.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="protocol_address",
            regex="^(0x[0-9a-fA-F]{40})?$",
            severity="warning",
            notes="Exposure to a protocol is short of what is filed under a misspelt contract.",
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id",
            min_value=0,
            severity="warning",
            notes="Exposure to a chain below zero is to nothing.",
        ),
        ExpectColumnValuesToBeBetween(
            column="value",
            min_value=-1_000_000_000_000,
            max_value=1_000_000_000_000,
            severity="warning",
            notes="One unscaled amount is the whole of every chart, and so is a spam token quoted at a fancy price.",
        ),
        ExpectColumnValuesToBeBetween(
            column="positions",
            min_value=1,
            severity="warning",
            notes="An exposure without a position was invented.",
        ),
    ],
)
