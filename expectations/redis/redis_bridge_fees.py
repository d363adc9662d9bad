"""What must be true of `bridge:fees:*` before a crossing is costed."""

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
    name="redis_bridge_fees",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["chain_id", "target_chain_id", "bridge"],
            severity="warning",
            notes="Two fees of one bridge: which one is charged is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A crossing without a fee looks free."
            )
            for column in ("chain_id", "target_chain_id", "bridge", "fee")
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id", min_value=1, severity="warning", notes="A crossing from no chain starts nowhere."
        ),
        ExpectColumnValuesToBeBetween(
            column="target_chain_id", min_value=1, severity="warning", notes="A crossing to no chain ends nowhere."
        ),
        UnexpectedRowsExpectation(
            description="a crossing leaves its chain",
            unexpected_rows_query="""
                SELECT chain_id, target_chain_id, bridge
                FROM {batch} AS judged
                WHERE chain_id = target_chain_id
            """,
            meta={"columns": ["chain_id", "target_chain_id"]},
            severity="warning",
            notes="A crossing to where one is already is charged for nothing.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="bridge",
            regex=patterns.WRITTEN,
            severity="warning",
            notes="A bridge without a name cannot be compared.",
        ),
        ExpectColumnValuesToBeBetween(
            column="fee",
            min_value=0,
            max_value=100000,
            severity="warning",
            notes="A negative fee pays for crossing, and a huge one is priced in another unit; both mislead a route.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A fee stays for ever when its key was written without a lifetime, and is served long after it "
            "stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=30000,
            severity="warning",
            notes="A fee outlives its 30 seconds, so readers take the past for the present.",
        ),
    ],
)
