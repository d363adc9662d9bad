"""What must be true of `portfolio:rebalance:*` before anybody trades on it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_portfolio_rebalance",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="portfolio_id", severity="warning", notes="Two plans for one portfolio are both traded."
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A plan without weights sells everything."
            )
            for column in ("portfolio_id", "weights")
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id",
            regex=patterns.UUID,
            severity="warning",
            notes="A plan for nobody is carried out for nobody.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="weights", severity="warning", notes="A plan that cannot be read is not carried out."
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A plan stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=300000,
            severity="warning",
            notes="A plan outlives its 300 seconds, so readers take the past for the present.",
        ),
    ],
)
