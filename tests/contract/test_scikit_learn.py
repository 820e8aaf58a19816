"""Every public estimator as scikit-learn sees it: checks, parameters, tags, searches, wrappers."""

import inspect

import numpy as np
import pytest
import sklearn
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skfocal.losses import FocalLoss
from tests.estimators import SETTINGS, SUBJECTS, every, single_label

# That an excused check does fail is held where scikit-learn can say so (1.8).
STRICT = {
    key: True
    for key in inspect.signature(parametrize_with_checks).parameters
    if key == "xfail_strict"
}
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


@pytest.mark.slow
@parametrize_with_checks(
    [
        subject.cls(**settings)
        for subject in SUBJECTS
        for settings in (subject.settings.default, *subject.settings.checked)
    ],
    expected_failed_checks=lambda model: SETTINGS[type(model).__name__].excused,
    **STRICT,
)
# The array API check skips itself with a warning unless SCIPY_ARRAY_API is set.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@every
def test_parameters_are_stored_untouched(subject):
    alpha = {0: 1.0, 1: 2.0}
    model = subject.make(alpha=alpha)
    assert model.get_params()["alpha"] is alpha
    assert set(vars(model)) == set(model.get_params(deep=False))
    assert clone(model).get_params()["alpha"] == alpha


@every
def test_every_parameter_is_declared_and_given_by_name(subject):
    parameters = inspect.signature(subject.cls).parameters
    assert set(subject.cls._parameter_constraints) == set(parameters)
    assert not {p.kind for p in parameters.values()} & {
        inspect.Parameter.VAR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    }
    with pytest.raises(TypeError, match="positional"):
        subject.cls(2.0, None, "focal")  # keyword-only after the second


@every
def test_alpha_and_weights_are_off_by_default(subject):
    defaults = subject.cls().get_params(deep=False)
    assert defaults["alpha"] is None
    assert defaults["class_weight"] is None


@every
def test_an_unfitted_model_says_so(subject):
    X, y = subject.table()
    for model in (subject.make(), clone(subject.make().fit(X, y))):
        for method in METHODS:
            with pytest.raises(NotFittedError):
                getattr(model, method)(X)


@every
def test_tags_tell_the_truth(subject):
    tags = get_tags(subject.cls())
    assert tags.estimator_type == "classifier"
    assert tags.classifier_tags.multi_class is not subject.multilabel
    assert not tags.array_api_support


@pytest.mark.slow
@single_label
def test_grid_search_over_the_loss_settings(subject):
    X, y = subject.table()
    grid = [
        {"gamma": [0.0, 2.0], "alpha": [None, "balanced", 0.75, [1, 3], {0: 1, 1: 2}]},
        {"loss": [FocalLoss(), "cross_entropy"]},
        {"loss": [FocalLoss()], "loss__gamma": [0.5, 1.0]},
    ]
    if not subject.has("gamma"):
        pytest.skip("searches gamma itself")
    search = GridSearchCV(subject.make(), grid, cv=2, scoring="neg_log_loss").fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.all(np.isfinite(scores))
    assert scores[0] == scores[11]  # cross-entropy, however it is written
    # Each setting acts: only "balanced" is None on a balanced table, and 0.75 is [1, 3].
    assert len(set(scores.round(9))) == 8


@every
def test_metadata_routing(subject):
    X, y = subject.table()
    weight = np.random.default_rng(0).uniform(0.1, 5, len(X))
    grid = {"probabilities": ["raw"]}
    with sklearn.config_context(enable_metadata_routing=True):
        asked = subject.make().set_fit_request(sample_weight=True)
        asked.set_score_request(sample_weight=True)
        search = GridSearchCV(asked, grid, cv=2).fit(X, y, sample_weight=weight)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            GridSearchCV(subject.make(), grid, cv=2).fit(X, y, sample_weight=weight)
    direct = subject.make(probabilities="raw").fit(X, y, weight)
    np.testing.assert_array_equal(search.predict_proba(X), direct.predict_proba(X))


@single_label
def test_metadata_routing_through_a_pipeline(subject):
    X, y = subject.table()
    weight = np.where(y == 1, 5.0, 1.0)
    scaled = StandardScaler().fit_transform(X)
    with sklearn.config_context(enable_metadata_routing=True):
        model = subject.make().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, y, sample_weight=weight)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            make_pipeline(subject.make()).fit(X, y, sample_weight=weight)
    direct = subject.make().fit(scaled, y, weight)
    np.testing.assert_allclose(pipeline.predict_proba(X), direct.predict_proba(scaled), rtol=1e-9)


@pytest.mark.slow
@single_label
def test_pipelines_with_samplers_and_wrappers(subject):
    X, y = make_classification(300, 6, weights=[0.85], random_state=0)
    model = subject.make(**({"max_epochs": 20} if subject.has("max_epochs") else {}))
    sampled = make_sampling_pipeline(SMOTE(random_state=0), model).fit(X, y)
    plain = clone(model).fit(X, y).predict_proba(X)[:, 1].mean()
    assert sampled.predict_proba(X)[:, 1].mean() > 1.25 * plain
    tuned = TunedThresholdClassifierCV(model, scoring="balanced_accuracy", cv=2).fit(X, y)
    assert 0 < tuned.best_threshold_ < 0.5
    for method in ("sigmoid", "isotonic"):
        calibrated = CalibratedClassifierCV(model, method=method, cv=2).fit(X, y)
        assert calibrated.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.03)
    scores = cross_validate(make_pipeline(StandardScaler(), model), X, y, cv=2)
    assert np.all(scores["test_score"] > 0.8)
