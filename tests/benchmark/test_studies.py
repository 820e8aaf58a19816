"""The parts of the studies in `benchmarks/` that a wrong figure could come from."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import label_noise


@pytest.fixture
def labels():
    y = np.zeros(1000, dtype=int)
    y[:50] = 1
    return np.random.default_rng(0).permutation(y)


def test_wrong_labels_of_the_classes_keep_their_sizes(labels):
    train = np.arange(800)
    wrong = label_noise.flip(labels, train, label_noise.CLASSES, 0.2, seed=1)
    n_positive = labels[train].sum()
    assert wrong[train].sum() == n_positive
    assert ((labels == 1) & (wrong == 0)).sum() == round(0.2 * n_positive)


def test_wrong_labels_of_any_rows_are_a_share_of_them(labels):
    train = np.arange(800)
    wrong = label_noise.flip(labels, train, label_noise.ROWS, 0.1, seed=1)
    assert (wrong != labels).sum() == 80


@pytest.mark.parametrize("noise", [label_noise.CLASSES, label_noise.ROWS])
def test_test_rows_keep_their_labels_and_errors_add_up(labels, noise):
    train = np.arange(200, 1000)
    before = labels.copy()
    few, more = (label_noise.flip(labels, train, noise, rate, seed=3) for rate in (0.1, 0.2))
    assert_array_equal(few[:200], labels[:200])
    assert_array_equal(labels, before)
    assert set(np.flatnonzero(few != labels)) < set(np.flatnonzero(more != labels))


def test_no_noise_is_none(labels):
    assert_array_equal(label_noise.flip(labels, np.arange(800), "none", 0.0, seed=0), labels)
