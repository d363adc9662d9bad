"""Rules of `agent:health:*`: the health fields of satellite agents."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_agent_health",
    expectations=[
        UnexpectedRowsExpectation(
            description="status is a known value",
            unexpected_rows_query="""
                SELECT agent_id, value
                FROM {batch} AS judged
                WHERE field = 'status'
                  AND value NOT IN ('healthy', 'degraded', 'unhealthy', 'unknown')
            """,
            meta={"columns": ["field", "value"]},
            severity="warning",
            notes="A satellite agent with an unknown health status may be shown as healthy.",
        ),
        UnexpectedRowsExpectation(
            description="last_check is a timestamp",
            unexpected_rows_query="""
                SELECT agent_id, value
                FROM {batch} AS judged
                WHERE field = 'last_check'
                  AND isNull(parseDateTimeBestEffortOrNull(value))
            """,
            meta={"columns": ["field", "value"]},
            severity="warning",
            notes="The age of a health check cannot be computed, so an old check looks current.",
        ),
    ],
)
