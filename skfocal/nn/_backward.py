"""The gradient of :class:`skfocal.nn.TabularMLP`, written out.

On the batches of a small table autograd takes longer to record and replay a step than the step's
arithmetic takes. The same operations in a fixed order need no record.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from skfocal.nn._activations import ACTIVATIONS
from skfocal.nn._networks import TabularMLP, multiply

# d loss / d pre-activation, from d loss / d activation (0 already where a unit was dropped) and the
# activation.
_DERIVATIVES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    name: activation.derivative(torch.ops.aten) for name, activation in ACTIVATIONS.items()
}


class Memory(NamedTuple):
    """Results of a forward pass that the backward pass needs."""

    X: Tensor
    angles: Tensor | None
    inputs: list[Tensor]  # of each layer, (n_members, n, width); of the first maybe sparse rows
    masks: list[Tensor | None]  # of each hidden layer, where not part of its units
    scale: float  # by which what is kept of hidden units is multiplied


def is_written_out(module: nn.Module) -> bool:
    """Return whether the gradient of a module is written out here, and all of it is wanted.

    Parameters
    ----------
    module : torch.nn.Module
        Any network.

    Returns
    -------
    bool
    """
    return (
        isinstance(module, TabularMLP)
        and not hasattr(module, "norms")
        and all(value.requires_grad for value in module.parameters())
    )


def forward_with_memory(network: TabularMLP, X: Tensor) -> tuple[Tensor, Memory]:
    """Return the scores that ``network(X)`` has, and what :func:`set_gradients` needs.

    Parameters
    ----------
    network : TabularMLP
        A network whose gradient is written out.
    X : Tensor of shape (n, n_features)
        A batch of rows.

    Returns
    -------
    scores : Tensor of shape (n_members, n, n_scores)
    memory : Memory
    """
    h, angles = network.embed(X)
    inputs, masks = [h], []
    scale = 1.0
    last = len(network.weights) - 1
    for depth, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        h = multiply(h, weight, bias, scale)
        if depth < last:
            h, mask, scale = network.activate(h)
            h = h if mask is None else h.mul_(mask)
            inputs.append(h)
            masks.append(mask)
    return h, Memory(X, angles, inputs, masks, scale)


def set_gradients(network: TabularMLP, memory: Memory, gradient: Tensor) -> None:
    """Set the gradient of every parameter.

    Parameters
    ----------
    network : TabularMLP
        The network of the forward pass.
    memory : Memory
        Of the forward pass.
    gradient : Tensor of shape (n_members, n, n_scores)
        Of the loss, in the scores.
    """
    weights, biases = list(network.weights), list(network.biases)
    derivative = _DERIVATIVES[network.activation]
    for depth in reversed(range(len(weights))):
        read = memory.inputs[depth]
        scale = memory.scale if depth else 1.0
        biases[depth].grad = gradient.sum(dim=1, keepdim=True)
        weights[depth].grad = _weight_gradient(read, gradient)
        if scale != 1.0:
            weights[depth].grad.mul_(scale)
        if depth:
            gradient = torch.bmm(gradient, weights[depth].transpose(1, 2))
            if scale != 1.0:
                gradient.mul_(scale)
            mask = memory.masks[depth - 1]
            if mask is not None:
                gradient.mul_(mask)
            gradient = derivative(gradient, read)
    if memory.angles is not None:
        # The features themselves come first and are not learned.
        waves = weights[0][:, memory.X.shape[1] :]
        gradient = torch.bmm(gradient, waves.transpose(1, 2))
        _set_wave_gradients(network, memory.X, memory.angles, gradient)


def _weight_gradient(read: Tensor, gradient: Tensor) -> Tensor:
    if not read.is_sparse:
        return torch.bmm(read.transpose(1, 2), gradient)
    # A fifth of the time of a sparse product for each member.
    rows, columns = read.indices()
    parts = gradient[:, rows] * read.values().unsqueeze(1)
    result = gradient.new_zeros(len(gradient), read.shape[1], gradient.shape[2])
    return result.index_add_(1, columns, parts)


def _set_wave_gradients(network: Any, X: Tensor, angles: Tensor, gradient: Tensor) -> None:
    if angles.dim() > 3:  # waves of each member
        gradient = gradient.view_as(angles) * angles.cos()
        network.phases.grad = gradient.sum(dim=1, keepdim=True)
        turned = torch.einsum("nf,mnfw->mfw", X, gradient).unsqueeze(1)
        # The optimizer takes for granted that gradients lie in memory as their parameters do.
        network.frequencies.grad = turned.contiguous().mul_(2 * math.pi)
        return
    gradient = gradient.sum(dim=0).view_as(angles) * angles.cos()
    network.phases.grad = gradient.sum(dim=0)
    turned = torch.bmm(X.t().unsqueeze(1), gradient.transpose(0, 1)).squeeze(1)
    network.frequencies.grad = turned.mul_(2 * math.pi)
