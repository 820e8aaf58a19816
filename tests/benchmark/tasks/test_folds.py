"""The cutting of folds where a row has any number of labels."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skfocal.benchmark.tasks._folds import split_labels


def make_indicator(seed):
    """Return labels of many frequencies, some of which go together."""
    random = np.random.default_rng(seed)
    n, n_labels = int(random.integers(30, 120)), int(random.integers(2, 8))
    shared = random.normal(size=(n, 1))
    scores = shared * random.choice([0, 1], n_labels) + random.normal(size=(n, n_labels))
    return (scores > random.uniform(0, 2, n_labels)).astype(int)


@pytest.mark.parametrize("n_splits", [2, 3, 5])
@pytest.mark.parametrize("seed", range(12))
def test_every_row_is_tested_once_and_common_labels_are_in_every_fold(seed, n_splits):
    indicator = make_indicator(seed)
    splits = split_labels(indicator, n_splits, random_state=seed)
    assert len(splits) == n_splits
    everything = np.arange(len(indicator))
    assert_array_equal(np.sort(np.concatenate([test for _, test in splits])), everything)
    for train, test in splits:
        assert_array_equal(np.sort(np.concatenate([train, test])), everything)
    counts = np.stack([indicator[test].sum(axis=0) for _, test in splits])
    total = indicator.sum(axis=0)
    assert (counts[:, total >= n_splits] > 0).all()
    # A random cut of 30 positives into 3 folds is off by 3 and more; this one hardly is.
    assert np.abs(counts - total / n_splits).max() <= 3
    sizes = np.array([len(test) for _, test in splits])
    assert np.abs(sizes - len(indicator) / n_splits).max() <= 0.15 * len(indicator) / n_splits + 2


def test_labels_that_share_all_rows_are_cut_together():
    column = np.r_[np.ones(9, int), np.zeros(21, int)]
    splits = split_labels(np.column_stack([column, column]), 3, random_state=0)
    assert [column[test].sum() for _, test in splits] == [3, 3, 3]
    assert [len(test) for _, test in splits] == [10, 10, 10]


def test_a_first_cut_that_misses_a_label_is_not_kept(monkeypatch):
    indicator = np.repeat(np.eye(2, dtype=int), 4, axis=0)
    bad, good = np.repeat([0, 1], 4), np.tile([0, 1], 4)
    cuts = iter([bad, bad, good, bad])
    monkeypatch.setattr("skfocal.benchmark.tasks._folds._cut", lambda *_: next(cuts))
    splits = split_labels(indicator, 2, random_state=0)
    assert_array_equal(splits[1][1], np.flatnonzero(good))


def test_the_seed_decides():
    indicator = make_indicator(0)
    first, again, other = (split_labels(indicator, 3, seed)[0][1] for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert set(first) != set(other)
