"""What must be true of `assets`: every position and every price leans on this list."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectTableRowCountToBeBetween,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="assets",
    expectations=[
        ExpectTableRowCountToBeBetween(
            min_value=1,
            severity="critical",
            notes="No holding has a name: the list of assets has not arrived.",
        ),
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="critical",
            notes="Every holding of an asset listed twice is counted twice.",
        ),
        UnexpectedRowsExpectation(
            description="a coin without a contract is one asset of a chain",
            unexpected_rows_query="""
                SELECT symbol, coalesce(chain_id, 0) AS chain, count(*) AS listed
                FROM {batch} AS judged WHERE contract_address IS NULL
                GROUP BY symbol, coalesce(chain_id, 0) HAVING count(*) > 1
            """,
            meta={"columns": ["symbol", "chain_id", "contract_address"]},
            severity="critical",
            notes="Holdings of one coin are split between two entries, and each looks half as large.",
        ),
        UnexpectedRowsExpectation(
            description="a contract is one asset of a chain",
            unexpected_rows_query="""
                SELECT lower(contract_address) AS contract, coalesce(chain_id, 0) AS chain, count(*) AS listed
                FROM {batch} AS judged WHERE contract_address IS NOT NULL
                GROUP BY lower(contract_address), coalesce(chain_id, 0) HAVING count(*) > 1
            """,
            meta={"columns": ["contract_address", "chain_id"]},
            severity="critical",
            notes="Holdings of one token are split between two entries, and transfers go to either, by chance.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="id",
            regex=patterns.UUID,
            severity="critical",
            notes="Prices in ClickHouse are filed under lower-case UUID text; any other spelling has no price.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A holding is printed without a name or kind.",
            )
            for column in ("id", "symbol", "name", "asset_type")
        ),
        ExpectColumnValuesToBeInSet(
            column="asset_type",
            value_set=list(ENUMS["asset_type_enum"]),
            severity="critical",
            notes="Exposure by kind leaves out what has a kind nobody knows.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.WRITTEN,
                severity="warning",
                notes="A blank label in a chart reads as nothing.",
            )
            for column in ("symbol", "name", "coingecko_id")
        ),
        ExpectColumnValuesToMatchRegex(
            column="contract_address",
            regex=patterns.ADDRESS,
            severity="warning",
            notes="Transfers of a token whose contract is misspelt are never found.",
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id",
            min_value=1,
            severity="warning",
            notes="A coin with a chain of its own names none; zero is a chain that does not exist.",
        ),
        ExpectColumnValuesToBeBetween(
            column="decimals",
            min_value=0,
            max_value=36,
            severity="warning",
            notes="Amounts are off by powers of ten when the number of decimal places is wrong; few have more.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="metadata",
            severity="warning",
            notes="A peg or an issuer that cannot be read is not watched.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="is_active",
            severity="warning",
            notes="A token that is neither traded nor retired looks stale for ever.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="An asset registered in 1970 was registered with no clock at all.",
            )
            for column in ("created_at", "updated_at")
        ),
    ],
)
