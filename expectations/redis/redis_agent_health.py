"""What must be true of `agent:health:*` before a satellite counts as well."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_agent_health",
    expectations=[
        UnexpectedRowsExpectation(
            description="status is one we know",
            unexpected_rows_query="""
                SELECT agent_id, value
                FROM {batch} AS judged
                WHERE field = 'status'
                  AND value NOT IN ('healthy', 'degraded', 'unhealthy', 'unknown')
            """,
            meta={"columns": ["field", "value"]},
            severity="warning",
            notes="A satellite in a state nobody knows is shown as well.",
        ),
        UnexpectedRowsExpectation(
            description="last_check is a moment",
            unexpected_rows_query="""
                SELECT agent_id, value
                FROM {batch} AS judged
                WHERE field = 'last_check'
                  AND isNull(parseDateTimeBestEffortOrNull(value))
            """,
            meta={"columns": ["field", "value"]},
            severity="warning",
            notes="The age of a health check cannot be told, so it looks fresh.",
        ),
    ],
)
