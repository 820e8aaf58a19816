"""FocalLogisticRegression as a scikit-learn citizen."""

import pickle
import random
import subprocess
import sys
import tracemalloc

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_info

from skfocal import FocalLogisticRegression
from skfocal.losses import FocalLoss


def table(n_classes=2, n=300):
    return make_classification(
        n_samples=n, n_features=6, n_informative=4, n_classes=n_classes, random_state=0
    )


@parametrize_with_checks(
    [
        FocalLogisticRegression(),
        FocalLogisticRegression(gamma=0.5),
        FocalLogisticRegression(alpha="balanced"),
        FocalLogisticRegression(solver="lbfgs", tol=1e-7),
    ]
)
# The array API check skips itself with a warning unless SCIPY_ARRAY_API is set.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0, 1]),
        np.array([-1, 1]),
        np.array([5, 6]),
        np.array([False, True]),
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
    ],
    ids=str,
)
def test_labels_of_every_type_give_the_same_fit(labels):
    X, y = table()
    model = FocalLogisticRegression().fit(X, labels[y])
    expected = FocalLogisticRegression().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), labels[expected.predict(X)])
    assert model.predict(X).dtype == labels.dtype
    assert model.classes_.tolist() == labels.tolist()


def test_one_class_and_continuous_target():
    X, _ = table()
    with pytest.raises(ValueError, match="class"):
        FocalLogisticRegression().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="continuous"):
        FocalLogisticRegression().fit(X, X[:, 0])


@pytest.mark.parametrize(
    "convert",
    [
        list,
        lambda y: y.astype(np.int8),
        lambda y: y.astype(np.uint8),
        lambda y: y.astype(np.float64),
        lambda y: y.astype(bool),
        pd.Series,
        lambda y: pd.Series(y, dtype="Int64"),
    ],
)
def test_target_types(convert):
    X, y = table()
    model = FocalLogisticRegression().fit(X, convert(y))
    np.testing.assert_array_equal(model.coef_, FocalLogisticRegression().fit(X, y).coef_)


def test_target_shapes():
    X, y = table()
    with pytest.warns(DataConversionWarning):
        model = FocalLogisticRegression().fit(X, y[:, None])
    np.testing.assert_array_equal(model.coef_, FocalLogisticRegression().fit(X, y).coef_)
    with pytest.raises(ValueError, match=r"1d|shape"):
        FocalLogisticRegression().fit(X, np.column_stack([y, y]))


