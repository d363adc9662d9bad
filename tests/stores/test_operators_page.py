"""What docs/operators.md states of versions, rights and settings is what the code holds."""

from pathlib import Path

from ys_analytics.settings import Settings
from ys_analytics.stores.common.tls import OPTIONS
from ys_analytics.stores.common.versions import LOWEST, said
from ys_analytics.stores.redis.privileges import ASKING_SENTINELS, READING, READING_A_CLUSTER

PAGE = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()


def between(name: str) -> str:
    """What stands between two marks of the page."""
    return PAGE.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].strip()


def test_the_lowest_versions_are_those_that_are_checked() -> None:
    """Each engine once, in the order of the code."""
    assert between("versions") == ", ".join(f"{engine} {said(version)}" for engine, version in LOWEST.items())


def test_the_rights_in_redis_are_those_that_are_tested() -> None:
    """Word by word, for one server, a cluster and Sentinels."""
    assert f"ACL SETUSER reader on >password {READING}\n" in between("redis")
    assert READING_A_CLUSTER.removeprefix(READING).strip() in PAGE
    assert ASKING_SENTINELS in PAGE


def test_the_words_of_tls_are_all_there() -> None:
    """Each option beside its setting."""
    for option in OPTIONS:
        assert f"`{option}`" in PAGE
        assert f"`YS_{option.upper()}`" in PAGE
        assert option in Settings.model_fields
