"""Rules of `agent_tasks`: the times and errors that agents' statistics are computed from."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="agent_tasks",
    expectations=[
        UnexpectedRowsExpectation(
            description="a task that ended says when",
            unexpected_rows_query="""
                SELECT id, agent_id, status FROM {batch} AS judged
                WHERE (status = 'completed' AND (completed_at IS NULL OR started_at IS NULL))
                   OR (status = 'running' AND started_at IS NULL)
                   OR (status IN ('pending', 'running') AND completed_at IS NOT NULL)
            """,
            meta={"columns": ["status", "started_at", "completed_at"]},
            severity="warning",
            notes="A finished task without its start or end time is missing from the mean time per task.",
        ),
        UnexpectedRowsExpectation(
            description="a task that failed says why",
            unexpected_rows_query="""
                SELECT id, agent_id, task_type FROM {batch} AS judged
                WHERE status = 'failed' AND (error_message IS NULL OR trim(error_message) = '')
            """,
            meta={"columns": ["status", "error_message"]},
            severity="info",
            notes="Failed tasks without an error message cannot be grouped by cause.",
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="completed_at",
            column_B="started_at",
            or_equal=True,
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="A task that completes before it starts has a negative duration, which lowers the mean.",
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="started_at",
            column_B="created_at",
            or_equal=True,
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="A task that starts before it is created has a negative waiting time.",
        ),
    ],
)
