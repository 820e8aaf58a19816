"""The network that the settings of an estimator describe, its own or the user's; needs torch."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from skfocal.neural_network._net_params import module_params
from skfocal.nn import TabularMLP


class UserModule(nn.Module):
    """A user's network as an ensemble of one member, with an output bias beside its own.

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


def make_module(
    model: Any,
    n_features: int,
    n_scores: int,
    output_bias: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Return a network that gives scores of shape (n_members, n, n_scores).

    Parameters
    ----------
    model : NeuralClassifier
        Gives the settings.
    n_features, n_scores : int
    output_bias : Tensor of shape () or (n_scores,), default=None
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
    if model.module is None:
        return TabularMLP(
            n_features,
            n_scores,
            hidden_layer_sizes=model._hidden_sizes(),
            n_members=model.n_members,
            numeric_embedding=model.numeric_embedding,
            activation=model.activation,
            dropout=model.dropout,
            batch_norm=model.batch_norm,
            output_bias=output_bias,
            generator=generator,
        ).float()
    name = type(model).__name__
    if isinstance(model.module, nn.Module):
        raise ValueError(
            f"{name}: module must be a class, or a function, that makes a network from the numbers "
            f"of features and scores, got a network: {type(model.module).__name__}."
        )
    try:
        network = model.module(n_features, n_scores, **module_params(model))
    except TypeError as error:
        raise ValueError(
            f"{name}: module={model.module!r} cannot be called with the numbers of features and "
            f"scores: {error}"
        ) from error
    _check_user_network(network, model.module, name)
    return UserModule(network, n_scores, output_bias, name).float()


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
