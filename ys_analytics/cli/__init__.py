"""The command `ys`: parse, call one function, print.

Knows words and exit codes; computes nothing. Results go to stdout, progress and
errors to stderr. Whatever is slow to import is imported by the command that needs it.
"""

import sys
from typing import Annotated

import typer

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


@app.callback()
def options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001 - read in main
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command; turn a failure into one line on stderr and its exit code."""
    try:
        app()
    except YsError as error:
        if "--debug" in sys.argv:
            raise
        print(f"ys: {error}", file=sys.stderr)  # noqa: T201 - the one line a person reads
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("ys: stopped; nothing half-done was kept", file=sys.stderr)  # noqa: T201
        sys.exit(130)
