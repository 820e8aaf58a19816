"""What all classifiers share: the loss settings, and the way from log-odds to labels."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skfocal.losses import MarginLoss, get_loss
from skfocal.posterior import KINDS, Posterior
from skfocal.tasks import task_of
from skfocal.utils._compat import Interval, StrOptions
from skfocal.utils._labels import encode_known, encode_labels
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
    """Encoded labels, with what each class weighs; of an indicator, each side of each label.

    Attributes
    ----------
    classes : ndarray
        Labels, or the numbers of the columns of an indicator.
    codes : ndarray of shape (n,) or (n, n_labels)
        Class of each row, or an indicator.
    counts : ndarray of shape (n_classes,) or (2, n_labels)
        Summed sample weights.
    class_weight : ndarray of the shape of `counts`
    task : {"binary", "multiclass", "multilabel"}
    """

    classes: np.ndarray
    codes: np.ndarray
    counts: np.ndarray
    class_weight: np.ndarray
    task: str

    @property
    def present(self) -> np.ndarray:
        """Whether each class has rows of any weight."""
        return self.counts * self.class_weight > 0


class MarginClassifier(ClassifierMixin, BaseEstimator):
    """Base of all classifiers: the loss settings, and probabilities from log-odds.

    A subclass stores the loss settings as constructor parameters. Its ``fit`` sets ``classes_``,
    ``loss_``, ``class_weight_`` and ``_posterior``; its ``decision_function`` returns the log-odds
    that the posterior makes of its scores.
    """

    # Set by the subclass, declared for the type checker.
    alpha: Any
    beta: float
    class_weight: Any
    probabilities: str
    _posterior: Posterior

    @property
    def _current_posterior(self) -> Posterior:
        """The posterior as ``probabilities`` asks now, which may be set after a fit."""
        check_is_fitted(self)
        return self._posterior.of_kind(self.probabilities)

    def predict_proba(self, X):
        """Return the probability of each class, as ``probabilities`` defines it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_labels) for an indicator
            Columns in the order of ``classes_``; rows sum to 1, those of labels do not.
        """
        return self._current_posterior.to_probabilities(self.decision_function(X))

    def predict_log_proba(self, X):
        """Return the logarithm of :meth:`predict_proba`, finite where that rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of the shape of :meth:`predict_proba`
        """
        return self._current_posterior.to_log_probabilities(self.decision_function(X))

    def __sklearn_is_fitted__(self) -> bool:
        # A fit that fails leaves what validation has set, such as n_features_in_.
        return hasattr(self, "classes_")

    def _resolve_loss(self) -> MarginLoss:
        """Return the loss that the settings name; gamma belongs to ``loss="focal"`` alone."""
        parameters = {"gamma": self.gamma} if self.loss == "focal" else {}
        try:
            return get_loss(self.loss, **parameters)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: {error}") from None

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


class SingleLabelClassifier(MarginClassifier):
    """Base of the classifiers whose rows have one class each."""

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
        codes = self._current_posterior.decide(self.decision_function(X))
        return self.classes_[codes]

    def _encode_classes(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes, at least two, and the code of each row."""
        classes, codes = encode_labels(y)
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, got one class: "
                f"{classes.tolist()[0]!r}."
            )
        return classes, codes

    def _encode_target(
        self,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        classes: np.ndarray | None = None,
    ) -> Target:
        """Return class codes and weights; `classes` if they are known, else two or more of y."""
        if classes is None:
            classes, codes = self._encode_classes(y)
        else:
            codes = encode_known(y, classes, type(self).__name__)
        counts = class_counts(codes, sample_weight, len(classes))
        weight = self._weigh_classes(classes, counts)
        return Target(classes, codes, counts, weight, task_of(classes))
