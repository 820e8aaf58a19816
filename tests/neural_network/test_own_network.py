"""What reaches into the network: module, callbacks, net_params, batch_norm, net_ and to_torch."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    InputShapeSetter,
    LRScheduler,
    PassthroughScoring,
)
from torch import nn

from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier
from skfocal.nn import LossModule, TabularMLP

SMALL = {"hidden_layer_sizes": (8,), "n_members": 2, "max_epochs": 4, "random_state": 0}


class TwoLayers(nn.Module):
    """A user's network, of torch's own layers and with torch's own dropout."""

    seen = None

    def __init__(self, n_features, n_scores, width=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(width, n_scores),
        )

    def forward(self, X):
        TwoLayers.seen = X
        return self.layers(X)


class OneNumber(nn.Linear):
    """Returns (n,) for one score."""

    def forward(self, X):
        return super().forward(X).squeeze(1)


class Recorder(Callback):
    """Notes what it is told."""

    def __init__(self):
        self.events = []

    def on_epoch_end(self, net, **kwargs):
        self.events.append(net.history[-1]["train_loss"])

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.names = [name for name, _ in named_parameters]


def binary(n=300):
    return make_classification(n, 5, weights=[0.8], random_state=0)


def three():
    return make_classification(300, 6, n_informative=4, n_classes=3, random_state=0)


def labels():
    return make_multilabel_classification(200, 5, n_classes=3, random_state=0)


CASES = [
    (FocalMLPClassifier, binary),
    (FocalMLPClassifier, three),
    (MultiLabelFocalClassifier, labels),
]


@pytest.mark.parametrize("estimator, table", CASES)
class TestModule:
    @pytest.mark.slow
    def test_learns_and_is_forgotten_by_clone(self, estimator, table):
        X, y = table()
        model = estimator(module=TwoLayers, max_epochs=60, random_state=0).fit(X, y)
        raw = model.decision_function(X)
        assert np.mean(model.predict(X) == y) > np.mean(y == 0) if y.ndim > 1 else True
        assert model.loss_curve_[-1] < 0.7 * model.loss_curve_[0]
        assert isinstance(model.module_.module, TwoLayers)
        assert not hasattr(clone(model), "module_")
        # X alone reaches forward, as float32, and the settings of the built-in network nothing.
        assert TwoLayers.seen.dtype == torch.float32
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.decision_function(X), raw)

    def test_same_seed_same_result_and_global_state_untouched(self, estimator, table):
        X, y = table()
        model = estimator(module=TwoLayers, max_epochs=3, random_state=3)
        first = model.fit(X, y).decision_function(X)
        torch.manual_seed(99)
        before = torch.get_rng_state()
        np.testing.assert_array_equal(clone(model).fit(X, y).decision_function(X), first)
        assert torch.equal(torch.get_rng_state(), before)
        other = clone(model).set_params(random_state=4).fit(X, y)
        assert not np.allclose(other.decision_function(X), first)

    def test_starts_at_the_class_frequencies(self, estimator, table):
        X, y = table()
        model = estimator(
            module=TwoLayers, max_epochs=1, learning_rate_init=1e-9, weight_decay=0.0,
            probabilities="raw", random_state=0,
        ).fit(X, y)  # fmt: skip
        network = model.to_torch()
        assert network.bias.shape == (1 if table is binary else 3,)
        bias = network.bias.detach().numpy()
        if table is three:
            share = np.exp(bias) / np.exp(bias).sum()
            np.testing.assert_allclose(share, np.bincount(y) / len(y), rtol=1e-4)
        else:
            np.testing.assert_allclose(1 / (1 + np.exp(-bias)), np.mean(y, axis=0), rtol=1e-4)

    def test_starts_at_the_weighted_class_frequencies(self, estimator, table):
        X, y = table()
        model = estimator(
            module=TwoLayers, max_epochs=1, learning_rate_init=1e-9, weight_decay=0.0,
            alpha="balanced", random_state=0,
        ).fit(X, y)  # fmt: skip
        np.testing.assert_allclose(model.to_torch().bias.detach(), 0.0, atol=1e-5)

    def test_continues(self, estimator, table):
        X, y = table()
        settings = {
            "module": nn.Linear, "learning_rate": "constant", "batch_size": 1000,
            "random_state": 0,
        }  # fmt: skip
        whole = estimator(max_epochs=6, **settings).fit(X, y)
        half = estimator(max_epochs=3, warm_start=True, **settings).fit(X, y).fit(X, y)
        np.testing.assert_allclose(half.decision_function(X), whole.decision_function(X), atol=1e-5)

    def test_module_params_and_early_stopping(self, estimator, table):
        X, y = table()
        model = estimator(
            module=TwoLayers, net_params={"module__width": 5}, max_epochs=3,
            early_stopping=True, random_state=0,
        ).fit(X, y)  # fmt: skip
        assert model.module_.module.layers[0].out_features == 5
        assert len(model.validation_scores_) == 3


