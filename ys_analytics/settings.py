"""The settings, and the only module that reads the environment.

Knows names, defaults and meanings; opens nothing. Every setting is an
environment variable `YS_<NAME>` or a line of `.env` in the workspace;
`YS_ENV_FILE` names another such file, which is how tests keep off real stores.
"""

import difflib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as PydanticSettingsError

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
    data_folder = Path(data_home)
    return (data_folder if data_folder.is_absolute() else Path.home() / ".local" / "share") / "ys-analytics"


WORKSPACE = workspace(CHECKOUT, os.environ.get("XDG_DATA_HOME", ""))

_ENV_FILE = os.environ.get("YS_ENV_FILE", "")

# What docker-compose.yml and the tests read under our prefix.
_ALSO_OURS = frozenset({"YS_ENV_FILE", "YS_POSTGRES_PASSWORD", "YS_CLICKHOUSE_PASSWORD", "YS_REDIS_PASSWORD"})

_WEEK_SECONDS = 604_800.0


class Settings(BaseSettings):
    """The settings of an operator; frozen once read.

    A store without a URL is the embedded engine under `home`; with one it is a
    server. URLs are secrets because they may carry passwords.
    """

    model_config = SettingsConfigDict(
        env_prefix="YS_",
        env_file=_ENV_FILE or WORKSPACE / ".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
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
    analyst_role: str = Field(
        "ys_analyst", min_length=1, max_length=63, description="The PostgreSQL role analysts read as."
    )
    analyst_password: SecretStr | None = Field(
        None, description="Password of that role on a PostgreSQL server; the embedded one needs none."
    )
    tls_ca: Path | None = Field(None, description="File of the authorities (PEM) that sign servers' certificates.")
    tls_cert: Path | None = Field(None, description="File of our own certificate (PEM), for servers that ask for one.")
    tls_key: Path | None = Field(None, description="File of its key (PEM).")
    tls_verify: Literal["full", "ca", "none"] = Field(
        "full", description="What of a server's certificate is checked: all, all but the host's name, or nothing."
    )
    wait: float = Field(
        60.0, gt=0, le=_WEEK_SECONDS, description="Seconds to wait for an embedded store another process holds."
    )
    statement_timeout: float = Field(120.0, gt=0, le=_WEEK_SECONDS, description="Seconds one statement may run.")
    risk_free: float = Field(0.0, gt=-1, description="Risk-free rate per year, simple, as a fraction.")
    benchmark: str = Field(
        "BTC", min_length=1, description="What reports compare with: a symbol, target, equal_weight, or a portfolio."
    )
    smtp_url: SecretStr | None = Field(
        None, description="Mail server of `ys send`: smtps://user:password@host, or smtp://… with STARTTLS."
    )
    smtp_from: str = Field("", description="Address that reports are sent from.")
    smtp_operator: str = Field("", description="Address that is written to when a report could not be sent.")
    retention_days: dict[str, int] = Field(
        default_factory=dict,
        description='Days each ClickHouse table keeps, as JSON: {"dex_trades": 730}. Empty keeps all.',
    )


@cache
def load_settings() -> Settings:
    """Read the environment once.

    Raises:
        SettingsError: a value does not parse, a replica has no primary, a variable `YS_…` is none of ours, or the file
            that `YS_ENV_FILE` names cannot be read; the line names the variable, never its value.
    """
    refuse_unknown(os.environ, place="the environment")
    file = Path(_ENV_FILE or WORKSPACE / ".env")
    if _ENV_FILE and not file.exists():
        raise SettingsError(f"YS_ENV_FILE: there is no file {file}; correct the path, or unset it")
    if _ENV_FILE and file.is_dir():
        raise SettingsError(f"YS_ENV_FILE: {file} is a folder; name a file, or unset it")
    try:
        if file.is_file():
            refuse_unknown(dotenv_values(file), place=str(file))
        settings = Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "YS_" + str(first["loc"][0]).upper()
        reason = str(first["msg"]).partition(": ")[0]  # what may follow quotes the value
        raise SettingsError(f"{name}: {reason}; correct it in the environment or in {file}") from None
    except PydanticSettingsError as error:  # a value that should be JSON; the text names its field
        fields = [name for name in Settings.model_fields if f'"{name}"' in str(error)]
        name = f"YS_{fields[0].upper()}" if fields else "a setting"
        raise SettingsError(f"{name}: not readable as JSON; correct it in the environment or in {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read as text ({type(error).__name__}); correct it") from None
    if settings.postgres_replica_url is not None and settings.postgres_url is None:
        # The embedded PostgreSQL would be read instead, without a word.
        raise SettingsError("YS_POSTGRES_REPLICA_URL: there is no YS_POSTGRES_URL of its primary; set both, or neither")
    return settings


def refuse_unknown(variables: Iterable[str], *, place: str) -> None:
    """Refuse a variable that begins like ours and is none: a misspelt one would mean the embedded stores in silence.

    Args:
        variables: Names.
        place: Where they were found, for the message.

    Raises:
        SettingsError: naming the variable and its near names.

    >>> refuse_unknown(["YS_RETENTION_DAY"], place=".env")
    Traceback (most recent call last):
    ys_analytics.errors.SettingsError: YS_RETENTION_DAY in .env is no setting; did you mean YS_RETENTION_DAYS?
    """
    known = {f"YS_{name.upper()}" for name in Settings.model_fields} | _ALSO_OURS
    for name in variables:
        if name.upper().startswith("YS_") and name.upper() not in known:
            nearest = difflib.get_close_matches(name.upper(), sorted(known), n=2, cutoff=0.7)
            advice = (
                f"did you mean {' or '.join(nearest)}?" if nearest else "`.env.example` and docs/operators.md list them"
            )
            raise SettingsError(f"{name} in {place} is no setting; {advice}")
