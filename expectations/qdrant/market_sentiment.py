"""Rules of `market_sentiment`: the sentiment records that weekly means are computed from."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.vector_rules import vector_rules

SUITE = ExpectationSuite(
    name="market_sentiment",
    expectations=[
        UnexpectedRowsExpectation(
            description="a sentiment record names an asset",
            unexpected_rows_query="""
                SELECT id, source FROM {batch} AS judged
                WHERE length(asset_mentioned) = 0
                   OR arrayExists(x -> x IS NULL OR trim(assumeNotNull(x)) = '', asset_mentioned)
            """,
            meta={"columns": ["asset_mentioned"]},
            severity="info",
            notes="A sentiment record that names no asset is missing from every asset's page.",
        ),
    ],
)

DETECTORS = [
    *vector_rules("market_sentiment", content="content_hash", score="sentiment_score", time="timestamp"),
]