def test_a_linear_module_is_the_built_in_linear_network():
    X, y = binary()
    settings = {
        "learning_rate_init": 0.3, "learning_rate": "cosine", "weight_decay": 0.0,
        "batch_size": 1000, "max_epochs": 250, "random_state": 0,
    }  # fmt: skip
    own = FocalMLPClassifier(module=OneNumber, **settings).fit(X, y)
    built_in = FocalMLPClassifier(
        hidden_layer_sizes=(), n_members=1, numeric_embedding=None, **settings
    ).fit(X, y)
    np.testing.assert_allclose(own.predict_proba(X), built_in.predict_proba(X), atol=2e-3)


class Pair(nn.Linear):
    def forward(self, X):
        return super().forward(X), X


class Whole(nn.Linear):
    def forward(self, X):
        return super().forward(X).long()


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"module": TwoLayers(5, 1)}, "must be a class.*got a network: TwoLayers"),
        ({"module": lambda n_features, n_scores: "net"}, "must make a torch.nn.Module"),
        (
            {"module": lambda n, s: nn.Linear(n, 3)},
            r"Classifier: .*of shape \(\d+, 1\), got \(\d+, 3\)",
        ),
        ({"module": lambda n, s: Pair(n, s)}, "got a tuple of no dtype"),
        ({"module": lambda n, s: Whole(n, s)}, "got a Tensor of torch.int64"),
        ({"module": lambda n, s: nn.Flatten()}, "Classifier: module=Flatten has no parameters"),
        ({"module": lambda n, s: nn.LazyLinear(s)}, "Linear has parameters without a shape"),
        ({"module": nn.ReLU6}, "cannot be called with the numbers of features and scores: .*3"),
        ({"callbacks": [EpochScoring("roc_auc")]}, "Classifier: .*EpochScoring cannot.*scoring"),
        ({"callbacks": [("b", BatchScoring("accuracy"))]}, "BatchScoring cannot.*early_stopping"),
        ({"callbacks": [PassthroughScoring]}, "PassthroughScoring cannot.*early_stopping=True"),
        ({"callbacks": [EarlyStopping("train_loss")]}, "EarlyStopping cannot.*n_iter_no_change"),
        ({"callbacks": [InputShapeSetter()]}, "InputShapeSetter cannot.*parameter module"),
        ({"callbacks": [Checkpoint()]}, "Checkpoint monitors 'valid_loss_best'.*early_stopping"),
        (
            {"callbacks": [("s", Callback())], "net_params": {"callbacks__s": EpochScoring("r2")}},
            "EpochScoring cannot",
        ),
        ({"module": 3}, "'module' parameter"),
        ({"net_params": {"lr": 1.0}}, "'lr'.*learning_rate_init"),
        ({"net_params": {"compile": True}}, "'compile', which the parameter module"),
        ({"net_params": {"callbacks__supervisor": None}}, "which the parameter callbacks"),
        ({"net_params": {"criterion__gamma": 5.0}}, "which the parameter loss"),
        ({"net_params": {"iterator_train__shuffle": True}}, "which the parameter batch_size"),
        ({"net_params": {3: 4}}, "3 as a key, which must be a name"),
        ({"net_params": {"max_epochs": 3}}, "net_params has 'max_epochs'"),
        ({"net_params": {"module__width": 3}}, "module=None"),
        ({"net_params": {"colour": 3}}, "no skorch net: .*colour"),
        ({"callbacks": ["print"]}, "must be skorch callbacks.*'print'"),
        ({"callbacks": "print"}, "'callbacks' parameter"),
        ({"batch_norm": True, "batch_size": 1}, "at least two rows"),
        ({"batch_norm": "yes"}, "'batch_norm' parameter"),
    ],
)
def test_bad_networks(parameters, message):
    X, y = binary()
    with pytest.raises(ValueError, match=message):
        FocalMLPClassifier(**(SMALL | parameters)).fit(X, y)


