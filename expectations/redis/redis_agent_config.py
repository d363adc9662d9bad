"""What must be true of `agent:config:*` before a satellite is said to run as set."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="redis_agent_config",
    expectations=[
        ExpectColumnValuesToBeUnique(
            column="agent_id",
            severity="warning",
            notes="Two settings of one satellite: which one it runs with is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column, severity="warning", notes="A satellite without settings runs with whatever it has."
            )
            for column in ("agent_id", "config")
        ),
        ExpectColumnValuesToMatchRegex(
            column="agent_id",
            regex=patterns.LABEL,
            severity="warning",
            notes="Settings under another spelling reach nobody.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="config", severity="warning", notes="Settings that cannot be read are not applied."
        ),
        ExpectColumnValuesToNotBeNull(
            column="ttl_ms",
            severity="warning",
            notes="A setting stays for ever when its key was written without a lifetime, and is served long "
            "after it stopped being true.",
        ),
        ExpectColumnValuesToBeBetween(
            column="ttl_ms",
            min_value=0,
            max_value=3600000,
            severity="warning",
            notes="A setting outlives its 3600 seconds, so readers take the past for the present.",
        ),
    ],
)
