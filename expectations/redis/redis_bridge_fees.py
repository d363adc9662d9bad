"""What must be true of `bridge:fees:*` before a crossing is costed."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_bridge_fees",
    expectations=[
        UnexpectedRowsExpectation(
            description="a crossing leaves its chain",
            unexpected_rows_query="""
                SELECT chain_id, target_chain_id, bridge
                FROM {batch} AS judged
                WHERE chain_id = target_chain_id
            """,
            meta={"columns": ["chain_id", "target_chain_id"]},
            severity="warning",
            notes="A crossing to where one is already is charged for nothing.",
        ),
    ],
)
