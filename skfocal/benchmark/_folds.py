"""The folds of the benchmark: which rows train, and which test, in the outer and the inner loop."""

from dataclasses import dataclass

import numpy as np

from skfocal.benchmark._numeric import NumericTable
from skfocal.benchmark.scoring import get_scoring
from skfocal.model_selection import past_folds

__all__ = ["Fold", "cut_in_time", "cut_inner", "limit_by_groups", "make_folds"]

# Positives that a fold in time should have to train on.
ENOUGH = 10


@dataclass(frozen=True)
class Fold:
    """One outer fold: which rows train and which test, and the seed shared by all methods."""

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray
    random_state: int


def make_folds(table: NumericTable, plan, random_state: int) -> list[Fold]:
    """Cut the outer folds, the same for every method.

    Parameters
    ----------
    table : NumericTable
        With ``groups``, no group straddles a fold; with ``time``, a fold trains on the past and
        tests on what follows.
    plan : Plan
        Gives the number of folds and repeats.
    random_state : int >= 0
        Seed.

    Returns
    -------
    list of Fold
        ``n_repeats * n_splits`` of them.

    Raises
    ------
    ValueError
        If there are fewer rows of each class, fewer groups, or fewer different times than folds,
        or if folds in the order of time are to be cut more than once.
    """
    folds, split = [], get_scoring(table.task).split
    if table.time is not None and plan.n_repeats > 1:
        raise ValueError("Time allows one cut into folds only, so n_repeats must be 1.")
    for repeat in range(plan.n_repeats):
        if table.time is None:
            splits = split(table.y, table.groups, plan.n_splits, _seed(random_state, repeat))
        else:
            splits = past_folds(table.time, plan.n_splits, table.groups)
        folds += [
            Fold(repeat, fold, train, test, _seed(random_state, repeat, fold))
            for fold, (train, test) in enumerate(splits)
        ]
    return folds


def _seed(*keys):
    """Return a seed below 2**32 that differs for every tuple of keys."""
    return int(np.random.SeedSequence(keys).generate_state(1)[0])


def cut_inner(table, fold, n_splits):
    """Cut the training rows of a fold, in the manner of the outer folds."""
    task, y = get_scoring(table.task), table.y[fold.train]
    groups = None if table.groups is None else table.groups[fold.train]
    n_splits = task.limit_splits(y, n_splits)
    if table.time is not None:
        return cut_in_time(table, fold.train, n_splits)
    if groups is not None:
        n_splits = max(limit_by_groups(table.target[fold.train], groups, n_splits), 2)
    return task.split(y, groups, n_splits, fold.random_state)


def limit_by_groups(target, groups, n_splits) -> int:
    """Return how many folds can have each class, or a positive of each label, in a group."""
    if target.ndim == 2:
        members = [column == 1 for column in target.T]
    else:
        members = [target == k for k in np.unique(target)]
    return min(n_splits, *(len(np.unique(groups[rows])) for rows in members))


def cut_in_time(table, rows, n_splits, fewest=1):
    """Cut rows in the order of time into as many folds, up to a number, as can be judged.

    Rather fewer folds than one that trains on a handful of positives, with which neighbours and
    inner folds can do nothing.

    Raises
    ------
    ValueError
        If not even the fewest folds can be trained and judged on.
    """
    failure = None
    for least in (ENOUGH, 1):
        for n in range(n_splits, fewest - 1, -1):
            try:
                return _cut_in_time(table, rows, n, least)
            except ValueError as error:
                failure = error
    raise ValueError(f"The rows cannot be cut in the order of time. {failure}")


def _cut_in_time(table, rows, n_splits, least):
    task, target = get_scoring(table.task), table.target[rows]
    groups = None if table.groups is None else table.groups[rows]
    folds = past_folds(table.time[rows], n_splits, groups)
    for train, test in folds:
        task.check(target[train], "A stretch of the past")
        task.check(target[test], "A stretch to test on")
        if task.count_rarest(target[train]) < least:
            raise ValueError(f"A stretch of the past has fewer than {least} positives.")
    return folds
