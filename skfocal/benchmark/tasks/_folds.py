"""How rows are cut into folds."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from skfocal.neural_network._split import iterative_split

_N_CUTS = 20


def split_classes(y, groups, n_splits, random_state):
    """Return pairs of training and test rows with about the same share of each class."""
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(n_splits, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # Fewer rows of a class than folds: a fold that lacks it is the task's business.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(splitter.split(np.zeros((len(y), 1)), y, groups))


def split_labels(indicator, n_splits, random_state):
    """Return pairs of training and test rows with about the same share of each label.

    Folds are held out one after another by iterative stratification. Labels that share rows get in
    each other's way, so several cuts are made until every label with as many positives as there
    are folds is in each of them; otherwise the best cut is taken.
    """
    random = np.random.default_rng(random_state)
    best, fewest = None, np.inf
    for _ in range(_N_CUTS):
        number = _cut(indicator, n_splits, random)
        missing = _count_missing(indicator, number, n_splits)
        if missing < fewest:
            best, fewest = number, missing
        if not fewest:
            break
    return [(np.flatnonzero(best != k), np.flatnonzero(best == k)) for k in range(n_splits)]


def _cut(indicator, n_splits, random):
    """Return the number of the fold of each row."""
    number = np.zeros(len(indicator), dtype=int)
    left = np.arange(len(indicator))
    for fold in range(n_splits - 1, 0, -1):
        kept, held_out = iterative_split(indicator[left], 1 / (fold + 1), random)
        number[left[held_out]] = fold
        left = left[kept]
    return number


def _count_missing(indicator, number, n_splits):
    """Return how often a label that could be in every fold is not in one."""
    counts = np.stack([indicator[number == fold].sum(axis=0) for fold in range(n_splits)])
    return int((counts[:, counts.sum(axis=0) >= n_splits] == 0).sum())
