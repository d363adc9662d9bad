"""What docs/operators.md states of versions, rights and settings is what the code holds."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from ys_analytics.cli import ending
from ys_analytics.migrations import lock_retry
from ys_analytics.settings import Settings
from ys_analytics.stores.common.deadline import GRACE_SECONDS
from ys_analytics.stores.common.tls import OPTIONS
from ys_analytics.stores.common.versions import LOWEST, version_text
from ys_analytics.stores.postgres import connection
from ys_analytics.stores.redis.privileges import ASKING_SENTINELS, READING, READING_A_CLUSTER

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "operators.md").read_text()
# Lines of the table of failures: what is seen, and who says it where that is not the kit.
SEEN = re.findall(
    r"^\| (`[^|]+`)(?: \((?:PostgreSQL|the system)\))? \| ", PAGE.partition("| You see |")[2], re.MULTILINE
)
ELSEWHERE = {"`canceling statement due to lock timeout`", "`no space left on device`, `read-only file system`"}


def between(name: str) -> str:
    """What stands between two marks of the page."""
    return PAGE.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].strip()


def test_the_lowest_versions_are_those_that_are_checked() -> None:
    """Each engine once, in the order of the code."""
    assert between("versions") == ", ".join(f"{engine} {version_text(version)}" for engine, version in LOWEST.items())


def test_the_rights_in_redis_are_those_that_are_tested() -> None:
    """Word by word, for one server, a cluster and Sentinels."""
    assert f"ACL SETUSER reader on >password {READING}\n" in between("redis")
    assert READING_A_CLUSTER.removeprefix(READING).strip() in PAGE
    assert ASKING_SENTINELS in PAGE


def test_the_words_of_tls_are_all_there() -> None:
    """Each option next to its setting."""
    for option in OPTIONS:
        assert f"`{option}`" in PAGE
        assert f"`YS_{option.upper()}`" in PAGE
        assert option in Settings.model_fields


@cache
def messages() -> str:
    """Every text in the kit, SQL included; `…` stands for what is put into one."""
    found = [path.read_text() for path in (PROJECT / "ys_analytics").rglob("*.sql")]
    for path in (PROJECT / "ys_analytics").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(str(part) for part in parts))
    return "\n".join(found)


@pytest.mark.parametrize("seen", [line for line in SEEN if line not in ELSEWHERE])
def test_what_the_page_says_is_seen_is_what_the_kit_says(seen: str) -> None:
    """Each piece of each line between what differs, as the code writes it."""
    for text in re.findall(r"`([^`]+)`", seen):
        pieces = [piece.strip(" ;:,") for piece in text.split("…")]
        assert [piece for piece in pieces if piece and piece not in messages()] == [], text


def test_the_failures_are_read() -> None:
    """The table is found, and what others say is in it."""
    assert len(SEEN) > 20
    assert set(SEEN) >= ELSEWHERE


def test_the_time_limits_are_those_of_the_code() -> None:
    """Each number of the table where it is declared."""
    table = PAGE.partition("## Time limits")[2].partition("##")[0]
    keepalive = connection._KEEPALIVE
    assert f"`YS_STATEMENT_TIMEOUT`, at most {connection._CONNECT_TIMEOUT} s" in table
    assert f"`YS_STATEMENT_TIMEOUT`, {Settings.model_fields['statement_timeout'].default:.0f} s" in table
    assert (
        GRACE_SECONDS == ending._CLEANUP_SECONDS + 1.0 == 2.0
    )  # a second for the command, and one for those it started
    assert "two seconds more" in table
    assert "after Ctrl-C or SIGTERM | 2 s" in table
    assert keepalive["keepalives_count"] == 3
    idle, interval = keepalive["keepalives_idle"], keepalive["keepalives_interval"]
    assert f"TCP keepalive after {idle} s, three times every {interval} s" in table
    assert f"table in use | {lock_retry.LOCK_TIMEOUT[:-1]} s, twelve times" in table
    assert lock_retry._ATTEMPTS == 12
