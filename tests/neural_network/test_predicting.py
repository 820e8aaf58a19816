"""What predicting costs."""

import tracemalloc

import numpy as np
import pytest

from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier, _fitted

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 1, "random_state": 0}


def peak(model, X):
    """Return the most that predict_proba allocates at a time, and what it returns, in bytes."""
    tracemalloc.start()
    try:
        output = model.predict_proba(X).nbytes
        return np.array([tracemalloc.get_traced_memory()[1], output])
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_memory_grows_by_at_most_three_times_the_output(kind, monkeypatch):
    monkeypatch.setattr(_fitted, "BLOCK", 2**14)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    if kind == "multilabel":
        Y = (X[:, :1] + rng.normal(size=(200, 30)) > 1).astype(int)
        model = MultiLabelFocalClassifier(**SMALL).fit(X, Y)
    else:
        y = np.arange(200) % (2 if kind == "binary" else 5)
        model = FocalMLPClassifier(**SMALL).fit(X, y)
    X = rng.normal(size=(8000, 4))
    model.predict_proba(X[:10])
    more = peak(model, X) - peak(model, X[:4000])
    assert more[0] <= 3 * more[1]


@pytest.mark.slow
def test_weights_are_cast_once_for_all_rows(monkeypatch):
    X = np.random.default_rng(0).normal(size=(300, 5000))
    model = FocalMLPClassifier(**SMALL).fit(X, np.arange(300) % 2)
    expected = model.decision_function(X)
    seen = []
    original = _fitted.forward

    def forward(state, rows, activation):
        seen.append((id(state["weights.0"]), state["weights.0"].dtype, len(rows)))
        return original(state, rows, activation)

    monkeypatch.setattr(_fitted, "forward", forward)
    np.testing.assert_array_equal(model.decision_function(X), expected)
    assert {identity for identity, *_ in seen} == {seen[0][0]}
    assert {dtype for _, dtype, _ in seen} == {np.dtype(np.float64)}
    assert seen[0][2] >= 128
