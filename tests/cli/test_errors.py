"""A failure is one line on stderr and the exit code of its class; a traceback only with --debug; never a secret."""

import pytest

# Addresses that a parser would cut in the middle of the password, and then quote.
MANGLED = {
    "no address": "long-secret",
    "cut by a slash": "scheme://me:1/long-secret@127.0.0.1:1/ys",
}


@pytest.mark.parametrize(
    ("words", "settings", "code", "says"),
    [
        pytest.param(
            ["catalog", "transactinos"], {}, 2, "did you mean transactions?", id="a table with a typing error"
        ),
        pytest.param(["metrics", "sharp_ratio"], {}, 2, "did you mean sharpe_ratio", id="a metric with a typing error"),
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
        pytest.param(
            ["load", "market_data"],
            {"YS_CLICKHOUSE_URL": "http://me:long-secret@127.0.0.1:1/ys"},
            11,
            "http://me:***@127.0.0.1:1/ys cannot be reached: Connection refused; start the server or correct",
            id="a ClickHouse that is not there, whose client logs as well",
        ),
        pytest.param(
            ["load", "market_data"],
            {"YS_CLICKHOUSE_URL": "http://me:long-secret@127.0.0.1:1/ys", "YS_STATEMENT_TIMEOUT": "0.2"},
            11,
            "Connection refused",
            id="the same with less than a second to wait",
        ),
        *(
            pytest.param(
                ["load", table], {name: address.replace("scheme", scheme)}, 10, name, id=f"{name} that is {what}"
            )
            for what, address in MANGLED.items()
            for name, table, scheme in (
                ("YS_POSTGRES_URL", "portfolios", "postgresql"),
                ("YS_CLICKHOUSE_URL", "market_data", "http"),
            )
        ),
        pytest.param(["demo", "--days", "100000"], {}, 2, "100,000 days", id="a history beyond all use"),
        pytest.param(["demo", "--portfolios", "10000000"], {}, 2, "10,000,000", id="more portfolios than there are"),
        pytest.param(["demo", "--until", "1066-10-14"], {}, 2, "1066", id="a demo of the middle ages"),
        pytest.param(["freeze", "--week", "99999-W01"], {}, 2, "99999-W01", id="a year of five digits"),
        pytest.param(["freeze", "--week", "9999-W52"], {}, 2, "9999-W52", id="the last week there is"),
        pytest.param(["load", "transactions", "--week", "0000-W01"], {}, 2, "0000-W01", id="a year that never was"),
        pytest.param(["nosuch"], {}, 2, "nosuch", id="a command that is none"),
        pytest.param(["demo", "--portfolios", "3"], {}, 2, "9", id="a number out of range"),
        pytest.param(["sql", "SELECT 1", "--week", "../../etc"], {}, 2, "ISO week", id="a week that is a path"),
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
    """For anyone who repairs it, the whole story."""
    done = bare("--debug", "catalog", "transactinos")
    assert "Traceback" in done.stderr
    assert "UsageError" in done.stderr
