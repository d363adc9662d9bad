"""What must be true of `price:hist:*` before a sparkline is drawn."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead
from ys_analytics.quality.suite_types import Detect

SUITE = ExpectationSuite(
    name="redis_price_hist",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["asset_id", "period", "timestamp"],
            severity="warning",
            notes="A moment quoted twice bends the line.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A point without a price or moment breaks the line."
            )
            for column in ("asset_id", "period", "timestamp", "price")
        ),
        ExpectColumnValuesToMatchRegex(
            column="asset_id",
            regex=patterns.UUID,
            severity="warning",
            notes="The history of an asset nobody knows is drawn nowhere.",
        ),
        ExpectColumnValuesToBeInSet(
            column="period",
            value_set=["1h", "24h", "7d"],
            severity="warning",
            notes="A line over a stretch nobody asked for is never shown.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=patterns.GENESIS,
            severity="warning",
            notes="One point in 1970 flattens fifty years of line.",
        ),
        ExpectColumnValuesToBeBetween(
            column="price",
            min_value=0,
            strict_min=True,
            max_value=10000000,
            severity="warning",
            notes="One price of nothing, or unscaled, is all that the line shows.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A history stays for ever when its key was written without a lifetime, and is served long "
            "after it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=60000,
            severity="warning",
            notes="A history outlives its 60 seconds, so readers take the past for the present.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="not_ahead(timestamp)",
        find=lambda picture: ahead(
            picture.frame("redis_price_hist"),
            key=("asset_id", "period", "timestamp"),
            time="timestamp",
            as_of=picture.moment("redis_price_hist"),
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A point from tomorrow bends the line; a zone was added twice.",
        needs=("redis_price_hist",),
    ),
]
