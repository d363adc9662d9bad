"""What must be true of `portfolios`: each one is a report."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectTableRowCountToBeBetween,
)

from ys_analytics.quality import patterns
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="portfolios",
    expectations=[
        ExpectTableRowCountToBeBetween(
            min_value=1,
            severity="critical",
            notes="There is nobody to report to.",
        ),
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="critical",
            notes="Two reports of one portfolio disagree with each other.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="critical",
                notes="Snapshots are filed under lower-case UUID text; any other spelling has no history and no owner.",
            )
            for column in ("id", "user_id")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A report without an owner, name or target cannot be addressed.",
            )
            for column in ("id", "user_id", "name", "risk_profile", "target_allocation")
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.WRITTEN,
                severity="warning",
                notes="A blank title reads as a broken page.",
            )
            for column in ("name", "description")
        ),
        ExpectColumnValuesToBeInSet(
            column="risk_profile",
            value_set=list(ENUMS["risk_profile_enum"]),
            severity="critical",
            notes="Limits are read off the risk profile; an unknown one has none.",
        ),
        ExpectColumnValuesToBeInSet(
            column="rebalancing_strategy",
            value_set=list(ENUMS["rebalancing_strategy_enum"]),
            severity="warning",
            notes="Drift from target is judged against the wrong calendar.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="target_allocation",
            severity="critical",
            notes="Drift from a target that cannot be read is not drift at all.",
        ),
        ExpectColumnValuesToBeBetween(
            column="max_drawdown",
            min_value=0,
            max_value=1,
            severity="critical",
            notes="A limit of 20 instead of 0.20 is never reached, so nobody is ever warned.",
        ),
        ExpectColumnValuesToBeBetween(
            column="target_return",
            min_value=-1,
            max_value=5,
            severity="warning",
            notes="A hope of 12 instead of 0.12 makes every year a failure.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="is_active",
            severity="warning",
            notes="A portfolio neither open nor closed is reported by chance.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="Returns per year are spread over decades when a portfolio was opened in 1970.",
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
