"""A setting that is misspelt, absent or malformed is an error that names it, never the embedded stores in silence."""

from pathlib import Path

import pytest

from ys_analytics.errors import SettingsError
from ys_analytics.settings import Settings, refuse_unknown


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        pytest.param({"YS_POSTGRE_URL": "postgresql://long-secret"}, "YS_POSTGRES_URL", id="a letter less"),
        pytest.param({"YS_REDIS_PREFX": "long-secret"}, "did you mean YS_REDIS_PREFIX", id="another letter less"),
        pytest.param({"YS_NOTHING_LIKE_IT": "long-secret"}, "YS_NOTHING_LIKE_IT in the environment", id="nothing near"),
        pytest.param({"YS_STATEMENT_TIMEOUT": "long-secret"}, "YS_STATEMENT_TIMEOUT: ", id="a number that is none"),
        pytest.param({"YS_REPLICA_MAX_LAG": "-1"}, "YS_REPLICA_MAX_LAG: ", id="a number out of range"),
        pytest.param({"YS_STATEMENT_TIMEOUT": "1e300"}, "YS_STATEMENT_TIMEOUT: ", id="longer than a week"),
        pytest.param({"YS_REPLICA_MAX_LAG": "inf"}, "YS_REPLICA_MAX_LAG: ", id="no finite number"),
        pytest.param(
            {"YS_POSTGRES_REPLICA_URL": "postgresql://a:long-secret@127.0.0.1/x"},
            "YS_POSTGRES_REPLICA_URL: there is no YS_POSTGRES_URL",
            id="a replica of the embedded one",
        ),
        pytest.param({"YS_RETENTION_DAYS": "{long-secret"}, "YS_RETENTION_DAYS: ", id="JSON that is none"),
        pytest.param({"YS_RETENTION_DAYS": '{"a": "long-secret"}'}, "YS_RETENTION_DAYS: ", id="JSON of other things"),
        pytest.param({"YS_TLS_VERIFY": "long-secret"}, "YS_TLS_VERIFY: ", id="a word that is none of three"),
        pytest.param({"YS_ENV_FILE": "/no/such/file"}, "no file /no/such/file", id="no such file"),
        pytest.param({"YS_ENV_FILE": "/"}, "YS_ENV_FILE: / is a folder", id="a folder"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(bare, variables, says):
    """Exit code 10; the value stays where it was."""
    done = bare("status", **variables)
    assert done.returncode == 10, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("ys: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert "long-secret" not in done.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("YS_QDRANT_UR=http://long-secret", "did you mean YS_QDRANT_URL"),
        ("ys_clickhouse_urll=http://long-secret", "did you mean YS_CLICKHOUSE_URL"),
        ("YS_WAIT=long-secret", "YS_WAIT: "),
    ],
)
def test_a_wrong_line_of_the_file_is_named(bare, tmp_path: Path, line: str, says: str):
    """The file is named as well, for there may be several."""
    file = tmp_path / "settings.env"
    file.write_text(f"SOMEBODY_ELSES=1\n{line}\n")
    done = bare("status", YS_ENV_FILE=str(file))
    assert done.returncode == 10, done.stderr
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert str(file) in done.stderr
    assert "long-secret" not in done.stderr


def test_a_file_that_is_no_text_is_named(bare, tmp_path: Path):
    """A binary file is not an empty one."""
    file = tmp_path / "settings.env"
    file.write_bytes(b"YS_WAIT=\xff\xfe\n")
    done = bare("status", YS_ENV_FILE=str(file))
    assert (done.returncode, done.stderr.count("\n")) == (10, 1)
    assert str(file) in done.stderr


def test_every_setting_is_known_and_so_is_what_compose_reads():
    """The names in .env.example are accepted, and every field of the settings."""
    refuse_unknown([f"YS_{name.upper()}" for name in Settings.model_fields], place="a test")
    example = Path(__file__).parents[2] / ".env.example"
    names = [line.partition("=")[0] for line in example.read_text().splitlines() if "=" in line and line[0] != "#"]
    assert names
    refuse_unknown(names, place=".env.example")
    with pytest.raises(SettingsError, match="YS_HOEM"):
        refuse_unknown(["PATH", "YS_HOEM"], place="a test")


@pytest.mark.parametrize(
    ("setting", "url", "says"),
    [
        ("YS_POSTGRES_URL", "postgresql://me:long-secret@127.0.0.1:1/ys?sslmod=require", "no option sslmod"),
        ("YS_CLICKHOUSE_URL", "http://me:long-secret@127.0.0.1:1/ys?secure=1", "no option secure"),
        ("YS_CLICKHOUSE_URL", "http://me:long-secret@127.0.0.1:1/ys?tls_ca=/ca.pem", "no option tls_ca"),
        ("YS_REDIS_URL", "rediss://:long-secret@127.0.0.1:1/0?tls_cs=/ca.pem", "did you mean tls_ca"),
        ("YS_QDRANT_URL", "https://127.0.0.1:1?tls_verfy=none", "did you mean tls_verify"),
        ("YS_QDRANT_URL", "https://127.0.0.1:1?tls_verify=perhaps", "tls_verify is full, ca or none"),
        ("YS_QDRANT_URL", "https://127.0.0.1:1?tls_ca=/no/such/file", "No such file"),
    ],
)
def test_an_option_that_nothing_reads_is_a_row_of_its_store(bare, setting, url, says):
    """The other stores have their rows too, and no one calls it a fault of ours."""
    done = bare("status", **{setting: url})
    assert done.returncode == 11, done.stderr
    assert says in done.stdout
    assert {"postgres", "clickhouse", "redis", "qdrant"} <= {line.split()[0] for line in done.stdout.splitlines()[1:]}
    assert "fault of ours" not in done.stderr
    assert "long-secret" not in done.stdout + done.stderr
