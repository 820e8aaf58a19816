"""Which rows a network is trained on and which it is watched on, and how much work that is."""

import inspect
import sys
from unittest import mock

import numpy as np
import pytest
import skorch
import torch
from sklearn.metrics import average_precision_score
from torch.utils._python_dispatch import TorchDispatchMode

from skfocal.model_selection import class_split, label_split
from tests.neural_network.networks import (
    MLP,
    both,
    small,
    table,
)


@both
def test_weights_follow_their_rows(cls):
    X, y = table(cls)
    weight = np.random.default_rng(0).uniform(0.1, 5, 200)
    model = small(cls, early_stopping=True, validation_fraction=0.25, max_epochs=8)
    model.fit(X, y, weight)
    split = class_split if cls is MLP else label_split
    _, rows = split(y, 0.25, np.random.default_rng(model._draw_seed()))
    decision = model.decision_function(X[rows])
    scores = [
        average_precision_score(y[rows], decision, average="macro", sample_weight=w)
        for w in (weight[rows], None)
    ]
    assert scores[0] == pytest.approx(max(model.validation_scores_), abs=1e-6)
    assert scores[1] != pytest.approx(scores[0], abs=1e-4)


@both
def test_rows_of_the_user_are_used_whole_and_not_trained_on(cls, passes):
    X, y = table(cls)
    X[:, 0] = np.arange(200)
    model = small(cls, early_stopping=True, standardize=False, batch_size=32)
    model.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    trained, watched = (
        sorted(torch.cat([p.X[:, 0] for p in passes if p.training is training]).tolist())
        for training in (True, False)
    )
    assert trained == sorted(3 * list(range(150)))
    assert watched == sorted(3 * list(range(150, 200)))


@both
def test_average_precision_is_watched_by_default(cls):
    assert inspect.signature(cls).parameters["scoring"].default == "average_precision"


@both
def test_no_fit_parameters_pass_through(cls):
    X, y = table(cls)
    with pytest.raises(TypeError, match="callbacks"):
        small(cls, early_stopping=True).fit(X, y, callbacks=[])


@both
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_row_is_seen_once_an_epoch(cls, early_stopping, passes):
    X, y = table(cls)
    small(cls, batch_size=32, early_stopping=early_stopping, validation_fraction=0.2).fit(X, y)
    trained = sum(len(p.X) for p in passes if p.training)
    watched = sum(len(p.X) for p in passes if not p.training)
    if early_stopping:
        assert trained + watched == 3 * 200
        assert watched / 3 == pytest.approx(40, abs=2)
    else:
        assert trained == 3 * 200


@both
def test_a_fit_prints_nothing(cls, capfd):
    X, y = table(cls)
    small(cls, early_stopping=True, max_epochs=20, n_iter_no_change=1).fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")
    small(cls, verbose=1).fit(X, y)
    assert "epoch" in capfd.readouterr().err


@both
def test_accesses_per_epoch(cls, passes):
    X, y = table(cls)
    X[:, 0] = np.arange(200)
    small(cls, standardize=False, batch_size=50).fit(X, y)
    batches = [p.X[:, 0] for p in passes if p.training]
    assert [len(rows) for rows in batches] == 12 * [50]
    epochs = [torch.cat(batches[start : start + 4]).tolist() for start in (0, 4, 8)]
    for rows in epochs:
        assert sorted(rows) == list(range(200))
    assert len({tuple(rows) for rows in epochs}) == 3


class Seen(TorchDispatchMode):
    """Every operation of torch passes through a Python function."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return operation(*args, **(kwargs or {}))


def count_calls(function):
    """Return how many functions are called, of Python, C and torch."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    with Seen():
        sys.setprofile(profile)
        try:
            function()
        finally:
            sys.setprofile(None)
    return count


@both
def test_work_is_by_batches_and_not_by_rows(cls):
    tables = [table(cls, n) for n in (100, 1100)]
    models = [small(cls, batch_size=len(X) // 5) for X, _ in tables]
    few, many = (
        count_calls(lambda m=model, Xy=Xy: m.fit(*Xy))
        for model, Xy in zip(models, tables, strict=True)
    )
    # 3,000 more rows go through the network; reading each alone would take several calls.
    assert many - few < 3000 * 0.5


@both
def test_forward_gets_rows_alone(cls, passes):
    X, y = table(cls)
    small(cls, early_stopping=True).fit(X, y, np.linspace(0.1, 2, 200))
    assert passes
    assert {p.others for p in passes} == {()}
    assert {p.X.shape[1:] for p in passes} == {(6,)}


@both
@pytest.mark.parametrize("early_stopping", [False, True])
def test_no_useless_work(cls, early_stopping, passes, monkeypatch):
    useless = mock.Mock(side_effect=AssertionError)
    for callback in ("EpochTimer", "PassthroughScoring", "PrintLog", "EpochScoring"):
        monkeypatch.setattr(getattr(skorch.callbacks, callback), "on_epoch_end", useless)
    X, y = table(cls)
    model = small(cls, early_stopping=early_stopping, batch_size=20, validation_fraction=0.2)
    model.fit(X, y)
    trained = [p for p in passes if p.training]
    assert len(trained) == 3 * (8 if early_stopping else 10)
    # Without early stopping there is one look at the end whether all scores are finite.
    assert len(passes) - len(trained) == (3 if early_stopping else 1)


@both
def test_no_parameters_of_skorch(cls):
    escapes = {"module", "callbacks"}  # documented
    common = {"batch_size", "device", "max_epochs", "optimizer", "verbose", "warm_start"}
    theirs = set(inspect.signature(skorch.NeuralNet).parameters) - escapes - common
    ours = set(cls().get_params(deep=True))
    assert {"criterion", "train_split", "iterator_train", "lr"} <= theirs
    assert not theirs & ours
    assert not {name for name in ours if "__" in name}
