"""What must be true of `risk_alerts` before anybody's response to them is measured."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="risk_alerts",
    expectations=[
        UnexpectedRowsExpectation(
            description="acknowledged means by somebody, at some time",
            unexpected_rows_query="""
                SELECT id, portfolio_id, is_acknowledged, acknowledged_at FROM {batch} AS judged
                WHERE (is_acknowledged AND acknowledged_at IS NULL)
                   OR (NOT coalesce(is_acknowledged, false) AND acknowledged_at IS NOT NULL)
            """,
            meta={"columns": ["is_acknowledged", "acknowledged_at"]},
            severity="warning",
            notes="Time to respond is measured from alerts nobody answered.",
        ),
        *(
            ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=later,
                column_B="created_at",
                or_equal=True,
                severity="warning",
                ignore_row_if="either_value_is_missing",
                notes="Response times go negative when an answer comes before its alert.",
            )
            for later in ("acknowledged_at", "resolved_at")
        ),
    ],
)
