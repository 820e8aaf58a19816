"""What the neural estimators refuse, row by row, and how they come out of trouble."""

import re

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from skfocal.losses import FocalLoss
from skfocal.neural_network.training import _net
from skfocal.nn import GammaSchedule, TabularMLP
from tests.neural_network.networks import MLP, MULTILABEL, both, small, table


def three_classes(y):
    return np.arange(len(y)) % 3


# Parameters and what the message says of them.
PARAMETERS = [
    ({"gamma": -1.0}, r"'gamma' parameter of .*range \[0.0, inf\).* Got -1.0"),
    ({"gamma": np.nan}, r"'gamma' .* Got nan"),
    ({"gamma": np.inf}, r"'gamma' .* Got inf"),
    ({"gamma": "high"}, r"'gamma' .* Got 'high'"),
    ({"gamma": None}, r"'gamma' .* Got None"),
    ({"alpha": 1.5}, r"'alpha' parameter of .*range \(0.0, 1.0\).* Got 1.5"),
    ({"alpha": 2.0, "gamma": 0.25}, r"'alpha' .* Got 2.0"),  # swapped
    ({"alpha": 0.0}, r"'alpha' .* Got 0.0"),
    ({"alpha": np.nan}, r"'alpha' .* Got nan"),
    ({"alpha": "heavy"}, r"'alpha' .*'(balanced|effective)'.* Got 'heavy'"),
    ({"alpha": [1.0, 2.0, 3.0, 4.0]}, r"alpha must .* shape \(4,\)"),
    ({"hidden_layer_sizes": (0,)}, r"hidden_layer_sizes .* integers of at least 1, got \(0,\)"),
    ({"hidden_layer_sizes": (8.5,)}, r"hidden_layer_sizes .* integers .* got \(8.5,\)"),
    ({"hidden_layer_sizes": [[8], [8]]}, r"hidden_layer_sizes .* integers .* got \[\[8\]"),
    ({"hidden_layer_sizes": -5}, r"'hidden_layer_sizes' .* Got -5"),
    ({"hidden_layer_sizes": "wide"}, r"'hidden_layer_sizes' .* Got 'wide'"),
    ({"hidden_layer_sizes": None}, r"'hidden_layer_sizes' .* Got None"),
    ({"activation": "swish"}, r"'activation' .*'relu'.* Got 'swish'"),
    ({"dropout": 1.0}, r"'dropout' .*range \[0.0, 1.0\)\. Got 1.0"),
    ({"dropout": -0.1}, r"'dropout' .* Got -0.1"),
    ({"dropout": None}, r"'dropout' .* Got None"),
    ({"batch_norm": "yes"}, r"'batch_norm' .*bool.* Got 'yes'"),
    ({"batch_norm": True, "batch_size": 1}, r"batch_norm=True needs batches of at least two rows"),
    ({"module": 3}, r"'module' .*callable.* Got 3"),
    ({"callbacks": "print"}, r"'callbacks' .*list.* Got 'print'"),
    ({"net_params": [("lr", 1)]}, r"'net_params' .*dict.* Got \["),
    ({"net_params": {"lr": 1}}, r"net_params has 'lr', which the parameter learning_rate_init"),
    ({"n_members": 0}, r"'n_members' .*int in the range \[1, inf\)\. Got 0"),
    ({"n_members": 1.5}, r"'n_members' .* Got 1.5"),
    ({"numeric_embedding": "linear"}, r"'numeric_embedding' .*'periodic'.* Got 'linear'"),
    ({"loss": "focl"}, r"[Uu]nknown loss 'focl'.* Did you mean 'focal'"),
    ({"loss": FocalLoss}, r"'loss' .* instance of .*MarginLoss"),
    ({"loss": 3}, r"'loss' .* Got 3"),
    ({"beta": 2.0}, r"'beta' .*range \[0.0, 1.0\]\. Got 2.0"),
    ({"class_weight": "heavy"}, r"'class_weight' .*'balanced'.* Got 'heavy'"),
    ({"class_weight": [1, 2]}, r"'class_weight' .* Got \[1, 2\]"),
    ({"class_weight": {7: 1.0}}, r"class_weight .* labels \[7\].* classes \[0, 1\]"),
    ({"class_weight": {0: -1.0}}, r"class_weight .* at least 0, got \{0: -1.0\}"),
    ({"probabilities": "honest"}, r"'probabilities' .*'posterior'.* Got 'honest'"),
    (
        {"loss": "hard_truncated", "probabilities": "posterior"},
        r"HardTruncatedLoss\(\) has no inverse.* use probabilities='raw'",
    ),
    (
        {"loss": "hard_truncated", "probabilities": "raw", "initial_bias": "best"},
        r"initial_bias='best' needs a loss with an inverse, got HardTruncatedLoss\(\); use 'prior'",
    ),
    ({"class_weight": {0: 0.0, 1: 0.0}}, r"all classes have weight 0.*\{0: 0.0, 1: 0.0\}"),
    ({"device": "meta"}, r"Classifier: device must be 'auto', 'cpu' .*got 'meta'"),
    ({"warm_up": -1}, r"'warm_up' .*Schedule.* Got -1"),
    ({"warm_up": "long"}, r"'warm_up' .* Got 'long'"),
    ({"loss": "cross_entropy", "warm_up": GammaSchedule()}, r"gamma"),
    ({"initial_bias": "zero"}, r"'initial_bias' .*'prior'.* Got 'zero'"),
    ({"optimizer": "rmsprop"}, r"'optimizer' .*'adam'.* Got 'rmsprop'"),
    ({"learning_rate_init": 0.0}, r"'learning_rate_init' .*range \(0.0, inf\)\. Got 0.0"),
    ({"learning_rate_init": "auto"}, r"'learning_rate_init' .* Got 'auto'"),
    ({"weight_decay": -1.0}, r"'weight_decay' .*range \[0.0, inf\)\. Got -1.0"),
    ({"learning_rate": "adaptive"}, r"'learning_rate' .*'cosine'.* Got 'adaptive'"),
    ({"batch_size": 0}, r"'batch_size' .*'auto'.*range \[1, inf\)\. Got 0"),
    ({"batch_size": 12.5}, r"'batch_size' .* Got 12.5"),
    ({"max_epochs": 0}, r"'max_epochs' .*'auto'.*range \[1, inf\)\. Got 0"),
    ({"max_epochs": "many"}, r"'max_epochs' .* Got 'many'"),
    ({"early_stopping": "yes"}, r"'early_stopping' .*bool.* Got 'yes'"),
    ({"validation_fraction": 0.0}, r"'validation_fraction' .*range \(0.0, 1.0\)\. Got 0.0"),
    ({"validation_fraction": 25}, r"'validation_fraction' .* Got 25"),
    ({"n_iter_no_change": 0}, r"'n_iter_no_change' .*range \[1, inf\)\. Got 0"),
    ({"tol": -1.0}, r"'tol' .*range \[0.0, inf\)\. Got -1.0"),
    ({"scoring": "accuracy"}, r"'scoring' .*'average_precision'.* Got 'accuracy'"),
    ({"standardize": "robust"}, r"'standardize' .*bool.* Got 'robust'"),
    ({"random_state": "seed"}, r"'random_state' .* Got 'seed'"),
    ({"random_state": -1}, r"'random_state' .* Got -1"),
    ({"device": 0}, r"'device' .* Got 0"),
    ({"device": "abacus"}, r"device must be 'auto', 'cpu' .* got 'abacus'"),
    ({"warm_start": "yes"}, r"'warm_start' .*bool.* Got 'yes'"),
    ({"verbose": -1}, r"'verbose' .* Got -1"),
]
OF_ONE = [
    (MLP, {"gamma": [1.0, 2.0]}, r"'gamma' .* Got \[1.0, 2.0\]"),
    (MLP, {"alpha": [0.5, -1.0]}, r"alpha .* at least 0.* got \[0.5, -1.0\]"),
    (MLP, {"alpha": [0.0, 0.0]}, r"alpha .* positive for some class"),
    (MLP, {"alpha": {7: 1.0}}, r"alpha .* labels \[7\].* classes \[0, 1\]"),
    (MULTILABEL, {"gamma": [1.0, 2.0]}, r"gamma must be one value or 3.* shape \(2,\)"),
    (MULTILABEL, {"gamma": [1.0, -2.0, 0.0]}, r"gamma must be .* at least 0.*-2.0"),
    (MULTILABEL, {"thresholds": "f2"}, r"thresholds must be None, 'f1' or 3 values .*'f2'"),
    (MULTILABEL, {"thresholds": 0.3}, r"'thresholds' parameter .* Got 0.3"),
    (MULTILABEL, {"thresholds": [0.5, 0.5]}, r"thresholds must be .* 3 values in \(0, 1\)"),
    (MULTILABEL, {"thresholds": [0.5, 1.5, 0.5]}, r"thresholds must be .* in \(0, 1\).*1.5"),
    (MULTILABEL, {"alpha": [0.5, 0.5]}, r"alpha must be one value or 3.* shape \(2,\)"),
    (MULTILABEL, {"alpha": [0.5, 1.5, 0.5]}, r"alpha must be in the range \(0, 1\), got 1.5"),
]