def memmap_of(X, tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize(
    "convert",
    [
        lambda X, _: X.astype(np.float32),
        lambda X, _: X.astype(int),
        lambda X, _: X.tolist(),
        lambda X, _: np.asfortranarray(X),
        lambda X, _: np.repeat(X, 2, axis=1)[:, ::2],
        memmap_of,
        lambda X, _: pd.DataFrame(X, columns=list("abcdef")),
        lambda X, _: pl.DataFrame(X, schema=list("abcdef")),
    ],
    ids=["float32", "int", "list", "fortran", "view", "memmap", "pandas", "polars"],
)
def test_containers_of_rows(convert, tmp_path):
    X, y = table()
    X = np.round(3 * X)
    plain = FocalLogisticRegression().fit(X, y)
    other = convert(X, tmp_path)
    model = FocalLogisticRegression().fit(other, y)
    probability = model.predict_proba(other)
    assert type(probability) is np.ndarray
    np.testing.assert_allclose(probability, plain.predict_proba(X), atol=1e-5)


def test_feature_names():
    X, y = table()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = FocalLogisticRegression().fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcdef")
    assert model.n_features_in_ == 6
    for wrong in (frame[list("bacdef")], frame.rename(columns={"a": "z"}), frame[list("abcde")]):
        with pytest.raises(ValueError, match="feature"):
            model.predict(wrong)


@pytest.mark.parametrize("X_type", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("parameters", [{}, {"alpha": "balanced"}, {"alpha": "effective"}], ids=str)
def test_weights_are_repetitions(X_type, n_classes, parameters):
    X, y = table(n_classes)
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    model = FocalLogisticRegression(tol=1e-10, **parameters)
    weighted = clone(model).fit(X_type(X), y, sample_weight=weight)
    repeated = clone(model).fit(X_type(np.repeat(X, weight, axis=0)), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6)
    np.testing.assert_allclose(weighted.class_weight_, repeated.class_weight_, rtol=1e-12)


def test_weights_of_one_are_no_weights_and_bad_ones_are_refused():
    X, y = table()
    plain = FocalLogisticRegression().fit(X, y)
    np.testing.assert_array_equal(
        FocalLogisticRegression().fit(X, y, np.ones(len(y))).coef_, plain.coef_
    )
    for bad in (np.zeros(300), -np.ones(300), np.full(300, np.nan), np.ones(299)):
        with pytest.raises(ValueError, match=r"weight|NaN"):
            FocalLogisticRegression().fit(X, y, bad)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_over_the_loss_settings(n_jobs):
    X, y = table()
    grid = [
        {"gamma": [0.0, 2.0], "alpha": [None, "balanced", 0.75, [1, 3], {0: 1, 1: 2}]},
        {"loss": [FocalLoss(), "cross_entropy"]},
        {"loss": [FocalLoss()], "loss__gamma": [0.5, 1.0]},
    ]
    search = GridSearchCV(FocalLogisticRegression(), grid, cv=3, n_jobs=n_jobs).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.all(np.isfinite(scores))
    assert len(scores) == 14
    # The plain cross-entropy arms agree however they are written.
    assert scores[0] == scores[11]
    if n_jobs == 2:
        serial = GridSearchCV(FocalLogisticRegression(), grid, cv=3).fit(X, y)
        np.testing.assert_array_equal(scores, serial.cv_results_["mean_test_score"])


def test_parameters_are_stored_untouched():
    alpha = {0: 1.0, 1: 2.0}
    model = FocalLogisticRegression(alpha=alpha)
    assert model.get_params()["alpha"] is alpha
    assert set(vars(model)) == set(model.get_params(deep=False))
    fitted = model.fit(*table())
    assert not hasattr(clone(fitted), "coef_")
    with pytest.raises(NotFittedError):
        clone(fitted).predict(table()[0])
    with pytest.raises(TypeError):
        FocalLogisticRegression(2.0, None, "focal")  # keyword-only after alpha


def test_seeds_and_global_state():
    X, y = table(n=40_000)
    before = random.getstate(), np.random.mtrand._rand.get_state()[1].copy()
    models = [FocalLogisticRegression(random_state=3).fit(X, y) for _ in range(2)]
    models.append(clone(models[0]).fit(X, y))
    models += joblib.Parallel(n_jobs=2)(
        joblib.delayed(FocalLogisticRegression(random_state=3).fit)(X, y) for _ in range(2)
    )
    FocalLogisticRegression(random_state=np.random.RandomState(3)).fit(X, y)
    for model in models[1:]:
        np.testing.assert_array_equal(model.coef_, models[0].coef_)
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.mtrand._rand.get_state()[1], before[1])


def blas_threads():
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_threads_are_left_as_they_were():
    X, y = table(n=40_000)
    before = blas_threads()
    serial = FocalLogisticRegression().fit(X, y)
    with pytest.raises(ValueError):
        FocalLogisticRegression(alpha=[1, 2, 3]).fit(X, y)
    # Overlapping fits must not restore each other's limit.
    models = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(FocalLogisticRegression().fit)(X, y) for _ in range(8)
    )
    assert blas_threads() == before
    for model in models:
        np.testing.assert_array_equal(model.coef_, serial.coef_)


@pytest.mark.parametrize("interface", ["spmatrix", "sparray"])
@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_containers(interface, form, index):
    X, y = table()
    X[np.abs(X) < 0.7] = 0
    dense = FocalLogisticRegression(tol=1e-9).fit(X, y)
    for kind in ("array", "matrix"):
        thin = getattr(sparse, f"{form}_{kind}")(X)
        if form == "coo":
            thin.coords = tuple(c.astype(index) for c in thin.coords)
        else:
            thin.indices, thin.indptr = thin.indices.astype(index), thin.indptr.astype(index)
        with sklearn.config_context(sparse_interface=interface):
            model = FocalLogisticRegression(tol=1e-9).fit(thin, y)
            probability = model.predict_proba(thin)
        np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-6)
        np.testing.assert_allclose(probability, dense.predict_proba(X), rtol=1e-6)


