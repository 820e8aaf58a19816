"""Foreign models made honest: against our own posterior, and against simulated truth."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from skfocal import FocalLogisticRegression
from skfocal.losses import FocalLoss, get_loss, list_losses
from skfocal.posterior import HonestClassifier, adjust_prevalence

X2, Y2 = make_classification(400, 6, n_informative=4, weights=[0.85], random_state=0)
X3, Y3 = make_classification(
    400, 6, n_informative=4, n_classes=3, weights=[0.6, 0.3], random_state=0
)


def sampled(sampler, model=None):
    pipeline = pytest.importorskip("imblearn.pipeline")
    return pipeline.make_pipeline(sampler, model or LogisticRegression())


def simulate(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, 3))
    log_odds = X @ [1.5, -1.0, 0.5] - 4.5
    return X, (rng.logistic(size=n_rows) < log_odds).astype(int), 1 / (1 + np.exp(-log_odds))


@parametrize_with_checks([HonestClassifier(LogisticRegression(), trained_class_weight="balanced")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("name", list_losses())
def test_a_loss_is_undone_as_by_our_own_model(name, class_weight):
    loss = get_loss(name)
    if not loss.traits.invertible or loss.score_scale != 1 or name == "logit_adjusted":
        pytest.skip("no inverse, or 'raw' is not the softmax of the scores")
    for X, y, task in ((X2, Y2, "binary"), (X3, Y3, "multiclass")):
        if task not in loss.tasks:
            continue
        model = FocalLogisticRegression(loss=loss, class_weight=class_weight)
        raw = clone(model).set_params(probabilities="raw")
        honest = HonestClassifier(raw, trained_loss=loss, trained_class_weight=class_weight).fit(
            X, y
        )
        expected = model.set_params(probabilities="posterior").fit(X, y).predict_proba(X)
        np.testing.assert_allclose(honest.predict_proba(X), expected, rtol=1e-8)
        np.testing.assert_array_equal(honest.predict(X), expected.argmax(axis=1))


@pytest.mark.parametrize(
    "name", ["under_sampling.RandomUnderSampler", "over_sampling.RandomOverSampler"]
)
@pytest.mark.parametrize("ratio", ["auto", 0.3])
def test_random_sampling_is_undone(name, ratio):
    X, y, risk = simulate(40_000)
    module, name = name.split(".")
    sampler = getattr(pytest.importorskip(f"imblearn.{module}"), name)
    pipeline = sampled(sampler(sampling_strategy=ratio, random_state=0))
    before = clone(pipeline).fit(X, y).predict_proba(X)[:, 1]
    after = HonestClassifier(pipeline).fit(X, y).predict_proba(X)[:, 1]
    assert before.mean() > 3 * y.mean()
    assert after.mean() == pytest.approx(y.mean(), rel=0.06)
    assert np.abs(after - risk).mean() < 0.05 * np.abs(before - risk).mean()


def test_samplers_follow_one_another():
    imblearn = pytest.importorskip("imblearn")
    under = imblearn.under_sampling.RandomUnderSampler(sampling_strategy=0.3, random_state=0)
    over = imblearn.over_sampling.RandomOverSampler(random_state=0)
    pipeline = imblearn.pipeline.make_pipeline(under, over, LogisticRegression())
    plain = clone(pipeline).fit(X2, Y2).predict_proba(X2)[:, 1]
    honest = HonestClassifier(pipeline).fit(X2, Y2).predict_proba(X2)[:, 1]
    np.testing.assert_allclose(honest, adjust_prevalence(plain, 0.5, Y2.mean()), rtol=1e-9)


def test_weights_of_classes_and_rows_are_undone():
    weight = np.where(X2[:, 0] > 0, 2.0, 1.0)
    rate = np.average(Y2, weights=weight)
    model = LogisticRegression(class_weight={1: 4})
    plain = clone(model).fit(X2, Y2, sample_weight=weight).predict_proba(X2)[:, 1]
    honest = HonestClassifier(model, trained_class_weight={1: 4}).fit(X2, Y2, sample_weight=weight)
    expected = adjust_prevalence(plain, 4 * rate / (4 * rate + 1 - rate), rate)
    np.testing.assert_allclose(honest.predict_proba(X2)[:, 1], expected, rtol=1e-9)


def test_nothing_to_undo_leaves_a_model_as_it_is():
    for X, y in ((X2, Y2), (X3, np.array(["a", "b", "c"])[Y3])):
        model = HonestClassifier(LogisticRegression()).fit(X, y)
        expected = LogisticRegression().fit(X, y)
        np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-12)
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))


@pytest.mark.parametrize("prevalence", [0.02, [0.98, 0.02]])
def test_rows_sampled_before_have_their_prevalence_told(prevalence):
    model = HonestClassifier(LogisticRegression(), prevalence=prevalence).fit(X2, Y2)
    plain = LogisticRegression().fit(X2, Y2).predict_proba(X2)[:, 1]
    expected = adjust_prevalence(plain, Y2.mean(), 0.02)
    np.testing.assert_allclose(model.predict_proba(X2)[:, 1], expected, rtol=1e-12)


class Fixed(ClassifierMixin, BaseEstimator):
    def __init__(self, output=None):
        self.output = output

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.resize(self.output, (len(X), *np.shape(self.output)))


def test_certain_rows_stay_certain():
    model = HonestClassifier(
        Fixed([0.0, 1.0]), trained_loss="focal", trained_class_weight={1: 9}
    ).fit(X2, Y2)
    np.testing.assert_array_equal(model.predict_proba(X2[:2]), [[0, 1]] * 2)


@pytest.mark.parametrize("output", [0.3, [0.3, 1.7], [np.nan, np.nan]])
def test_scores_are_not_taken_for_probabilities(output):
    model = HonestClassifier(Fixed(output)).fit(X2, Y2)
    with pytest.raises(ValueError, match="Fixed returns scores and not probabilities"):
        model.predict_proba(X2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trained_loss": "hard_truncated"}, "has no inverse"),
        ({"trained_loss": "focale"}, "Did you mean 'focal'"),
        ({"trained_loss": 2.0}, "loss"),
        ({"trained_class_weight": "equal"}, "class_weight"),
        ({"trained_class_weight": {1: -1}}, "class_weight"),
        ({"trained_class_weight": {1: 0}}, "0 cannot be undone"),
        ({"trained_class_weight": {5: 2}}, "5"),
        ({"prevalence": 0}, "prevalence"),
        ({"prevalence": [0.2, 0.2]}, "sum to 1"),
        ({"prevalence": [0.2, 0.2, 0.6]}, "each of 2 classes"),
    ],
)
def test_bad_settings_are_told(settings, message):
    with pytest.raises(ValueError, match=message):
        HonestClassifier(LogisticRegression(), **settings).fit(X2, Y2)


def test_other_samplers_are_refused_before_any_work():
    over = pytest.importorskip("imblearn.over_sampling")
    under = pytest.importorskip("imblearn.under_sampling")
    for sampler in (over.SMOTE(), over.RandomOverSampler(shrinkage=0.1), under.NearMiss()):
        pipeline = sampled(sampler, Fixed())
        with pytest.raises(ValueError, match=f"{type(sampler).__name__} does .* no closed form"):
            HonestClassifier(pipeline).fit(None, Y2)


def test_it_takes_a_loss_by_name_or_made_by_hand():
    raw = FocalLogisticRegression(2.0, probabilities="raw")
    models = [
        HonestClassifier(raw, trained_loss=loss).fit(X2, Y2) for loss in ("focal", FocalLoss(2.0))
    ]
    np.testing.assert_array_equal(models[0].predict_proba(X2), models[1].predict_proba(X2))
