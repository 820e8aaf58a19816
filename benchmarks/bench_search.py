"""Time a search over gamma and alpha, as the README shows it.

``python benchmarks/bench_search.py`` writes ``benchmarks/results/search.csv`` and ``search.md``:
12 candidates on 5 folds of 5,000 rows with 5 % positives, in two processes, with the shipped
defaults of FocalMLPClassifier otherwise.
"""

import argparse
import csv
import datetime
import os
import platform
import time
from pathlib import Path
from typing import Any

import sklearn
import torch
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skfocal import __version__
from skfocal.neural_network import FocalMLPClassifier

N_ROWS, N_FEATURES, RARE = 5_000, 20, 0.05
GRID = {"gamma": [0.0, 1.0, 2.0, 3.0], "alpha": [None, 0.75, "balanced"]}
FIELDS = ["gamma", "alpha", "average_precision", "std", "seconds_a_fit"]
SNIPPET = """\
from sklearn.model_selection import GridSearchCV
from skfocal.neural_network import FocalMLPClassifier

model = FocalMLPClassifier(random_state=0)
grid = {"gamma": [0, 1, 2, 3], "alpha": [None, 0.75, "balanced"]}
search = GridSearchCV(model, grid, scoring="average_precision", n_jobs=2).fit(X, y)
risk = search.predict_proba(X_new)[:, 1]
print(search.best_params_, search.best_score_)
"""


def run_search(n_jobs: int) -> tuple[GridSearchCV, float]:
    """Return the fitted search and the elapsed seconds."""
    X, y = make_classification(
        N_ROWS, N_FEATURES, n_informative=8, weights=[1 - RARE], flip_y=0.01, random_state=0
    )
    search = GridSearchCV(
        FocalMLPClassifier(random_state=0), GRID, cv=5, scoring="average_precision", n_jobs=n_jobs
    )
    started = time.perf_counter()
    search.fit(X, y)
    return search, time.perf_counter() - started


def table_of(search: GridSearchCV) -> list[dict[str, Any]]:
    """Return a row for each candidate."""
    found = search.cv_results_
    return [
        {
            "gamma": parameters["gamma"],
            "alpha": parameters["alpha"],
            "average_precision": f"{found['mean_test_score'][i]:.4f}",
            "std": f"{found['std_test_score'][i]:.4f}",
            "seconds_a_fit": f"{found['mean_fit_time'][i]:.2f}",
        }
        for i, parameters in enumerate(found["params"])
    ]


def write(search: GridSearchCV, seconds: float, n_jobs: int, out: Path) -> None:
    rows = table_of(search)
    with (out / "search.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = [
        "# A search over gamma and alpha",
        "",
        f"{len(rows)} candidates on {search.n_splits_} folds and the final fit, {N_ROWS:,} rows, "
        f"{N_FEATURES} features, {RARE:.0%} positives, shipped defaults, `n_jobs={n_jobs}`: "
        f"**{seconds:.0f} seconds**. Best: `{search.best_params_}`, average precision "
        f"{search.best_score_:.3f}.",
        "",
        "```python",
        SNIPPET + "```",
        "",
        f"{os.cpu_count()} shared CPU cores, skfocal {__version__}, scikit-learn "
        f"{sklearn.__version__}, torch {torch.__version__}, Python {platform.python_version()}, "
        f"{datetime.date.today().isoformat()}.",
        "",
        "| " + " | ".join(FIELDS) + " |",
        "|" + " --- |" * len(FIELDS),
        *("| " + " | ".join(str(row[field]) for field in FIELDS) + " |" for row in rows),
    ]
    (out / "search.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    search, seconds = run_search(arguments.jobs)
    write(search, seconds, arguments.jobs, arguments.out)


if __name__ == "__main__":
    main()
