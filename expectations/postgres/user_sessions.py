"""What must be true of `user_sessions`: their number and lifetime, nothing they carry."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)

SUITE = ExpectationSuite(
    name="user_sessions",
    expectations=[
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="expires_at",
            column_B="created_at",
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="A session that ends before it begins was written with the wrong clock.",
        ),
    ],
)
