"""Alpha, class weights and sample weights in every public estimator."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification

from tests.estimators import every, single_label

WEIGHTED = [{}, {"alpha": "balanced"}, {"alpha": "effective"}, {"class_weight": "balanced"}]


@pytest.mark.slow
@pytest.mark.parametrize("parameters", WEIGHTED, ids=str)
@pytest.mark.parametrize("n_classes", [2, 3])
@every
def test_weights_are_repetitions(subject, n_classes, parameters):
    if subject.multilabel and n_classes > 2:
        pytest.skip("one table of labels")
    X, y = subject.table(n_classes=n_classes)
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    model = subject.make_exact(**parameters)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight, axis=0))
    plain = clone(model).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(weighted.class_weight_, repeated.class_weight_, rtol=1e-12)
    subject.assert_equal(weighted.predict_proba(X), repeated.predict_proba(X))
    assert np.abs(weighted.predict_proba(X) - plain).max() > 1e-3


@pytest.mark.parametrize(
    "parameters", [{"alpha": 0.9}, {"class_weight": {0: 1, 1: 50}}, {"gamma": 5.0}], ids=str
)
@single_label
def test_weights_are_repetitions_on_a_rare_class(subject, parameters):
    if not subject.has(*parameters):
        pytest.skip("searches it itself")
    X, y = make_classification(600, 6, weights=[0.95], random_state=0)
    X = X.round(1)  # fewer values than bins: before 1.8 scikit-learn's trees bin unweighted rows
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    model = subject.make_exact(**parameters)
    weighted = clone(model).fit(X, y, weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    subject.assert_equal(weighted.predict_proba(X), repeated.predict_proba(X))
    codes = weighted.predict_proba(X).argmax(axis=1)
    np.testing.assert_array_equal(weighted.predict(X), codes)


@every
def test_weights_of_one_are_no_weights_and_bad_ones_are_refused(subject):
    X, y = subject.table()
    ones = subject.make().fit(X, y, np.ones(len(X)))
    np.testing.assert_array_equal(ones.predict_proba(X), subject.make().fit(X, y).predict_proba(X))
    for bad in (np.zeros(200), -np.ones(200), np.full(200, np.nan), np.ones(199)):
        with pytest.raises(ValueError, match=r"weight|NaN"):
            subject.make().fit(X, y, bad)


@every
def test_alpha_of_half_is_no_alpha(subject):
    X, y = subject.table()
    np.testing.assert_array_equal(
        subject.make(alpha=0.5).fit(X, y).predict_proba(X),
        subject.make().fit(X, y).predict_proba(X),
    )


@every
def test_alpha_acts_and_raises_the_positives(subject):
    X, y = subject.table()
    low, high = (
        subject.make(alpha=alpha, probabilities="raw").fit(X, y).predict_proba(X)[:, -1].mean()
        for alpha in (0.1, 0.9)
    )
    assert high > low + 0.01


@every
def test_balanced_alpha_is_balanced_class_weight(subject):
    X, y = subject.table()
    X, y = X[:167], y[:167]  # not balanced
    alpha, class_weight = (
        subject.make_exact(**{name: "balanced"}).fit(X, y) for name in ("alpha", "class_weight")
    )
    np.testing.assert_allclose(alpha.class_weight_, class_weight.class_weight_, rtol=1e-12)
    np.testing.assert_allclose(alpha.predict_proba(X), class_weight.predict_proba(X), atol=1e-6)


@single_label
def test_a_dict_of_weights_goes_by_label(subject):
    X, y = subject.table()
    names = np.array(["ok", "fraud"])[y]
    by_name = subject.make_exact(alpha={"ok": 1, "fraud": 10}).fit(X, names)
    by_place = subject.make_exact(alpha=[10, 1]).fit(X, names)
    by_code = subject.make_exact(alpha={1: 1, 0: 10}).fit(X, 1 - y)
    assert by_name.classes_.tolist() == ["fraud", "ok"]
    for other in (by_place, by_code):
        np.testing.assert_array_equal(by_name.predict_proba(X), other.predict_proba(X))


@single_label
def test_a_single_alpha_for_three_classes_is_refused(subject):
    X, y = subject.table(n_classes=3)
    with pytest.raises(ValueError, match=r"(?s)3 classes.*vector.*'balanced'"):
        subject.make(alpha=0.25).fit(X, y)
