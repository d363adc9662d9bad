"""Rules of `bridge:fees:*`: the fees of bridges between chains."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_bridge_fees",
    expectations=[
        UnexpectedRowsExpectation(
            description="a bridge connects two different chains",
            unexpected_rows_query="""
                SELECT chain_id, target_chain_id, bridge
                FROM {batch} AS judged
                WHERE chain_id = target_chain_id
            """,
            meta={"columns": ["chain_id", "target_chain_id"]},
            severity="warning",
            notes="A bridge from a chain to itself charges a fee for no transfer.",
        ),
    ],
)
