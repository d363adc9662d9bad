"""What must be true of `rate:limit:*` before anybody is turned away."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_rate_limit",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["user_id", "endpoint"],
            severity="warning",
            notes="Two counters for one caller let through twice as many calls.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A counter that counts nothing lets everything through."
            )
            for column in ("user_id", "endpoint", "calls")
        ),
        ExpectColumnValuesToMatchRegex(
            column="user_id", regex=patterns.UUID, severity="warning", notes="Calls of nobody are limited for nobody."
        ),
        ExpectColumnValuesToMatchRegex(
            column="endpoint",
            regex=patterns.WRITTEN,
            severity="warning",
            notes="Calls to a blank endpoint are counted against none.",
        ),
        ExpectColumnValuesToBeBetween(
            column="calls",
            min_value=0,
            max_value=1000000000,
            severity="warning",
            notes="A counter below zero, or gone round, lets everything through.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A counter stays for ever when its key was written without a lifetime, and is served long "
            "after it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=900000,
            severity="warning",
            notes="A counter outlives its 900 seconds, so readers take the past for the present.",
        ),
    ],
)
