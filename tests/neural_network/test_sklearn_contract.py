"""FocalMLPClassifier as a scikit-learn citizen."""

import pickle
import random

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skfocal.losses import FocalLoss, get_loss, list_losses
from skfocal.neural_network import FocalMLPClassifier

SMALL = {"hidden_layer_sizes": (8,), "n_members": 2, "max_epochs": 3, "random_state": 0}
EXACT = SMALL | {"dropout": 0.0, "batch_size": 10_000, "learning_rate": "constant"}
WEIGHTS_REASON = (
    "mini-batches, dropout and float32 cannot meet 1e-7; see test_weights_are_repetitions"
)


def table(n_classes=2, n=200):
    return make_classification(
        n_samples=n, n_features=6, n_informative=4, n_classes=n_classes, random_state=0
    )


def small(**parameters):
    return FocalMLPClassifier(**(SMALL | parameters))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([-1, 1]),
        np.array([5, 6]),
        np.array([False, True]),
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
        np.array(["x", "y", "z"]),
    ],
    ids=str,
)
def test_labels_of_every_type_give_the_same_fit(labels):
    X, y = table(len(labels))
    model = small().fit(X, labels[y])
    expected = small().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), labels[expected.predict(X)])
    assert model.predict(X).dtype == labels.dtype
    assert model.classes_.tolist() == labels.tolist()


def test_width_does_not_depend_on_the_batch():
    X, y = table()
    y = np.arange(len(y)) % 10
    assert small(batch_size=1, max_epochs=1).fit(X[:30], y[:30]).predict_proba(X).shape == (200, 10)
    with pytest.raises(ValueError, match="class"):
        small().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="continuous"):
        small().fit(X, X[:, 0])


@pytest.mark.parametrize(
    "convert",
    [
        list,
        lambda y: y.astype(np.int8),
        lambda y: y.astype(np.float64),
        lambda y: y.astype(bool),
        pd.Series,
        lambda y: pd.Series(y, dtype="Int64"),
    ],
)
def test_target_types(convert):
    X, y = table()
    np.testing.assert_array_equal(
        small().fit(X, convert(y)).predict_proba(X), small().fit(X, y).predict_proba(X)
    )


def test_target_shapes():
    X, y = table()
    with pytest.warns(DataConversionWarning):
        model = small().fit(X, y[:, None])
    np.testing.assert_array_equal(model.predict_proba(X), small().fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match=r"1d|shape"):
        small().fit(X, np.column_stack([y, y]))


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
        # Names that would be arguments if a frame were unpacked.
        lambda X, _: pd.DataFrame(X, columns=["x", "X", "self", "sample_weight", "y", "batch"]),
        lambda X, _: pl.DataFrame(X, schema=list("abcdef")),
    ],
    ids=["float32", "int", "list", "fortran", "view", "memmap", "pandas", "polars"],
)
def test_containers_of_rows(convert, tmp_path):
    X, y = table()
    X = np.round(3 * X)
    other = convert(X, tmp_path)
    probability = small().fit(other, y).predict_proba(other)
    assert type(probability) is np.ndarray
    assert probability.dtype == np.float64
    np.testing.assert_allclose(probability, small().fit(X, y).predict_proba(X), atol=1e-5)


