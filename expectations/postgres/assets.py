"""What must be true of `assets`: every position and every price leans on this list."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="assets",
    expectations=[
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
    ],
)
