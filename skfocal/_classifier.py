"""What all classifiers share: the loss settings, and scores to probabilities to labels."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from scipy.special import log_expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skfocal.losses import MarginLoss, get_loss
from skfocal.posterior import KINDS, log_odds, probabilities_from_log_odds
from skfocal.utils._compat import Interval, StrOptions
from skfocal.utils._warnings import warn_user
from skfocal.weights import class_counts, class_weights

LOSS_CONSTRAINTS: dict[str, list[Any]] = {
    # Names are looked up when fitting: users register losses of their own.
    "loss": [str, MarginLoss],
    "gamma": [Interval(Real, 0, None, closed="left")],
    "alpha": [
        None,
        Interval(Real, 0, 1, closed="neither"),
        dict,
        StrOptions({"balanced", "effective"}),
        "array-like",
    ],
    "beta": [Interval(Real, 0, 1, closed="both")],
    "class_weight": [None, dict, StrOptions({"balanced"})],
    "probabilities": [StrOptions(set(KINDS))],
}


class Target(NamedTuple):
    """Labels as codes, with what each class weighs."""

    classes: np.ndarray
    codes: np.ndarray
    counts: np.ndarray  # summed sample weights
    class_weight: np.ndarray

    @property
    def task(self) -> str:
        return "binary" if len(self.classes) == 2 else "multiclass"


class MarginClassifier(ClassifierMixin, BaseEstimator):
    """Base of the single-label classifiers.

    A subclass stores the loss settings as constructor parameters, sets ``classes_``, ``loss_``
    and ``class_weight_`` in ``fit``, and returns the scores of rows in ``_scores``: (n,) for two
    classes, (n, K) for more.
    """

    def decision_function(self, X):
        """Return the log-odds of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of ``classes_[1]``, for more the log-probabilities.
        """
        check_is_fitted(self)
        return log_odds(
            self.loss_,
            self._scores(X),
            self._task,
            kind=self._probabilities,
            class_weight=self.class_weight_,
        )

    def predict_proba(self, X):
        """Return the probability of each class, as ``probabilities`` defines it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to 1.
        """
        return probabilities_from_log_odds(self.decision_function(X), self._task)

    def predict_log_proba(self, X):
        """Return the logarithm of :meth:`predict_proba`, finite where that rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        decision = self.decision_function(X)
        if self._task == "multiclass":
            return decision
        return np.stack([log_expit(-decision), log_expit(decision)], axis=-1)

    def predict(self, X):
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        decision = self.decision_function(X)
        codes = (
            decision.argmax(axis=1) if self._task == "multiclass" else (decision > 0).astype(int)
        )
        return self.classes_[codes]

    def __sklearn_is_fitted__(self) -> bool:
        # A fit that fails leaves what validation has set, such as n_features_in_.
        return hasattr(self, "classes_")

    @property
    def _task(self) -> str:
        return "binary" if len(self.classes_) == 2 else "multiclass"

    @property
    def _probabilities(self) -> str:
        """The kind of probability in force: a loss without an inverse has raw ones only."""
        return self.probabilities if self.loss_.traits.invertible else "raw"

    # Set by the subclass, declared for the type checker.
    alpha: Any
    beta: float
    class_weight: Any

    def _resolve_loss(self) -> MarginLoss:
        """Return the loss that the settings name; gamma belongs to ``loss="focal"`` alone."""
        parameters = {"gamma": self.gamma} if self.loss == "focal" else {}
        try:
            return get_loss(self.loss, **parameters)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: {error}") from None

    def _encode_classes(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes, at least two, and the code of each row."""
        classes, codes = encode_labels(y)
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes with positive weight, "
                f"got one class: {classes.tolist()[0]!r}."
            )
        return classes, codes

    def _encode_target(self, y: np.ndarray, sample_weight: np.ndarray | None) -> Target:
        """Return class codes and weights; needs two classes."""
        classes, codes = self._encode_classes(y)
        counts = class_counts(codes, sample_weight, len(classes))
        weight = self._weigh_classes(classes, counts)
        return Target(classes, codes, counts, weight)

    def _weigh_classes(self, classes: np.ndarray, counts: np.ndarray, **given: Any) -> np.ndarray:
        """Return the weights of the classes; `given` takes the place of ``self.alpha``."""
        settings = {"alpha": self.alpha, "class_weight": self.class_weight, "beta": self.beta}
        try:
            return class_weights(classes, counts, **(settings | given))
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: {error}") from None

    def _check_compatibility(self, loss: MarginLoss, target: Target) -> None:
        """Refuse combinations that have no meaning, before any work."""
        name = type(self).__name__
        if not np.any(target.class_weight > 0):
            raise ValueError(
                f"{name}: all classes have weight 0, there is nothing to learn: "
                f"class_weight={self.class_weight!r}, alpha={self.alpha!r}."
            )
        if target.task not in loss.tasks:
            raise ValueError(
                f"{name}: {loss!r} is defined for {' and '.join(sorted(loss.tasks))} targets, "
                f"got {len(target.classes)} classes."
            )
        if not loss.traits.invertible:
            if self.probabilities == "posterior":
                raise ValueError(
                    f"{name}: {loss!r} has no inverse, so probabilities='posterior' cannot be "
                    "computed; use probabilities='raw' and calibrate, or another loss."
                )
            if self.probabilities == "weighted":
                warn_user(
                    f"{name}: {loss!r} has no inverse; predict_proba returns raw probabilities.",
                    UserWarning,
                )
        if self.probabilities == "posterior" and not np.all(target.class_weight > 0):
            raise ValueError(
                f"{name}: probabilities='posterior' divides by the class weights, which must be "
                f"positive, got {target.class_weight.tolist()} for {target.classes.tolist()}."
            )


def encode_labels(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted labels and the code of each row.

    Integers of a small range, the common case, are looked up in a table: sorting them would take
    longer than a pass over the features.
    """
    if y.dtype.kind in "biu" and len(y):
        low, high = int(y.min()), int(y.max())
        if high - low < 256:
            offset = (y.astype(np.int64) - low).astype(np.uint8)
            present = np.bincount(offset, minlength=high - low + 1) > 0
            classes = (np.flatnonzero(present) + low).astype(y.dtype)
            return classes, (np.cumsum(present) - 1).astype(np.uint8)[offset]
    check_classification_targets(y)
    return np.unique(y, return_inverse=True)


def encode_known(y: np.ndarray, classes: np.ndarray, owner: str) -> np.ndarray:
    """Return the code of each row among known classes; `owner` refuses others."""
    check_classification_targets(y)
    labels, inverse = encode_labels(y)
    unknown = labels[~np.isin(labels, classes)]
    if len(unknown):
        raise ValueError(
            f"{owner}: y has the labels {unknown.tolist()}, which are not among the classes "
            f"{classes.tolist()}."
        )
    return np.searchsorted(classes, labels)[inverse]
