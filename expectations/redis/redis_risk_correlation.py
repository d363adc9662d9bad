"""What must be true of `risk:correlation:*` before diversification is claimed."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_risk_correlation",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["portfolio_id", "asset_a", "asset_b"],
            severity="warning",
            notes="Two correlations of one pair: which one counts is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A pair without a correlation looks uncorrelated."
            )
            for column in ("portfolio_id", "asset_a", "asset_b", "correlation")
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="warning",
                notes="A correlation with something nobody knows is of no use.",
            )
            for column in ("portfolio_id", "asset_a", "asset_b")
        ),
        ExpectColumnValuesToBeBetween(
            column="correlation",
            min_value=-1,
            max_value=1,
            severity="warning",
            notes="A correlation beyond one claims more than certainty.",
        ),
        UnexpectedRowsExpectation(
            description="an asset moves with itself",
            unexpected_rows_query="""
                SELECT portfolio_id, asset_a, correlation
                FROM {batch} AS judged
                WHERE asset_a = asset_b AND abs(toFloat64(correlation) - 1) > 1e-6
            """,
            meta={"columns": ["asset_a", "asset_b", "correlation"]},
            severity="warning",
            notes="A matrix whose diagonal is not one was filled in the wrong order.",
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
            notes="A matrix vanishes by itself when its key has a lifetime, and its absence reads as safety.",
        ),
    ],
)
