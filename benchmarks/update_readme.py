"""Rewrite the generated parts of the README: the table of losses and the table of results.

Run after a loss or a result in ``benchmarks/results`` has changed; a test compares.
``benchmarks/results/quick.csv`` is the ``results.csv`` that ``make benchmark`` writes.
"""

import re
from pathlib import Path

import pandas as pd

from skfocal.benchmark.methods import get_method
from skfocal.benchmark.statistics import rank_table
from skfocal.utils._docs import loss_table

ROOT = Path(__file__).resolve().parent.parent
SHOWN = {
    "average_precision": "average precision",
    "log_loss": "log loss",
    "f1": "F1, natural decision",
    "f1_tuned": "F1, tuned threshold",
}


def result_table(results: pd.DataFrame) -> str:
    """Return mean and mean rank of each method as Markdown, best average precision first."""
    tables = {metric: rank_table(results, metric) for metric in SHOWN}
    seconds = results.groupby("method")[["search_seconds", "fit_seconds"]].mean().sum(axis=1)
    lines = [
        "| method | " + " | ".join(SHOWN.values()) + " | seconds a fold |",
        "|---|" + "---|" * (len(SHOWN) + 1),
    ]
    for method in tables["average_precision"].sort_values("mean", ascending=False).index:
        rows = [tables[metric].loc[method] for metric in SHOWN]
        cells = [f"{row['mean']:.3f} ({row['mean_rank']:.1f})" for row in rows]
        label = get_method(method).label
        name = f"**{label}**" if get_method(method).kind == "focal" else label
        lines.append(f"| {name} | {' | '.join(cells)} | {seconds[method]:.2f} |")
    return "\n".join(lines)


def put_between(text: str, name: str, content: str) -> str:
    """Replace what stands between ``<!-- name -->`` and its closing mark."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name.split(':')[0]} -->"
    pattern = re.compile(f"{re.escape(opening)}.*?{re.escape(closing)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"The README has no {opening} ... {closing}.")
    return pattern.sub(lambda _: f"{opening}\n{content}\n{closing}", text)


def updated(text: str) -> str:
    """Return the README with its generated parts made anew."""
    text = put_between(text, "losses", loss_table())
    results = pd.read_csv(ROOT / "benchmarks" / "results" / "quick.csv")
    return put_between(text, "results: quick", result_table(results))


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(updated(readme.read_text(encoding="utf-8")), encoding="utf-8")
