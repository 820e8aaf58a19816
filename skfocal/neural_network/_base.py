"""What the neural classifiers share: checks, training, and scores from the fitted state."""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skfocal._classifier import LOSS_CONSTRAINTS
from skfocal._schedules import Schedule, WarmUp
from skfocal.neural_network._forward import forward
from skfocal.neural_network._rows import Scaling
from skfocal.utils._compat import Interval, StrOptions, _check_sample_weight, validate_data

# The budget of max_epochs="auto" in steps, and the rows of a batch of batch_size="auto".
AUTO_STEPS = 800
AUTO_BATCH = 256
# Numbers that the widest layer of all members holds at once when predicting.
_PREDICTED_BLOCK = 2**20

NETWORK_CONSTRAINTS: dict[str, list[Any]] = {
    **LOSS_CONSTRAINTS,
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({"identity", "logistic", "relu", "tanh"})],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "numeric_embedding": [StrOptions({"periodic"}), None],
    "warm_up": [Interval(Integral, 0, None, closed="left"), Schedule],
    "initial_bias": [StrOptions({"prior", "best"}), None],
    "optimizer": [StrOptions({"adam", "adamw", "sgd"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "linear", "cosine", "one-cycle"})],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "max_epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "scoring": [StrOptions({"average_precision", "neg_log_loss"})],
    "standardize": ["boolean"],
    "random_state": ["random_state"],
    "device": [str],
    "warm_start": ["boolean"],
    "verbose": ["verbose"],
}


class NeuralClassifier:
    """Mixin of the neural classifiers.

    A subclass stores the settings as constructor parameters, and in ``fit`` describes a
    :class:`skfocal.neural_network._training.Task` and passes it to :meth:`_train`.
    """

    # Set by the subclass, declared for the type checker.
    hidden_layer_sizes: Any
    activation: str
    batch_size: Any
    max_epochs: Any
    warm_up: Any
    random_state: Any
    warm_start: bool
    mean_: np.ndarray
    scale_: np.ndarray
    loss_curve_: list[float]

    def to_torch(self):
        """Return the fitted network.

        It takes standardized rows, ``(X - mean_) / scale_`` as float32, and returns the scores
        of each member, before probabilities are made of them.

        Returns
        -------
        skfocal.nn.TabularMLP
            On the CPU, in evaluation mode; a copy.
        """
        check_is_fitted(self)
        training = self._import_training()
        n_scores = self._state[f"biases.{len(self._hidden_sizes())}"].shape[-1]
        module = training.make_module(self, len(self.mean_), n_scores)
        training.load_state(module, self._state)
        return module.eval()

    def _import_training(self):
        """Return the module that needs torch and skorch."""
        try:
            from skfocal.neural_network import _training
        except ImportError as error:
            raise ImportError(
                f"{type(self).__name__} is trained with torch and skorch: "
                "pip install 'skfocal[neural]'"
            ) from error
        return _training

    def _validate(self, X, y, sample_weight, *, multi_output=False, reset=True):
        """Return rows, labels and weights, without the rows that weigh nothing."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            multi_output=multi_output,
            reset=reset,
        )
        if sample_weight is None:
            return X, y, None
        sample_weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        if not sample_weight.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        if not sample_weight.all():
            kept = np.flatnonzero(sample_weight)
            X, y, sample_weight = X[kept], y[kept], sample_weight[kept]
        return X, y, sample_weight

    def _check_network(self) -> None:
        """Refuse layer sizes that do not exist, before any work."""
        sizes = self._hidden_sizes()
        if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
            raise ValueError(
                f"{type(self).__name__}: hidden_layer_sizes must hold integers of at least 1, "
                f"got {self.hidden_layer_sizes!r}."
            )

    @property
    def _scaling(self) -> Scaling:
        return Scaling(self.mean_, self.scale_)

    def _hidden_sizes(self) -> tuple[int, ...]:
        sizes = self.hidden_layer_sizes
        return tuple(np.atleast_1d(sizes).tolist()) if np.size(sizes) else ()

    def _batch_rows(self) -> int:
        return AUTO_BATCH if self.batch_size == "auto" else self.batch_size

    def _epochs(self, n_rows: int) -> int:
        if self.max_epochs != "auto":
            return self.max_epochs
        n_batches = -(-n_rows // self._batch_rows())
        return -(-AUTO_STEPS // n_batches)

    def _schedule(self) -> Schedule | None:
        if isinstance(self.warm_up, Schedule):
            return self.warm_up
        return WarmUp(self.warm_up) if self.warm_up else None

    def _draw_seed(self) -> int:
        """Return the seed of everything random in a fit; None must not touch NumPy's generator."""
        if self.random_state is None:
            return int(np.random.default_rng().integers(2**31))
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _train(self, task, *, keep_state=False) -> None:
        """Train the network and store what comes of it."""
        outcome = self._import_training().fit_network(self, task)
        name = type(self).__name__
        if outcome.diverged:
            warnings.warn(
                f"{name}: the loss or a weight became infinite or NaN after "
                f"{len(outcome.loss_curve)} epochs; the last finite weights are kept. Lower "
                "learning_rate_init, or set standardize=True.",
                ConvergenceWarning,
                stacklevel=4,
            )
        if outcome.interrupted:
            warnings.warn(
                f"{name}: interrupted after {len(outcome.loss_curve)} epochs; the best weights so "
                "far are kept.",
                UserWarning,
                stacklevel=4,
            )
        self._state = outcome.state
        self.mean_, self.scale_ = task.scaling
        self.loss_ = outcome.loss
        self.class_weight_ = (
            task.class_weight if outcome.reweighted else np.ones_like(task.class_weight)
        )
        done = task.start.n_epochs if task.start else 0
        self.loss_curve_ = (self.loss_curve_ if done else []) + outcome.loss_curve
        self.n_epochs_ = done + len(outcome.loss_curve)
        self._optimizer_state = outcome.optimizer_state if self.warm_start or keep_state else None
        if task.validation is not None:
            self.validation_scores_ = outcome.validation_scores
            self.best_epoch_ = outcome.best_epoch

    def _member_scores(self, X) -> np.ndarray:
        """Return the scores of each member for validated rows, of shape (M, n, n_scores)."""
        weights = [value for name, value in self._state.items() if name.startswith("weights.")]
        width = max(max(w.shape[1], w.shape[0] * w.shape[2]) for w in weights)
        step = max(1, _PREDICTED_BLOCK // width)
        scaling = self._scaling
        parts = [
            forward(self._state, scaling.apply(X[start : start + step]), self.activation)
            for start in range(0, X.shape[0], step)
        ]
        return np.concatenate(parts, axis=1)