@pytest.mark.parametrize(("wrong", "message"), PARAMETERS, ids=[str(row[0]) for row in PARAMETERS])
@both
def test_parameters(cls, wrong, message):
    with pytest.raises(ValueError, match=message):
        small(cls, **wrong).fit(*table(cls))


@pytest.mark.parametrize(("cls", "wrong", "message"), OF_ONE, ids=[str(row[1]) for row in OF_ONE])
def test_parameters_of_one(cls, wrong, message):
    with pytest.raises(ValueError, match=message):
        small(cls, **wrong).fit(*table(cls))


@both
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_absent_cuda(cls, name):
    with pytest.raises(ValueError, match=f"device must be 'auto', 'cpu' .* got '{name}'"):
        small(cls, device=name).fit(*table(cls))


def with_entry(X, value):
    X = X.copy()
    X[3, 2] = value
    return X


# What is done with a model and a table, and what the message says of it.
FITS = {
    "X of one dimension": (lambda m, X, y: m.fit(X[:, 0], y), "2D array, got 1D"),
    "X of three dimensions": (lambda m, X, y: m.fit(X[..., None], y), "dim 3"),
    "X a number": (lambda m, X, y: m.fit(3.0, y), "scalar array"),
    "X without rows": (lambda m, X, y: m.fit(X[:0], y[:0]), "0 sample"),
    "X without features": (lambda m, X, y: m.fit(X[:, :0], y), "0 feature"),
    "X of words": (lambda m, X, y: m.fit(np.full(X.shape, "word"), y), "could not convert"),
    "X complex": (lambda m, X, y: m.fit(X + 1j, y), "Complex data not supported"),
    "X with infinity": (lambda m, X, y: m.fit(with_entry(X, np.inf), y), "X contains infinity"),
    "categories that are no columns": (
        lambda m, X, y: m.set_params(categorical_features=["a"]).fit(X, y),
        "categorical_features must be None, 'from_dtype', .* got ",
    ),
    "categories of sparse rows": (
        lambda m, X, y: m.set_params(categorical_features=[0]).fit(sparse.csr_array(X), y),
        r"categorical_features=\[0\] needs dense rows",
    ),
    "X sparse with NaN": (
        lambda m, X, y: m.fit(sparse.csr_array(with_entry(X, np.nan)), y),
        "X contains NaN",
    ),
    "y missing": (lambda m, X, y: m.fit(X, None), "requires y to be passed"),
    "y too short": (lambda m, X, y: m.fit(X, y[1:]), "inconsistent numbers of samples"),
    "y of three dimensions": (lambda m, X, y: m.fit(X, np.zeros((200, 2, 2))), "3|shape"),
    "weights too short": (lambda m, X, y: m.fit(X, y, np.ones(199)), r"sample_weight.*\(199,\)"),
    "weights of two dimensions": (lambda m, X, y: m.fit(X, y, np.ones((200, 1))), "must be 1D"),
    "weights negative": (lambda m, X, y: m.fit(X, y, -np.ones(200)), "Negative values"),
    "weights with NaN": (lambda m, X, y: m.fit(X, y, np.full(200, np.nan)), "weight.* NaN"),
    "weights all 0": (lambda m, X, y: m.fit(X, y, np.zeros(200)), "one non-zero number"),
    "X_val alone": (
        lambda m, X, y: m.set_params(early_stopping=True).fit(X, y, X_val=X),
        "X_val and y_val must be given together",
    ),
    "y_val alone": (
        lambda m, X, y: m.set_params(early_stopping=True).fit(X, y, y_val=y),
        "X_val and y_val must be given together",
    ),
    "X_val without early stopping": (
        lambda m, X, y: m.fit(X, y, X_val=X, y_val=y),
        "are for early_stopping=True, got early_stopping=False",
    ),
    "X_val of fewer features": (
        lambda m, X, y: m.set_params(early_stopping=True).fit(X, y, X_val=X[:, 1:], y_val=y),
        "X has 5 features",
    ),
    "X_val with infinity": (
        lambda m, X, y: m.set_params(early_stopping=True).fit(
            X, y, X_val=with_entry(X, np.inf), y_val=y
        ),
        "infinity",
    ),
    "X_val without rows": (
        lambda m, X, y: m.set_params(early_stopping=True).fit(X, y, X_val=X[:0], y_val=y[:0]),
        "0 sample",
    ),
    "y_val too short": (
        lambda m, X, y: m.set_params(early_stopping=True).fit(X, y, X_val=X, y_val=y[1:]),
        "inconsistent numbers of samples",
    ),
    "nothing left to watch": (
        lambda m, X, y: m.set_params(early_stopping=True, validation_fraction=0.01).fit(
            X[:4], np.eye(4, 3, dtype=int)[:, : y.ndim * 2 - 1].squeeze()
        ),
        "validation_fraction=0.01 of 4 rows leaves no row of any class to watch; raise it",
    ),
    "continued with other features": (
        lambda m, X, y: m.set_params(warm_start=True).fit(X, y).fit(X[:, 1:], y),
        "X has 5 features.* expecting 6 features",
    ),
    "continued with other layers": (
        lambda m, X, y: (
            m.set_params(warm_start=True).fit(X, y).set_params(hidden_layer_sizes=9).fit(X, y)
        ),
        "a fit can be continued with the same layers only",
    ),
    "continued with more members": (
        lambda m, X, y: m.set_params(warm_start=True).fit(X, y).set_params(n_members=3).fit(X, y),
        "a fit can be continued with the same layers only",
    ),
    "predicted with fewer features": (
        lambda m, X, y: m.fit(X, y).predict(X[:, 1:]),
        "X has 5 features.* expecting 6 features",
    ),
    "predicted with one dimension": (lambda m, X, y: m.fit(X, y).predict(X[0]), "2D array"),
    "predicted without rows": (lambda m, X, y: m.fit(X, y).predict_proba(X[:0]), "0 sample"),
    "predicted unfitted": (lambda m, X, y: m.predict(X), "is not fitted yet"),
}
FITS_OF_ONE = {
    "one class": (MLP, lambda m, X, y: m.fit(X, 0 * y), "at least 2 classes.* got one class: 0"),
    "continuous": (MLP, lambda m, X, y: m.fit(X, y + 0.5 * X[:, 0]), "continuous"),
    "y with NaN": (MLP, lambda m, X, y: m.fit(X, np.where(y, np.nan, y)), "y contains NaN"),
    "two columns": (MLP, lambda m, X, y: m.fit(X, np.stack([y, y], 1)), "should be a 1d array"),
    "float alpha, three classes": (
        MLP,
        lambda m, X, y: m.set_params(alpha=0.25).fit(X, three_classes(y)),
        r"3 classes.*vector.*'balanced'",
    ),
    "asymmetric, three classes": (
        MLP,
        lambda m, X, y: m.set_params(loss="asymmetric", probabilities="raw").fit(
            X, three_classes(y)
        ),
        "AsymmetricLoss.* defined for binary.* got 3 classes",
    ),
    "y_val with an unknown label": (
        MLP,
        lambda m, X, y: m.set_params(early_stopping=True).fit(X, y, X_val=X, y_val=y + 1),
        r"labels \[2\], which are not among the classes \[0, 1\]",
    ),
    "continued with other classes": (
        MLP,
        lambda m, X, y: m.set_params(warm_start=True).fit(X, y).fit(X, y + 1),
        r"continues with the classes \[0, 1\], got \[1, 2\]",
    ),
    "first part without classes": (
        MLP,
        lambda m, X, y: m.partial_fit(X, y),
        "first call of partial_fit needs classes=.* got None",
    ),
    "part with one class": (
        MLP,
        lambda m, X, y: m.partial_fit(X, y, classes=[1]),
        "at least two",
    ),
    "part with an unknown label": (
        MLP,
        lambda m, X, y: m.partial_fit(X, y + 1, classes=[0, 1]),
        r"labels \[2\], which are not among the classes \[0, 1\]",
    ),
    "later part with an unknown label": (
        MLP,
        lambda m, X, y: m.partial_fit(X, y, classes=[0, 1]).partial_fit(X, y + 7),
        r"labels \[7, 8\], which are not among the classes \[0, 1\]",
    ),
    "later part with other classes": (
        MLP,
        lambda m, X, y: m.partial_fit(X, y, classes=[0, 1]).partial_fit(X, y, classes=[0, 2]),
        "are not those of the first call",
    ),
    "later part with other features": (
        MLP,
        lambda m, X, y: m.partial_fit(X, y, classes=[0, 1]).partial_fit(X[:, 1:], y),
        "X has 5 features",
    ),
    "first part of a vector without classes": (
        MULTILABEL,
        lambda m, X, Y: m.partial_fit(X, Y[:, 0]),
        "first call of partial_fit with a vector or column needs classes=",
    ),
    "later part of more labels": (
        MULTILABEL,
        lambda m, X, Y: m.partial_fit(X, Y[:, 0], classes=[0, 1]).partial_fit(X, Y),
        r"knows one label, a vector or column of \[0, 1\], got the shape",
    ),
    "nothing left to learn from": (
        MULTILABEL,
        lambda m, X, Y: m.set_params(early_stopping=True, validation_fraction=0.9).fit(
            X[:4], Y[:4]
        ),
        "leaves no row of any class to learn from; lower it",
    ),
    "later part of fewer labels": (
        MULTILABEL,
        lambda m, X, Y: m.partial_fit(X, Y).partial_fit(X, Y[:, :2]),
        r"indicator .* shape \(n_samples, 3\)",
    ),
    "later part of other features": (
        MULTILABEL,
        lambda m, X, Y: m.partial_fit(X, Y).partial_fit(X[:, 1:], Y),
        "X has 5 features",
    ),
    "dict of alphas": (
        MULTILABEL,
        lambda m, X, Y: m.set_params(alpha={0: 1, 1: 5}).fit(X, Y),
        "alpha must be one value or 3.* got the dict",
    ),
    "alphas out of range": (
        MULTILABEL,
        lambda m, X, Y: m.set_params(alpha=[0.5, 0.5, 1.5]).fit(X, Y),
        "MultiLabelFocalClassifier: .*got 1.5",
    ),
    "indicator of 2": (MULTILABEL, lambda m, X, Y: m.fit(X, 2 * Y), "indicator of 0 and 1"),
    "continuous indicator": (MULTILABEL, lambda m, X, Y: m.fit(X, Y + 0.5), "indicator of 0 and 1"),
    "vector of three classes": (
        MULTILABEL,
        lambda m, X, Y: m.fit(X, three_classes(Y)),
        "Only binary classification",
    ),
    "vector of one class": (MULTILABEL, lambda m, X, Y: m.fit(X, 0 * Y[:, 0]), "one class"),
    "indicator with NaN": (MULTILABEL, lambda m, X, Y: m.fit(X, np.where(Y, np.nan, 0)), "NaN"),
    "Y_val of fewer labels": (
        MULTILABEL,
        lambda m, X, Y: m.set_params(early_stopping=True).fit(X, Y, X_val=X, y_val=Y[:, :2]),
        r"indicator .* shape \(n_samples, 3\)",
    ),
    "Y_val of 2": (
        MULTILABEL,
        lambda m, X, Y: m.set_params(early_stopping=True).fit(X, Y, X_val=X, y_val=2 * Y),
        "indicator of 0 and 1",
    ),
    "continued with other labels": (
        MULTILABEL,
        lambda m, X, Y: m.set_params(warm_start=True).fit(X, Y).fit(X, Y[:, :2]),
        r"continues with the labels \[0, 1, 2\], got \[0, 1\]",
    ),
}


