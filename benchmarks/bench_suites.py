"""Run the suites of several classes and of labels, and write their tables.

``python benchmarks/bench_suites.py`` runs both suites, ``python benchmarks/bench_suites.py
multilabel`` one of them, with the default methods of its task. Of each it writes
``benchmarks/results/<suite>.csv``, the mean of every metric over the test folds of a data set, and
``<suite>.md``, the mean and mean rank over families of data sets. Finished cells are kept in
``benchmark-results/<suite>``, and a run that was stopped goes on there.
"""

import sys
from pathlib import Path

import pandas as pd

from skfocal.benchmark import run
from skfocal.benchmark.methods import get_method
from skfocal.benchmark.metrics import METRICS, main_metrics
from skfocal.benchmark.statistics import rank_table
from skfocal.benchmark.store import Store

ROOT = Path(__file__).resolve().parent.parent
SUITES = ("multiclass", "multilabel")
SECONDS = ["search_seconds", "fit_seconds"]
PARAGRAPH = """\
{n_methods} methods on {n_datasets} data sets, {n_splits} stratified folds, settings chosen by \
macro average precision on {inner_splits} inner folds among at most {budget} a method; the first \
setting of networks and LightGBM is the default of their library. Each cell ran on one thread of a \
shared machine; seconds are those of search and final fit for a fold. {failures} of {n_cells} \
cells failed. Versions: {versions}. Command: `python benchmarks/bench_suites.py {suite}`.
"""


def write_tables(results: pd.DataFrame, manifest: dict) -> None:
    """Write both files of a suite."""
    metrics = [name for name in METRICS if name in results]
    keys = ["dataset", "method"]
    means = results.groupby(keys, sort=False)[[*metrics, *SECONDS]].mean().round(4)
    stem = ROOT / "benchmarks" / "results" / manifest["suite"]
    means.to_csv(stem.with_suffix(".csv"))
    parts = [
        f"# The {manifest['suite']} suite",
        PARAGRAPH.format(**describe(results, manifest)),
        *describe_datasets(manifest),
        "Mean over families of data sets, and the mean rank in brackets (1 is best).",
        tabulate_methods(results, metrics),
        f"{METRICS[metrics[0]].label} on each data set, mean over the test folds.",
        tabulate_datasets(means[metrics[0]].unstack("dataset", sort=False), order(results)),
    ]
    stem.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def describe(results: pd.DataFrame, manifest: dict) -> dict:
    """Return what the paragraph says."""
    return manifest["plan"] | {
        "suite": manifest["suite"],
        "n_methods": len(manifest["methods"]),
        "n_datasets": len(manifest["datasets"]),
        "n_cells": len(results),
        "failures": int((results["status"] == "failed").sum()),
        "versions": ", ".join(f"{name} {text}" for name, text in manifest["versions"].items()),
    }


def describe_datasets(manifest: dict) -> list[str]:
    """Return sentences about what is not ranked or not scored."""
    described = manifest["datasets"]
    controls = [name for name, about in described.items() if not about["ranked"]]
    sentences = [
        f"Too rare to be scored on {name}, though trained on: {', '.join(about['left_out'])}."
        for name, about in described.items()
        if about.get("left_out")
    ]
    if controls:
        sentences.append(
            f"Hardly imbalanced, so shown but left out of means and ranks: {', '.join(controls)}."
        )
    return sentences


def order(results: pd.DataFrame) -> list[str]:
    """Return the methods, the best mean of the first metric first."""
    ranking = rank_table(results, main_metrics(results)[0])
    return list(ranking.sort_values("mean", ascending=False).index)


def tabulate_methods(results: pd.DataFrame, metrics: list[str]) -> str:
    """Return means and mean ranks as Markdown."""
    tables = {metric: rank_table(results, metric) for metric in metrics}
    seconds = results.groupby("method")[SECONDS].mean().sum(axis=1)
    header = ["method", *(METRICS[metric].label.lower() for metric in metrics), "seconds per fold"]
    rows = []
    for method in order(results):
        cells = [tables[metric].loc[method] for metric in metrics]
        texts = [f"{cell['mean']:.3f} ({cell['mean_rank']:.1f})" for cell in cells]
        rows.append([get_method(method).label, *texts, f"{seconds[method]:.1f}"])
    return markdown(header, rows)


def tabulate_datasets(means: pd.DataFrame, methods: list[str]) -> str:
    """Return a frame of methods by data sets as Markdown, the best of each set in bold."""
    best = means.round(3).max()
    rows = []
    for method in methods:
        values = means.loc[method].round(3)
        texts = [f"**{v:.3f}**" if v == best[name] else f"{v:.3f}" for name, v in values.items()]
        rows.append([get_method(method).label, *texts])
    return markdown(["method", *means.columns], rows)


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Run the suites that the command names, or both."""
    for suite in sys.argv[1:] or SUITES:
        folder = ROOT / "benchmark-results" / suite
        results = run(suite, out=folder, n_jobs=1, progress=lambda *call: print(*call, flush=True))
        write_tables(results, Store(folder).manifest())


if __name__ == "__main__":
    main()
