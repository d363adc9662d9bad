"""Rules of `trading_patterns`: the patterns that the current market is compared with."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.vector_rules import vector_rules

SUITE = ExpectationSuite(
    name="trading_patterns",
    expectations=[
        UnexpectedRowsExpectation(
            description="a trading pattern names its assets and market conditions",
            unexpected_rows_query="""
                SELECT id, pattern_type FROM {batch} AS judged
                WHERE length(market_conditions) = 0 OR length(assets_involved) = 0
            """,
            meta={"columns": ["market_conditions", "assets_involved"]},
            severity="info",
            notes=(
                "A trading pattern without an asset or without a market condition cannot be matched to similar "
                "situations."
            ),
        ),
    ],
)

DETECTORS = vector_rules("trading_patterns", content="pattern_type", score="success_rate")
