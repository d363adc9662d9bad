"""What must be true of `satellite_agents`: who does the work."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectTableRowCountToBeBetween,
)

from ys_analytics.quality import patterns
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="satellite_agents",
    expectations=[
        ExpectTableRowCountToBeBetween(
            min_value=8,
            severity="warning",
            notes="Work of a satellite that is not registered is credited to nobody.",
        ),
        ExpectColumnValuesToBeUnique(
            column="id",
            severity="critical",
            notes="A satellite registered twice does everything twice.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A satellite without a name, trade or version cannot be compared.",
            )
            for column in (
                "id",
                "name",
                "agent_type",
                "implementation_type",
                "version",
                "configuration",
                "is_active",
            )
        ),
        ExpectColumnValuesToMatchRegex(
            column="id",
            regex=patterns.LABEL,
            severity="warning",
            notes="Two spellings split one satellite's record in two.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.WRITTEN,
                severity="warning",
                notes="A blank label reads as a broken page.",
            )
            for column in ("name", "description")
        ),
        ExpectColumnValuesToMatchRegex(
            column="version",
            regex=patterns.VERSION,
            severity="warning",
            notes="A change in behaviour cannot be laid to a build that is not named.",
        ),
        *(
            ExpectColumnValuesToBeInSet(
                column=column,
                value_set=list(ENUMS[enum]),
                severity="warning",
                notes="A satellite of unknown trade, build or health falls out of its table.",
            )
            for column, enum in (
                ("agent_type", "agent_type_enum"),
                ("implementation_type", "implementation_type_enum"),
                ("health_status", "health_status_enum"),
            )
        ),
        *(
            ExpectColumnValuesToBeJsonParseable(
                column=column,
                severity="warning",
                notes="How a satellite is set, or what it claims, cannot be audited.",
            )
            for column in ("configuration", "performance_metrics")
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=patterns.GENESIS,
                severity="warning",
                notes="A health check from 1970 was never made.",
            )
            for column in ("last_health_check", "created_at", "updated_at")
        ),
    ],
)
