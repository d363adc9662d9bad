"""Rules of `portfolios`: each portfolio gets a report."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)

SUITE = ExpectationSuite(
    name="portfolios",
    expectations=[
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="updated_at",
            column_B="created_at",
            or_equal=True,
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="A row updated before it was created shows that two clocks disagree, so its dates cannot be trusted.",
        ),
    ],
)
