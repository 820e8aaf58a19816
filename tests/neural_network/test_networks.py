"""TabularMLP: its NumPy twin, its members, its dropout and where it starts."""

import numpy as np
import pytest
import torch

from skfocal.neural_network._forward import forward
from skfocal.nn import TabularMLP


def state_of(network):
    return {name: value.numpy() for name, value in network.state_dict().items()}


def rows(n=7, d=3):
    return np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
@pytest.mark.parametrize("embedding", ["periodic", None])
@pytest.mark.parametrize("hidden", [(), (5,), (5, 4)])
def test_numpy_forward_is_the_torch_forward(activation, embedding, hidden):
    network = TabularMLP(
        3,
        2,
        hidden_layer_sizes=hidden,
        n_members=4,
        numeric_embedding=embedding,
        activation=activation,
        generator=torch.Generator().manual_seed(0),
    ).eval()
    with torch.no_grad():
        expected = network(torch.from_numpy(rows())).numpy()
    scores = forward(state_of(network), rows(), activation)
    assert scores.shape == (4, 7, 2)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)


def test_forward_by_hand():
    state = {
        "frequencies": np.array([[0.25]]),
        "phases": np.array([[0.0]]),
        "weights.0": np.array([[[1.0], [10.0]]]),
        "biases.0": np.array([[[0.5]]]),
    }
    # x = 1 is a quarter of a wave: sin = 1.
    np.testing.assert_allclose(forward(state, np.array([[1.0]]), "relu"), [[[1 + 10 + 0.5]]])


def test_members_do_not_see_each_other():
    generator = torch.Generator().manual_seed(0)
    network = TabularMLP(3, n_members=2, numeric_embedding=None, generator=generator)
    scores = network.eval()(torch.from_numpy(rows()))
    assert not torch.allclose(scores[0], scores[1])
    scores[0].sum().backward()
    assert all(torch.all(weight.grad[1] == 0) for weight in network.weights)
    assert all(torch.any(weight.grad[0] != 0) for weight in network.weights)


def test_starts_at_the_output_bias():
    bias = torch.tensor([-3.0, 1.0])
    network = TabularMLP(3, 2, output_bias=bias, generator=torch.Generator().manual_seed(0))
    plain = TabularMLP(3, 2, generator=torch.Generator().manual_seed(0))
    X = torch.from_numpy(rows())
    difference = network.eval()(X) - plain.eval()(X)
    torch.testing.assert_close(difference, bias.expand_as(difference))


def test_dropout_keeps_the_mean_and_its_generator():
    network = TabularMLP(
        1, 1, hidden_layer_sizes=(4000,), n_members=1, dropout=0.5, activation="identity"
    )
    with torch.no_grad():
        network.weights[-1].fill_(1 / 4000)
    X = torch.ones(200, 1)
    exact = float(network.eval()(X).detach().mean())
    network.train()
    results = []
    for _ in range(2):
        network.generator = torch.Generator().manual_seed(1)
        before = torch.get_rng_state()
        results.append(network(X).detach())
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(results[0], results[1])
    assert results[0].std() > 0
    assert float(results[0].mean()) == pytest.approx(exact, abs=5e-3)
