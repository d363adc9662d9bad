"""What must be true of `risk:correlation:*` before diversification is claimed."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_risk_correlation",
    expectations=[
        UnexpectedRowsExpectation(
            description="an asset moves with itself",
            unexpected_rows_query="""
                SELECT portfolio_id, asset_a, correlation
                FROM {batch} AS judged
                WHERE asset_a = asset_b AND abs(toFloat64(correlation) - 1) > 1e-6
            """,
            meta={"columns": ["asset_a", "asset_b", "correlation"]},
            severity="warning",
            notes="A matrix whose diagonal is not one was filled in the wrong order.",
        ),
    ],
)
