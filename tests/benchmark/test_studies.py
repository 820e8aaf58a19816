"""The parts of the studies in `benchmarks/` that a wrong figure could come from."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import label_noise
import study_tables


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


def test_elo_of_two_methods_is_the_logarithm_of_their_odds():
    scores = pd.DataFrame({"a": [0.4, 0.5, 0.6, 0.2], "b": [0.3, 0.4, 0.5, 0.3]})
    ratings = study_tables.elo_ratings(scores, "b")
    assert_allclose(ratings[["a", "b"]], [1000 + 400 * np.log10(3), 1000], atol=0.1)


def test_elo_is_the_fixed_point_of_zermelo():
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(rng.normal(size=(20, 5)).round(1) + np.arange(5) / 4, columns=[*"abcde"])
    x = scores.to_numpy()
    wins = (x[:, :, None] > x[:, None, :]).sum(0) + (x[:, :, None] == x[:, None, :]).sum(0) / 2
    np.fill_diagonal(wins, 0)
    strength = np.ones(5)
    for _ in range(2000):
        matches = (wins + wins.T) / (strength[:, None] + strength)
        strength = wins.sum(axis=1) / matches.sum(axis=1)
    expected = 1000 + 400 * np.log10(strength / strength[2])
    assert_allclose(study_tables.elo_ratings(scores, "c"), expected, atol=0.2)


def test_a_method_that_always_loses_has_no_elo():
    scores = pd.DataFrame({"a": [0.4, 0.5, 0.6], "b": [0.3, 0.6, 0.5], "c": [0.1, 0.1, 0.1]})
    ratings = study_tables.elo_ratings(scores, "a")
    assert np.isnan(ratings["c"])
    assert np.isfinite(ratings[["a", "b"]]).all()


def test_improvability_by_hand():
    scores = pd.DataFrame({"a": [0.8, 0.5], "b": [0.6, 0.75]})
    # Errors of 0.2 and 0.4, of 0.5 and 0.25.
    assert_allclose(study_tables.improvability(scores), [0.25, 0.25])
    assert_allclose(study_tables.improvability(scores.iloc[:1]), [0.0, 0.5], atol=1e-12)
