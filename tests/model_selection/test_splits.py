"""Splits and folds: stratified by class, by groups, and where a row has any number of labels."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skfocal.model_selection import (
    _splits,
    class_folds,
    class_split,
    label_folds,
    label_split,
    past_folds,
)


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
    splits = label_folds(indicator, n_splits, random_state=seed)
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
    splits = label_folds(np.column_stack([column, column]), 3, random_state=0)
    assert [column[test].sum() for _, test in splits] == [3, 3, 3]
    assert [len(test) for _, test in splits] == [10, 10, 10]


def test_a_first_cut_that_misses_a_label_is_not_kept(monkeypatch):
    indicator = np.repeat(np.eye(2, dtype=int), 4, axis=0)
    bad, good = np.repeat([0, 1], 4), np.tile([0, 1], 4)
    cuts = iter([bad, bad, good, bad])
    monkeypatch.setattr(_splits, "_deal_folds", lambda *_: next(cuts))
    splits = label_folds(indicator, 2, random_state=0)
    assert_array_equal(splits[1][1], np.flatnonzero(good))


def test_the_seed_decides():
    indicator = make_indicator(0)
    first, again, other = (label_folds(indicator, 3, seed)[0][1] for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert set(first) != set(other)


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_labels_are_held_out_in_their_fraction(fraction):
    rng = np.random.default_rng(0)
    rates = np.array([0.5, 0.2, 0.05, 0.01, 0.005])
    Y = (rng.random((1000, 5)) < rates).astype(int)
    training, validation = label_split(Y, fraction, np.random.default_rng(1))
    assert sorted([*training, *validation]) == list(range(1000))
    assert len(validation) == pytest.approx(1000 * fraction, abs=10)
    counts = Y.sum(axis=0)
    held_out = Y[validation].sum(axis=0)
    assert np.all(np.abs(held_out - fraction * counts) <= np.maximum(2, 0.05 * counts))
    common = counts >= 5
    assert np.all(held_out[common] > 0)
    assert np.all(Y[training].sum(axis=0)[common] > 0)


def test_five_positives_are_on_both_sides():
    Y = np.zeros((200, 2), dtype=int)
    Y[:5, 0] = Y[3:100, 1] = 1
    training, validation = label_split(Y, 0.05, np.random.default_rng(0))
    assert Y[validation].sum(axis=0).min() >= 1
    assert Y[training, 0].sum() >= 3


def test_a_rare_class_is_held_out_and_kept():
    codes = np.r_[np.zeros(990), np.ones(10), 2].astype(int)
    training, validation = class_split(codes, 0.2, np.random.default_rng(0))
    assert np.bincount(codes[validation], minlength=3).tolist() == [198, 2, 0]
    assert sorted([*training, *validation]) == list(range(1001))
    _, few = class_split(np.repeat([0, 1], [100, 5]), 0.05, np.random.default_rng(0))
    assert (few >= 100).sum() == 1


def test_groups_stay_together_and_classes_are_spread():
    rng = np.random.default_rng(0)
    groups = rng.integers(30, size=300)
    y = (rng.random(300) < 0.2).astype(int)
    splits = class_folds(y, 3, 0, groups)
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
    rates = [y[test].mean() for _, test in splits]
    assert max(rates) - min(rates) < 0.1
    with_rare = np.r_[y, 2]  # fewer rows of a class than folds: without a warning
    assert len(class_folds(with_rare, 3, 0)) == 3


def test_folds_in_time_train_on_the_past_and_part_no_time():
    random = np.random.default_rng(0)
    time, groups = random.integers(0, 12, 100), random.integers(0, 30, 100)
    folds = past_folds(time, 4)
    assert len(folds) == 4
    for train, test in folds:
        assert time[train].max() < time[test].min()
    rows = np.concatenate([folds[0][0], *(test for _, test in folds)])
    assert_array_equal(np.sort(rows), np.arange(100))
    for (train, test), (past, same) in zip(past_folds(time, 4, groups), folds, strict=True):
        assert_array_equal(test, same)
        assert set(train) <= set(past) and not set(groups[train]) & set(groups[test])


def test_folds_in_time_of_one_crowded_day():
    time = np.array([0, 1, *[2] * 50, 3, 4])
    sizes = [(len(train), len(test)) for train, test in past_folds(time, 4)]
    assert sizes == [(1, 1), (2, 50), (52, 1), (53, 1)]
    with pytest.raises(ValueError, match="5 folds in the order of time need 6 different times"):
        past_folds(time, 5)


@pytest.mark.parametrize("seed", range(4))
def test_folds_of_labels_keep_groups_together(seed):
    random = np.random.default_rng(seed)
    y, groups = (random.random((120, 3)) < 0.2).astype(int), random.integers(0, 40, 120)
    rare = np.isin(np.arange(120), [np.flatnonzero(groups == k)[0] for k in np.unique(groups)[:3]])
    y = np.column_stack([y, rare])
    folds = label_folds(y, 3, seed, groups)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(120))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert y[test].any(axis=0).all()
