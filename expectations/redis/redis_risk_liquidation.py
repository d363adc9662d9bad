"""What must be true of `risk:liquidation` before the list of who must act is believed."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_risk_liquidation",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="portfolio_id",
            severity="critical",
            notes="A portfolio at two places of the list is acted on at the wrong one.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A portfolio close to liquidation is missing from the list of who must act.",
            )
            for column in ("portfolio_id", "risk")
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id", regex=patterns.UUID, severity="critical", notes="A warning for nobody saves nobody."
        ),
        ExpectColumnValuesToBeBetween(
            column="risk",
            min_value=0,
            max_value=1,
            severity="critical",
            notes="A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
        ),
        UnexpectedRowsExpectation(
            description="the key has no lifetime",
            unexpected_rows_query="""
                SELECT ttl_ms
                FROM {batch} AS judged
                WHERE ttl_ms IS NOT NULL
            """,
            meta={"columns": ["ttl_ms"]},
            severity="warning",
            notes="A warning vanishes by itself when its key has a lifetime, and its absence reads as safety.",
        ),
    ],
)
