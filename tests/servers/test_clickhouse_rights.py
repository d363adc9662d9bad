"""The least rights that are written down for ClickHouse are enough to read, and for nothing else.

The engine has ClickHouse's own access control: a process of its own serves a filled folder over HTTP, and its user has
the grants of docs/operators.md and no other. The engine in process does not know the setting under which a server asks
for grants on system tables, so those are not held to be needed here, only to be enough.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ys_analytics import frames
from ys_analytics.doctor.clickhouse import examine
from ys_analytics.errors import StoreError, YsError
from ys_analytics.schemas import TABLES
from ys_analytics.stores import ClickHouseAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse

STORES = Path(__file__).parents[1] / "stores"
PAGE = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()

_FILL = """
import sys
from pathlib import Path
from ys_analytics import demo, local, migrations
from ys_analytics.settings import Settings
settings = Settings(_env_file=None, home=Path(sys.argv[1]))
try:
    with local.open_stores(settings, role="owner", purpose="the tests") as stores:
        migrations.up(stores)
        demo.fill(stores, portfolios=9, days=45, seed=3)
finally:
    local.down(settings)
"""
_SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
import http_front
with http_front.front(sys.argv[2]) as front:
    print(front.url, flush=True)
    sys.stdin.read()
"""
_CONFIG = """
<clickhouse>
  <user_directories><users_xml><path>{users}</path></users_xml></user_directories>
</clickhouse>
"""
_USERS = """
<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>::/0</ip></networks>
      <grants>{grants}</grants>
    </default>
  </users>
</clickhouse>
"""


def documented() -> list[str]:
    """The grants on the page, as the engine's configuration takes them."""
    return re.findall(r"^GRANT (SELECT ON [\w.*]+) TO reader;$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The folder of an engine with every table of the kit filled."""
    with tempfile.TemporaryDirectory(prefix="ysr-") as place:
        Path(place).chmod(0o711)
        subprocess.run([sys.executable, "-c", _FILL, f"{place}/home"], check=True, capture_output=True)
        [found] = [path.parent for path in Path(place, "home", "clickhouse").rglob("store") if path.is_dir()]
        yield found


@contextmanager
def reader(folder: Path, grants: list[str]) -> Iterator[ClickHouse]:
    """The kit's own client of a server whose user has these grants and changes no setting."""
    with tempfile.TemporaryDirectory(prefix="ysr-") as place:
        users, config = Path(place, "users.xml"), Path(place, "config.xml")
        queries = "".join(f"<query>GRANT {each.replace('ys.', 'default.')}</query>" for each in grants)
        users.write_text(_USERS.format(grants=queries))
        config.write_text(_CONFIG.format(users=users))
        words = [sys.executable, "-c", _SERVE, str(STORES), f"{folder}?config-file={config}"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            url = server.stdout.readline().strip().replace("//ys:", "//reader:")  # under readonly = 1
            try:
                with ClickHouse.open(ClickHouseAddress(url=url)) as store:
                    yield store
            finally:
                server.stdin.close()


TABLES_HERE = [name for name, table in TABLES.items() if table.store == "clickhouse" and name != "schema_migrations"]


def test_every_table_is_read_and_checked_with_the_least_rights(folder: Path) -> None:
    """Loading, counting, proving and the drift check ask for nothing beyond the page."""
    assert len(documented()) >= 5
    with reader(folder, documented()) as store:
        stores = Stores(opened_clickhouse=store)
        for name in TABLES_HERE:
            assert frames.load(stores, name).height == store.rows(f"SELECT count() FROM {name}")[0][0] > 0  # noqa: S608
            assert frames.prove(stores, name)["equal"].all()
        assert store.server_info()["version"]
        assert [
            answer.question for answer in examine(stores, datetime(2026, 11, 23, tzinfo=UTC)) if not answer.ok
        ] == []
        for refused in ("DROP TABLE market_data", "INSERT INTO market_data SELECT * FROM market_data",
                        "CREATE TABLE mine (n Int8) ENGINE = Memory", "SELECT * FROM system.users"):  # fmt: skip
            with pytest.raises(StoreError, match=r"privileges|readonly|ACCESS_DENIED"):
                store.run(refused)


def test_without_the_right_to_read_there_is_an_error(folder: Path) -> None:
    """ClickHouse shows a user no table that it may not read: that is an error, never an empty frame."""
    with reader(folder, documented()[1:]) as store, pytest.raises(YsError, match="no such table"):
        frames.load(Stores(opened_clickhouse=store), "market_data")
