"""Rules of `agent:tasks:*:pending`: the task queues of satellite agents."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_agent_tasks",
    expectations=[
        UnexpectedRowsExpectation(
            description="a task is queued once",
            unexpected_rows_query="""
                SELECT agent_id, task_id, count() AS queued
                FROM {batch} AS judged
                GROUP BY agent_id, task_id HAVING count() > 1
            """,
            meta={"columns": ["agent_id", "task_id"]},
            severity="warning",
            notes="A task queued twice is run twice.",
        ),
    ],
)
