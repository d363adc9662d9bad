"""Rules of `risk:correlation:*`: the correlation matrix that diversification is computed from."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_risk_correlation",
    expectations=[
        UnexpectedRowsExpectation(
            description="an asset's correlation with itself is 1",
            unexpected_rows_query="""
                SELECT portfolio_id, asset_a, correlation
                FROM {batch} AS judged
                WHERE asset_a = asset_b AND abs(toFloat64(correlation) - 1) > 1e-6
            """,
            meta={"columns": ["asset_a", "asset_b", "correlation"]},
            severity="warning",
            notes="A correlation matrix whose diagonal is not 1 was filled in the wrong order.",
        ),
    ],
)
