"""Rules of `portfolio:positions:*`: the cached positions of portfolios."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="redis_portfolio_positions",
    expectations=[
        UnexpectedRowsExpectation(
            description="positions are a list",
            unexpected_rows_query="""
                SELECT portfolio_id
                FROM {batch} AS judged
                WHERE positions IS NOT NULL AND NOT startsWith(trimLeft(assumeNotNull(positions)), '[')
            """,
            meta={"columns": ["positions"]},
            severity="warning",
            notes="Cached positions that are not a JSON list make a portfolio look empty.",
        ),
    ],
)
