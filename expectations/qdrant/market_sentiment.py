"""What must be true of `market_sentiment` before a mood is read off it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead, late
from ys_analytics.quality.suite_types import Detect
from ys_analytics.quality.vector_rules import about_vectors

SUITE = ExpectationSuite(
    name="market_sentiment",
    expectations=[
        ExpectColumnValuesToBeUnique(column="id", severity="warning", notes="A voice counted twice sways the mood."),
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
                notes="A voice without its moment, source or mood says nothing.",
            )
            for column in (
                "id",
                "vector",
                "timestamp",
                "source",
                "sentiment_score",
                "confidence",
                "asset_mentioned",
                "content_hash",
            )
        ),
        ExpectColumnValuesToBeBetween(
            column="sentiment_score",
            min_value=-1,
            max_value=1,
            severity="warning",
            notes="The mood of a week is set by one score off its scale.",
        ),
        ExpectColumnValuesToBeBetween(
            column="confidence",
            min_value=0,
            max_value=1,
            severity="warning",
            notes="A weighted mood is ruled by whoever claims more than certainty.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="source",
            regex=patterns.LABEL,
            severity="warning",
            notes="Two spellings of one source split its voices in two.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="content_hash",
            regex=patterns.SHA256,
            severity="warning",
            notes="The same text cannot be recognised a second time.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=patterns.GENESIS,
            severity="warning",
            notes="Milliseconds read as seconds put a voice where no week finds it.",
        ),
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
    Detect(
        rule="not_ahead(timestamp)",
        find=lambda picture: ahead(
            picture.frame("market_sentiment"), key=("id",), time="timestamp", as_of=picture.as_of
        ),
        columns=("timestamp",),
        severity="warning",
        notes="What was said tomorrow is in no week; a zone was added twice.",
        needs=("market_sentiment",),
    ),
    Detect(
        rule="on_time(timestamp)",
        find=lambda picture: late(picture.frame("market_sentiment"), time="timestamp", as_of=picture.as_of),
        columns=("timestamp",),
        severity="warning",
        notes="The mood of the week is last week's; nobody listens any more.",
        needs=("market_sentiment",),
    ),
]
