"""What must be true of `price:current:*` before anything is shown at the last price."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead
from ys_analytics.quality.suite_types import Detect

SUITE = ExpectationSuite(
    name="redis_price_current",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["asset_id", "chain_id"],
            severity="critical",
            notes="Two last prices of one asset: which one is shown is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A last price without its moment or source cannot be told from a stale one.",
            )
            for column in ("asset_id", "chain_id", "price", "timestamp", "source")
        ),
        ExpectColumnValuesToMatchRegex(
            column="asset_id",
            regex=patterns.UUID,
            severity="critical",
            notes="A price of an asset nobody knows is shown nowhere.",
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id", min_value=0, severity="warning", notes="A price on no chain joins to no asset."
        ),
        ExpectColumnValuesToBeBetween(
            column="price",
            min_value=0,
            severity="critical",
            notes="A last price below nothing is printed as today's value.",
        ),
        ExpectColumnValuesToBeBetween(
            column="price",
            min_value=0,
            strict_min=True,
            max_value=10_000_000_000_000,
            severity="warning",
            notes="A last price of nothing, or of more than any share of a pool ever cost, is shown as today's value.",
        ),
        ExpectColumnValuesToBeBetween(
            column="volume_24h",
            min_value=0,
            severity="warning",
            notes="Liquidity looks worse than none when a volume is negative.",
        ),
        ExpectColumnValuesToBeBetween(
            column="change_24h",
            min_value=-1,
            max_value=100,
            severity="warning",
            notes="Movers of the day are led by percent read as a fraction.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=patterns.GENESIS,
            severity="critical",
            notes="A quote from 1970 is shown as the last price.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="source",
            regex=patterns.LABEL,
            severity="warning",
            notes="Two spellings of one source count as two opinions.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A price stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=60000,
            severity="warning",
            notes="A price outlives its 60 seconds, so readers take the past for the present.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="not_ahead(timestamp)",
        find=lambda picture: ahead(
            picture.frame("redis_price_current"),
            key=("asset_id", "chain_id"),
            time="timestamp",
            as_of=picture.moment("redis_price_current"),
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A quote from tomorrow is never replaced by today's; a zone was added twice.",
        needs=("redis_price_current",),
    ),
]
