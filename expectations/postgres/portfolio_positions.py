"""What must be true of `portfolio_positions` before exposure is read off it."""

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
            description="what is owed counts against",
            unexpected_rows_query="""
                SELECT id, portfolio_id, position_type, current_value FROM {batch} AS judged
                WHERE position_type = 'borrowing' AND current_value > 0
            """,
            meta={"columns": ["current_value", "position_type"]},
            severity="critical",
            notes="Net value is wrong by twice a debt whose sign was lost. No debt is an asset of who owes it.",
        ),
        UnexpectedRowsExpectation(
            description="what is held counts for",
            unexpected_rows_query="""
                SELECT id, portfolio_id, position_type, current_value FROM {batch} AS judged
                WHERE position_type <> 'borrowing' AND current_value < 0
            """,
            meta={"columns": ["current_value", "position_type"]},
            severity="warning",
            notes="Net value is wrong by twice a holding whose sign was lost; a leveraged farm under water has this "
            "sign honestly.",
        ),
        UnexpectedRowsExpectation(
            description="allocation_percentage adds up",
            unexpected_rows_query="""
                SELECT portfolio_id, sum(allocation_percentage) AS total FROM {batch} AS judged
                GROUP BY portfolio_id
                HAVING sum(current_value) > 1 AND abs(sum(allocation_percentage) - 1) > 0.01
            """,
            meta={"columns": ["allocation_percentage", "portfolio_id"]},
            severity="warning",
            notes="Shares that do not add up to one hide a position, or show one twice.",
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
        notes="One holding may be worth more than all others together: raw units were written where whole tokens "
        "belong. Its value and its price tell a whale from an error: see `cross_store`.",
        needs=("portfolio_positions",),
    ),
]
