"""What must be true of `agent:perf:*` before satellites are compared by it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_agent_perf",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["agent_id", "metric"],
            severity="warning",
            notes="Two values of one metric: which one counts is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A figure without its name or size compares nothing."
            )
            for column in ("agent_id", "metric", "value")
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column, regex=patterns.LABEL, severity="warning", notes="Two spellings split one record in two."
            )
            for column in ("agent_id", "metric")
        ),
        ExpectColumnValuesToBeBetween(
            column="value",
            min_value=-1000000000000,
            max_value=1000000000000,
            severity="warning",
            notes="One unscaled figure is all that the table shows.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A figure stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=60000,
            severity="warning",
            notes="A figure outlives its 60 seconds, so readers take the past for the present.",
        ),
    ],
)
