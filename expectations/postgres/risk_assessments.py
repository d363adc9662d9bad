"""What must be true of `risk_assessments` before a risk is shown as assessed."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)

SUITE = ExpectationSuite(
    name="risk_assessments",
    expectations=[
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="expires_at",
            column_B="created_at",
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="An assessment that ends before it begins is never valid.",
        ),
    ],
)
