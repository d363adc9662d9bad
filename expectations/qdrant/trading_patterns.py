"""What must be true of `trading_patterns` before the past is held against the present."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.vector_rules import about_vectors

SUITE = ExpectationSuite(
    name="trading_patterns",
    expectations=[
        UnexpectedRowsExpectation(
            description="a pattern says where it was seen",
            unexpected_rows_query="""
                SELECT id, pattern_type FROM {batch} AS judged
                WHERE length(market_conditions) = 0 OR length(assets_involved) = 0
            """,
            meta={"columns": ["market_conditions", "assets_involved"]},
            severity="info",
            notes="A shape seen in no market, in no asset, was never seen.",
        ),
    ],
)

DETECTORS = about_vectors("trading_patterns", meaning="pattern_type", score="success_rate")
