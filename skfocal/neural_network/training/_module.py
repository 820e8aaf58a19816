"""The network that settings describe: a built-in one or the user's."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from skfocal.neural_network._settings import NetworkSettings
from skfocal.neural_network.training._device import seeded
from skfocal.nn import State, TabularMLP


class UserModule(nn.Module):
    """A user's network as an ensemble of one member, with an output bias besides its own.

    Parameters
    ----------
    module : nn.Module
        Rows of shape (n, n_features) to scores of shape (n, n_scores), or (n,) for one score.
    n_scores : int
    output_bias : Tensor of shape () or (n_scores,) or None
        Scores to start at, if the module starts at 0.
    owner : str
        The estimator, for messages.
    """

    def __init__(
        self, module: nn.Module, n_scores: int, output_bias: Tensor | None, owner: str
    ) -> None:
        super().__init__()
        self.module = module
        self.owner = owner
        bias = torch.zeros(n_scores)
        self.bias = nn.Parameter(bias if output_bias is None else bias + output_bias)

    def forward(self, X: Tensor) -> Tensor:
        """Return the scores, of shape (1, n, n_scores)."""
        scores = self.module(X)
        n_rows, n_scores = len(X), len(self.bias)
        if isinstance(scores, Tensor) and scores.is_floating_point():
            got: Any = tuple(scores.shape)
        else:
            got = f"a {type(scores).__name__} of {getattr(scores, 'dtype', 'no dtype')}"
        if got != (n_rows, n_scores) and (got != (n_rows,) or n_scores > 1):
            raise ValueError(
                f"{self.owner}: module={type(self.module).__name__} must turn rows of shape "
                f"{tuple(X.shape)} into scores of shape ({n_rows}, {n_scores}), got {got}."
            )
        return (scores.view(n_rows, n_scores) + self.bias).unsqueeze(0)

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return the scores of scaled rows as float64, of shape (1, n, n_scores)."""
        with torch.no_grad():
            return self(torch.from_numpy(rows)).double().numpy()


def make_module(
    settings: NetworkSettings,
    n_features: int,
    n_scores: int,
    output_bias: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Return a network that gives scores of shape (n_members, n, n_scores).

    Parameters
    ----------
    settings : NetworkSettings
    n_features, n_scores : int
    output_bias : Tensor of shape (), (n_scores,) or (n_members, 1, n_scores), default=None
    generator : torch.Generator, default=None
        Draws the initial weights of the built-in network; a user's module draws its own from
        torch's global generator.

    Returns
    -------
    nn.Module
        Of float32.

    Raises
    ------
    ValueError
        If the user's `module` makes no network.
    """
    if settings.module is not None:
        network = _make_user_network(settings, n_features, n_scores)
        return UserModule(network, n_scores, output_bias, settings.owner).float()
    return TabularMLP(
        n_features,
        n_scores,
        hidden_layer_sizes=settings.hidden_layer_sizes,
        n_members=settings.n_members,
        numeric_embedding=settings.numeric_embedding,
        own_waves=settings.own_waves,
        activation=settings.activation,
        dropout=settings.dropout,
        batch_norm=settings.batch_norm,
        output_bias=output_bias,
        generator=generator,
    ).float()


def rebuild_module(
    settings: NetworkSettings, n_features: int, n_scores: int, state: State
) -> nn.Module:
    """Return a trained network, on the CPU and in evaluation mode; its state is copied."""
    with module_randomness(settings, 0, torch.device("cpu")):
        module = make_module(settings, n_features, n_scores)
    load_state(module, state)
    return module.eval()


def load_state(module: nn.Module, state: State) -> None:
    """Copy arrays into a module; raise ValueError if they are another network's."""
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    fitted = {name: value.shape for name, value in state.items()}
    if shapes != fitted:
        raise ValueError(
            f"The fitted network has the parameters {fitted}, those of the settings are {shapes}: "
            "a fit can be continued with the same layers only."
        )
    module.load_state_dict({name: torch.tensor(value) for name, value in state.items()})


def name_output_bias(settings: NetworkSettings) -> str:
    """Return the name of the parameter that holds the class frequencies."""
    return "bias" if settings.module else f"biases.{len(settings.hidden_layer_sizes)}"


def module_randomness(settings: NetworkSettings, seed: int, device: torch.device) -> Any:
    """Seed torch's global generators for a user's module; the built-in one has its own."""
    return nullcontext() if settings.module is None else seeded(seed, device)


def _make_user_network(settings: NetworkSettings, n_features: int, n_scores: int) -> nn.Module:
    make: Any = settings.module
    owner = settings.owner
    if isinstance(make, nn.Module):
        raise ValueError(
            f"{owner}: module must be a class, or a function, that makes a network from the "
            f"numbers of features and scores, got a network: {type(make).__name__}."
        )
    try:
        network = make(n_features, n_scores, **settings.module_params)
    except TypeError as error:
        raise ValueError(
            f"{owner}: module={make!r} cannot be called with the numbers of features and "
            f"scores: {error}"
        ) from error
    _check_user_network(network, make, owner)
    return network


def _check_user_network(network: Any, made_by: Any, owner: str) -> None:
    if not isinstance(network, nn.Module):
        raise ValueError(
            f"{owner}: module must make a torch.nn.Module, {made_by!r} made a "
            f"{type(network).__name__}."
        )
    parameters = list(network.parameters())
    if any(is_lazy(parameter) for parameter in parameters):
        raise ValueError(
            f"{owner}: module={type(network).__name__} has parameters without a shape, as lazy "
            "layers do; use the numbers of features and scores that module is called with."
        )
    if not any(parameter.requires_grad for parameter in parameters):
        raise ValueError(
            f"{owner}: module={type(network).__name__} has no parameters to train: layers are "
            "found where they are attributes of a torch.nn.Module."
        )
