"""What must be true of `risk_assessments` before a risk is shown as assessed."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead, late
from ys_analytics.quality.suite_types import Detect
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="risk_assessments",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="warning",
            notes="An assessment listed twice weighs twice.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="warning",
                notes="The risk of no portfolio warns nobody.",
            )
            for column in ("id", "portfolio_id")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A risk without its size, kind or source cannot be weighed.",
            )
            for column in (
                "id",
                "portfolio_id",
                "assessment_type",
                "risk_score",
                "confidence_level",
                "factors",
                "satellite_source",
                "created_at",
            )
        ),
        ExpectColumnValuesToBeInSet(
            column="assessment_type",
            value_set=list(ENUMS["risk_assessment_type_enum"]),
            severity="warning",
            notes="A kind of risk nobody knows is on no page.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=0,
                max_value=1,
                severity="warning",
                notes="A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
            )
            for column in ("risk_score", "confidence_level")
        ),
        *(
            ExpectColumnValuesToBeJsonParseable(
                column=column,
                severity="warning",
                notes="Why a portfolio is at risk, or what to do, cannot be shown.",
            )
            for column in ("factors", "recommendations")
        ),
        ExpectColumnValuesToMatchRegex(
            column="satellite_source",
            regex=patterns.LABEL,
            severity="warning",
            notes="Two spellings split one satellite's record in two.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="An assessment from 1970 is never the latest, so it is never read.",
            )
            for column in ("created_at", "expires_at")
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="expires_at",
            column_B="created_at",
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="An assessment that ends before it begins is never valid.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="on_time(created_at)",
        find=lambda picture: late(picture.frame("risk_assessments"), time="created_at", as_of=picture.as_of),
        columns=("created_at",),
        severity="warning",
        notes="A risk is shown as it was before; nobody assesses any more.",
        needs=("risk_assessments",),
    ),
    Detect(
        rule="not_ahead(created_at)",
        find=lambda picture: ahead(
            picture.frame("risk_assessments"), key=("id",), time="created_at", as_of=picture.as_of
        ),
        columns=("created_at",),
        severity="warning",
        notes="What was written tomorrow is in no week; a zone was added twice.",
        needs=("risk_assessments",),
    ),
]
