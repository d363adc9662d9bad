"""What can be set, and the only place that reads the environment.

Knows names, defaults and meanings; opens nothing. Every setting is an
environment variable `YS_<NAME>` or a line of `.env` in the workspace;
`YS_ENV_FILE` names another such file, which is how tests keep off real stores.
"""

import os
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ys_analytics.errors import SettingsError
from ys_analytics.resources import CHECKOUT


def workspace(checkout: Path | None, data_home: str) -> Path:
    """Folder of stores, runs and `.env` by default: the checkout, or the user's data folder for an installed kit.

    Not the current folder: a notebook's kernel runs in another one than the shell and must find the same stores.

    Args:
        checkout: The checkout this program runs from; None where it is installed.
        data_home: The variable `XDG_DATA_HOME`; by its specification a path that is not absolute is ignored.

    >>> workspace(None, "/data").as_posix()
    '/data/ys-analytics'
    >>> workspace(None, "").relative_to(Path.home()).as_posix()
    '.local/share/ys-analytics'
    """
    if checkout is not None:
        return checkout
    named = Path(data_home)
    return (named if named.is_absolute() else Path.home() / ".local" / "share") / "ys-analytics"


WORKSPACE = workspace(CHECKOUT, os.environ.get("XDG_DATA_HOME", ""))


class Settings(BaseSettings):
    """Everything an operator may choose; frozen once read.

    A store without a URL is the embedded engine under `home`; with one it is a
    server. URLs are secrets because they may carry passwords.
    """

    model_config = SettingsConfigDict(
        env_prefix="YS_",
        env_file=os.environ.get("YS_ENV_FILE", WORKSPACE / ".env"),
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    home: Path = Field(WORKSPACE / ".ys", description="Folder of the embedded stores.")
    out: Path = Field(WORKSPACE / "reports" / "out", description="Folder of runs and reports.")

    postgres_url: SecretStr | None = Field(None, description="postgresql://… of the primary; embedded when empty.")
    postgres_replica_url: SecretStr | None = Field(None, description="Where reads go when set; writes never do.")
    replica_max_lag: float | None = Field(
        None, ge=0, description="Seconds the replica may be behind its primary; empty asks nothing of it."
    )
    replica_fallback: bool = Field(
        default=False, description="Read from the primary when the replica is down or too far behind; refuse otherwise."
    )
    clickhouse_url: SecretStr | None = Field(None, description="http(s)://user:password@host:port/database.")
    clickhouse_cluster: str = Field(
        "",
        pattern=r"^\w*$",
        description="Name of a ClickHouse cluster; `ys migrate up` then spreads each table over its shards.",
    )
    redis_url: SecretStr | None = Field(None, description="redis://…")
    qdrant_url: SecretStr | None = Field(None, description="http(s)://host:port.")
    qdrant_api_key: SecretStr | None = Field(None, description="Key of a protected Qdrant server.")

    redis_prefix: str = Field("", description="Put before every Redis key.")
    analyst_password: SecretStr | None = Field(
        None, description="Password of the role ys_analyst on a PostgreSQL server; the embedded one needs none."
    )
    wait: float = Field(60.0, gt=0, description="Seconds to wait for an embedded store another process holds.")
    statement_timeout: float = Field(120.0, gt=0, description="Seconds one statement may run.")
    risk_free: float = Field(0.0, gt=-1, description="Risk-free rate per year, simple, as a fraction.")
    retention_days: dict[str, int] = Field(
        default_factory=dict,
        description='Days each ClickHouse table keeps, as JSON: {"dex_trades": 730}. Empty keeps all.',
    )


@cache
def load_settings() -> Settings:
    """Read the environment once.

    Raises:
        SettingsError: a value does not parse; the line names the variable, never its value.
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "YS_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg']}; correct it in the environment or in .env") from None
