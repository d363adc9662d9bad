"""What must be true of `trading_patterns` before the past is held against the present."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.vector_rules import about_vectors

SUITE = ExpectationSuite(
    name="trading_patterns",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id", severity="warning", notes="A pattern counted twice looks twice as sure."
        ),
        ExpectColumnValuesToMatchRegex(
            column="id",
            regex=patterns.UUID,
            severity="warning",
            notes="A point that cannot be named cannot be removed.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A pattern without a shape, time or outcome teaches nothing.",
            )
            for column in (
                "id",
                "vector",
                "pattern_type",
                "success_rate",
                "market_conditions",
                "timeframe",
                "assets_involved",
            )
        ),
        ExpectColumnValuesToBeBetween(
            column="success_rate",
            min_value=0,
            max_value=1,
            severity="warning",
            notes="A pattern that holds more often than always is traded on first.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.WRITTEN,
                severity="warning",
                notes="A pattern under a blank name is never matched.",
            )
            for column in ("pattern_type", "timeframe")
        ),
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
