"""The commands and their options; the code behind them is imported when a command runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from skfocal import __version__
from skfocal.benchmark.cli._display import (
    follow,
    print_error,
    print_estimate,
    print_failures,
    print_names,
    print_ranking,
    print_text,
)
from skfocal.benchmark.cli._folders import default_folder
from skfocal.benchmark.cli._options import (
    AtLeast,
    Categorical,
    CompareOut,
    Costs,
    Drop,
    Groups,
    Jobs,
    Keep,
    MaxRows,
    Method,
    Methods,
    ModelFile,
    NewTable,
    Positive,
    PredictOut,
    Preset,
    Quiet,
    SaveModel,
    Seed,
    Table,
    Target,
    Targets,
    TimeColumn,
    TimeLimit,
)

__all__ = ["app"]

BAD_INPUT, INTERRUPTED = 2, 130

app = typer.Typer(
    help="Compare focal loss with resampling on imbalanced tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
benchmark = typer.Typer(help="The comparison on the suites of public tables.", no_args_is_help=True)
app.add_typer(benchmark, name="benchmark")


def _print_version(wanted: bool):
    if wanted:
        print_text(f"skfocal {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
):
    """Compare focal loss with resampling on imbalanced tables."""


@benchmark.command("run")
def run_suite(
    suite: Annotated[
        str, typer.Option(help="A suite; `skfocal benchmark list` names them.")
    ] = "quick",
    out: Annotated[
        Path | None, typer.Option(help="Folder; default: benchmark-results/SUITE.")
    ] = None,
    jobs: Jobs = -1,
    methods: Methods = None,
    datasets: Annotated[
        str | None, typer.Option(help="Comma-separated names instead of those of the suite.")
    ] = None,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Run a suite; the same command again continues where it stopped."""
    folder = out or Path("benchmark-results") / suite
    with _plain_errors(folder):
        from skfocal.benchmark import run

        started = time.perf_counter()
        with follow("Benchmark", quiet) as progress:
            results = run(
                suite,
                datasets=_split(datasets),
                methods=_split(methods),
                n_jobs=jobs,
                out=folder,
                random_state=seed,
                time_limit=time_limit,
                progress=progress,
            )
        print_failures(results)
        if quiet:
            print_text(str(folder))
        else:
            print_ranking(results)
            print_text(f"{len(results)} cells in {time.perf_counter() - started:.0f} s.")
            print_text(f"The report: skfocal benchmark report {folder}")


@benchmark.command("report")
def write_page(
    folder: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
):
    """Write report.html and results.csv into the folder of a run."""
    with _plain_errors():
        from skfocal.benchmark.report import write_report

        print_text(str(write_report(folder)))


@benchmark.command("list")
def list_all():
    """List the suites, their data sets, and the methods."""
    with _plain_errors():
        from skfocal.benchmark import list_datasets, list_methods, list_suites
        from skfocal.benchmark.methods import get_method

        members = {suite: list_datasets(suite) for suite in list_suites()}
        in_suites = {name for names in members.values() for name in names}
        members["(no suite)"] = [name for name in list_datasets() if name not in in_suites]
        print_names("Suites", {suite: ", ".join(names) for suite, names in members.items()})
        arms = [get_method(name) for name in list_methods()]
        texts = {arm.name: f"{arm.label} ({arm.kind}; {', '.join(arm.tasks)})" for arm in arms}
        print_names("Methods", texts)


