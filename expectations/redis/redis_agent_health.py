"""What must be true of `agent:health:*` before a satellite counts as well."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_agent_health",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["agent_id", "field"],
            severity="warning",
            notes="A satellite both well and ill is shown as either.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A satellite that says nothing is shown as well."
            )
            for column in ("agent_id", "field", "value")
        ),
        ExpectColumnValuesToMatchRegex(
            column="agent_id",
            regex=patterns.LABEL,
            severity="warning",
            notes="Two spellings split one satellite in two.",
        ),
        ExpectColumnValuesToBeInSet(
            column="field",
            value_set=["status", "last_check", "version"],
            severity="warning",
            notes="What a satellite says under another name is not heard.",
        ),
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
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A state of health stays for ever when its key was written without a lifetime, and is served "
            "long after it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=60000,
            severity="warning",
            notes="A state of health outlives its 60 seconds, so readers take the past for the present.",
        ),
    ],
)
