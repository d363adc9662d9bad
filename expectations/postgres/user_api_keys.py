"""Rules of `user_api_keys`: when keys were created and expire; the keys themselves are never read."""

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
            notes="An API key that expires before it is created is never valid. It was written with a wrong clock.",
        ),
    ],
)
