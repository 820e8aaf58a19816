"""Measure whether the risks of boosted trees are right on average, on fresh rows.

``python benchmarks/bench_boosting_mean_risk.py`` writes ``results/boosting_mean_risk.md``: the
mean risk of fresh rows divided by their event rate, and log loss, with the constant of
``calibrate_intercept`` and without it, by event rate and gamma, for FocalBoostingClassifier
untouched. The tables are those of ``bench_mean_risk.py``.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from bench_mean_risk import GAMMAS, compare, draw_curved, draw_normal
from skfocal import FocalBoostingClassifier

RESULTS = Path(__file__).resolve().parent / "results"
# Events and rows to train on: rates of 1e-1 to 1e-4.
SIZES = [(2000, 20_000), (400, 40_000), (100, 100_000), (20, 200_000)]
SEEDS = (0, 1)


def measure(draw, n_events, n_rows, gamma, seed):
    """Return the figures of one fit, with its constant and without it."""
    rng = np.random.default_rng(seed)
    X, y = draw(rng, n_events, n_rows)
    model = FocalBoostingClassifier(gamma, random_state=seed).fit(X, y)
    # More events, which count for so much less each.
    more = max(1, min(10, n_rows // (2 * n_events)))
    X, y = draw(rng, more * n_events, n_rows)
    weight = np.where(y, (n_rows - more * n_events) / (n_rows - n_events) / more, 1.0)
    for row in compare(model, X, y, weight):
        yield {"data": draw.__name__[5:], "events": n_events, "rows": n_rows, "seed": seed, **row}


def run():
    """Fit all tables, and write the mean and the range over the seeds as it goes."""
    rows = []
    for n_events, n_rows in SIZES:
        for draw in (draw_normal, draw_curved):
            for gamma in GAMMAS:
                for seed in SEEDS:
                    rows.extend(measure(draw, n_events, n_rows, gamma, seed))
            write(pd.DataFrame(rows))


def write(frame):
    """Write the table."""
    keys = ["data", "events", "rows", "gamma"]
    table = frame.pivot_table(index=keys, columns="calibrated", values=["ratio", "log_loss"])
    table.columns = [
        f"{name.replace('_', ' ')}, {'with' if calibrated else 'without'} the constant"
        for name, calibrated in table.columns
    ]
    of_seeds = frame[frame["calibrated"]].groupby(keys)["ratio"]
    table["lowest"], table["highest"] = of_seeds.min(), of_seeds.max()
    text = table.reset_index().round(5).to_markdown(index=False)
    (RESULTS / "boosting_mean_risk.md").write_text(TEXT.format(table=text), encoding="utf-8")


TEXT = """\
# Mean risk over event rate of boosted trees, on fresh rows

`FocalBoostingClassifier(gamma)`, untouched; means over two seeds, and the range of the ratio with
the constant. `normal`: two clouds of four features; `curved`: a ring in two of twenty features.
Command: `python benchmarks/bench_boosting_mean_risk.py`.

{table}
"""

if __name__ == "__main__":
    run()
