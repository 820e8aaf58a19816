"""The command ``skfocal``: the benchmark on the suites and on your own table."""

import sys

from skfocal.utils._optional import MissingExtraError, needs_extra

__all__ = ["main"]


def main():
    """Run the command line; the console script calls this.

    Without Typer and Rich it says how to install them and exits with status 1.
    """
    try:
        with needs_extra("benchmark", "The command skfocal"):
            from skfocal.benchmark.cli._commands import app
    except MissingExtraError as error:
        sys.exit(str(error))
    app(prog_name="skfocal")