def test_unsorted_and_duplicate_indices():
    # Row 0 holds its entries backwards, row 1 holds 3.0 as 1.0 + 2.0.
    messy = sparse.csr_array(
        (np.array([2.0, 1.0, 1.0, 2.0, -1.0]), np.array([1, 0, 1, 1, 0]), np.array([0, 2, 4, 5])),
        shape=(3, 2),
    )
    clean = np.array([[1.0, 2.0], [0.0, 3.0], [-1.0, 0.0]])
    y = [0, 1, 1]
    np.testing.assert_allclose(
        FocalLogisticRegression(tol=1e-9).fit(messy, y).coef_,
        FocalLogisticRegression(tol=1e-9).fit(clean, y).coef_,
        rtol=1e-6,
    )


@pytest.mark.slow
def test_sparse_memory():
    rng = np.random.default_rng(0)
    n = 20_000
    X = sparse.random_array((n, n), density=1e-4, format="csr", rng=rng)
    y = (X[:, :100].sum(axis=1) + 0.1 * rng.standard_normal(n) > 0).astype(int)
    tracemalloc.start()
    FocalLogisticRegression().fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * n * 8 / 10
    # It is far below that: the preliminary sample and vectors of both lengths.
    assert peak < 50e6


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(bad):
    X, y = table()
    wrong = X.copy()
    wrong[3, 2] = bad
    model = FocalLogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        FocalLogisticRegression().fit(wrong, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(wrong)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        FocalLogisticRegression().fit(X, np.where(y == 0, bad, y))


def test_metadata_routing():
    X, y = table()
    weight = np.where(y == 1, 5.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        requested = FocalLogisticRegression().set_fit_request(sample_weight=True)
        requested.set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), requested)
        search = GridSearchCV(pipeline, {"focallogisticregression__gamma": [2.0]}, cv=3)
        search.fit(X, y, sample_weight=weight)
        inner = search.best_estimator_[-1]
        direct = FocalLogisticRegression().fit(StandardScaler().fit_transform(X), y, weight)
        np.testing.assert_allclose(inner.coef_, direct.coef_, rtol=1e-9)
        silent = make_pipeline(FocalLogisticRegression())
        with pytest.raises(Exception, match=r"sample_weight.*not explicitly set as requested"):
            silent.fit(X, y, sample_weight=weight)


def test_import_is_light():
    code = (
        "import sys, skfocal, numpy as np\n"
        "X = np.arange(20.0)[:, None]\n"
        "skfocal.FocalLogisticRegression().fit(X, X[:, 0] > 9).predict(X)\n"
        # Not pandas: scikit-learn loads it where it is installed.
        "heavy = {'torch', 'skorch', 'imblearn', 'lightgbm', 'xgboost', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pipelines_with_samplers_and_wrappers():
    X, y = make_classification(400, 6, weights=[0.9], random_state=0)
    model = FocalLogisticRegression()
    sampled = make_sampling_pipeline(SMOTE(random_state=0), model).fit(X, y)
    assert sampled.predict_proba(X)[:, 1].mean() > 2 * y.mean()
    tuned = TunedThresholdClassifierCV(model, scoring="balanced_accuracy", cv=3).fit(X, y)
    assert 0 < tuned.best_threshold_ < 0.5
    for method in ("sigmoid", "isotonic"):
        calibrated = CalibratedClassifierCV(model, method=method, cv=3).fit(X, y)
        assert calibrated.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.02)
    scores = cross_validate(make_pipeline(StandardScaler(), model), X, y, n_jobs=2, cv=3)
    assert np.all(scores["test_score"] > 0.8)


def test_pickle_and_score():
    X, y = table(3)
    model = FocalLogisticRegression().fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert model.score(X, y) == np.mean(model.predict(X) == y)


def test_parameters_and_tags():
    names = set(FocalLogisticRegression().get_params())
    assert not names & {"penalty", "n_jobs"}
    tags = get_tags(FocalLogisticRegression())
    assert tags.estimator_type == "classifier"
    assert tags.classifier_tags.multi_class
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert not tags.array_api_support
    assert set(FocalLogisticRegression._parameter_constraints) == names


@pytest.mark.parametrize(
    "parameters", [{"alpha": 0.9}, {"class_weight": {0: 1, 1: 50}}, {"gamma": 5.0}], ids=str
)
def test_agreement_and_weights_on_a_rare_class(parameters):
    X, y = make_classification(600, 6, weights=[0.95], random_state=0)
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    model = FocalLogisticRegression(tol=1e-10, **parameters)
    weighted = clone(model).fit(X, y, weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)
    codes = weighted.predict_proba(X).argmax(axis=1)
    np.testing.assert_array_equal(weighted.predict(X), codes)