@app.command("compare")
def compare_table(
    table: Table,
    target: Target = None,
    targets: Targets = None,
    positive: Positive = None,
    groups: Groups = None,
    time_column: TimeColumn = None,
    drop: Drop = None,
    categorical: Categorical = None,
    costs: Costs = None,
    at_least: AtLeast = None,
    preset: Preset = "standard",
    methods: Methods = None,
    max_rows: MaxRows = None,
    time_limit: TimeLimit = None,
    jobs: Jobs = -1,
    out: CompareOut = None,
    save_model: SaveModel = None,
    method: Method = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Compare the methods on your own table and answer in plain words.

    The same command again continues where it stopped.
    """
    with _plain_errors():
        from skfocal.benchmark.compare import compare

        chosen = _choose_targets(target, targets)
        _check_model_file(save_model, method, _split(methods))
        settings = {
            "positive": positive,
            "groups": groups,
            "time": time_column,
            "drop": _split(drop) or [],
            "categorical": _split(categorical) or [],
            "preset": preset,
            "max_rows": max_rows,
            "random_state": seed,
        }
        folder = out or default_folder(table, chosen, settings)
    with _plain_errors(folder):
        with follow("Comparison", quiet) as progress:
            comparison = compare(
                table,
                chosen,
                **settings,
                methods=_split(methods),
                costs=_split_numbers("costs", costs),
                at_least=_split_numbers("at-least", at_least),
                time_limit=time_limit,
                n_jobs=jobs,
                out=folder,
                progress=progress,
                announce=None if quiet else lambda seconds: print_estimate(seconds, preset),
            )
        print_failures(comparison.results)
        if not quiet:
            print_text(comparison.summary)
            for note in comparison.notes:
                print_text(f"Note: {note}")
            print_ranking(comparison.results)
        print_text(comparison.answer)
        print_text(f"Report: {comparison.path}")
        if save_model is not None:
            from skfocal.utils._persistence import save_model as save

            save(comparison.fit_best(method), save_model)
            print_text(f"Model: {save_model} ({method or comparison.winner}, fitted to all rows)")


@app.command("predict")
def predict_table(
    model: ModelFile,
    table: NewTable,
    out: PredictOut = None,
    keep: Keep = None,
    quiet: Quiet = False,
):
    """Write probabilities and decisions of a saved model for the rows of a table."""
    with _plain_errors():
        from skfocal.benchmark._predict import predict_file
        from skfocal.benchmark.reading import name_table
        from skfocal.utils._persistence import load_model

        target = out or Path(f"{name_table(table)}-predictions.csv")
        n_rows, notes = predict_file(load_model(model), table, target, _split(keep) or [])
        for note in [] if quiet else notes:
            print_text(f"Note: {note}")
        print_text(f"{n_rows:,} rows: {target}")


def _check_model_file(save_model, method, methods):
    """Refuse before the comparison what could not be saved after it."""
    if save_model is None:
        if method is not None:
            raise ValueError(
                "--method names the model for --save-model FILE.skops, which is missing."
            )
        return
    from skfocal.utils._persistence import check_can_save

    check_can_save(save_model)
    if method is not None and methods is not None and method not in methods:
        raise ValueError(f"--method {method} is not among --methods {','.join(methods)}.")


def _choose_targets(target, targets):
    """Return the column of the class, or the list of several."""
    if (target is None) == (targets is None):
        raise ValueError("Give either --target COLUMN or --targets COLUMN,COLUMN,...")
    return target if target is not None else _split(targets)


def _split(names):
    """Return the names in a comma-separated option, None for None."""
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _split_numbers(option, text):
    """Return the numbers of an option such as ``fn=50,fp=1`` by name, None for None."""
    if text is None:
        return None
    try:
        pairs = [part.split("=") for part in _split(text)]
        return {name.strip(): float(value) for name, value in pairs}
    except ValueError:
        raise ValueError(
            f"--{option} takes names and numbers, such as fn=50,fp=1 or recall=0.9; got {text!r}."
        ) from None


@contextmanager
def _plain_errors(folder: Path | None = None) -> Iterator[None]:
    """Report an error that the user can fix in one sentence, and exit with its status."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        print_error(" ".join(str(error).split()))
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        kept = "Interrupted."
        if folder is not None:
            kept = f"Interrupted. Finished cells are kept in {folder}; the same command continues."
        print_error(kept)
        raise typer.Exit(INTERRUPTED) from None
