"""What must be true of `portfolio:risk:*` before the cache is shown instead of the computation."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_portfolio_risk",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["portfolio_id", "metric"],
            severity="warning",
            notes="Two values of one risk: which one is shown is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A risk without its name or size warns of nothing."
            )
            for column in ("portfolio_id", "metric", "value")
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id", regex=patterns.UUID, severity="warning", notes="The risk of nobody warns nobody."
        ),
        ExpectColumnValuesToMatchRegex(
            column="metric",
            regex=patterns.LABEL,
            severity="warning",
            notes="A risk filed under another spelling is never found.",
        ),
        ExpectColumnValuesToBeBetween(
            column="value",
            min_value=-1000000000000,
            max_value=1000000000000,
            severity="warning",
            notes="One unscaled risk hides all others.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A risk stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=300000,
            severity="warning",
            notes="A risk outlives its 300 seconds, so readers take the past for the present.",
        ),
    ],
)
