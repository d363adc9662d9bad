"""What must be true of `protocol_analysis` before a protocol is called safe."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead
from ys_analytics.quality.suite_types import Detect
from ys_analytics.quality.vector_rules import about_vectors

SUITE = ExpectationSuite(
    name="protocol_analysis",
    expectations=[
        ExpectColumnValuesToBeUnique(column="id", severity="warning", notes="A finding counted twice weighs twice."),
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
                notes="A protocol looks safe where nothing is known of it.",
            )
            for column in (
                "id",
                "vector",
                "protocol_name",
                "chain_id",
                "risk_score",
                "tvl",
                "audit_status",
                "analysis_date",
            )
        ),
        ExpectColumnValuesToBeBetween(
            column="risk_score",
            min_value=0,
            max_value=1,
            severity="warning",
            notes="A score off its scale sorts a protocol to the wrong end.",
        ),
        ExpectColumnValuesToBeBetween(
            column="tvl",
            min_value=0,
            max_value=1_000_000_000_000,
            severity="warning",
            notes="One unscaled size makes a small protocol look too big to fail.",
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id",
            min_value=1,
            severity="warning",
            notes="A protocol on chain zero stands nowhere.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.WRITTEN,
                severity="warning",
                notes="A finding about a blank name is about nobody.",
            )
            for column in ("protocol_name", "audit_status")
        ),
        ExpectColumnValuesToBeBetween(
            column="analysis_date",
            min_value=patterns.GENESIS,
            severity="warning",
            notes="Milliseconds read as seconds make an old finding the newest.",
        ),
    ],
)

DETECTORS = [
    *about_vectors("protocol_analysis", meaning="protocol_name", score="risk_score", time="analysis_date"),
    Detect(
        rule="not_ahead(analysis_date)",
        find=lambda picture: ahead(
            picture.frame("protocol_analysis"), key=("id",), time="analysis_date", as_of=picture.as_of
        ),
        columns=("analysis_date",),
        severity="warning",
        notes="What was said tomorrow is in no week; a zone was added twice.",
        needs=("protocol_analysis",),
    ),
]
