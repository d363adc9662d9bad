"""Satellite agents: health, tasks, performance and configuration.

Depends on the columns of this package; opens no Redis.
"""

from ys_analytics.schemas.redis.columns import AGENT, MEASUREMENT, METRIC, TTL, position_column, text_column
from ys_analytics.schemas.rules import JSON, LABEL, UUID, Bounded, Formatted, OneOf, Refers, Required, Unique
from ys_analytics.schemas.table import KeyFamily

_AGENT_PERF_LABEL = Formatted(LABEL, "warning", "Two spellings split one record in two.")

FAMILIES = (
    KeyFamily(
        name="redis_agent_health",
        store="redis",
        pattern="agent:health:{agent_id}",
        kind="hash",
        ttl=60,
        key=("agent_id", "field"),
        meaning="How each satellite is.",
        affects=(),
        holds="A state of health",
        unique=Unique("warning", "A satellite both well and ill is shown as either."),
        required=Required("warning", "A satellite that says nothing is shown as well."),
        columns=(
            AGENT.with_rules(
                Formatted(LABEL, "warning", "Two spellings split one satellite in two."),
                Refers("satellite_agents.id", "warning", "The health of a satellite nobody registered is shown."),
            ),
            text_column(
                "field",
                "status, last_check or version.",
                OneOf(
                    "warning",
                    "What a satellite says under another name is not heard.",
                    ("status", "last_check", "version"),
                ),
            ),
            text_column("value", "What it says."),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_tasks",
        store="redis",
        pattern="agent:tasks:{agent_id}:pending",
        kind="list",
        ttl=60,
        key=("agent_id", "position"),
        meaning="Tasks each satellite has yet to begin.",
        affects=(),
        holds="A queue",
        unique=Unique("warning", "A task queued twice is done twice."),
        required=Required("warning", "A place in the queue without a task is never worked off."),
        columns=(
            AGENT.with_rules(
                Formatted(LABEL, "warning", "Two spellings split one satellite's queue in two."),
                Refers("satellite_agents.id", "warning", "A queue belongs to a satellite nobody registered."),
            ),
            position_column(
                "Place in the queue, 0 first.",
                Bounded("warning", "A queue of a million tasks is not being worked.", at_least=0, at_most=1_000_000),
            ),
            text_column(
                "task_id",
                "Which task.",
                Formatted(UUID, "warning", "A task that is not named by UUID is found in no table."),
                Refers("agent_tasks.id", "warning", "A satellite is given a task nobody wrote down."),
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_perf",
        store="redis",
        pattern="agent:perf:{agent_id}",
        kind="hash",
        ttl=60,
        key=("agent_id", "metric"),
        meaning="Cached performance of each satellite.",
        affects=(),
        holds="A figure",
        unique=Unique("warning", "Two values of one metric: which one counts is chance."),
        required=Required("warning", "A figure without its name or size compares nothing."),
        columns=(
            AGENT.with_rules(
                _AGENT_PERF_LABEL,
                Refers("satellite_agents.id", "warning", "Marks of a satellite nobody registered are shown."),
            ),
            METRIC.with_rules(_AGENT_PERF_LABEL),
            MEASUREMENT.with_rules(
                Bounded(
                    "warning",
                    "One unscaled figure is all that the table shows.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                )
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_config",
        store="redis",
        pattern="agent:config:{agent_id}",
        kind="string",
        ttl=3600,
        key=("agent_id",),
        meaning="How each satellite is set.",
        affects=(),
        holds="A setting",
        unique=Unique("warning", "Two settings of one satellite: which one it runs with is chance."),
        required=Required("warning", "A satellite without settings runs with whatever it has."),
        columns=(
            AGENT.with_rules(
                Formatted(LABEL, "warning", "Settings under another spelling reach nobody."),
                Refers("satellite_agents.id", "warning", "Settings wait for a satellite nobody registered."),
            ),
            text_column(
                "config",
                "The settings, as JSON.",
                Formatted(JSON, "warning", "Settings that cannot be read are not applied."),
            ),
            TTL,
        ),
    ),
)
