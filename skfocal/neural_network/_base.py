"""What the neural classifiers share: checks, training, and scores from the fitted state."""

import warnings
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skfocal._classifier import LOSS_CONSTRAINTS
from skfocal.neural_network._net_params import check_net_params
from skfocal.neural_network._rows import Scaling, fit_scaling
from skfocal.neural_network._scoring import ValidationScorer
from skfocal.nn import ACTIVATIONS, Schedule, WarmUp, forward
from skfocal.posterior import Posterior, calibration_rows
from skfocal.tasks import get_task
from skfocal.utils._blocks import map_rows
from skfocal.utils._compat import Interval, StrOptions, validate_data
from skfocal.utils._optional import needs_extra

# The budget of max_epochs="auto": about so many steps, but on a small table no more than so many
# epochs, beyond which it is learnt by heart; batch_size="auto" is then small enough for all the
# steps, within these bounds. Chosen by benchmarks/choose_defaults.py.
AUTO_STEPS = 800
AUTO_EPOCHS = 20
AUTO_BATCH = 32, 256
# Numbers that the widest layer of all members holds at once when predicting; on wide tables more,
# since each block reads all weights.
_BLOCK = 2**18
_FEWEST_ROWS = 128

NETWORK_CONSTRAINTS: dict[str, list[Any]] = {
    **LOSS_CONSTRAINTS,
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "batch_norm": ["boolean"],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "numeric_embedding": [StrOptions({"periodic"}), None],
    "calibrate_intercept": ["boolean"],
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
    return True


class NeuralClassifier:
    """Mixin of the neural classifiers, before :class:`skfocal._classifier.MarginClassifier`.

    A subclass stores the settings as constructor parameters; its ``fit`` encodes the target and
    passes it to :meth:`_fit_rows`.
    """

    # Set by the subclass, declared for the type checker.
    _resolve_loss: Any
    _check_compatibility: Any
    _current_posterior: Any
    _split: Any
    early_stopping: bool
    initial_bias: str | None
    validation_fraction: float
    scoring: str
    probabilities: str
    _posterior: Posterior
    standardize: bool
    learning_rate: str
    n_epochs_: int
    hidden_layer_sizes: Any
    activation: str
    batch_size: Any
    max_epochs: Any
    warm_up: Any
    random_state: Any
    warm_start: bool
    batch_norm: bool
    optimizer: str
    module: Any
    net_params: dict[str, Any] | None
    mean_: np.ndarray
    scale_: np.ndarray
    module_: Any
    loss_curve_: list[float]

    def to_torch(self):
        """Return the fitted network.

        It takes standardized rows, ``(X - mean_) / scale_`` as float32, and returns the scores
        of each member, of shape (n_members, n_samples, n_scores), before probabilities are made
        of them.

        Returns
        -------
        torch.nn.Module
            On the CPU, in evaluation mode; a copy. A :class:`skfocal.nn.TabularMLP`, or a wrapper
            around a network of the class `module`.
        """
        check_is_fitted(self)
        return self._import_training().rebuild_module(
            self, len(self.mean_), self._n_scores, self._state_arrays()
        )

    @property
    def net_(self):
        """The fitted network as a skorch net, rebuilt each time it is asked for."""
        check_is_fitted(self)
        return self._import_training().rebuild_net(self, self.to_torch(), self._kind, self._history)

    def _import_training(self):
        """Return the module that needs torch and skorch."""
        with needs_extra("neural", type(self).__name__):
            import skorch  # noqa: F401 (whether it can be; it imports torch)
        from skfocal.neural_network import _training

        return _training

    def _validate_more(self, X, y="no_validation", **options):
        """Return further rows, and labels if there are any, of the features seen in fit."""
        return validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            reset=False,
            **options,
        )

    def _hold_out(self, X, y, sample_weight, X_val, y_val, seed):
        """Return (X, y, weight) to train on and, or None, to watch."""
        name = type(self).__name__
        everything = X, y, sample_weight
        if (X_val is None) != (y_val is None):
            raise ValueError(f"{name}: X_val and y_val must be given together.")
        if not self.early_stopping:
            if X_val is not None:
                raise ValueError(
                    f"{name}: X_val and y_val are for early_stopping=True, got "
                    "early_stopping=False."
                )
            return everything, None
        if X_val is not None:
            return everything, (
                *self._validate_more(X_val, y_val, multi_output=np.ndim(y) > 1),
                None,
            )
        parts = self._split(y, np.random.default_rng(seed))
        for part, purpose, change in (
            (parts[0], "learn from", "lower"),
            (parts[1], "watch", "raise"),
        ):
            if len(part) == 0:
                raise ValueError(
                    f"{name}: validation_fraction={self.validation_fraction} of {y.shape[0]} rows "
                    f"leaves no row of any class to {purpose}; {change} it, or set "
                    "early_stopping=False."
                )
        weights = (None, None) if sample_weight is None else (sample_weight[p] for p in parts)
        return tuple((X[p], y[p], w) for p, w in zip(parts, weights, strict=True))

    def _fit_rows(self, X, target, sample_weight, seed, start, held_out=None, partial=False):
        """Check that everything fits together, and train.

        ``start`` is None to begin anew; ``held_out`` are X, target and weights to watch.
        """
        loss = self._resolve_loss()
        self._check_compatibility(loss, target)
        if self.initial_bias == "best" and not loss.traits.invertible:
            raise ValueError(
                f"{type(self).__name__}: initial_bias='best' needs a loss with an inverse, got "
                f"{loss!r}; use 'prior'."
            )
        training = self._import_training()
        task = training.Task(
            kind=target.task,
            n_scores=get_task(target.task).n_scores(target.counts),
            X=X,
            target=target.codes.astype(np.int64, copy=False),
            weight=_relative(sample_weight),
            loss=loss.bind(target.counts),
            class_weight=target.class_weight,
            scaling=self._scaling if start else fit_scaling(X, sample_weight, self.standardize),
            seed=seed,
            epochs=1 if partial else self._epochs(X.shape[0]),
            rate="constant" if partial else self.learning_rate,
            schedule=self._schedule(),
            start=training.Start(*start) if start else None,
        )
        self._check_batches(task.X.shape[0])
        if held_out is not None:
            X_held, codes, weight = held_out
            scorer = ValidationScorer(self.scoring, task.kind, codes, weight, target.class_weight)
            task.validation = X_held, scorer
        self._train(task, keep_state=partial)
        # An outcome that does not occur has no weight to undo.
        weight = np.where(target.counts > 0, self.class_weight_, 1.0)
        if not partial or start is None:
            self.intercept_ = get_task(task.kind).from_columns(np.zeros(task.n_scores))
        self._posterior = Posterior(
            self.loss_, target.task, self.probabilities, weight, self.intercept_
        )
        self.classes_ = target.classes
        self._counts = target.counts

    def _where_it_ended(self):
        moments = self._optimizer_state if self._moments_of == self.optimizer else None
        return self._state_arrays(), moments, self.n_epochs_, self._history

    def _state_arrays(self):
        """Return the parameters of the fitted network as arrays."""
        if self._state is not None:
            return self._state
        return {name: value.numpy() for name, value in self.module_.state_dict().items()}

    def _check_partial_fit(self, classes) -> bool:
        """Refuse other classes than those known; return whether this is the first call."""
        name = type(self).__name__
        first = not hasattr(self, "classes_")
        if not first and classes is not None:
            if not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(
                    f"{name}: classes={classes!r} are not those of the first call, "
                    f"{self.classes_.tolist()}."
                )
        return first

    def _check_batches(self, n_rows: int) -> None:
        n_batches = -(-n_rows // self._batch_rows(n_rows))
        if self.batch_norm and self.module is None and n_rows // n_batches < 2:
            raise ValueError(
                f"{type(self).__name__}: batch_norm=True needs batches of at least two rows, got "
                f"{n_rows} rows with batch_size={self.batch_size!r}."
            )

    def _check_network(self) -> None:
        """Refuse networks that do not exist, before any work."""
        check_net_params(self)
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

    def _batch_rows(self, n_rows: int) -> int:
        if self.batch_size != "auto":
            return self.batch_size
        fewest, most = AUTO_BATCH
        return min(max(n_rows * AUTO_EPOCHS // AUTO_STEPS, fewest), most)

    def _epochs(self, n_rows: int) -> int:
        if self.max_epochs != "auto":
            return self.max_epochs
        n_batches = -(-n_rows // self._batch_rows(n_rows))
        return min(max(round(AUTO_STEPS / n_batches), 1), AUTO_EPOCHS)

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
                stacklevel=5,
            )
        if outcome.interrupted:
            warnings.warn(
                f"{name}: interrupted, by the keyboard or a callback, after "
                f"{len(outcome.loss_curve)} epochs; the "
                f"{'best weights so far' if self.early_stopping else 'last weights'} are kept.",
                UserWarning,
                stacklevel=5,
            )
        self._kind, self._n_scores = task.kind, task.n_scores
        self._state, self._history = outcome.state, outcome.history
        self._interrupted = outcome.interrupted
        vars(self).pop("module_", None)
        self.mean_, self.scale_ = task.scaling
        self.loss_ = outcome.loss
        self.class_weight_ = (
            task.class_weight if outcome.reweighted else np.ones_like(task.class_weight)
        )
        done = task.start.n_epochs if task.start else 0
        self.loss_curve_ = (self.loss_curve_ if done else []) + outcome.loss_curve
        self.n_epochs_ = done + len(outcome.loss_curve)
        self._optimizer_state = outcome.optimizer_state if self.warm_start or keep_state else None
        self._moments_of = self.optimizer
        for name in ("validation_scores_", "best_epoch_"):
            vars(self).pop(name, None)
        if task.validation is not None:
            self.validation_scores_ = outcome.validation_scores
            self.best_epoch_ = outcome.best_epoch
        if self.module is not None:
            self.module_ = self._import_training().rebuild_module(
                self, len(self.mean_), self._n_scores, self._state
            )
            self._state = None

    def _calibrate(self, X, codes, sample_weight, seed) -> None:
        """Find the constant in log-odds that makes the mean risk of rows their event rate."""
        rows, factor = calibration_rows(codes, self._n_scores, np.random.default_rng(seed))
        weight = None if sample_weight is None else sample_weight[rows]
        if factor is not None:
            weight = factor if weight is None else weight * factor
        # float32 is fast, and its rounding is nothing beside that of a mean over rows.
        log_odds = self._map_log_odds(X[rows], dtype=np.float32)
        self._posterior = self._posterior.calibrated(log_odds, codes[rows], weight)
        self.intercept_ = self._posterior.intercept

    def decision_function(self, X):
        """Return the log-odds of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            Log-odds, for more than two classes log-probabilities: of the mean of the members'
            probabilities.
        """
        check_is_fitted(self)
        return self._map_log_odds(self._validate_more(X))

    def predict_proba(self, X):
        """Return the probability of each class or label, as ``probabilities`` defines it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_labels) for an indicator
            Columns in the order of ``classes_``; rows sum to 1, those of labels do not.
        """
        posterior = self._current_posterior
        return self._map_log_odds(self._validate_more(X), posterior.to_probabilities)

    def _map_log_odds(self, X, convert=None, dtype=np.float64) -> np.ndarray:
        """Return the log-odds of validated rows, or what `convert` makes of them, by blocks.

        The scores are computed in `dtype`: in float64, though the weights are float32, rounding
        does not show whether a row is predicted alone or among others.
        """
        score, n_rows = self._scorer(dtype)
        posterior = self._current_posterior

        def of_block(rows):
            log_odds = posterior.mean_log_odds(score(self._scaling.apply(rows)))
            return log_odds if convert is None else convert(log_odds)

        return map_rows(of_block, X, n_rows)

    def _scorer(self, dtype):
        """Return a function from scaled rows to the scores of each member, and rows of a block."""
        if self._state is None:
            of_module = partial(self._import_training().score_rows, self.module_)
            return of_module, max(1, _BLOCK // len(self.mean_))
        state = {name: value.astype(dtype, copy=False) for name, value in self._state.items()}
        weights = [value for name, value in state.items() if name.startswith("weights.")]
        width = max(max(w.shape[1], w.shape[0] * w.shape[2]) for w in weights)

        def score(rows):
            return forward(state, rows.astype(dtype, copy=False), self.activation)

        return score, max(_FEWEST_ROWS, _BLOCK // width)


def _relative(sample_weight: np.ndarray | None) -> np.ndarray | None:
    """Return the weights divided by their mean, or None if they are all the same."""
    if sample_weight is None or np.ptp(sample_weight) == 0:
        return None
    return sample_weight / sample_weight.mean()
