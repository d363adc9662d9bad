"""What must be true of `portfolio:positions:*` before the cache is shown instead of the table."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_portfolio_positions",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="portfolio_id", severity="warning", notes="Two caches of one portfolio show two sets of holdings."
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="An empty cache shows a portfolio as if it held nothing."
            )
            for column in ("portfolio_id", "positions")
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id",
            regex=patterns.UUID,
            severity="warning",
            notes="Holdings cached for nobody are shown to nobody.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="positions",
            severity="warning",
            notes="A cache that cannot be read shows a portfolio as if it held nothing.",
        ),
        UnexpectedRowsExpectation(
            description="positions are a list",
            unexpected_rows_query="""
                SELECT portfolio_id
                FROM {batch} AS judged
                WHERE positions IS NOT NULL AND NOT startsWith(trimLeft(assumeNotNull(positions)), '[')
            """,
            meta={"columns": ["positions"]},
            severity="warning",
            notes="Holdings written as anything but a list are read as none.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A set of holdings stays for ever when its key was written without a lifetime, and is served "
            "long after it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=300000,
            severity="warning",
            notes="A set of holdings outlives its 300 seconds, so readers take the past for the present.",
        ),
    ],
)
