"""What must be true of `portfolio:positions:*` before the cache is shown instead of the table."""

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
            notes="Holdings written as anything but a list are read as none.",
        ),
    ],
)
