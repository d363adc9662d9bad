"""What must be true of `trading_patterns` before the past is held against the present."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import words
from ys_analytics.quality.detectors.embeddings import contradicting_scores, copies, faulty_norms, strangers
from ys_analytics.quality.promise import Detect

SUITE = ExpectationSuite(
    name="trading_patterns",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id", severity="warning", notes="A pattern counted twice looks twice as sure."
        ),
        ExpectColumnValuesToMatchRegex(
            column="id",
            regex=words.UUID,
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
                regex=words.WRITTEN,
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

DETECTORS = [
    Detect(
        rule="has_direction(vector)",
        find=lambda picture: faulty_norms(picture.frame("trading_patterns"), key=("id",), vector="vector"),
        columns=("vector",),
        severity="critical",
        notes="A vector without direction is like everything and nothing; searches return it by chance.",
        needs=("trading_patterns",),
    ),
    Detect(
        rule="belongs_here(vector)",
        find=lambda picture: strangers(picture.frame("trading_patterns"), key=("id",), vector="vector"),
        columns=("vector",),
        severity="warning",
        notes="Searches miss what was embedded by another model, or cut or padded to fit.",
        needs=("trading_patterns",),
    ),
    Detect(
        rule="vector_says_the_score(success_rate)",
        find=lambda picture: contradicting_scores(
            picture.frame("trading_patterns"), key=("id",), vector="vector", score="success_rate"
        ),
        columns=("vector", "success_rate"),
        severity="warning",
        notes="A score that its own vector contradicts was written beside the wrong text.",
        needs=("trading_patterns",),
    ),
    Detect(
        rule="one_meaning_a_vector(pattern_type)",
        find=lambda picture: copies(
            picture.frame("trading_patterns"), key=("id",), vector="vector", meaning="pattern_type"
        ),
        columns=("vector", "pattern_type"),
        severity="warning",
        notes="Different contents cannot be told apart when they share a vector; one embedding was written many times.",
        needs=("trading_patterns",),
    ),
]
