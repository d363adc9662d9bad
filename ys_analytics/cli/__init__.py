"""The command `ys`: parse, call one function, print.

Knows words and exit codes; computes nothing. Results go to stdout, progress and
errors to stderr. A module that is slow to import is imported by the command that needs it.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from ys_analytics.cli import checks, read, reports, servers, write
from ys_analytics.cli.ending import StopRequest, end_children
from ys_analytics.errors import FileError, YsError, file_error
from ys_analytics.printable import printable

app = typer.Typer(
    name="ys",
    help="YieldSensei analytics: four stores into exact frames, checked data and weekly reports.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (servers, write, read, checks, reports):
    commands.register(app)


@app.callback()
def options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Handle options that stand before the command."""


def main() -> None:
    """Run the command; turn a failure into one line on stderr and its exit code."""
    ending = StopRequest.listen()
    try:
        _run(ending)
    except typer.Abort:
        if ending.signal is None:
            _fail("not confirmed; nothing was done", YsError.exit_code)
    except KeyboardInterrupt:
        pass  # said below, for Typer takes some of them itself
    if ending.signal is not None:
        end_children()
        _fail("stopped; nothing half-done was kept", ending.code)


def _run(ending: StopRequest) -> None:
    """Run the command; print a failure and end the process.

    Raises:
        KeyboardInterrupt: a signal came first, also where a library raised an error of its own for it.
    """
    try:
        app(standalone_mode=False)  # otherwise Typer answers itself, in a box of five lines
        sys.stdout.flush()
    except YsError as error:
        _stop_if_asked(ending, error)
        _name_deleted_folder(error)
        _fail(str(error), error.exit_code)
    except TyperException as error:
        message = error.format_message().strip().rstrip(".")
        if not message:  # a group without its command has just printed its help
            sys.exit(error.exit_code)
        _fail(message if message.endswith("?") else f"{message}; `ys --help` says what there is", error.exit_code)
    except typer.Abort:
        raise
    except BrokenPipeError:
        # The reader of our output, `head` say, has enough; what is still buffered must not fail once more at exit.
        _drop_output()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - no traceback reaches the user
        _stop_if_asked(ending, error)
        _name_deleted_folder(error)
        file_problem = file_error(error) if isinstance(error, OSError) else None
        if file_problem is None:
            message = (str(error).splitlines() or [""])[0][:200]
            _fail(f"a fault of ours, {type(error).__name__}: {message}; --debug shows where", YsError.exit_code)
        _fail(str(file_problem), file_problem.exit_code)


def _stop_if_asked(ending: StopRequest, error: BaseException) -> None:
    """Raise KeyboardInterrupt where a signal came first: a library may turn that into an error of its own."""
    if ending.signal is not None:
        raise KeyboardInterrupt from error


def _name_deleted_folder(error: BaseException) -> None:
    """End with a line that names the reason where a file was not found because the working folder was deleted."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    if any(isinstance(one, FileNotFoundError) or "Errno 2" in str(one) for one in chain):
        try:
            Path.cwd()
        except FileNotFoundError:
            _fail("the folder you are in was deleted; change to one that is there", FileError.exit_code)


def _fail(line: str, code: int) -> NoReturn:
    """Print one line and exit; with --debug, the traceback first."""
    if "--debug" in sys.argv:
        typer.echo(printable(traceback.format_exc(), lines=True), err=True)
    typer.echo(f"ys: {printable(line)}", err=True)
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()  # such as a full disk: it was said
    sys.exit(code)


def _drop_output() -> None:
    """Point stdout at /dev/null, so that its buffer does not fail once more when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
