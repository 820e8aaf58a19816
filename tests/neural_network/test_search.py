"""The neural estimators inside scikit-learn's searches, calibration and threshold tuning."""

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (opens the next import)
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfocal.losses import FocalLoss, PolyLoss
from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier
from tests.neural_network.networks import classes_table, labels_table, small
from tests.neural_network.workers import threads_in_fit

# With "temperature" from scikit-learn 1.8 on.
CALIBRATIONS = CalibratedClassifierCV._parameter_constraints["method"][0].options


@pytest.mark.slow
def test_two_processes_find_what_one_does_and_print_nothing(capfd):
    X, y = classes_table()
    Y = labels_table()[1]
    get_reusable_executor().shutdown(wait=True)  # new workers write where capfd listens
    found = {}
    for n_jobs in (2, 1):
        single = GridSearchCV(
            small(early_stopping=True, n_iter_no_change=1),
            {"gamma": [0.0, 2.0], "alpha": [None, "balanced", 0.75, [1, 3], {0: 1, 1: 2}]},
            cv=2,
            scoring="neg_log_loss",
            n_jobs=n_jobs,
        ).fit(X, y)
        several = GridSearchCV(
            small(MultiLabelFocalClassifier),
            {"gamma": [1.0, [0.0, 1.0, 2.0]], "alpha": [None, [0.2, 0.5, 0.8]]},
            cv=2,
            scoring="average_precision",
            n_jobs=n_jobs,
        ).fit(X, Y)
        found[n_jobs] = single, several
    assert capfd.readouterr() == ("", "")
    for one, two in zip(found[1], found[2], strict=True):
        scores = one.cv_results_["mean_test_score"]
        np.testing.assert_array_equal(two.cv_results_["mean_test_score"], scores)
        assert np.all(np.isfinite(scores))
        assert one.best_params_ == two.best_params_
        np.testing.assert_array_equal(two.predict_proba(X), one.predict_proba(X))
    # The classes are balanced, so that "balanced" is None; 0.75 is [1, 3].
    assert [len(set(s.cv_results_["mean_test_score"].round(9))) for s in found[1]] == [6, 4]


@pytest.mark.slow
def test_a_fit_in_a_worker_uses_the_threads_that_joblib_allows():
    large = {
        "hidden_layer_sizes": (256, 256),
        "n_members": 1,
        "numeric_embedding": None,
        "max_epochs": 1,
        "batch_size": 2048,
    }
    X, y = classes_table(n=2048)
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        seen = joblib.Parallel()(
            joblib.delayed(threads_in_fit)(small(cls, **large), X, y)
            for cls in (FocalMLPClassifier, MultiLabelFocalClassifier)
        )
    assert seen == [{1}, {1}]


@pytest.mark.parametrize("cls", [FocalMLPClassifier, MultiLabelFocalClassifier])
def test_the_parameters_of_a_loss_are_searched(cls):
    X, y = classes_table()
    if cls is MultiLabelFocalClassifier:
        y = np.stack([y, X[:, 0] > 0], axis=1).astype(int)
    grid = [
        {"loss": [FocalLoss()], "loss__gamma": [0.0, 3.0]},
        {"gamma": [3.0]},
        {"loss": [PolyLoss()], "loss__epsilon": [0.5], "loss__gamma": [1.0]},
    ]
    search = GridSearchCV(small(cls), grid, cv=2, scoring="average_precision").fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert scores[1] == scores[2] != scores[0]
    assert np.isfinite(scores[3])
    assert search.best_estimator_.get_params()["gamma"] in (1.0, 3.0)


@pytest.mark.parametrize("resource", ["n_samples", "max_epochs"])
def test_halving_search(resource):
    X, y = classes_table(n=400, rare=0.2)
    search = HalvingGridSearchCV(
        small(n_members=1),
        {"gamma": [0.0, 1.0, 2.0], "alpha": [None, 0.75]},
        factor=3,
        cv=2,
        scoring="average_precision",
        random_state=0,
        resource=resource,
        max_resources=400 if resource == "n_samples" else 9,
    ).fit(X, y)
    assert search.n_candidates_ == [6, 2]
    assert set(search.best_params_) >= {"gamma", "alpha"}
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    if resource == "max_epochs":
        assert search.best_estimator_.n_epochs_ == search.n_resources_[-1]


def test_pipeline_with_a_scaler():
    X, y = classes_table()
    pipeline = make_pipeline(StandardScaler(), small())
    grid = {"focalmlpclassifier__gamma": [0.0, 2.0], "standardscaler__with_std": [True, False]}
    search = GridSearchCV(pipeline, grid, cv=2, scoring="neg_log_loss").fit(1e3 * X, y)
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    # Standardized inside anyway: a scaler before changes nothing but the last bits.
    alone = small(gamma=search.best_params_["focalmlpclassifier__gamma"]).fit(X, y)
    np.testing.assert_allclose(search.predict_proba(1e3 * X), alone.predict_proba(X), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(CALIBRATIONS))
@pytest.mark.parametrize("n_classes", [2, 3])
def test_calibration_wraps_the_networks(method, n_classes):
    X, y = classes_table(n_classes, n=400)
    model = small(max_epochs=10, probabilities="raw")
    calibrated = CalibratedClassifierCV(model, method=method, cv=2).fit(X, y)
    probability = calibrated.predict_proba(X)
    assert probability.shape == (400, n_classes)
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)
    assert log_loss(y, probability) < log_loss(y, clone(model).fit(X, y).predict_proba(X))


@pytest.mark.slow
@pytest.mark.parametrize("response", ["predict_proba", "decision_function"])
def test_a_tuned_threshold_wraps_the_networks(response):
    X, y = classes_table(n=400, rare=0.1)
    model = small(max_epochs=20, learning_rate_init=0.01)
    tuned = TunedThresholdClassifierCV(
        model, scoring="balanced_accuracy", response_method=response, cv=2
    ).fit(X, y)
    middle = 0.5 if response == "predict_proba" else 0.0
    assert tuned.best_threshold_ < middle
    scores = cross_val_predict(clone(model), X, y, cv=2, method=response)
    scores = scores[:, 1] if scores.ndim == 2 else scores
    # On the rows that it was tuned on, out of fold, the threshold is no worse than the middle.
    at = [balanced_accuracy_score(y, scores >= t) for t in (tuned.best_threshold_, middle)]
    assert at[0] > at[1]