@pytest.mark.parametrize("estimator, table", CASES)
class TestSkorch:
    def test_net_predicts_as_the_estimator(self, estimator, table):
        X, y = table()
        X = X * 10 + 100
        for parameters in ({}, {"module": TwoLayers}, {"batch_norm": True, "alpha": "balanced"}):
            model = estimator(**(SMALL | parameters)).fit(X, y)
            net = model.net_
            np.testing.assert_allclose(
                net.predict_proba(X.astype(np.float64)),
                model.predict_proba(X),
                rtol=1e-4,
                atol=1e-5,
            )
            assert net.history[:, "train_loss"] == pytest.approx(model.loss_curve_)
            assert isinstance(net.criterion_, LossModule)

    def test_skorch_tools_apply(self, estimator, table, tmp_path):
        X, y = table()
        net = estimator(**SMALL).fit(X, y).net_
        expected = net.predict_proba(X)
        net.save_params(f_params=tmp_path / "weights.pt")
        with torch.no_grad():
            net.module_.module.biases[0].add_(1.0)
        assert not np.allclose(net.predict_proba(X), expected)
        net.load_params(f_params=tmp_path / "weights.pt")
        np.testing.assert_array_equal(net.predict_proba(X), expected)
        assert pickle.loads(pickle.dumps(net)).predict_proba(X).shape == expected.shape

    def test_to_torch_gives_the_scores(self, estimator, table):
        X, y = table()
        model = estimator(**SMALL, probabilities="raw").fit(X, y)
        network = model.to_torch()
        assert isinstance(network, TabularMLP)
        rows = torch.from_numpy(((X - model.mean_) / model.scale_).astype(np.float32))
        with torch.no_grad():
            scores = network(rows).double()
        if table is three:
            probability = scores.softmax(-1).mean(0)
        else:
            probability = scores.sigmoid().mean(0)
        got = model.predict_proba(X)
        got = got[:, 1:] if table is binary else got
        np.testing.assert_allclose(got, probability, atol=1e-6)


