"""The network that the settings of an estimator describe, its own or the user's; needs torch."""

from typing import Any

import torch
from torch import Tensor, nn

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
    """

    def __init__(self, module: nn.Module, n_scores: int, output_bias: Tensor | None) -> None:
        super().__init__()
        self.module = module
        bias = torch.zeros(n_scores)
        self.bias = nn.Parameter(bias if output_bias is None else bias + output_bias)

    def forward(self, X: Tensor) -> Tensor:
        """Return the scores, of shape (1, n, n_scores)."""
        scores = self.module(X)
        n_rows, n_scores = len(X), len(self.bias)
        shape = tuple(scores.shape)
        if shape != (n_rows, n_scores) and (shape != (n_rows,) or n_scores > 1):
            raise ValueError(
                f"module={type(self.module).__name__} must turn rows of shape {tuple(X.shape)} "
                f"into scores of shape ({n_rows}, {n_scores}), got {shape}."
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
    network = model.module(n_features, n_scores, **module_params(model))
    if not isinstance(network, nn.Module):
        raise ValueError(
            f"{name}: module must make a torch.nn.Module, {model.module!r} made a "
            f"{type(network).__name__}."
        )
    return UserModule(network, n_scores, output_bias).float()
