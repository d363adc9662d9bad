"""What must be true of `trading_strategies` before work is credited to a satellite."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)

SUITE = ExpectationSuite(
    name="trading_strategies",
    expectations=[
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="updated_at",
            column_B="created_at",
            or_equal=True,
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="A change before the beginning means that two clocks disagree.",
        ),
    ],
)
