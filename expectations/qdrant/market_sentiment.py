"""What must be true of `market_sentiment` before a mood is read off it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import words
from ys_analytics.quality.detectors.embeddings import (
    contradicting_scores,
    copies,
    drifting_weeks,
    faulty_norms,
    strangers,
)
from ys_analytics.quality.detectors.rhythm import ahead, late
from ys_analytics.quality.promise import Detect

SUITE = ExpectationSuite(
    name="market_sentiment",
    expectations=[
        ExpectColumnValuesToBeUnique(column="id", severity="warning", notes="A voice counted twice sways the mood."),
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
            regex=words.LABEL,
            severity="warning",
            notes="Two spellings of one source split its voices in two.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="content_hash",
            regex=words.SHA256,
            severity="warning",
            notes="The same text cannot be recognised a second time.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=words.GENESIS,
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
    Detect(
        rule="has_direction(vector)",
        find=lambda picture: faulty_norms(picture.frame("market_sentiment"), key=("id",), vector="vector"),
        columns=("vector",),
        severity="critical",
        notes="A vector without direction is like everything and nothing; searches return it by chance.",
        needs=("market_sentiment",),
    ),
    Detect(
        rule="belongs_here(vector)",
        find=lambda picture: strangers(picture.frame("market_sentiment"), key=("id",), vector="vector"),
        columns=("vector",),
        severity="warning",
        notes="Searches miss what was embedded by another model, or cut or padded to fit.",
        needs=("market_sentiment",),
    ),
    Detect(
        rule="vector_says_the_score(sentiment_score)",
        find=lambda picture: contradicting_scores(
            picture.frame("market_sentiment"), key=("id",), vector="vector", score="sentiment_score"
        ),
        columns=("vector", "sentiment_score"),
        severity="warning",
        notes="A score that its own vector contradicts was written beside the wrong text.",
        needs=("market_sentiment",),
    ),
    Detect(
        rule="one_meaning_a_vector(content_hash)",
        find=lambda picture: copies(
            picture.frame("market_sentiment"), key=("id",), vector="vector", meaning="content_hash"
        ),
        columns=("vector", "content_hash"),
        severity="warning",
        notes="Different contents cannot be told apart when they share a vector; one embedding was written many times.",
        needs=("market_sentiment",),
    ),
    Detect(
        rule="no_drift(vector)",
        find=lambda picture: drifting_weeks(picture.frame("market_sentiment"), time="timestamp", vector="vector"),
        columns=("vector", "timestamp"),
        severity="warning",
        notes="This week cannot be compared with the last: the model, or the world, has changed.",
        needs=("market_sentiment",),
    ),
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
