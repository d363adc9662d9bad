"""The command `ys`: parse, call one function, print.

Knows words and exit codes; computes nothing. Results go to stdout, progress and
errors to stderr. Whatever is slow to import is imported by the command that needs it.
"""

import os
import sys
import traceback
from typing import Annotated

import typer
from typer.exceptions import TyperException

from ys_analytics.cli import fill, judge, pages, reads, servers
from ys_analytics.errors import YsError

app = typer.Typer(
    name="ys",
    help="YieldSensei analytics: four stores into exact frames, checked data and weekly reports.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (servers, fill, reads, judge, pages):
    room.register(app)

# What a shell expects of a program that Ctrl-C ended.
_INTERRUPTED = 130


@app.callback()
def options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command; turn a failure into one line on stderr and its exit code."""
    try:
        left = app(standalone_mode=False)  # otherwise Typer answers itself, in a box of five lines
    except YsError as error:
        _fail(str(error), error.exit_code)
    except TyperException as error:
        said = error.format_message().strip().rstrip(".")
        if not said:  # a group without its command has just printed its help
            sys.exit(error.exit_code)
        _fail(said if said.endswith("?") else f"{said}; `ys --help` says what there is", error.exit_code)
    except typer.Abort:
        _fail("not confirmed; nothing was done", YsError.exit_code)
    except BrokenPipeError:
        # Whoever read us, `head` say, has enough; what is still buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last line of defence before a person's eyes
        said = (str(error).splitlines() or [""])[0][:200]
        _fail(f"a fault of ours, {type(error).__name__}: {said}; --debug shows where", YsError.exit_code)
    if left == _INTERRUPTED:
        _fail("stopped; nothing half-done was kept", _INTERRUPTED)


def _fail(line: str, code: int) -> None:
    """Say one line and leave; with --debug, the traceback first."""
    if "--debug" in sys.argv:
        traceback.print_exc()
    typer.echo(f"ys: {line}", err=True)
    sys.exit(code)
