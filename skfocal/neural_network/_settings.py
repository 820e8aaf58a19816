"""Input and output of training as plain values, which need no torch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import sparse

from skfocal.losses import MarginLoss
from skfocal.neural_network._scaling import Scaling
from skfocal.nn import Schedule, State


class Rows(NamedTuple):
    """Rows with their codes (or an indicator of labels) and weights."""

    X: Any  # ndarray or CSR of shape (n, n_features)
    codes: np.ndarray
    weight: np.ndarray | None
    left_out: np.ndarray | None = None  # members that have not seen them, of shape (n_cuts, n)

    def take(self, rows: Any) -> Self:
        """Return some of the rows."""
        weight = None if self.weight is None else self.weight[rows]
        left_out = None if self.left_out is None else self.left_out[:, rows]
        return type(self)(self.X[rows], self.codes[rows], weight, left_out)


@dataclass(frozen=True)
class NetworkSettings:
    """Which network; the names are those of the constructor parameters."""

    owner: str  # the class of the estimator, for messages
    hidden_layer_sizes: tuple[int, ...]
    activation: str
    dropout: float
    batch_norm: bool
    n_members: int
    numeric_embedding: str | None
    module: Callable[..., Any] | None  # makes a network of the user's
    module_params: dict[str, Any]
    own_waves: bool = False  # whether members share none, so that none sees what it leaves out

    def keeps_sparse(self, X: Any, scaling: Scaling) -> bool:
        """Return whether rows enter the first layer as CSR."""
        plain = self.module is None and self.numeric_embedding is None
        return plain and sparse.issparse(X) and not scaling.mean.any()


@dataclass(frozen=True)
class TrainingSettings:
    """How to train it."""

    optimizer: str
    learning_rate_init: float
    weight_decay: float
    learning_rate: str
    batch_size: int
    epochs: int
    schedule: Schedule | None
    initial_bias: str | None
    scoring: str
    n_iter_no_change: int
    tol: float
    device: str
    callbacks: list[Any]
    skorch_params: dict[str, Any]
    verbose: int
    seed: int


@dataclass(frozen=True)
class Problem:
    """What to learn."""

    rows: Rows
    validation: Rows | None  # what early stopping watches
    task: str
    n_scores: int
    loss: MarginLoss  # bound to the class counts
    class_weight: np.ndarray
    scaling: Scaling


@dataclass(frozen=True)
class Start:
    """Where an earlier training has ended, to continue from there."""

    state: State
    optimizer_state: Any
    n_epochs: int
    history: list[dict[str, Any]]


class Snapshot(NamedTuple):
    """A network at the end of an epoch."""

    state: dict[str, Any]  # its weights, by name
    loss: MarginLoss  # in force there
    reweighted: bool  # whether the class weights were
    n_epochs: int


@dataclass
class TrainingResult:
    """What training has led to."""

    best: Snapshot  # by the score of the validation rows, else the last one that is finite
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    optimizer_state: Any = None
    diverged: bool = False
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
