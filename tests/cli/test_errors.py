"""A failure is one line on stderr and the exit code of its class; a traceback only with --debug; never a secret."""

import pytest


@pytest.mark.parametrize(
    ("words", "settings", "code", "says"),
    [
        pytest.param(
            ["catalog", "transactinos"], {}, 2, "did you mean transactions?", id="a table with a typing error"
        ),
        pytest.param(["load", "transactions", "--week", "2026-W54"], {}, 2, "2026-W54", id="a week that never was"),
        pytest.param(["report", "--week", "last"], {}, 2, "--portfolio", id="a report of nobody"),
        pytest.param(["sql", "SELECT 1", "--week", "2026-W01"], {}, 12, "2026-W01", id="a week without a run"),
        pytest.param(["status"], {"YS_WAIT": "long-secret"}, 10, "YS_WAIT", id="a setting that does not parse"),
        pytest.param(
            ["load", "portfolios"],
            {"YS_POSTGRES_URL": "postgresql://me:long-secret@127.0.0.1:1/ys"},
            11,
            "127.0.0.1",
            id="a server that is not there",
        ),
    ],
)
def test_a_failure_is_one_line_and_a_code(bare, words, settings, code, says):
    """What happened, to what, and what to do; the password stays where it was."""
    done = bare(*words, **settings)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("ys: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert "long-secret" not in done.stderr


def test_debug_shows_the_cause(bare):
    """For whoever mends it, the whole story."""
    done = bare("--debug", "catalog", "transactinos")
    assert "Traceback" in done.stderr
    assert "UsageError" in done.stderr
