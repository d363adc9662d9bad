"""The wheel holds all that the kit needs, and works where there is no checkout."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, version
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ys_analytics import resources
from ys_analytics.frames import git_commit

PROJECT = Path(__file__).resolve().parent.parent
BUNDLED = ("notebooks/", "expectations/", "reports/")
WEEK = "2026-W47"


def tracked() -> list[str]:
    """The names of the files in the repository, as far as they are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout by the locked build backend."""
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(words, cwd=PROJECT, capture_output=True, check=True)
    [built] = folder.glob("*.whl")
    return built


def dependencies() -> list[Distribution]:
    """Every distribution the wheel asks for, and what these ask for; nothing for development."""
    wanted = [Requirement(line) for line in distribution("ys-analytics").requires or []]
    taken: dict[str, set[str]] = {}
    while wanted:
        one = wanted.pop()
        name, extras = canonicalize_name(one.name), {"", *one.extras}
        if (one.marker and not one.marker.evaluate({"extra": ""})) or extras <= taken.get(name, set()):
            continue
        taken[name] = taken.get(name, set()) | extras
        for line in distribution(one.name).requires or []:
            needed = Requirement(line)
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                needed.marker = None
                wanted.append(needed)
    return [distribution(name) for name in taken]


def link(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the disk has no such thing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        return  # two distributions that share a file
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Path]:
    """A folder with an environment of the wheel's own: its declared dependencies, and nothing of the checkout.

    Not under pytest's own folder: as root, PostgreSQL runs as another user, whom that folder locks out
    whenever a second pytest begins.
    """
    folder = Path(tempfile.mkdtemp(prefix="ys-wheel-"))
    try:
        install(wheel, folder / "venv")
        yield folder
        ys(folder, "down")
    finally:
        shutil.rmtree(folder)


def install(wheel: Path, environment: Path) -> None:
    """Make an environment and install the wheel into it, and what it asks for, linked from this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    for one in dependencies():
        for file in one.files or []:
            source = Path(os.path.normpath(one.locate_file(file)))
            if source.parent == Path(sys.prefix) / "bin" or not source.is_file():
                continue
            link(source, environment / source.relative_to(sys.prefix))
            compiled = Path(cache_from_source(str(source)))
            if source.suffix == ".py" and compiled.is_file():
                link(compiled, environment / compiled.relative_to(sys.prefix))
    uv = Path(sys.executable).parent / "uv"
    words = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--no-cache", "--python", environment]
    subprocess.run([*words, wheel], check=True, capture_output=True)


def ys(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The installed command, with a home of its own and no setting, in a folder that is no checkout."""
    passed_on = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "XDG_RUNTIME_DIR")
    environment = {name: os.environ[name] for name in passed_on if name in os.environ}
    return subprocess.run(
        [folder / "venv" / "bin" / "ys", *words],
        cwd=folder, env=environment | {"HOME": str(folder / "home")}, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_wheel_holds_what_the_checkout_holds(wheel):
    """Every file of the package and every notebook, suite, template and style is in it, and nothing else."""
    expected = {name for name in tracked() if name.startswith("ys_analytics/")}
    expected |= {f"ys_analytics/bundled/{name}" for name in tracked() if name.startswith(BUNDLED)}
    # The kernel and the extension of JupyterLab once more, where every Jupyter of an environment looks for them.
    jupyter = "ys_analytics/cli/jupyter/"
    expected |= {
        f"ys_analytics-{version('ys-analytics')}.data/data/share/jupyter/{name.removeprefix(jupyter)}"
        for name in tracked() if name.startswith(jupyter)
    }  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected
    assert "ys_analytics/py.typed" in held
    assert "ys_analytics/bundled/reports/weekly.toml" in held


def test_a_checkout_uses_its_own_files():
    """What is edited at the top of the tree is what runs: the checkout has no second copy."""
    assert resources.CHECKOUT == PROJECT
    assert (resources.NOTEBOOKS, resources.SUITES) == (PROJECT / "notebooks", PROJECT / "expectations")


@pytest.mark.parametrize("inside", ["", "vendored"], ids=["of an archive", "inside another repository"])
def test_a_copy_has_no_commit(tmp_path, inside):
    """A commit of another's repository is not printed as ours."""
    folder = tmp_path / inside
    folder.mkdir(exist_ok=True)
    if inside:
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        said = ["-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-q", "--allow-empty", "-m", "x"]
        subprocess.run(["git", "-C", tmp_path, *said], check=True)
        assert git_commit(tmp_path) != ""
    assert git_commit(folder) == ""
    assert git_commit(None) == ""


@pytest.mark.servers
def test_an_installed_kit_migrates_fills_checks_and_reports(installed):
    """With its declared dependencies alone, in the user's own data folder, up to a PDF."""
    data = installed / "home" / ".local" / "share" / "ys-analytics"
    steps = (
        ("migrate", "up"),
        ("demo", "--portfolios", "9", "--days", "70"),
        ("report", "--week", WEEK, "--portfolio", "Harbour Income"),
        ("check", "assets", "--week", WEEK),
    )
    for words in steps:
        done = ys(installed, *words)
        assert done.returncode == 0, f"ys {' '.join(words)}: {done.stderr[-2000:]}"
        if words[0] == "report":
            pdf = Path(done.stdout.split()[-1])
    assert pdf.is_relative_to(data / "reports" / "out" / WEEK)
    assert pdf.read_bytes().startswith(b"%PDF")
    assert (data / ".ys" / "postgres").is_dir()
    findings = json.loads((data / "reports" / "out" / WEEK / "findings.json").read_text())
    assert {one["suite"] for one in findings} >= {"assets", "market_data", "redis_price_current", "cross_store"}
    said = json.loads((data / "reports" / "out" / WEEK / "manifest.json").read_text())
    assert said["git_commit"] == ""
    assert not (installed / "reports").exists()