@pytest.mark.parametrize(("act", "message"), FITS.values(), ids=FITS)
@both
def test_data(cls, act, message):
    with pytest.raises((ValueError, TypeError), match=re.compile(message, re.DOTALL)):
        act(small(cls), *table(cls))


@pytest.mark.parametrize(("cls", "act", "message"), FITS_OF_ONE.values(), ids=FITS_OF_ONE)
def test_data_of_one(cls, act, message):
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        act(small(cls), *table(cls))


@both
@pytest.mark.parametrize("wrong", [{"alpha": "effective"}, {"class_weight": "balanced"}], ids=str)
def test_parts_where_all_rows_are_needed(cls, wrong):
    model = small(cls, **wrong)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="no attribute 'partial_fit'") as caught:
        model.partial_fit(*table(cls))
    (name,) = wrong
    assert re.search(f"{name}='.*' needs the whole training set", str(caught.value.__cause__))


WHOLE = {"batch_size": 200, "learning_rate": "constant", "dropout": 0.0, "max_epochs": 9}


@pytest.fixture
def at_pass(monkeypatch):
    """Return a function that lets something happen at a pass through the network, from 1."""

    def arrange(number, happens):
        count = 0
        watch, train = TabularMLP.forward, _net.forward_with_memory

        def passed(scores):
            nonlocal count
            count += 1
            return happens(scores) if count == number else scores

        def forward(self, X):
            return passed(watch(self, X))

        def forward_with_memory(network, X):
            scores, memory = train(network, X)
            return passed(scores), memory

        monkeypatch.setattr(TabularMLP, "forward", forward)
        monkeypatch.setattr(_net, "forward_with_memory", forward_with_memory)

    return arrange


