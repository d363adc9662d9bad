"""What must be true of `arbitrage:routes:*` before anything is sent along one."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_arbitrage_routes",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["asset_id", "bridge"],
            severity="warning",
            notes="Two routes over one bridge: which one is taken is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(column=column, severity="warning", notes="A route to nowhere is taken.")
            for column in ("asset_id", "bridge", "route")
        ),
        ExpectColumnValuesToMatchRegex(
            column="asset_id",
            regex=patterns.UUID,
            severity="warning",
            notes="A route for an asset nobody knows is never taken.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="bridge",
            regex=patterns.WRITTEN,
            severity="warning",
            notes="A bridge without a name cannot be trusted or avoided.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="route", severity="warning", notes="A route that cannot be read is not taken."
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A route stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=30000,
            severity="warning",
            notes="A route outlives its 30 seconds, so readers take the past for the present.",
        ),
    ],
)
