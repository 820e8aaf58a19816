"""Output of the command line: results on standard output, all else on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table

__all__ = [
    "follow",
    "print_error",
    "print_estimate",
    "print_failures",
    "print_names",
    "print_ranking",
    "print_text",
]


# Seconds after which people wonder whether they asked for too much.
LONG = 120


def print_text(text):
    """Print a line as it is: no markup, no colours, no cuts."""
    Console(soft_wrap=True).print(text, markup=False, highlight=False)


def print_estimate(seconds, preset):
    """Print on standard error how long it will take, and what takes less."""
    from skfocal.benchmark._estimate import write_estimate

    if seconds:
        hint = "" if seconds < LONG or preset == "fast" else "; --preset fast takes less"
        print_error(f"This will take {write_estimate(seconds)}{hint}.")


def print_error(sentence):
    """Print a sentence on standard error."""
    Console(stderr=True, soft_wrap=True).print(sentence, markup=False, highlight=False)


@contextmanager
def follow(title, quiet) -> Iterator:
    """Yield the callback of a progress bar on standard error, None when quiet."""
    if quiet:
        yield None
        return
    label = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        TextColumn(title),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False, table_column=label),
    )
    with Progress(*columns, console=Console(stderr=True), expand=True) as bar:
        task = bar.add_task("", total=None)

        def advance(done, total, label):
            bar.update(task, completed=done, total=total, description=label)

        try:
            yield advance
        except Exception:
            bar.remove_task(task)  # the sentence that follows says all
            raise


def print_names(title, texts):
    """Print names with a text after each."""
    table = Table(
        title=title, title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0)
    )
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, text in texts.items():
        table.add_row(name, text)
    Console().print(table, markup=False)


def print_failures(results):
    """Print every reason for failed cells once, on standard error."""
    failed = results[results["status"] == "failed"]
    for (dataset, error), cells in failed.groupby(["dataset", "error"], sort=False):
        noun = "cell" if len(cells) == 1 else "cells"
        print_error(f"{dataset}: {len(cells)} {noun} failed. {error}")


def print_ranking(results):
    """Print mean and mean rank of the methods on the main metrics, in the order of the first."""
    from skfocal.benchmark.metrics import METRICS, main_metrics
    from skfocal.benchmark.report import list_headlines
    from skfocal.benchmark.report._names import get_label, write_number, write_value
    from skfocal.benchmark.statistics import rank_table

    metrics = list(dict.fromkeys([list_headlines(results)[0], *main_metrics(results)]))
    rankings = [rank_table(results, metric) for metric in metrics]
    table = Table("Method", box=None, padding=(0, 2, 0, 0))
    for metric in metrics:
        table.add_column(METRICS[metric].label, justify="right")
        table.add_column("rank", justify="right", style="dim")
    table.add_column("failed", justify="right")
    for method, first in rankings[0].iterrows():
        cells = [get_label(method)]
        for metric, ranking in zip(metrics, rankings, strict=True):
            row = ranking.loc[method]
            cells += [write_value(metric, row["mean"]), write_number(row["mean_rank"], 1)]
        table.add_row(*cells, f"{first['failures']:.0f}")
    Console().print(table)
