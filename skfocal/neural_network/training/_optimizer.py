"""From settings to an optimizer, and its moments as arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from skfocal.neural_network._optimization import OPTIMIZERS
from skfocal.neural_network._settings import TrainingSettings


def optimizer_arguments(settings: TrainingSettings, undecayed: list[str]) -> dict[str, Any]:
    """Return the arguments of a skorch net that make its optimizer.

    Parameters
    ----------
    settings : TrainingSettings
    undecayed : list of str
        Names of the parameters that weight decay leaves alone.

    Returns
    -------
    dict
    """
    chosen = OPTIMIZERS[settings.optimizer]
    decay = settings.weight_decay
    return {
        "optimizer": getattr(torch.optim, chosen.name),
        "optimizer__weight_decay": decay,
        "optimizer__fused": True,
        # A second group costs a second call of the optimizer in every step.
        "optimizer__param_groups": [(name, {"weight_decay": 0.0}) for name in undecayed if decay],
        **{f"optimizer__{name}": value for name, value in chosen.arguments.items()},
    }


def _parameter_names(optimizer: Optimizer, module: nn.Module) -> list[str]:
    """Return the names of the parameters in the order of the optimizer, which groups them."""
    names = {id(value): name for name, value in module.named_parameters()}
    return [names[id(value)] for group in optimizer.param_groups for value in group["params"]]


def read_optimizer_state(optimizer: Optimizer, module: nn.Module) -> dict[str, Any]:
    """Return the moments of an optimizer, as arrays, by the names of the parameters."""
    state = map_leaves(optimizer.state_dict()["state"], Tensor, to_numpy)
    names = _parameter_names(optimizer, module)
    return {name: state[i] for i, name in enumerate(names) if i in state}


def load_optimizer_state(optimizer: Optimizer, module: nn.Module, moments: dict[str, Any]) -> None:
    """Give an optimizer the moments that another one ended with."""
    # Copies: the optimizer would write into what a model was fitted with.
    state = map_leaves(moments, np.ndarray, torch.tensor)
    names = _parameter_names(optimizer, module)
    numbered = {i: state[name] for i, name in enumerate(names) if name in state}
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": numbered, "param_groups": groups})


def map_leaves(tree: Any, kind: type, function: Callable[[Any], Any]) -> Any:
    """Return nested dictionaries with a function applied to the leaves of a kind."""
    if isinstance(tree, dict):
        return {key: map_leaves(value, kind, function) for key, value in tree.items()}
    return function(tree) if isinstance(tree, kind) else tree


def to_numpy(value: Tensor) -> np.ndarray:
    """Return a tensor as an array on the CPU."""
    return value.cpu().numpy()
