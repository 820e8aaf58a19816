"""The command ``skfocal``: the benchmark on the suites and on your own table."""

import sys

__all__ = ["main"]


def main():
    """Run the command line; the console script calls this.

    Without Typer and Rich it says how to install them and exits with status 1.
    """
    try:
        from skfocal.benchmark.cli._commands import app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "skfocal":
            raise
        sys.exit(f"The command skfocal needs {error.name}: pip install 'skfocal[benchmark]'")
    app(prog_name="skfocal")
