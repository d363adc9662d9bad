"""What must be true of `portfolio:perf:*` before the cache is shown instead of the computation."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_portfolio_perf",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["portfolio_id", "period", "metric"],
            severity="warning",
            notes="Two values of one metric: which one is shown is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A figure without its name or period is shown under the wrong head.",
            )
            for column in ("portfolio_id", "period", "metric", "value")
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id",
            regex=patterns.UUID,
            severity="warning",
            notes="Performance of nobody is shown to nobody.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.LABEL,
                severity="warning",
                notes="A figure filed under another spelling is never found.",
            )
            for column in ("period", "metric")
        ),
        ExpectColumnValuesToBeBetween(
            column="value",
            min_value=-1000000000000,
            max_value=1000000000000,
            severity="warning",
            notes="One unscaled figure is all that the page shows.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A figure stays for ever when its key was written without a lifetime, and is served long after "
            "it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=300000,
            severity="warning",
            notes="A figure outlives its 300 seconds, so readers take the past for the present.",
        ),
    ],
)
