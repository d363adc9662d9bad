"""What must be true of `users`: who owns portfolios, without a word of who they are."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
)

from ys_analytics.quality import patterns
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="users",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="critical",
            notes="One user shown as two owns every portfolio twice.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="id",
            regex=patterns.UUID,
            severity="critical",
            notes="An owner who is not spelt as a UUID joins to no portfolio.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="Clients cannot be told apart by kind or standing, so a report may reach one it must not.",
            )
            for column in ("id", "user_type", "kyc_status")
        ),
        ExpectColumnValuesToBeInSet(
            column="user_type",
            value_set=list(ENUMS["user_type_enum"]),
            severity="critical",
            notes="A kind of client nobody knows falls out of every breakdown.",
        ),
        ExpectColumnValuesToBeInSet(
            column="kyc_status",
            value_set=list(ENUMS["kyc_status_enum"]),
            severity="critical",
            notes="A standing nobody knows is treated as verified somewhere.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="Cohorts by age are wrong when an account is older than money on a chain.",
            )
            for column in ("created_at", "updated_at", "last_login_at")
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="updated_at",
            column_B="created_at",
            or_equal=True,
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="A change before the beginning means that two clocks disagree.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="is_active",
            severity="warning",
            notes="An account neither open nor closed is counted as either.",
        ),
    ],
)
