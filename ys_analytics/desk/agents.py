"""How the satellite agents worked in the week: the desk's frame of them.

Frames in, frames out; opens nothing.
"""

import polars as pl

from ys_analytics.schemas import Span

_EXPIRED = "the cache says nothing of the week: it expires after 60 seconds"
_LATER = "asked only after the week"


def satellites(
    agents: pl.DataFrame, tasks: pl.DataFrame, measured: pl.DataFrame, health: pl.DataFrame, *, span: Span
) -> pl.DataFrame:
    """One row a satellite: how it was, what it was asked in the week, how that stood at its end and how fast it was.

    Health is what the last check before the end of the week found; the stores keep no earlier one.

    Args:
        agents: `satellite_agents`.
        tasks: `agent_tasks`.
        measured: `satellite_performance`.
        health: `redis_agent_health`.
        span: The week.
    """
    status = pl.col("status").cast(pl.String)
    over = (pl.col("completed_at") < span.end).fill_null(value=True)
    asked = tasks.filter(span.holds("created_at")).group_by("agent_id", maintain_order=True).agg(
        tasks=pl.len().cast(pl.Int64),
        completed=(over & (status == "completed")).sum().cast(pl.Int64),
        failed=(over & (status == "failed")).sum().cast(pl.Int64),
    )  # fmt: skip
    worked = measured.filter(span.holds("timestamp")).group_by("agent_id", maintain_order=True).agg(
        success=pl.col("success_rate").cast(pl.Float64).mean(),
        response=pl.col("response_time_ms").cast(pl.Float64).median(),
        errors=pl.col("error_count").sum().cast(pl.Int64),
    )  # fmt: skip
    asked_at = pl.col("value").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    fresh = health.filter((pl.col("field") == "last_check") & (asked_at < span.end))
    cached = health.filter(pl.col("field") == "status").join(fresh, on="agent_id", how="semi")
    known = (pl.col("last_health_check") < span.end).fill_null(value=False)
    return (
        agents.select(agent_id="id", name="name", kind=pl.col("agent_type").cast(pl.String), version="version",
                      health=pl.when(known).then(pl.col("health_status").cast(pl.String)),
                      unchecked=pl.when(~known).then(pl.lit(_LATER)))
        .join(cached.select("agent_id", cached="value"), on="agent_id", how="left", maintain_order="left")
        .join(asked, on="agent_id", how="left", maintain_order="left")
        .join(worked, on="agent_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("tasks", "completed", "failed").fill_null(0),
            unmeasured=pl.when(pl.col("success").is_null()).then(pl.lit("nothing was measured in the week")),
            uncached=pl.when(pl.col("cached").is_null()).then(pl.lit(_EXPIRED)),
        )
        .sort("agent_id")
    )  # fmt: skip