def test_callbacks_are_told_and_not_copied():
    X, y = binary()
    recorder = Recorder()
    model = FocalMLPClassifier(callbacks=[recorder], **SMALL).fit(X, y)
    assert model.callbacks[0] is recorder
    assert recorder.events == pytest.approx(model.loss_curve_)
    assert len(recorder.events) == 4
    assert recorder.names == [name for name, _ in model.to_torch().named_parameters()]
    # The other results are those without it.
    plain = FocalMLPClassifier(**SMALL).fit(X, y)
    np.testing.assert_array_equal(plain.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("how", ["warm_start", "partial_fit"])
def test_the_history_of_a_continued_fit_is_whole(how):
    X, y = binary()
    scheduler = LRScheduler(policy="StepLR", step_size=1, gamma=0.5)
    settings = SMALL | {"learning_rate": "constant", "warm_start": True}
    model = FocalMLPClassifier(callbacks=[scheduler], **settings).fit(X, y)
    first = list(model.net_.history)
    if how == "warm_start":
        model.fit(X, y)
    else:
        model.partial_fit(X, y)
    history = model.net_.history
    assert history[:, "epoch"] == list(range(1, model.n_epochs_ + 1))
    assert history[:, "train_loss"] == pytest.approx(model.loss_curve_)
    assert list(history)[: len(first)] == first
    again = model.set_params(warm_start=False).fit(X, y)
    assert len(again.net_.history) == again.n_epochs_


def test_a_skorch_callback_does_its_work():
    X, y = binary()
    settings = SMALL | {"optimizer": "sgd", "learning_rate_init": 0.1}
    clipped = FocalMLPClassifier(
        callbacks=[("clip", GradientNormClipping(1e-12))], weight_decay=0.0, **settings
    ).fit(X, y)
    free = FocalMLPClassifier(weight_decay=0.0, **settings).fit(X, y)
    # Steps of no length leave the loss where it was, but for dropout.
    assert clipped.loss_curve_[-1] > 0.9 * clipped.loss_curve_[0]
    assert free.loss_curve_[-1] < 0.8 * free.loss_curve_[0]


def test_frozen_parameters_stay():
    X, y = binary()
    settings = SMALL | {"weight_decay": 0.0}
    frozen = FocalMLPClassifier(callbacks=[Freezer("weights.0")], **settings).fit(X, y)
    start = FocalMLPClassifier(**(settings | {"max_epochs": 1, "learning_rate_init": 1e-12}))
    start.fit(X, y)
    before, after = start._network.state, frozen._network.state
    np.testing.assert_allclose(after["weights.0"], before["weights.0"], atol=1e-7)
    assert not np.allclose(after["weights.1"], before["weights.1"], atol=1e-4)


def test_a_callback_may_set_the_rate():
    X, y = binary()
    settings = SMALL | {"learning_rate": "constant"}
    slower = FocalMLPClassifier(
        callbacks=[LRScheduler(policy="StepLR", step_size=1, gamma=1e-9)], **settings
    ).fit(X, y)
    usual = FocalMLPClassifier(**settings).fit(X, y)
    assert slower.loss_curve_[0] == usual.loss_curve_[0]
    assert slower.loss_curve_[-1] > usual.loss_curve_[-1]


def test_net_params_reach_the_optimizer():
    X, y = binary()
    settings = SMALL | {"optimizer": "adam", "batch_size": 64, "max_epochs": 10}
    usual = FocalMLPClassifier(**settings).fit(X, y)
    other = FocalMLPClassifier(net_params={"optimizer__betas": (0.0, 0.999)}, **settings).fit(X, y)
    same = FocalMLPClassifier(net_params={"optimizer__betas": (0.9, 0.999)}, **settings).fit(X, y)
    np.testing.assert_array_equal(same.predict_proba(X), usual.predict_proba(X))
    assert not np.allclose(other.predict_proba(X), usual.predict_proba(X))


@pytest.mark.parametrize("estimator, table", CASES)
def test_batch_norm_trains_and_predicts_by_arrays(estimator, table):
    X, y = table()
    model = estimator(**(SMALL | {"batch_norm": True, "max_epochs": 40})).fit(X, y)
    assert all(isinstance(value, np.ndarray) for value in model._network.state.values())
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]
    # The running means have moved, and are used: a row is predicted alone as among others.
    assert np.abs(model._network.state["norms.0.mean"]).max() > 0.05
    np.testing.assert_allclose(
        model.predict_proba(X[:1]), model.predict_proba(X)[:1], rtol=1e-12, atol=1e-12
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
@pytest.mark.parametrize("estimator, table", CASES)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 4},
        {"batch_norm": True},
        {"loss": "ghm", "probabilities": "raw"},
        {"module": TwoLayers},
        {"device": "auto"},
    ],
    ids=str,
)
def test_cuda_gives_what_the_cpu_gives(estimator, table, parameters):
    X, y = table()
    settings = SMALL | {"dropout": 0.0, "device": "cuda"} | parameters
    model = estimator(**settings).fit(X, y)
    assert torch.cuda.is_initialized()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    for fitted in (model, again):
        state = fitted._network.state
        assert all(str(getattr(value, "device", "cpu")) == "cpu" for value in state.values())
    if "module" not in parameters:  # whose dropout draws other numbers there
        expected = estimator(**(settings | {"device": "cpu"})).fit(X, y)
        np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-4)
