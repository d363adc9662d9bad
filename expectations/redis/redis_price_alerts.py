"""What must be true of `price:alerts:*` before somebody is woken."""

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
    name="redis_price_alerts",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["asset_id", "position"],
            severity="warning",
            notes="An alert listed twice wakes somebody twice.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="An alert that says nothing, of nothing, is noise."
            )
            for column in ("asset_id", "position", "alert")
        ),
        ExpectColumnValuesToMatchRegex(
            column="asset_id",
            regex=patterns.UUID,
            severity="warning",
            notes="A move of an asset nobody knows concerns nobody.",
        ),
        ExpectColumnValuesToBeBetween(
            column="position",
            min_value=0,
            max_value=1000000,
            severity="warning",
            notes="A queue of a million alerts is not read by anybody.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="alert",
            severity="warning",
            notes="A price move somebody asked to hear of is lost when the alert cannot be read.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="An alert stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=60000,
            severity="warning",
            notes="An alert outlives its 60 seconds, so readers take the past for the present.",
        ),
    ],
)
