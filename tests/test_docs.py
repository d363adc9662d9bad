"""The README is true: every setting, command and path in it exists, and none is missing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ys_analytics import errors
from ys_analytics.schemas.dictionary import markdown
from ys_analytics.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text()
YS = Path(sys.executable).parent / "ys"


def test_every_setting_is_in_the_readme():
    """A setting no one can find is not a setting; one that is gone must not be listed."""
    documented = set(re.findall(r"^\| `(YS_\w+)` \|", README, flags=re.MULTILINE))
    assert documented == {f"YS_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^ys (\w+)", README, flags=re.MULTILINE))))
def test_every_command_of_the_readme_exists(command):
    """What a newcomer types from the page is a command, with a help text of its own."""
    done = subprocess.run([YS, command, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Usage: ys" in done.stdout


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:[\w.]+/)*[\w.]+(?:/|\.[a-z]+))`", README))))
def test_every_path_of_the_readme_exists(name):
    """Every folder that its tree names is there."""
    made = {"manifest.json", "findings.json", ".env", "make", "reports/out/2026-W47/"}
    where = (PROJECT / name, PROJECT / "ys_analytics" / name)
    assert name in made or any(path.exists() for path in where)


def test_every_exit_code_is_in_the_readme():
    """A script can look up each code that a command ends with for a reason of ours."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.YsError)]
    codes = {kind.exit_code for kind in kinds} - {errors.YsError.exit_code}
    listed = README.partition("Exit codes: ")[2].partition(", 130 Ctrl-C")[0]
    assert {int(code) for code in re.findall(r"\b\d+\b", listed)} == codes


def test_the_data_dictionary_is_what_is_declared():
    """A column that was added is on the page; `ys catalog --to docs/data_dictionary.md` writes it."""
    assert (PROJECT / "docs" / "data_dictionary.md").read_text() == markdown()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/README.md", "docs/architecture.md", "docs/glossary.md"])
def test_every_path_of_a_page_exists(page):
    """A file that is named is there, but for a <name> to be written, and pages that the site writes from the code."""
    text = (PROJECT / page).read_text()
    named = set(re.findall(r"`((?:[\w.]+/)+[\w.]*)`", text))
    linked = {(PROJECT / page).parent / link for link in re.findall(r"\]\((?!http|reference/)([^)#]+)\)", text)}
    rooms = (PROJECT, PROJECT / "ys_analytics")
    assert {name for name in named if not any((room / name).exists() for room in rooms)} == set()
    assert {link for link in linked if not link.exists()} == set()


def test_every_variable_of_the_example_is_known():
    """A typing error in .env.example would silently leave a store embedded."""
    lines = re.findall(r"^(YS_\w+)=", (PROJECT / ".env.example").read_text(), flags=re.MULTILINE)
    compose = (PROJECT / "docker-compose.yml").read_text()
    known = {f"YS_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in lines if name not in known and f"${{{name}" not in compose} == set()


def test_help_is_quick_because_it_imports_nothing_heavy():
    """`ys --help` must not pay for engines, frames or browsers."""
    heavy = "polars duckdb plotly chdb clickhouse_connect psycopg redis qdrant_client papermill great_expectations"
    program = (
        "import sys; sys.argv = ['ys', '--help']\n"
        "from ys_analytics.cli import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        f"print(sorted(set('{heavy}'.split()) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "report" in done.stdout
    assert done.stderr.strip() == "[]"
