"""What must be true of `user_sessions`: their number and lifetime, nothing they carry."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="user_sessions",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="warning",
            notes="A session listed twice makes one visitor two.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="warning",
                notes="A session that names nobody cannot be ended for anybody.",
            )
            for column in ("id", "user_id")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A session without an owner or an end stays open for whoever holds it.",
            )
            for column in ("id", "user_id", "expires_at")
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="Counts of visits by week are wrong when a session begins in 1970.",
            )
            for column in ("created_at", "expires_at")
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="expires_at",
            column_B="created_at",
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="A session that ends before it begins was written with the wrong clock.",
        ),
    ],
)
