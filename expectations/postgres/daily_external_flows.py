"""What must be true of `daily_external_flows` before they are taken out of a return."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="daily_external_flows",
    expectations=[
        UnexpectedRowsExpectation(
            description="one row per portfolio, day, asset, direction and rule",
            unexpected_rows_query="""
                SELECT portfolio_id, day, asset_id, direction, rule, count(*) AS listed FROM {batch} AS judged
                GROUP BY portfolio_id, day, asset_id, direction, rule HAVING count(*) > 1
            """,
            meta={"columns": ["portfolio_id", "day", "asset_id", "direction", "rule"]},
            severity="critical",
            notes="A flow taken out of a return twice is a loss nobody had.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A flow without its day, asset, direction or size is left in the return.",
            )
            for column in ("portfolio_id", "day", "asset_id", "direction", "rule", "amount", "flows")
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="critical",
                notes="A flow of nobody is taken out of no return.",
            )
            for column in ("portfolio_id", "asset_id")
        ),
        ExpectColumnValuesToBeInSet(
            column="direction",
            value_set=["in", "out"],
            severity="critical",
            notes="A flow that goes neither in nor out has no sign.",
        ),
        ExpectColumnValuesToBeInSet(
            column="rule",
            value_set=["protocol", "override"],
            severity="warning",
            notes="The audit of what made a flow external is incomplete.",
        ),
        ExpectColumnValuesToBeBetween(
            column="amount",
            min_value=0,
            severity="critical",
            notes="A negative amount turns a deposit into a withdrawal.",
        ),
        ExpectColumnValuesToBeBetween(
            column="flows",
            min_value=1,
            severity="warning",
            notes="A day with a flow and no transaction was invented.",
        ),
        ExpectColumnValuesToBeBetween(
            column="day",
            min_value=patterns.GENESIS.date(),
            severity="critical",
            notes="A flow in 1970 moves the beginning of the portfolio's history.",
        ),
    ],
)
