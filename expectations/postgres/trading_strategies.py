"""What must be true of `trading_strategies` before work is credited to a satellite."""

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
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="trading_strategies",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="critical",
            notes="Profit of a strategy listed twice is credited twice.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="critical",
                notes="A strategy of no portfolio earns for nobody.",
            )
            for column in ("id", "portfolio_id")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="Work cannot be credited to a satellite that is not named.",
            )
            for column in ("id", "portfolio_id", "satellite_id", "strategy_type", "name", "parameters")
        ),
        ExpectColumnValuesToBeInSet(
            column="strategy_type",
            value_set=list(ENUMS["strategy_type_enum"]),
            severity="warning",
            notes="Attribution by strategy leaves out what nobody knows.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="satellite_id",
            regex=patterns.LABEL,
            severity="warning",
            notes="Two spellings split one satellite's record in two.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="name",
            regex=patterns.WRITTEN,
            severity="warning",
            notes="A blank label in a table reads as a broken page.",
        ),
        *(
            ExpectColumnValuesToBeJsonParseable(
                column=column,
                severity="warning",
                notes="How a strategy was set, or what it claims, cannot be audited.",
            )
            for column in ("parameters", "performance_metrics")
        ),
        ExpectColumnValuesToNotBeNull(
            column="is_active",
            severity="warning",
            notes="A strategy neither running nor stopped is counted as either.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="A strategy that began in 1970 earned nothing for fifty years.",
            )
            for column in ("created_at", "updated_at")
        ),
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
