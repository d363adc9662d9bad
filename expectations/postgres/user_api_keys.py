"""What must be true of `user_api_keys`: that they exist and end, never what they are."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)

SUITE = ExpectationSuite(
    name="user_api_keys",
    expectations=[
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="expires_at",
            column_B="created_at",
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="Access that ends before it begins was granted with the wrong clock.",
        ),
    ],
)
