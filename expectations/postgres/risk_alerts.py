"""Rules of `risk_alerts`: the times that response times are computed from."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="risk_alerts",
    expectations=[
        UnexpectedRowsExpectation(
            description="an acknowledged alert says by whom and when",
            unexpected_rows_query="""
                SELECT id, portfolio_id, is_acknowledged, acknowledged_at FROM {batch} AS judged
                WHERE (is_acknowledged AND acknowledged_at IS NULL)
                   OR (NOT coalesce(is_acknowledged, false) AND acknowledged_at IS NOT NULL)
            """,
            meta={"columns": ["is_acknowledged", "acknowledged_at"]},
            severity="warning",
            notes="An alert acknowledged without a person and time distorts response times.",
        ),
        *(
            ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=later,
                column_B="created_at",
                or_equal=True,
                severity="warning",
                ignore_row_if="either_value_is_missing",
                notes="An alert acknowledged or resolved before it was created has a negative response time.",
            )
            for later in ("acknowledged_at", "resolved_at")
        ),
    ],
)
