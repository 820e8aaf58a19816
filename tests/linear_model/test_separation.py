"""Without a penalty: the minimum of scikit-learn, and a warning where there is none."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skfocal import FocalLogisticRegression

LINE = np.linspace(-1, 1, 40)[:, None]
SIDE = (LINE[:, 0] > 0.2).astype(int)
# Rows at 0.2 of both classes: separated but for the border.
BORDER = np.vstack([LINE, [[0.2], [0.2]]])
ON_BORDER = np.r_[SIDE, 1, 0]


def fit(X, y, **settings):
    return FocalLogisticRegression(C=np.inf, **{"gamma": 0, "tol": 1e-8} | settings).fit(X, y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_is_the_minimum_of_scikit_learn(n_classes):
    X, y = make_classification(300, 6, n_informative=4, n_classes=n_classes, random_state=0)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(fit(X, y).predict_proba(X), theirs.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("gamma", [0, 2])
@pytest.mark.parametrize("as_given", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(("X", "y"), [(LINE, SIDE), (BORDER, ON_BORDER)], ids=["all", "border"])
def test_separated_classes_are_told_once(X, y, as_given, gamma):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = fit(as_given(X), y, gamma=gamma)
    assert [str(one.message) for one in told if "can be separated" in str(one.message)]
    assert len(told) == 1
    assert np.all(np.isfinite(model.predict_proba(X)))


def test_a_column_that_separates_part_of_the_rows_is_found():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 2, 300)
    X[:, 3] = (rng.random(300) < 0.3) & (y == 1)  # never set for a negative
    with pytest.warns(ConvergenceWarning, match="can be separated"):
        fit(X, y)


def test_three_separated_classes_are_told():
    X = np.array([[0.0, 0], [0, 1], [5, 0], [5, 1], [0, 9], [1, 9]])
    with pytest.warns(ConvergenceWarning, match="can be separated"):
        fit(X, [0, 0, 1, 1, 2, 2])


def test_overlap_with_large_scores_is_not_separation():
    rng = np.random.default_rng(0)
    score = rng.normal(scale=15, size=2000)
    fit(score[:, None], (rng.logistic(size=2000) < score).astype(int))


def test_rows_without_weight_do_not_count():
    y, weight = np.r_[SIDE, 1], np.r_[np.ones(40), 0.0]
    X = np.vstack([LINE, [[-1.0]]])
    with pytest.warns(ConvergenceWarning, match="can be separated"):
        FocalLogisticRegression(gamma=0, C=np.inf).fit(X, y, sample_weight=weight)
    fit(X, y)


def test_a_penalty_gives_a_minimum():
    FocalLogisticRegression(gamma=0, C=1e3).fit(LINE, SIDE)