def test_feature_names():
    X, y = table()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = small().fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcdef")
    for wrong in (frame[list("bacdef")], frame.rename(columns={"a": "z"}), frame[list("abcde")]):
        with pytest.raises(ValueError, match="feature"):
            model.predict(wrong)
    with pytest.raises((ValueError, TypeError)):
        small().fit({"a": X[:, 0]}, y)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"alpha": "balanced"},
        {"alpha": "effective"},
        {"class_weight": "balanced"},
        # Adam does not notice the unit of the weights.
        {"optimizer": "sgd", "learning_rate_init": 0.05},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_weights_are_repetitions(n_classes, parameters):
    X, y = table(n_classes)
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    model = FocalMLPClassifier(**EXACT, **parameters)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    plain = clone(model).fit(X, y)
    np.testing.assert_allclose(weighted.class_weight_, repeated.class_weight_, rtol=1e-12)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)
    assert np.abs(weighted.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3


def test_weights_of_one_are_no_weights_and_bad_ones_are_refused():
    X, y = table()
    np.testing.assert_array_equal(
        small().fit(X, y, np.ones(len(y))).predict_proba(X), small().fit(X, y).predict_proba(X)
    )
    for bad in (np.zeros(200), -np.ones(200), np.full(200, np.nan), np.ones(199)):
        with pytest.raises(ValueError, match=r"weight|NaN"):
            small().fit(X, y, bad)


def test_grid_search_over_the_loss_settings():
    X, y = table()
    grid = [
        {"gamma": [0.0, 2.0], "alpha": [None, "balanced", 0.75, [1, 3], {0: 1, 1: 2}]},
        {"loss": [FocalLoss(), "cross_entropy"]},
        {"loss": [FocalLoss()], "loss__gamma": [0.5]},
    ]
    search = GridSearchCV(small(), grid, cv=2, scoring="neg_log_loss").fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.all(np.isfinite(scores))
    assert scores[0] == scores[11]  # cross-entropy, however it is written
    assert len(set(scores.round(9))) == 7  # balanced classes: "balanced" is None


def test_parameters_are_stored_untouched():
    alpha = {0: 1.0, 1: 2.0}
    model = small(alpha=alpha)
    assert model.get_params()["alpha"] is alpha
    assert set(vars(model)) == set(model.get_params(deep=False))
    assert set(FocalMLPClassifier._parameter_constraints) == set(model.get_params())
    fitted = model.fit(*table())
    for unfitted in (clone(fitted), small()):
        for method in ("predict", "predict_proba", "decision_function"):
            with pytest.raises(NotFittedError):
                getattr(unfitted, method)(table()[0])
    with pytest.raises(NotFittedError):
        clone(fitted).to_torch()
    with pytest.raises(TypeError):
        FocalMLPClassifier(2.0, None, (8,))  # keyword-only after alpha


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def global_states():
    return (
        random.getstate(),
        np.random.mtrand._rand.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
        torch.get_num_threads(),
    )


def test_seeds_threads_and_global_state(two_threads):
    X, y = table()
    before = global_states()
    model = small(dropout=0.3, batch_size=50)
    models = [clone(model).fit(X, y) for _ in range(2)]
    models += joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(clone(model).fit)(X, y) for _ in range(4)
    )
    expected = models[0].predict_proba(X)
    for other in models[1:]:
        np.testing.assert_array_equal(other.predict_proba(X), expected)
    for seed in (np.random.RandomState(3), None):
        clone(model).set_params(random_state=seed).fit(X, y)
    with pytest.raises(ValueError):
        small(alpha=[1, 2, 3]).fit(X, y)
    assert global_states() == before
    again = clone(model).set_params(random_state=1).fit(X, y)
    assert np.abs(again.predict_proba(X) - expected).max() > 1e-3


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_sparse_containers(form, kind):
    X, y = table()
    X[np.abs(X) < 0.7] = 0
    dense = small(batch_size=32).fit(X, y).predict_proba(X)
    thin = getattr(sparse, f"{form}_{kind}")(X)
    for interface in ("spmatrix", "sparray"):
        with sklearn.config_context(sparse_interface=interface):
            probability = small(batch_size=32).fit(thin, y).predict_proba(thin)
        np.testing.assert_allclose(probability, dense, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(bad):
    X, y = table()
    wrong = X.copy()
    wrong[3, 2] = bad
    model = small().fit(X, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        small().fit(wrong, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(wrong)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        small().fit(X, np.where(y == 0, bad, y))


def test_metadata_routing():
    X, y = table()
    weight = np.where(y == 1, 5.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        requested = small().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), requested)
        pipeline.fit(X, y, sample_weight=weight)
        direct = small().fit(StandardScaler().fit_transform(X), y, weight)
        np.testing.assert_allclose(
            pipeline.predict_proba(X), direct.predict_proba(StandardScaler().fit_transform(X))
        )


def arrays_of(value):
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in arrays_of(item)]
    return [value]


def test_fitted_state_is_numpy():
    model = small(warm_start=True).fit(*table())
    leaves = [leaf for value in vars(model).values() for leaf in arrays_of(value)]
    assert not any(isinstance(leaf, torch.Tensor | torch.nn.Module) for leaf in leaves)
    assert all(isinstance(value, np.ndarray) for value in arrays_of(model._state))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(table()[0]), model.predict_proba(table()[0]))


@pytest.mark.parametrize("name", list_losses())
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore:.*has no inverse")
def test_every_loss_gives_probabilities(name, n_classes):
    task = "binary" if n_classes == 2 else "multiclass"
    if task not in get_loss(name).tasks:
        pytest.skip(f"{name} is not defined for {task}")
    X, y = table(n_classes)
    model = small(loss=name).fit(X, y)
    probability = model.predict_proba(X)
    assert np.all((probability >= 0) & (probability <= 1))
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(model.classes_[probability.argmax(axis=1)], model.predict(X))


def test_nothing_is_printed(capfd):
    X, y = table()
    small(early_stopping=True, max_epochs=20, n_iter_no_change=1).fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")
    small(verbose=1).fit(X, y)
    assert "epoch" in capfd.readouterr().err


def test_rows_are_predicted_alone_as_among_others():
    X, y = table(3)
    model = small().fit(X, y)
    alone = np.concatenate([model.predict_proba(row[None]) for row in X])
    np.testing.assert_allclose(alone, model.predict_proba(X), rtol=1e-12)


def test_wrappers():
    X, y = make_classification(300, 6, weights=[0.85], random_state=0)
    model = small(max_epochs=20)
    tuned = TunedThresholdClassifierCV(model, scoring="balanced_accuracy", cv=2).fit(X, y)
    assert 0 < tuned.best_threshold_ < 0.5
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert calibrated.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.03)


def test_tags_tell_the_truth():
    tags = get_tags(FocalMLPClassifier())
    assert tags.estimator_type == "classifier"
    assert tags.classifier_tags.multi_class
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
