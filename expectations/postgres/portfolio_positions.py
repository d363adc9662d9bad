"""Rules of `portfolio_positions`: the signs, allocations and quantities that exposure is computed from."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.scale import scale_outliers
from ys_analytics.quality.suite_types import Detector

SUITE = ExpectationSuite(
    name="portfolio_positions",
    expectations=[
        UnexpectedRowsExpectation(
            description="the value of a debt is not positive",
            unexpected_rows_query="""
                SELECT id, portfolio_id, position_type, current_value FROM {batch} AS judged
                WHERE position_type = 'borrowing' AND current_value > 0
            """,
            meta={"columns": ["current_value", "position_type"]},
            severity="critical",
            notes=(
                "Net value is too high by twice any debt whose value is positive. A debt is never an asset of its "
                "borrower."
            ),
        ),
        UnexpectedRowsExpectation(
            description="the value of a holding is not negative",
            unexpected_rows_query="""
                SELECT id, portfolio_id, position_type, current_value FROM {batch} AS judged
                WHERE position_type <> 'borrowing' AND current_value < 0
            """,
            meta={"columns": ["current_value", "position_type"]},
            severity="warning",
            notes=(
                "Net value is too low by twice any holding whose value is negative by mistake. A leveraged farm under "
                "water legitimately has a negative value."
            ),
        ),
        UnexpectedRowsExpectation(
            description="allocation_percentage adds up to 1",
            unexpected_rows_query="""
                SELECT portfolio_id, sum(allocation_percentage) AS total FROM {batch} AS judged
                GROUP BY portfolio_id
                HAVING sum(current_value) > 1 AND abs(sum(allocation_percentage) - 1) > 0.01
            """,
            meta={"columns": ["allocation_percentage", "portfolio_id"]},
            severity="warning",
            notes="Allocations that do not add up to 100 % show that a position is missing or duplicated.",
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="in_whole_tokens(quantity)",
        find=lambda snapshot: scale_outliers(
            snapshot.frame("portfolio_positions"), series=("asset_id",), key=("id",), value="quantity"
        ),
        columns=("quantity", "asset_id"),
        severity="warning",
        notes=(
            "One position may exceed all others together, because raw units were stored instead of whole tokens. A "
            "rule of `cross_store` compares it with its value and price, which distinguishes an error from a large "
            "holder."
        ),
        needs=("portfolio_positions",),
    ),
]