def interrupt(scores):
    raise KeyboardInterrupt


@both
@pytest.mark.parametrize("early_stopping", [False, True])
class TestTrouble:
    def test_a_rate_that_is_too_high(self, cls, early_stopping):
        X, y = table(cls)
        model = small(cls, optimizer="sgd", learning_rate_init=1e20, max_epochs=20)
        model.set_params(early_stopping=early_stopping)
        with pytest.warns(ConvergenceWarning, match="finite weights are kept. Lower learning_rate"):
            model.fit(X, y)
        assert model.n_epochs_ < 20
        assert np.all(np.isfinite(model.decision_function(X)))

    def test_the_last_weights_that_worked_are_kept(self, cls, early_stopping, at_pass):
        X, y = table(cls)
        options = WHOLE | {"early_stopping": early_stopping}
        # In the third epoch the weights of the second are first seen not to work, unless the rows
        # to watch have gone through them before.
        kept = 2 if early_stopping else 1
        expected = small(cls, **options).set_params(max_epochs=kept).fit(X, y)
        at_pass(5 if early_stopping else 3, lambda scores: scores * np.nan)
        with pytest.warns(ConvergenceWarning, match="after 2 epochs"):
            model = small(cls, **options).fit(X, y)
        np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
        assert model.n_epochs_ == len(model.loss_curve_) == 2

    def test_ctrl_c_keeps_the_best_weights(self, cls, early_stopping, at_pass, monkeypatch):
        X, y = table(cls)
        options = WHOLE | {"early_stopping": early_stopping}
        expected = small(cls, **options).set_params(max_epochs=2).fit(X, y)
        at_pass(5 if early_stopping else 3, interrupt)
        with pytest.warns(UserWarning, match="interrupted, .* after 2 epochs; the .* weights"):
            model = small(cls, **options).fit(X, y)
        np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
        monkeypatch.undo()
        again = small(cls, **options).fit(X, y).predict_proba(X)
        np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), again)

    def test_ctrl_c_at_once(self, cls, early_stopping, at_pass):
        X, y = table(cls)
        at_pass(1, interrupt)
        with pytest.warns(UserWarning, match="interrupted, .* after 0 epochs"):
            model = small(cls, early_stopping=early_stopping).fit(X, y)
        # The start is the class frequencies.
        assert np.abs(model.predict_proba(X).mean(axis=0)[-1] - y.mean(axis=0)).min() < 0.15


@both
def test_ctrl_c_while_watching(cls, at_pass):
    X, y = table(cls)
    at_pass(4, interrupt)  # the second look
    with pytest.warns(UserWarning, match="interrupted"):
        model = small(cls, **WHOLE, early_stopping=True).fit(X, y)
    assert model.best_epoch_ == 1
    assert np.all(np.isfinite(model.decision_function(X)))
