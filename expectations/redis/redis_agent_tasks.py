"""What must be true of `agent:tasks:*:pending` before a satellite's load is shown."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_agent_tasks",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["agent_id", "position"], severity="warning", notes="A task queued twice is done twice."
        ),
        UnexpectedRowsExpectation(
            description="a task waits once",
            unexpected_rows_query="""
                SELECT agent_id, task_id, count() AS queued
                FROM {batch} AS judged
                GROUP BY agent_id, task_id HAVING count() > 1
            """,
            meta={"columns": ["agent_id", "task_id"]},
            severity="warning",
            notes="A task queued twice is done twice.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A place in the queue without a task is never worked off."
            )
            for column in ("agent_id", "position", "task_id")
        ),
        ExpectColumnValuesToMatchRegex(
            column="agent_id",
            regex=patterns.LABEL,
            severity="warning",
            notes="Two spellings split one satellite's queue in two.",
        ),
        ExpectColumnValuesToBeBetween(
            column="position",
            min_value=0,
            max_value=1000000,
            severity="warning",
            notes="A queue of a million tasks is not being worked.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="task_id",
            regex=patterns.UUID,
            severity="warning",
            notes="A task that is not named by UUID is found in no table.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A queue stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=60000,
            severity="warning",
            notes="A queue outlives its 60 seconds, so readers take the past for the present.",
        ),
    ],
)
