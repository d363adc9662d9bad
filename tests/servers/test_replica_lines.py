"""The primary and its replica are asked by their own addresses: either is seen even when the other is down."""

import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from ys_analytics import local
from ys_analytics.doctor import replica
from ys_analytics.settings import Settings

from . import postgres_servers


@pytest.fixture(params=["18", "15"])
def version(request: pytest.FixtureRequest) -> str:
    """PostgreSQL 18 out of its wheel, and Debian's 15."""
    if not (postgres_servers.BINARIES[request.param] / "initdb").exists():
        pytest.skip("Debian's postgresql (15) is not installed")
    return request.param


def test_each_server_has_its_line(version: str, tmp_path: Path) -> None:
    """Both up; then the primary down, and the replica says what it knows; then both down."""
    with tempfile.TemporaryDirectory(prefix="ys-pg-") as place:
        folder = Path(place)
        folder.chmod(0o711)
        with (
            postgres_servers.server(version, folder) as primary,
            postgres_servers.server(version, folder, copy_of=primary) as follower,
        ):
            secret = quote(postgres_servers.PASSWORD, safe="")
            url = "postgresql://postgres:{}@127.0.0.1:{}/postgres"
            settings = Settings(
                _env_file=None,
                home=tmp_path / "home",
                statement_timeout=5,
                postgres_url=SecretStr(url.format(secret, primary.port)),
                postgres_replica_url=SecretStr(url.format(secret, follower.port)),
                analyst_role="postgres",
                analyst_password=SecretStr(postgres_servers.PASSWORD),
                replica_max_lag=60,
            )
            up, behind = rows(settings)
            assert (up.server, up.running, behind.server, behind.running) == ("primary", True, "replica", True)
            assert (str(primary.port) in up.address, str(follower.port) in behind.address) == (True, True)
            assert (behind.behind_s, behind.note) == (0.0, "0 s behind its primary")
            assert all(answer.ok for answer in replica.examine(settings))

            stop(primary)
            down, behind = rows(settings)
            assert (down.running, down.is_failing, behind.running) == (False, True, True)
            assert "primary" in behind.note
            lag = list(replica.examine(settings))[-1]
            assert (lag.question, lag.ok) == ("replica lag", behind.behind_s is not None)

            stop(follower)
            down, behind = rows(settings)
            assert (down.is_failing, behind.is_failing) == (True, True)
            said = list(replica.examine(settings))
            assert [(answer.question, answer.ok) for answer in said] == [
                ("replica", False),
                ("replica answers", False),
            ]
            assert "reads are refused" in said[-1].text
            instead = settings.model_copy(update={"replica_fallback": True})
            assert "reads go to the primary instead" in list(replica.examine(instead))[-1].text
            assert postgres_servers.PASSWORD not in repr((down, behind, said))


def rows(settings: Settings) -> list[local.Status]:
    """The lines of PostgreSQL."""
    return [row for row in local.status(settings) if row.store == "postgres"]


def stop(server: object) -> None:
    """End a server at once."""
    server.process.kill()
    server.process.wait()
