"""A trained network as a skorch net, for skorch's own tools."""

from functools import partial
from typing import Any

import torch
from skorch import NeuralNet
from skorch.history import History
from torch import Tensor, nn

from skfocal.neural_network._scaling import Scaling
from skfocal.nn import LossModule
from skfocal.posterior import Posterior


class _Scored(nn.Module):
    """Rows as a user has them to the scores of each member, rows first."""

    mean: Tensor
    scale: Tensor

    def __init__(self, module: nn.Module, scaling: Scaling) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("mean", torch.tensor(scaling.mean))
        self.register_buffer("scale", torch.tensor(scaling.scale))

    def forward(self, X: Tensor) -> Tensor:
        """Return scores of shape (n, n_members, n_scores)."""
        rows = (X.double() - self.mean) / self.scale
        return self.module(rows.float()).transpose(0, 1)


def fitted_net(
    module: nn.Module,
    criterion: LossModule,
    scaling: Scaling,
    posterior: Posterior,
    history: list[dict[str, Any]],
) -> NeuralNet:
    """Return a skorch net that holds a trained module.

    Parameters
    ----------
    module : nn.Module
    criterion : LossModule
    scaling : Scaling
        Applied to the rows inside the net.
    posterior : Posterior
        Makes probabilities of the scores.
    history : list of dict
        What skorch recorded in training.

    Returns
    -------
    skorch.NeuralNet
        Initialized, on the CPU; ``predict_proba`` takes rows as the estimator does.
    """
    net = NeuralNet(
        _Scored(module, scaling),
        criterion,
        predict_nonlinearity=partial(_probabilities, posterior),
        train_split=None,
        callbacks="disable",
        verbose=0,
    ).initialize()
    net.history = History(history)
    return net


def _probabilities(posterior: Posterior, scores: Tensor) -> Tensor:
    members = scores.transpose(0, 1).double().numpy()
    return torch.from_numpy(posterior.to_probabilities(posterior.mean_log_odds(members)))
