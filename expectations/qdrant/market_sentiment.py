"""What must be true of `market_sentiment` before a mood is read off it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.vector_rules import about_vectors

SUITE = ExpectationSuite(
    name="market_sentiment",
    expectations=[
        UnexpectedRowsExpectation(
            description="a voice names what it speaks of",
            unexpected_rows_query="""
                SELECT id, source FROM {batch} AS judged
                WHERE length(asset_mentioned) = 0
                   OR arrayExists(x -> x IS NULL OR trim(assumeNotNull(x)) = '', asset_mentioned)
            """,
            meta={"columns": ["asset_mentioned"]},
            severity="info",
            notes="A mood about nothing is on no asset's page.",
        ),
    ],
)

DETECTORS = [
    *about_vectors("market_sentiment", meaning="content_hash", score="sentiment_score", time="timestamp"),
]
