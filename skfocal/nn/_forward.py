"""What :class:`skfocal.nn.TabularMLP` computes, in NumPy: fitted models predict without torch."""

from typing import Any

import numpy as np
from scipy import sparse

from skfocal.nn._activations import ACTIVATIONS

State = dict[str, np.ndarray]

# Added to the variance of a hidden unit, which is 0 where the unit is constant.
NORM_EPS = 1e-5


def forward(state: State, X: Any, activation: str) -> np.ndarray:
    """Return the scores of each member.

    Parameters
    ----------
    state : dict of ndarray
        The state of the module, by the names of its parameters.
    X : {ndarray, CSR} of shape (n, n_features) of float32 or float64
        Rows, scaled as in training; CSR without sine waves.
    activation : str
        Function of the hidden units.

    Returns
    -------
    ndarray of shape (n_members, n, n_scores) of the dtype of `X`
    """
    if "frequencies" in state:
        angles = (2 * np.pi * state["frequencies"]) * X[:, :, None] + state["phases"]
        waves = np.sin(angles).reshape(*angles.shape[:-2], -1)
        X = np.concatenate([np.broadcast_to(X, (*waves.shape[:-1], X.shape[1])), waves], axis=-1)
    n_layers = sum(name.startswith("weights.") for name in state)
    h = X
    for depth in range(n_layers):
        h = _multiply(h, state[f"weights.{depth}"]) + state[f"biases.{depth}"]
        if depth < n_layers - 1:
            h = ACTIVATIONS[activation].of_array(_normalise(state, depth, h))
    return h


def _multiply(h: Any, weight: np.ndarray) -> np.ndarray:
    """Return the products of rows with the weights of each member."""
    if not sparse.issparse(h):
        return h @ weight
    # Few of the weights meet a block of sparse rows: those alone are read.
    used = np.unique(h.indices)
    h = h[:, used]
    return np.stack([h @ part[used].astype(h.dtype, copy=False) for part in weight])


def _normalise(state: State, depth: int, h: np.ndarray) -> np.ndarray:
    """Return hidden units of shape (n_members, n, width) by the running batch normalisation."""
    if f"norms.{depth}.mean" not in state:
        return h
    mean, variance, weight, bias = (
        state[f"norms.{depth}.{name}"].reshape(len(h), 1, -1).astype(h.dtype)
        for name in ("mean", "variance", "weight", "bias")
    )
    return (h - mean) / np.sqrt(variance + NORM_EPS) * weight + bias
