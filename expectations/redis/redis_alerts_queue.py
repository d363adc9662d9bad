"""What must be true of `alerts:queue:high` before somebody is woken."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_alerts_queue",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="position", severity="warning", notes="An alert at two places wakes somebody twice."
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="critical", notes="Somebody is woken for nothing, or not woken at all."
            )
            for column in ("position", "alert")
        ),
        ExpectColumnValuesToBeBetween(
            column="position",
            min_value=0,
            max_value=1000000,
            severity="warning",
            notes="A queue of a million alerts is not read by anybody.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="alert", severity="critical", notes="A grave alert that cannot be read is not read."
        ),
        UnexpectedRowsExpectation(
            description="the key has no lifetime",
            unexpected_rows_query="""
                SELECT ttl_ms
                FROM {batch} AS judged
                WHERE ttl_ms IS NOT NULL
            """,
            meta={"columns": ["ttl_ms"]},
            severity="warning",
            notes="A grave alert vanishes by itself when its key has a lifetime, and its absence reads as safety.",
        ),
    ],
)
