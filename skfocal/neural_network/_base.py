"""What the neural classifiers share: training, and scores from the fitted state."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skfocal._classifier import Target
from skfocal.neural_network._cross_fitting import leave_out
from skfocal.neural_network._encoding import TableEncoder, read_frame
from skfocal.neural_network._fitted import FittedNetwork
from skfocal.neural_network._parameters import MOST_EMBEDDED, NetworkParameters
from skfocal.neural_network._scaling import Scaling, fit_scaling
from skfocal.neural_network._settings import NetworkSettings, Problem, Rows, Start, TrainingResult
from skfocal.posterior import Posterior, calibration_rows
from skfocal.tasks import get_task
from skfocal.utils._optional import needs_extra
from skfocal.utils._validation import validate_rows, validate_table
from skfocal.utils._warnings import warn_user


class NeuralClassifier(NetworkParameters):
    """Base of the neural classifiers: training, and scores from the fitted state.

    The ``fit`` of a subclass validates and encodes its rows and passes them to :meth:`_fit_rows`;
    the subclass defines how rows are split and how their classes are weighted.
    """

    loss_curve_: list[float]

    def _split(self, codes, random):
        """Return the numbers of the rows to train on and of those to watch."""
        raise NotImplementedError

    def _cut_folds(self, codes, n_folds, seed, groups):
        """Return pairs of the numbers of the rows to train on and of those to leave out."""
        raise NotImplementedError

    def _make_target(self, form, rows: Rows, counts=None) -> Target:
        """Return codes with the weights of their classes.

        `form` is what a subclass knows of the classes or labels; `counts` are those of earlier rows
        if they decide.
        """
        raise NotImplementedError

    def decision_function(self, X):
        """Return the log-odds of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            Log-odds, for more than two classes log-probabilities: of the mean of the members'
            probabilities.
        """
        check_is_fitted(self)
        return self._log_odds(self._validate_again(X))

    def predict_proba(self, X):
        """Return the probability of each class or label, as ``probabilities`` defines it.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_labels) for an indicator
            Columns in the order of ``classes_``; rows sum to 1, those of labels do not.
        """
        posterior = self._current_posterior
        return self._network.map_scores(
            self._validate_again(X),
            lambda members: posterior.to_probabilities(posterior.mean_log_odds(members)),
        )

    def to_torch(self):
        """Return the fitted network.

        It takes standardized rows, ``(X - mean_) / scale_`` as float32, with
        ``encoder_.transform(X)`` in place of a table with categories or missing values, and
        returns the scores of each member, of shape (n_members, n_samples, n_scores), before
        probabilities are made of them.

        Returns
        -------
        torch.nn.Module
            On the CPU, in evaluation mode; a copy. A :class:`skfocal.nn.TabularMLP`, or a wrapper
            around a network of the class `module`.
        """
        check_is_fitted(self)
        network = self._network
        return self._import_training().rebuild_module(
            network.settings, len(self.mean_), network.n_scores, network.state
        )

    @property
    def net_(self):
        """The fitted network as a skorch net, rebuilt each time it is asked for."""
        check_is_fitted(self)
        training = self._import_training()
        criterion = training.make_criterion(self.loss_, self._task, self.class_weight_)
        return training.fitted_net(
            self.to_torch(),
            criterion,
            self._network.scaling,
            self._current_posterior,
            self._history,
        )

    def _log_odds(self, X, dtype=np.float64) -> np.ndarray:
        return self._network.map_scores(X, self._current_posterior.mean_log_odds, dtype)

    def _validate_first(self, X, y, sample_weight, continued: bool, **options):
        """Return rows read as numbers, maybe with gaps, labels and weights."""
        X = read_frame(X)
        if not continued:
            self.encoder_ = TableEncoder(X, self.categorical_features, type(self).__name__)
        read = self.encoder_.read if continued else self.encoder_.first_read
        options |= {"read": read, "ensure_all_finite": _may_have_gaps(X), "reset": not continued}
        return validate_rows(self, X, y, sample_weight, **options)

    def _encode_first(self, X, continued: bool):
        """Return what the network is given of rows that are read as numbers."""
        return self.encoder_.expand(X) if continued else self.encoder_.fit_expand(X)

    def _validate_again(self, X, y="no_validation", **options):
        """Return what the network is given of rows like those of fit, and labels if any."""
        X = read_frame(X)
        options |= {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}
        options |= {"read": self.encoder_.read, "ensure_all_finite": _may_have_gaps(X)}
        checked = validate_table(self, X, y, reset=False, **options)
        if isinstance(checked, tuple):
            return self.encoder_.expand(checked[0]), checked[1]
        return self.encoder_.expand(checked)

    def _validate_held_out(self, X_val, y_val, encode, multi_output=False) -> Rows | None:
        """Return the rows that the user gives early stopping to watch."""
        name = type(self).__name__
        if (X_val is None) != (y_val is None):
            raise ValueError(f"{name}: X_val and y_val must be given together.")
        if X_val is None:
            return None
        if not self.early_stopping:
            raise ValueError(
                f"{name}: X_val and y_val are for early_stopping=True, got early_stopping=False."
            )
        X_val, y_val = self._validate_again(X_val, y_val, multi_output=multi_output)
        return Rows(X_val, encode(y_val), None)

    def _check_first_call(self, classes) -> bool:
        """Return whether a call of partial_fit is the first; refuse other classes in later ones."""
        name = type(self).__name__
        first = not hasattr(self, "classes_")
        if not first and classes is not None:
            if not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(
                    f"{name}: classes={classes!r} are not those of the first call, "
                    f"{self.classes_.tolist()}."
                )
        return first

    def _check_same_classes(self, classes, name="classes") -> None:
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{type(self).__name__}: warm_start continues with the {name} "
                f"{self.classes_.tolist()}, got {classes.tolist()}."
            )

    def _fit_rows(self, rows: Rows, form, held_out: Rows | None, seed: int, start: Start | None):
        """Train on rows, except for those that early stopping watches; calibrate on all.

        Rows that members leave out are trained on and watched, each by other members.
        """
        training = rows
        if self.early_stopping and held_out is None:
            whole = rows.left_out is not None
            training, held_out = (rows, rows) if whole else self._hold_out(rows, seed)
        self._train(training, self._make_target(form, training), held_out, seed, start)
        out = rows.left_out
        unseen = None if out is None else self._network.unseen_scores(rows.X, out)
        if self.calibrate_intercept and not self._posterior.is_raw:
            self._calibrate(rows, unseen, seed)
        if unseen is not None:
            self.oof_decision_function_ = self._posterior.mean_log_odds(unseen)

    def _fit_part(self, rows: Rows, target: Target, first: bool) -> None:
        """Train for one epoch on rows."""
        start = None if first else self._end_of_training()
        self._train(rows, target, None, self._draw_seed(), start, partial=True)

    def _leave_out(self, rows: Rows, groups, seed: int) -> Rows:
        """Return rows with the members that leave each of them out, if some are to."""
        name = type(self).__name__
        if groups is not None and self.cross_fit is False:
            raise ValueError(
                f"{name}: groups are for cross-fitting, got cross_fit=False; set cross_fit=True."
            )
        obstacle, left_out = self._obstacle_to_cross_fit(), None
        if obstacle is None:
            left_out = leave_out(rows.codes, self.n_members, self._cut_folds, seed, groups)
            if left_out is None:
                obstacle = "rows, or groups, so few that a member would not see every class"
        if obstacle is not None and (self.cross_fit is True or groups is not None):
            need = "" if groups is None else "; groups need cross-fitting"
            raise ValueError(
                f"{name}: cross_fit={self.cross_fit!r} does not go with {obstacle}{need}."
            )
        return rows._replace(left_out=left_out)

    def _check_groups(self, groups, X, sample_weight):
        """Return the groups of the rows that have a weight."""
        if groups is None:
            return None
        groups = column_or_1d(groups)
        check_consistent_length(X, groups)
        return groups if sample_weight is None else groups[sample_weight != 0]

    def _add_weightless(self, X, sample_weight):
        """Let rows of weight 0 have the score of all members: none has seen them."""
        known = getattr(self, "oof_decision_function_", None)
        if known is None or sample_weight is None or sample_weight.all():
            return self
        absent = np.flatnonzero(sample_weight == 0)
        scores = np.empty((X.shape[0], *known.shape[1:]))
        scores[sample_weight != 0] = known
        scores[absent] = self._log_odds(self.encoder_.expand(X[absent]))
        self.oof_decision_function_ = scores
        return self

    def _hold_out(self, rows: Rows, seed: int) -> tuple[Rows, Rows]:
        """Return the rows to train on, and those to watch."""
        training, held_out = self._split(rows.codes, np.random.default_rng(seed))
        for part, purpose, change in (
            (training, "learn from", "lower"),
            (held_out, "watch", "raise"),
        ):
            if len(part) == 0:
                raise ValueError(
                    f"{type(self).__name__}: validation_fraction={self.validation_fraction} of "
                    f"{len(rows.codes)} rows leaves no row of any class to {purpose}; {change} it, "
                    "or set early_stopping=False."
                )
        return rows.take(training), rows.take(held_out)

    def _train(self, rows, target, held_out, seed, start, partial=False) -> None:
        """Check that everything fits together, train, and store what comes of it."""
        loss = self._resolve_loss()
        self._check_loss(loss, target)
        n_rows = rows.X.shape[0]
        settings = self._training_settings(n_rows, seed, partial)
        self._check_batches(n_rows, settings.batch_size)
        earlier = start is not None and self._network.settings.own_waves
        network = self._network_settings(rows.X.shape[1], rows.left_out is not None or earlier)
        scaling = self._network.scaling if start else self._fit_scaling(rows, network)
        problem = Problem(
            rows=rows._replace(
                codes=rows.codes.astype(np.int64, copy=False), weight=_relative(rows.weight)
            ),
            validation=held_out,
            task=target.task,
            n_scores=get_task(target.task).n_scores(target.counts),
            loss=loss.bind(target.counts),
            class_weight=target.class_weight,
            scaling=scaling,
        )
        result = self._import_training().fit_network(network, settings, problem, start)
        self._warn_of_end(result)
        self._store_network(network, problem, result)
        self._store_progress(result, start, held_out is not None)
        self._store_posterior(target, problem.n_scores, partial and start is not None)
        keep_moments = self.warm_start or partial
        self._optimizer_state = result.optimizer_state if keep_moments else None
        self._moments_of = self.optimizer

    def _fit_scaling(self, rows: Rows, network: NetworkSettings) -> Scaling:
        stays_sparse = (
            sparse.issparse(rows.X)
            and rows.X.shape[1] > MOST_EMBEDDED
            and network.numeric_embedding is None
            and network.module is None
        )
        return fit_scaling(
            rows.X, rows.weight, standardize=self.standardize, centre=not stays_sparse
        )

    def _import_training(self):
        """Return the package that needs torch and skorch."""
        with needs_extra("neural", type(self).__name__):
            import skorch  # noqa: F401 (whether it can be; it imports torch)
        from skfocal.neural_network import training

        return training

    def _end_of_training(self) -> Start:
        moments = self._optimizer_state if self._moments_of == self.optimizer else None
        return Start(self._network.state, moments, self.n_epochs_, self._history)

    def _warn_of_end(self, result: TrainingResult) -> None:
        name, n_epochs = type(self).__name__, len(result.loss_curve)
        if result.diverged:
            warn_user(
                f"{name}: the loss or a weight became infinite or NaN after {n_epochs} epochs; the "
                "last finite weights are kept. Lower learning_rate_init, or set standardize=True.",
                ConvergenceWarning,
            )
        if result.interrupted:
            kept = "best weights so far" if self.early_stopping else "last weights"
            warn_user(
                f"{name}: interrupted, by the keyboard or a callback, after {n_epochs} epochs; the "
                f"{kept} are kept.",
                UserWarning,
            )

    def _store_network(
        self, network: NetworkSettings, problem: Problem, result: TrainingResult
    ) -> None:
        n_scores, scaling, module = problem.n_scores, problem.scaling, None
        self.__dict__.pop("module_", None)
        if network.module is not None:
            module = self._import_training().rebuild_module(
                network, len(scaling.mean), n_scores, result.best.state
            )
            self.module_ = module
        arrays = result.best.state if module is None else None
        self._network = FittedNetwork(network, n_scores, scaling, arrays, module)
        self.mean_, self.scale_ = scaling
        self.loss_, self._task = result.best.loss, problem.task
        weight = problem.class_weight
        self.class_weight_ = weight if result.best.reweighted else np.ones_like(weight)

    def _store_progress(
        self, result: TrainingResult, start: Start | None, is_validated: bool
    ) -> None:
        self._history = result.history
        self._interrupted = result.interrupted
        self.loss_curve_ = (self.loss_curve_ if start else []) + result.loss_curve
        self.n_epochs_ = len(self.loss_curve_)
        for name in ("validation_scores_", "best_epoch_", "oof_decision_function_"):
            self.__dict__.pop(name, None)
        if is_validated:
            self.validation_scores_ = result.validation_scores
            self.best_epoch_ = result.best.n_epochs

    def _store_posterior(self, target, n_scores: int, keep_intercept: bool) -> None:
        # An outcome that does not occur has no weight to undo.
        weight = np.where(target.counts > 0, self.class_weight_, 1.0)
        if not keep_intercept:
            self.intercept_ = get_task(target.task).from_columns(np.zeros(n_scores))
        self._posterior = Posterior(
            self.loss_, target.task, self.probabilities, weight, self.intercept_
        )
        self.classes_ = target.classes
        self._counts = target.counts

    def _calibrate(self, rows: Rows, unseen: np.ndarray | None, seed: int) -> None:
        """Find the constant in log-odds that makes the mean risk of rows their event rate.

        `unseen` are scores of the rows by members that have not seen them, if there are such.
        """
        drawn, factor = calibration_rows(
            rows.codes, self._network.n_scores, np.random.default_rng(seed)
        )
        if factor is not None:
            rows = rows.take(drawn)
            weight = factor if rows.weight is None else rows.weight * factor
            rows = rows._replace(weight=weight)
        if unseen is None:
            # float32 is fast, and its rounding is far below the error of a mean over drawn rows.
            log_odds = self._log_odds(rows.X, dtype=np.float32)
        else:
            log_odds = self._posterior.mean_log_odds(unseen[:, drawn])
        self._posterior = self._posterior.calibrated(log_odds, rows.codes, rows.weight)
        self.intercept_ = self._posterior.intercept

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags


def _may_have_gaps(X: Any) -> bool | str:
    """Return what checks call this: NaN is a missing number, but not in sparse rows."""
    return True if sparse.issparse(X) else "allow-nan"


def _relative(sample_weight: np.ndarray | None) -> np.ndarray | None:
    """Return the weights divided by their mean, or None if they are all the same."""
    if sample_weight is None or np.ptp(sample_weight) == 0:
        return None
    return sample_weight / sample_weight.mean()
