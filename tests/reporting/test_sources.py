"""A desk gives the same frames live as on a run, and the notebook runs by papermill as it stands."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PYTHON = Path(sys.executable)

COMPARE = """
import sys
import ys_analytics as ys
frozen = ys.open(sys.argv[1], portfolio_id="Harbour Income")
live = ys.open(portfolio_id="Harbour Income", week="2026-W47")
for verb in ("daily_values", "performance", "drawdowns", "positions", "flows", "transactions", "gas", "alerts",
             "claims", "liquidation_history", "flow_audit", "pools", "sentiment"):
    one, other = getattr(frozen, verb)(), getattr(live, verb)()
    assert one.height and one.equals(other), verb
assert frozen.daily_returns.equals(live.daily_returns)
query = "SELECT status, count(*) AS n FROM transactions GROUP BY status ORDER BY status"
assert frozen.sql(query).equals(live.sql(query))
assert ys.load("assets", run=sys.argv[1]).equals(ys.load("assets"))
print(frozen.daily_returns.height)
"""


def test_live_and_frozen_are_the_same_numbers(week):
    """Anyone who explores live and prints from a run sees one truth, and leaves no store locked behind."""
    words = [PYTHON, "-c", COMPARE, week.run]
    done = subprocess.run(words, env=week.surroundings(week.home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 60


def test_the_notebook_runs_by_plain_papermill_live(week, tmp_path):
    """Two words and a week: nothing of ours is needed around it."""
    target = tmp_path / "out.ipynb"
    words = [
        PYTHON.parent / "papermill",
        "notebooks/performance.ipynb",
        target,
        "-p",
        "portfolio_id",
        "Buy and hold BTC",
    ]
    surroundings = {**week.surroundings(week.home), "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(words, env=surroundings, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    cells = json.loads(target.read_text())["cells"]
    shown = [
        output for cell in cells for output in cell.get("outputs", []) if "application/vnd.ys.v1+json" in output["data"]
    ]
    assert len(shown) >= 17
    assert "Buy and hold BTC" in json.dumps(shown[0]["data"], ensure_ascii=False)
