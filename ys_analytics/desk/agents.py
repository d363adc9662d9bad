"""Health, tasks and performance of the satellite agents in the week: the desk's frame of them.

Frames in, frames out; opens nothing.
"""

import polars as pl

from ys_analytics.schemas import Span

_EXPIRED = "the cache says nothing of the week: it expires after 60 seconds"
_CHECKED_LATER = "asked only after the week"


def satellites(
    agents: pl.DataFrame, tasks: pl.DataFrame, performance: pl.DataFrame, health: pl.DataFrame, *, span: Span
) -> pl.DataFrame:
    """One row per satellite: health, tasks of the week with their outcome, success rate, response time and errors.

    Health is what the last check before the end of the week found; the stores keep no earlier one.

    Args:
        agents: `satellite_agents`.
        tasks: `agent_tasks`.
        performance: `satellite_performance`.
        health: `redis_agent_health`.
        span: The week.
    """
    status = pl.col("status").cast(pl.String)
    finished_in_time = (pl.col("completed_at") < span.end).fill_null(value=True)
    task_counts = tasks.filter(span.contains("created_at")).group_by("agent_id", maintain_order=True).agg(
        tasks=pl.len().cast(pl.Int64),
        completed=(finished_in_time & (status == "completed")).sum().cast(pl.Int64),
        failed=(finished_in_time & (status == "failed")).sum().cast(pl.Int64),
    )  # fmt: skip
    performance_means = performance.filter(span.contains("timestamp")).group_by("agent_id", maintain_order=True).agg(
        success=pl.col("success_rate").cast(pl.Float64).mean(),
        response=pl.col("response_time_ms").cast(pl.Float64).median(),
        errors=pl.col("error_count").sum().cast(pl.Int64),
    )  # fmt: skip
    checked_at = pl.col("value").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    checked_in_time = health.filter((pl.col("field") == "last_check") & (checked_at < span.end))
    cached_status = health.filter(pl.col("field") == "status").join(checked_in_time, on="agent_id", how="semi")
    checked_before_end = (pl.col("last_health_check") < span.end).fill_null(value=False)
    return (
        agents.select(agent_id="id", name="name", kind=pl.col("agent_type").cast(pl.String), version="version",
                      health=pl.when(checked_before_end).then(pl.col("health_status").cast(pl.String)),
                      unchecked=pl.when(~checked_before_end).then(pl.lit(_CHECKED_LATER)))
        .join(cached_status.select("agent_id", cached="value"), on="agent_id", how="left", maintain_order="left")
        .join(task_counts, on="agent_id", how="left", maintain_order="left")
        .join(performance_means, on="agent_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("tasks", "completed", "failed").fill_null(0),
            unmeasured=pl.when(pl.col("success").is_null()).then(pl.lit("nothing was measured in the week")),
            uncached=pl.when(pl.col("cached").is_null()).then(pl.lit(_EXPIRED)),
        )
        .sort("agent_id")
    )  # fmt: skip
