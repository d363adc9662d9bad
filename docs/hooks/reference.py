"""The pages of the reference, written from the code while the site is built: nothing in them is written twice.

Depends on the package. Two hooks of MkDocs, `on_config` and `on_files`; each function of `PAGES` gives one page.
"""

import doctest
import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import ys_analytics
from ys_analytics import errors
from ys_analytics.cli import app
from ys_analytics.desk import Desk
from ys_analytics.metrics import catalog
from ys_analytics.resources import NOTEBOOKS
from ys_analytics.settings import Settings
from ys_analytics.views import figures, tables
from ys_analytics.views.calls import shown
from ys_analytics.views.formula import mathml

_SECTION = re.compile(r"^(Args|Returns|Raises|Source|Attributes):$", re.MULTILINE)


# The first words of each page.
_LEADS = {
    "commands": (
        "`ys` lives in `.venv/bin`. Results go to stdout, progress and errors to stderr; an error is one "
        "line, and its exit code is on [its own page](errors.md). `ys --debug COMMAND` shows the traceback."
    ),
    "settings": (
        "Each is an environment variable, or a line of `.env` in the workspace, or of the file that "
        "`YS_ENV_FILE` names. How servers are named, with which rights and over TLS, is on the page [for "
        "operators](../operators.md)."
    ),
    "errors": (
        "An error is one line: what happened, to what, and what to do. It holds no password and no key. In a "
        "terminal it is printed after `ys:` on stderr, and `ys --debug` shows the traceback; in a notebook it "
        "stands under the cell, and `%tb` shows the trace."
    ),
    "metrics": (
        "Each is a function of Polars expressions, such as "
        '`ys.metrics.performance.sharpe_ratio(pl.col("ret"), ...)`, and a name that '
        '`ys.metrics.summarise(returns, ["sharpe_ratio"])` takes. Rates are fractions, a year is 365 days, '
        "and a value that cannot be had is null with its reason. The examples are run by a test."
    ),
    "notebook_api": (
        "`import ys_analytics as ys`; then Tab after a dot shows what there is, and `?` after a name what it does."
    ),
    "metrics_functions": (
        "Functions of frames: of `desk.daily_returns`, of a part of it, or of returns of your own. `?` after a name "
        "has the columns; the metrics that `summarise` takes are on [their own page](metrics.md)."
    ),
    "desk": (
        "`desk = ys.open(...)` is one portfolio and one week. Each verb is a Polars frame, read when it is "
        "first asked for."
    ),
    "notebooks": (
        "Each takes the parameters `run`, `portfolio_id` and `week`, and runs as it stands in JupyterLab and "
        "by papermill. Those at the top of the folder can be pages of the weekly report; "
        "`reports/weekly.toml` says which are. Those in `explore/` are for the desk; those in `templates/` "
        "are under File > New."
    ),
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add pages that the navigation of mkdocs.yml does not name, at the end of their folder's section."""
    named = re.findall(r"[\w/]+\.md", json.dumps(config.nav))
    sections = {next(iter(one)): next(iter(one.values())) for one in config.nav or []}
    folders = {"tutorials": "Tutorials", "how_to": "How to", "explanation": "Explanation", "": "Reference"}
    docs = Path(config.docs_dir)
    for path in sorted(docs.rglob("*.md")):
        page, folder = path.relative_to(docs).as_posix(), path.parent.relative_to(docs).as_posix().removeprefix(".")
        if page not in named and folder in folders:
            sections[folders[folder]].append({path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# "): page})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the site."""
    for name, page in PAGES.items():
        files.append(File.generated(config, f"reference/{name}.md", content=page()))
    return files


# Commands


def commands() -> str:
    """Every command of `ys` with its options, as `--help` prints them."""
    lines = [
        "# Commands",
        "",
        _LEADS["commands"],
    ]
    for name, command in _commands(typer.main.get_command(app), "ys"):
        lines += ["", f"## {name}", "", *_help(command.help or "")]
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        named = " ".join(f"[{one.name.upper()}]{'...' if one.nargs < 0 else ''}" for one in arguments)
        lines += ["", f"```text\n{name} [OPTIONS] {named}".rstrip() + "\n```"]
        rows = [_option(one) for one in command.params if one.name != "help"]
        lines += ["", *_table(("option", "default", "meaning"), rows)] if rows else []
    return "\n".join(lines)


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        called = f"{path} {name}"
        if hasattr(command, "commands"):
            yield from _commands(command, called)
        else:
            yield called, command


def _help(text: str) -> list[str]:
    """The help of a command; its example as a code span."""
    found = inspect.cleandoc(text).split("\n\n")
    return [
        f"Example: `{part.removeprefix('Example: ')}`\n" if part.startswith("Example: ") else f"{_plain(part)}\n"
        for part in found
    ]


def _option(one: Any) -> tuple[str, str, str]:
    if one.param_type_name == "argument":
        called = f"`{one.name.upper()}`"
    else:
        called = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
    default = "required" if one.required else "" if one.default in (None, False, "", ()) else f"`{one.default}`"
    return called, default, _plain(one.help or "")


# Settings, errors


def settings() -> str:
    """Every setting, with its default and meaning."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "none" if field.default in (None, "") else f"`{field.default}`"
        rows.append((f"`YS_{name.upper()}`", default, _plain(field.description or "")))
    return "\n".join(
        [
            "# Settings",
            "",
            _LEADS["settings"],
            "",
            *_table(("setting", "default", "meaning"), rows),
        ]
    )


def error_codes() -> str:
    """The kinds of errors with their exit codes."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.YsError)]
    kinds = sorted(set(kinds) - {errors.YsError}, key=lambda kind: (kind.exit_code, len(kind.mro()), kind.__name__))
    rows = [(f"`{kind.__name__}`", str(kind.exit_code), _plain(_first(kind))) for kind in kinds]
    rows += [("none", "130", "Ctrl-C: stopped; nothing half-done was kept."), ("none", "143", "SIGTERM: the same.")]
    return "\n".join(
        [
            "# Errors and exit codes",
            "",
            _LEADS["errors"],
            "",
            *_table(("error", "exit code", "meaning"), rows),
            "",
            "Exit code 1 is a fault of the kit itself, or an answer of no to a question that a command asked.",
        ]
    )


# Metrics


def metrics() -> str:
    """Every metric: formula, unit, needs, source, and an example that a test runs."""
    lines = [
        "# Metrics",
        "",
        _LEADS["metrics"],
    ]
    families = (
        ("On the first page", catalog.HEADLINE),
        ("Performance", catalog.PERFORMANCE),
        ("Drawdowns", catalog.DRAWDOWNS),
        ("Risk", catalog.RISK),
        ("Against a benchmark", catalog.BENCHMARK),
    )
    for title, members in families:
        lines += ["", f"## {title}"]
        for one in members:
            days = "1 day" if one.minimum == 1 else f"{one.minimum} days"
            facts = (
                ("Name", f"`{one.name}`"),
                ("Unit", one.unit),
                ("Better", one.direction),
                ("Needs", f"columns {', '.join(f'`{name}`' for name in one.columns)}; {days} or more"),
                ("Returns used", _plain(one.gaps)),
                ("Null when", _plain(one.null_reason)),
                ("Source", _plain(one.source)),
            )
            lines += ["", f"### {one.title}", "", str(mathml(one.formula)), "", _plain(one.why), ""]
            lines += [f"- {title}: {said}" for title, said in facts]
            example = _example(_function_of(one))
            lines += ["", "```pycon", *example, "```"] if example else []
    return "\n".join(lines)


def _function_of(one: catalog.Metric) -> Callable[..., object] | None:
    """The function at which a metric was declared."""
    for found in vars(importlib.import_module(one.module)).values():
        if callable(found) and f"In the catalogue: {one.name}," in (found.__doc__ or ""):
            return found
    return None


def _example(function: Callable[..., object] | None) -> list[str]:
    """The examples of a docstring, as an interpreter shows them."""
    lines = []
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(function) or ""):
        first, *more = example.source.rstrip("\n").split("\n")
        lines += [f">>> {first}", *(f"... {line}" for line in more), *example.want.rstrip("\n").split("\n")]
    return [line for line in lines if line]


# In a notebook


def notebook_api() -> str:
    """What a notebook calls: the package, a desk's verbs, figures and tables."""
    lines = [
        "# In a notebook",
        "",
        _LEADS["notebook_api"],
        "",
        "## ys",
    ]
    for name in dir(ys_analytics):
        found = getattr(ys_analytics, name)
        if inspect.isfunction(found):
            lines += ["", f"### ys.{name}", "", *_described(found, f"ys.{name}")]
    lines += [
        "",
        "## A desk",
        "",
        _LEADS["desk"],
    ]
    for name, found in ((name, found) for kind in reversed(Desk.__mro__) for name, found in vars(kind).items()):
        if name.startswith("_"):
            continue
        called = found.fget if isinstance(found, property) else getattr(found, "func", found)
        lines += ["", f"### desk.{name}", "", *_described(called, f"desk.{name}", call=inspect.isfunction(found))]
    for title, room, of in (("Figures", figures, "figures"), ("Tables", tables, "tables")):
        calls = {name: shown(of, name) for name in dir(room)}
        rows = [
            (f"`ys.{of}.{name}({call})`", _plain(_first(getattr(room, name)))) for name, call in calls.items() if call
        ]
        lines += ["", f"## {title}", "", "Each takes the frame that a verb gives and shows itself.", ""]
        lines += _table(("call", "what it shows"), rows)
    lines += ["", "## ys.metrics", "", _LEADS["metrics_functions"], ""]
    functions = [(name, getattr(ys_analytics.metrics, name)) for name in dir(ys_analytics.metrics)]
    lines += _table(
        ("function", "what it gives"),
        [(f"`ys.metrics.{name}`", _plain(_first(one))) for name, one in functions if inspect.isfunction(one)],
    )
    lines += ["", "### ys.metrics.summarise", "", *_described(ys_analytics.metrics.summarise, "ys.metrics.summarise")]
    return "\n".join(lines)


def _described(function: Callable[..., object], called: str, *, call: bool = True) -> list[str]:
    """Signature and docstring of a function."""
    signature = _signature(function) if call else ""
    head, *sections = _SECTION.split(_without_examples(inspect.getdoc(function) or ""))
    lines = ["```text", f"{called}{signature}", "```", "", _plain(head)]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        lines += ["", f"**{title}**", "", *_entries(body)]
    return lines


def _signature(function: Callable[..., object]) -> str:
    """The arguments with their defaults; their types are in the text."""
    given = [
        one.replace(annotation=inspect.Parameter.empty)
        for name, one in inspect.signature(function).parameters.items()
        if name != "self"
    ]
    return str(inspect.Signature(given))


def _entries(body: str) -> list[str]:
    """The lines of a section; each argument or error an item of a list."""
    text = inspect.cleandoc(body)
    entries = re.split(r"\n(?=\S)", text)
    if not all(re.match(r"[\w.*]+: ", entry) for entry in entries):
        return [_plain(" ".join(text.split()))]
    return [f"- `{name}`: {_plain(' '.join(rest.split()))}" for name, _, rest in (e.partition(": ") for e in entries)]


def _without_examples(text: str) -> str:
    return re.split(r"^>>> ", text, maxsplit=1, flags=re.MULTILINE)[0].strip()


# Notebooks


def notebooks() -> str:
    """Every notebook: what it shows, section by section."""
    lines = [
        "# Notebooks",
        "",
        _LEADS["notebooks"],
    ]
    for path in sorted(NOTEBOOKS.rglob("*.ipynb"), key=lambda path: (len(path.parts), path)):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = [
            line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).split("\n")
        ]
        heads = [line.lstrip("# ") for line in text if line.startswith("#")]
        lead = next((line for line in text if line.strip() and not line.startswith("#")), "")
        lines += ["", f"## {path.relative_to(NOTEBOOKS).as_posix()}", "", lead]
        lines += ["", *(f"- {_plain(head)}" for head in heads)]
    return "\n".join(lines)


# Markdown


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(heads)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return [*lines, *(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)]


def _plain(text: str) -> str:
    """Text of the code in Markdown: code spans stay, angle brackets are themselves, formulas are set."""
    set_formulas = re.sub(r"\$\$(.+?)\$\$", lambda found: str(mathml(found[1])), text, flags=re.DOTALL)
    parts = re.split(r"(`[^`]*`|<math.*?</math>)", set_formulas, flags=re.DOTALL)
    return "".join(
        part if place % 2 else escape(part, quote=False).replace("*", "\\*") for place, part in enumerate(parts)
    )


def _first(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


PAGES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "metrics": metrics,
    "notebook_api": notebook_api,
    "notebooks": notebooks,
    "errors": error_codes,
}
