"""Cuts of a ranking: against counting, cut by cut."""

import numpy as np
import pytest

from skfocal.model_selection import find_cuts


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_what_lies_above_each_cut(seed, weighted):
    rng = np.random.default_rng(seed)
    scores = rng.integers(8, size=40) / 4  # many rows of equal scores
    positive = rng.integers(2, size=40)
    weight = rng.random(40) if weighted else None
    ones = np.ones(40) if weight is None else weight
    cuts = find_cuts(positive, scores, weight)
    assert len(cuts.threshold) == len(np.unique(scores))
    for threshold, lowest, hits, selected in zip(*cuts, strict=True):
        above = scores >= threshold
        assert scores[above].min() == lowest
        assert ones[above].sum() == pytest.approx(selected)
        assert (ones * positive)[above].sum() == pytest.approx(hits)
    assert cuts.threshold[-1] == scores.min()
    midway = np.unique(scores)[::-1]
    np.testing.assert_allclose(cuts.threshold[:-1], (midway[:-1] + midway[1:]) / 2)


def test_equal_scores_have_one_cut():
    cuts = find_cuts(np.array([1, 0, 1]), np.full(3, 0.25))
    assert [each.tolist() for each in cuts] == [[0.25], [0.25], [2.0], [3.0]]
