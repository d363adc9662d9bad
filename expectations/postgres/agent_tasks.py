"""What must be true of `agent_tasks` before anybody's diligence is measured."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead, late
from ys_analytics.quality.suite_types import Detect
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="agent_tasks",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id", severity="warning", notes="A task listed twice is done twice as often."
        ),
        ExpectColumnValuesToMatchRegex(
            column="id",
            regex=patterns.UUID,
            severity="warning",
            notes="A queue names tasks by UUID; others are never found.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A task without its satellite, kind or state is nobody's.",
            )
            for column in ("id", "agent_id", "task_type", "priority", "payload", "status", "created_at")
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.LABEL,
                severity="warning",
                notes="Two spellings split one record in two.",
            )
            for column in ("agent_id", "task_type")
        ),
        ExpectColumnValuesToBeBetween(
            column="priority",
            min_value=1,
            max_value=10,
            severity="warning",
            notes="Urgent work waits behind a priority off the scale.",
        ),
        ExpectColumnValuesToBeInSet(
            column="status",
            value_set=list(ENUMS["task_status_enum"]),
            severity="warning",
            notes="A task in a state nobody knows is neither done nor open.",
        ),
        *(
            ExpectColumnValuesToBeJsonParseable(
                column=column,
                severity="warning",
                notes="What a task was given, or gave, cannot be audited.",
            )
            for column in ("payload", "result")
        ),
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
            notes="Time per task is measured from tasks whose beginning or end is not known.",
        ),
        UnexpectedRowsExpectation(
            description="a task that failed says why",
            unexpected_rows_query="""
                SELECT id, agent_id, task_type FROM {batch} AS judged
                WHERE status = 'failed' AND (error_message IS NULL OR trim(error_message) = '')
            """,
            meta={"columns": ["status", "error_message"]},
            severity="info",
            notes="Failures cannot be grouped by cause when none is given.",
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="completed_at",
            column_B="started_at",
            or_equal=True,
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="Work that ends before it begins makes a mean negative.",
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="started_at",
            column_B="created_at",
            or_equal=True,
            severity="warning",
            ignore_row_if="either_value_is_missing",
            notes="Work that begins before it was asked for makes waiting negative.",
        ),
        ExpectColumnValuesToBeBetween(
            column="created_at",
            min_value=patterns.GENESIS,
            severity="warning",
            notes="A task from 1970 waits for ever.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="on_time(created_at)",
        find=lambda picture: late(picture.frame("agent_tasks"), time="created_at", as_of=picture.as_of),
        columns=("created_at",),
        severity="warning",
        notes="Satellites look idle, or busy, because nobody writes down what they do.",
        needs=("agent_tasks",),
    ),
    Detect(
        rule="not_ahead(created_at)",
        find=lambda picture: ahead(picture.frame("agent_tasks"), key=("id",), time="created_at", as_of=picture.as_of),
        columns=("created_at",),
        severity="warning",
        notes="What was written tomorrow is in no week; a zone was added twice.",
        needs=("agent_tasks",),
    ),
]
