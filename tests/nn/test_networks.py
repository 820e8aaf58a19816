"""TabularMLP: its NumPy twin, its members, its dropout and where it starts."""

import numpy as np
import pytest
import torch

from skfocal.nn import (
    ACTIVATIONS,
    TabularMLP,
    forward,
    forward_with_memory,
    is_written_out,
    set_gradients,
)


def state_of(network):
    return {name: value.numpy() for name, value in network.state_dict().items()}


def rows(n=7, d=3):
    return np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("embedding", ["periodic", None])
@pytest.mark.parametrize("hidden", [(), (5,), (5, 4)])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_numpy_forward_is_the_torch_forward(activation, embedding, hidden, batch_norm):
    network = TabularMLP(
        3,
        2,
        hidden_layer_sizes=hidden,
        n_members=4,
        numeric_embedding=embedding,
        activation=activation,
        batch_norm=batch_norm,
        generator=torch.Generator().manual_seed(0),
    )
    with torch.no_grad():
        for batch in range(3):  # moves the running means
            network(torch.from_numpy((batch + 1) * rows()))
        expected = network.eval()(torch.from_numpy(rows())).numpy()
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


def test_batch_norm_of_a_member_is_that_of_torch():
    network = TabularMLP(
        3, 1, hidden_layer_sizes=(5,), n_members=2, numeric_embedding=None, dropout=0.0,
        activation="identity", batch_norm=True, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    X = torch.from_numpy(rows())
    for member in range(2):
        layers = torch.nn.Sequential(
            torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 1)
        )
        with torch.no_grad():
            layers[0].weight.copy_(network.weights[0][member].T)
            layers[0].bias.copy_(network.biases[0][member, 0])
            layers[2].weight.copy_(network.weights[1][member].T)
            layers[2].bias.copy_(network.biases[1][member, 0])
        torch.testing.assert_close(network(X)[member], layers(X))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_dropout_leaves_out_its_share_without_repeating_itself(activation):
    network = TabularMLP(
        1, 1, hidden_layer_sizes=(64,), n_members=3, numeric_embedding=None, dropout=0.25,
        activation=activation, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    network.generator = torch.Generator().manual_seed(1)
    units = torch.full((3, 500, 64), 0.5, requires_grad=True)
    dropped, mask, scale = network.activate(units * 1)
    dropped = dropped if mask is None else dropped * mask
    assert scale == pytest.approx(1 / 0.75)
    off = dropped == 0
    assert float(off.float().mean()) == pytest.approx(0.25, abs=0.01)
    kept = torch.relu(torch.tensor(0.5)) if activation == "relu" else torch.tanh(torch.tensor(0.5))
    assert torch.all(dropped[~off] == kept)
    # Whether a unit is left out says nothing about another member's, or another row's.
    for other in (off[[1, 2, 0]], off.roll(1, dims=1), off.roll(1, dims=2)):
        assert abs(np.corrcoef(off.flatten(), other.flatten())[0, 1]) < 0.02
    dropped.sum().backward()
    assert torch.all(units.grad[off] == 0)
    assert torch.all(units.grad[~off] > 0)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("embedding", ["periodic", None])
@pytest.mark.parametrize("hidden", [(), (5,), (6, 4)])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_written_out_gradient_is_that_of_autograd(activation, embedding, hidden, dropout):
    network = TabularMLP(
        3, 2, hidden_layer_sizes=hidden, n_members=4, numeric_embedding=embedding,
        activation=activation, dropout=dropout, generator=torch.Generator().manual_seed(0),
    ).double()  # fmt: skip
    X = torch.from_numpy(rows(50)).double()
    gradient = torch.randn(4, 50, 2, generator=torch.Generator().manual_seed(1)).double()
    network.generator = torch.Generator().manual_seed(2)
    expected_scores = network(X)
    expected_scores.backward(gradient)
    expected = {name: value.grad.clone() for name, value in network.named_parameters()}
    network.zero_grad()
    network.generator = torch.Generator().manual_seed(2)
    assert is_written_out(network)
    with torch.no_grad():
        scores, memory = forward_with_memory(network, X)
        set_gradients(network, memory, gradient)
    torch.testing.assert_close(scores, expected_scores.detach())
    assert expected.keys() == dict(network.named_parameters()).keys()
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.grad, expected[name], msg=name)
        assert torch.any(value.grad != 0)


def test_batch_norm_is_left_to_autograd():
    assert not is_written_out(TabularMLP(3, batch_norm=True))
    assert not is_written_out(torch.nn.Linear(3, 1))
