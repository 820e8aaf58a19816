"""The parameters of the neural classifiers, and the plain settings that they make."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skfocal._classifier import LOSS_CONSTRAINTS, MarginClassifier
from skfocal.losses import MarginLoss
from skfocal.model_selection import SCORES
from skfocal.neural_network._budget import BUDGET
from skfocal.neural_network._net_params import check_net_params, divide_net_params
from skfocal.neural_network._optimization import LEARNING_RATES, OPTIMIZERS
from skfocal.neural_network._settings import NetworkSettings, TrainingSettings
from skfocal.nn import ACTIVATIONS, Schedule, WarmUp
from skfocal.utils._compat import Interval, StrOptions

# Most inputs that get sine waves where that is left to the estimator; wider CSR rows stay sparse.
MOST_EMBEDDED = 1000

NETWORK_CONSTRAINTS: dict[str, list[Any]] = {
    **LOSS_CONSTRAINTS,
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "batch_norm": ["boolean"],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "numeric_embedding": [StrOptions({"periodic", "auto"}), None],
    "calibrate_intercept": ["boolean"],
    "warm_up": [Interval(Integral, 0, None, closed="left"), Schedule],
    "initial_bias": [StrOptions({"prior", "best"}), None],
    "optimizer": [StrOptions(set(OPTIMIZERS))],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "learning_rate": [StrOptions(set(LEARNING_RATES))],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "max_epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "cross_fit": ["boolean", StrOptions({"auto"})],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "scoring": [StrOptions(set(SCORES))],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "standardize": ["boolean"],
    "random_state": ["random_state"],
    "device": [str],
    "warm_start": ["boolean"],
    "callbacks": [list, None],
    "module": [callable, None],
    "net_params": [dict, None],
    "verbose": ["verbose"],
}


def fits_in_parts(model: Any) -> bool:
    """Return True, or raise AttributeError if a setting needs the whole training set."""
    for parameter in ("alpha", "class_weight", "thresholds"):
        value = getattr(model, parameter, None)
        if isinstance(value, str):
            raise AttributeError(
                f"{type(model).__name__}: {parameter}={value!r} needs the whole training set, so "
                "there is no partial_fit; give numbers."
            )
    if model.cross_fit is True:
        raise AttributeError(
            f"{type(model).__name__}: cross_fit=True needs the whole training set, so there is no "
            "partial_fit; set cross_fit=False."
        )
    return True


class NetworkParameters(MarginClassifier):
    """Base of the neural classifiers: their constructor, and checks of its parameters."""

    _parameter_constraints: dict = NETWORK_CONSTRAINTS

    def __init__(
        self,
        gamma=1.0,
        alpha=None,
        *,
        loss="focal",
        beta=0.999,
        class_weight=None,
        probabilities="weighted",
        calibrate_intercept=True,
        hidden_layer_sizes=(64,),
        activation="relu",
        dropout=0.1,
        batch_norm=False,
        n_members=8,
        numeric_embedding="auto",
        warm_up=0,
        initial_bias="prior",
        optimizer="adamw",
        learning_rate_init=2e-3,
        weight_decay=1e-2,
        learning_rate="linear",
        batch_size="auto",
        max_epochs="auto",
        cross_fit=False,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        scoring="average_precision",
        categorical_features="from_dtype",
        standardize=True,
        random_state=None,
        device="auto",
        warm_start=False,
        callbacks=None,
        module=None,
        net_params=None,
        verbose=0,
    ):
        self.gamma = gamma
        self.alpha = alpha
        self.loss = loss
        self.beta = beta
        self.class_weight = class_weight
        self.probabilities = probabilities
        self.calibrate_intercept = calibrate_intercept
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.n_members = n_members
        self.numeric_embedding = numeric_embedding
        self.warm_up = warm_up
        self.initial_bias = initial_bias
        self.optimizer = optimizer
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.cross_fit = cross_fit
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.categorical_features = categorical_features
        self.standardize = standardize
        self.random_state = random_state
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.module = module
        self.net_params = net_params
        self.verbose = verbose

    def _check_settings(self) -> None:
        """Refuse networks that do not exist, before any work."""
        name = type(self).__name__
        check_net_params(self.net_params or {}, self.module is not None, name)
        if not all(isinstance(size, Integral) and size >= 1 for size in self._hidden_sizes()):
            raise ValueError(
                f"{name}: hidden_layer_sizes must hold integers of at least 1, "
                f"got {self.hidden_layer_sizes!r}."
            )

    def _check_loss(self, loss: MarginLoss, target: Any) -> None:
        self._check_compatibility(loss, target)
        if self.initial_bias == "best" and not loss.traits.invertible:
            raise ValueError(
                f"{type(self).__name__}: initial_bias='best' needs a loss with an inverse, got "
                f"{loss!r}; use 'prior'."
            )

    def _check_batches(self, n_rows: int, batch_size: int) -> None:
        n_batches = -(-n_rows // batch_size)
        if self.batch_norm and self.module is None and n_rows // n_batches < 2:
            raise ValueError(
                f"{type(self).__name__}: batch_norm=True needs batches of at least two rows, got "
                f"{n_rows} rows with batch_size={self.batch_size!r}."
            )

    def _obstacle_to_cross_fit(self) -> str | None:
        """Return what speaks against members that leave out rows."""
        if self.cross_fit is False:
            return "cross_fit=False"
        if self.module is not None:
            return "a module of your own, which has one member"
        if self.n_members == 1:
            return "n_members=1, and it needs at least 2"
        if self.warm_start:
            return "warm_start=True, which continues with members that may have seen any row"
        if (loss := self._resolve_loss()).weighs_batch:
            return f"{loss!r}, which weights a row by all others of its batch"
        return None

    def _network_settings(self, n_inputs: int, own_waves: bool) -> NetworkSettings:
        embedding = self.numeric_embedding
        if embedding == "auto":
            embedding = "periodic" if n_inputs <= MOST_EMBEDDED else None
        return NetworkSettings(
            owner=type(self).__name__,
            hidden_layer_sizes=self._hidden_sizes(),
            activation=self.activation,
            dropout=self.dropout,
            batch_norm=self.batch_norm,
            n_members=self.n_members,
            numeric_embedding=embedding,
            module=self.module,
            module_params=divide_net_params(self.net_params or {})[0],
            own_waves=own_waves,
        )

    def _training_settings(self, n_rows: int, seed: int, partial: bool) -> TrainingSettings:
        """Return how to train; `partial` is one epoch at a constant rate."""
        batch_size, epochs = self.batch_size, self.max_epochs
        if batch_size == "auto":
            batch_size = BUDGET.batch_size(n_rows)
        if epochs == "auto":
            epochs = BUDGET.n_epochs(n_rows, batch_size)
        return TrainingSettings(
            optimizer=self.optimizer,
            learning_rate_init=self.learning_rate_init,
            weight_decay=self.weight_decay,
            learning_rate="constant" if partial else self.learning_rate,
            batch_size=batch_size,
            epochs=1 if partial else epochs,
            schedule=self._schedule(),
            initial_bias=self.initial_bias,
            scoring=self.scoring,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
            device=self.device,
            callbacks=self.callbacks or [],
            skorch_params=divide_net_params(self.net_params or {})[1],
            verbose=self.verbose,
            seed=seed,
        )

    def _hidden_sizes(self) -> tuple[int, ...]:
        sizes = self.hidden_layer_sizes
        return tuple(np.atleast_1d(sizes).tolist()) if np.size(sizes) else ()

    def _schedule(self) -> Schedule | None:
        if isinstance(self.warm_up, Schedule):
            return self.warm_up
        return WarmUp(self.warm_up) if self.warm_up else None

    def _draw_seed(self) -> int:
        """Return the seed of everything random in a fit; None must not touch NumPy's generator."""
        if self.random_state is None:
            return int(np.random.default_rng().integers(2**31))
        return int(check_random_state(self.random_state).randint(2**31 - 1))
