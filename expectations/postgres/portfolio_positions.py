"""What must be true of `portfolio_positions` before exposure is read off it."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead
from ys_analytics.quality.detectors.scale import scale_outliers
from ys_analytics.quality.suite_types import Detect
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="portfolio_positions",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="critical",
            notes="A position listed twice doubles an exposure.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="critical",
                notes="A position of no portfolio, or in no asset, has no price and no owner.",
            )
            for column in ("id", "portfolio_id", "asset_id")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="Exposure is short of a position that is not complete.",
            )
            for column in (
                "id",
                "portfolio_id",
                "asset_id",
                "quantity",
                "average_cost",
                "current_value",
                "allocation_percentage",
                "position_type",
            )
        ),
        ExpectColumnValuesToBeInSet(
            column="position_type",
            value_set=list(ENUMS["position_type_enum"]),
            severity="critical",
            notes="A debt that is not known as one is counted as wealth.",
        ),
        ExpectColumnValuesToBeBetween(
            column="quantity",
            min_value=0,
            severity="critical",
            notes="A negative amount turns a holding into a debt; debts are positions of their own.",
        ),
        ExpectColumnValuesToBeBetween(
            column="average_cost",
            min_value=0,
            severity="warning",
            notes="Gains against a negative cost are always profits. A platform that takes rewards off the cost comes "
            "to one honestly.",
        ),
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
        ExpectColumnValuesToBeBetween(
            column="current_value",
            min_value=-1_000_000_000_000,
            max_value=1_000_000_000_000,
            severity="warning",
            notes="One unscaled amount makes every other share of a portfolio zero; a spam token quoted at a fancy "
            "price does so too.",
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
        ExpectColumnValuesToMatchRegex(
            column="protocol_address",
            regex=patterns.ADDRESS,
            severity="warning",
            notes="Exposure to a protocol is short of what is filed under a misspelt contract.",
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id",
            min_value=1,
            severity="warning",
            notes="A position on chain zero is held nowhere.",
        ),
        ExpectColumnValuesToBeBetween(
            column="last_updated",
            min_value=patterns.GENESIS,
            severity="warning",
            notes="A value whose age is unknown is shown as if it were today's.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="in_whole_tokens(quantity)",
        find=lambda picture: scale_outliers(
            picture.frame("portfolio_positions"), series=("asset_id",), key=("id",), value="quantity"
        ),
        columns=("quantity", "asset_id"),
        severity="warning",
        notes="One holding may be worth more than all others together: raw units were written where whole tokens "
        "belong. Its value and its price tell a whale from an error: see `cross_store`.",
        needs=("portfolio_positions",),
    ),
    Detect(
        rule="not_ahead(last_updated)",
        find=lambda picture: ahead(
            picture.frame("portfolio_positions"),
            key=("id",),
            time="last_updated",
            as_of=picture.moment("portfolio_positions"),
        ),
        columns=("last_updated",),
        severity="warning",
        notes="A value from tomorrow looks fresh for a day too long; a zone was added twice.",
        needs=("portfolio_positions",),
    ),
]
