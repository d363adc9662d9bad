"""What must be true of `user_api_keys`: that they exist and end, never what they are."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="user_api_keys",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="warning",
            notes="A grant listed twice is revoked once and stays open.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="warning",
                notes="A grant that names nobody cannot be revoked when its owner leaves.",
            )
            for column in ("id", "user_id")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A grant without an owner or limits is a grant of everything.",
            )
            for column in ("id", "user_id", "permissions", "is_active")
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="permissions",
            severity="warning",
            notes="Limits that cannot be read limit nothing.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="Access that ended in 1970 was never meant to, and may not have ended at all.",
            )
            for column in ("created_at", "expires_at", "last_used_at")
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="expires_at",
            column_B="created_at",
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="Access that ends before it begins was granted with the wrong clock.",
        ),
    ],
)
