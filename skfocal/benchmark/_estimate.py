"""How long a run will take, from one fit of every method on a few rows."""

import time
from collections import Counter
from contextlib import suppress
from importlib import import_module

import numpy as np
from joblib import effective_n_jobs

from skfocal.benchmark.protocol import alone, build_model
from skfocal.model_selection import class_split, label_split

__all__ = ["estimate_seconds", "write_estimate"]

N_ROWS = 400


def estimate_seconds(jobs, plan, n_jobs) -> float:
    """Return about how many seconds cells will take.

    Every method is fitted once, with its first setting, on up to 400 rows of a training fold. The
    time of a fit is taken to grow with the rows; what it grows faster or slower is not known
    before.

    Parameters
    ----------
    jobs : list
        Cells to compute, with ``method``, ``table`` and ``fold``.
    plan : Plan
        Gives the fits of a cell.
    n_jobs : int or None
        Cells computed at once.
    """
    seconds = 0.0
    counts = Counter((job.table.name, job.method.name) for job in jobs)
    for job in jobs:
        if count := counts.pop((job.table.name, job.method.name), 0):
            n_fits = min(plan.budget, len(job.method.configurations)) * (plan.inner_splits - 1) + 1
            seconds += count * n_fits * _time_fit(job)
    workers = min(effective_n_jobs(n_jobs), max(len(jobs), 1))
    return seconds / workers


def _time_fit(job):
    """Return the seconds of a fit on all rows of a training fold."""
    table, train = job.table, job.fold.train
    rows = _draw(table.y[train], N_ROWS / len(train))
    X, y = table.X[train][rows], table.y[train][rows]
    seconds = 0.0
    with alone(), suppress(Exception):  # an arm that fails here tells so when its turn comes
        for name in job.method.requires:
            import_module(name)  # once, and not with every fit
        model = build_model(job.method, job.method.configurations[0], table, y, 0)
        started = time.perf_counter()
        model.fit(X, y)
        model.predict_proba(X[:50])
        seconds = time.perf_counter() - started
    return seconds * len(train) / len(rows)


def _draw(y, fraction):
    if fraction >= 1:
        return np.arange(len(y))
    split = label_split if y.ndim == 2 else class_split
    return split(y, fraction, np.random.default_rng(0))[1]


def write_estimate(seconds) -> str:
    """Write a duration as roughly as it is known.

    Examples
    --------
    >>> write_estimate(42), write_estimate(500), write_estimate(9000)
    ('about a minute', 'about 10 minutes', 'about 2.5 hours')
    """
    if seconds < 20:
        return "less than half a minute"
    if seconds < 90:
        return "about a minute"
    minutes = seconds / 60
    if minutes < 90:
        step = 1 if minutes < 5 else 5
        return f"about {max(round(minutes / step) * step, 2)} minutes"
    return f"about {round(minutes / 30) / 2:g} hours"
