"""What must be true of `arbitrage:opps` before anybody trades on it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToNotBeNull,
)

SUITE = ExpectationSuite(
    name="redis_arbitrage_opps",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="opportunity", severity="warning", notes="One trade listed twice is made twice."
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A trade without a profit is made for nothing."
            )
            for column in ("opportunity", "profit")
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="opportunity",
            severity="warning",
            notes="A trade that cannot be read cannot be made, and holds its place.",
        ),
        ExpectColumnValuesToBeBetween(
            column="profit",
            min_value=0,
            max_value=10000000,
            severity="warning",
            notes="A loss, or millions for nothing, leads the list: one leg was priced in another unit.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="An opportunity stays for ever when its key was written without a lifetime, and is served long "
            "after it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=30000,
            severity="warning",
            notes="An opportunity outlives its 30 seconds, so readers take the past for the present.",
        ),
    ],
)
