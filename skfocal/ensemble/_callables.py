"""The objective for users who keep their own LightGBM or XGBoost model."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from skfocal.ensemble._objective import Objective, make_objective
from skfocal.losses import MarginLoss, get_loss
from skfocal.posterior import Posterior
from skfocal.tasks import Task, get_task
from skfocal.weights import class_counts, class_weights

__all__ = ["EngineObjective", "lightgbm_objective", "xgboost_objective"]


def lightgbm_objective(
    loss: str | MarginLoss = "focal",
    *,
    gamma: float = 1.0,
    alpha: Any = None,
    beta: float = 0.999,
    class_weight: Any = None,
) -> "LightGBMObjective":
    """Return an objective for ``LGBMClassifier(objective=...)`` or ``lightgbm.train``.

    LightGBM starts a custom objective at 0, and its predictions do not include the start: pass
    ``init_score``, and add ``start`` to the raw predictions, as in the example.

    Parameters
    ----------
    loss : str or MarginLoss, default="focal"
        As in :class:`FocalBoostingClassifier`, like the other parameters.
    gamma : float in [0, inf), default=1.0
        Focusing exponent, for ``loss="focal"`` alone.
    alpha : default=None
        Ratio between the classes. The keys of a dict are the class codes, 0 to K - 1, because the
        engine passes no others.
    beta : float in [0, 1], default=0.999
        For ``alpha="effective"``.
    class_weight : default=None
        As in scikit-learn, by class codes.

    Returns
    -------
    LightGBMObjective
        A callable that can be pickled and cloned, with ``start``, ``init_score``, ``metric`` and
        ``to_probability``.

    Examples
    --------
    >>> from lightgbm import LGBMClassifier
    >>> from sklearn.datasets import make_classification
    >>> from skfocal.ensemble import lightgbm_objective
    >>> X, y = make_classification(n_samples=500, weights=[0.9], random_state=0)
    >>> objective = lightgbm_objective(gamma=2.0)
    >>> model = LGBMClassifier(objective=objective, n_estimators=20, verbose=-1)
    >>> model = model.fit(X, y, init_score=objective.init_score(y))
    >>> raw = model.predict(X, raw_score=True) + objective.start(y)
    >>> objective.to_probability(raw).shape
    (500, 2)
    """
    return LightGBMObjective(loss, gamma, alpha, beta, class_weight)


def xgboost_objective(
    loss: str | MarginLoss = "focal",
    *,
    gamma: float = 1.0,
    alpha: Any = None,
    beta: float = 0.999,
    class_weight: Any = None,
) -> "XGBoostObjective":
    """Return an objective for ``XGBClassifier(objective=...)`` or ``xgboost.train(obj=...)``.

    Parameters
    ----------
    loss, gamma, alpha, beta, class_weight
        As in :func:`lightgbm_objective`. XGBoost's own ``gamma`` and ``alpha``, the minimum gain
        of a split and an L1 penalty, are unrelated and not changed.

    Returns
    -------
    XGBoostObjective
        A callable that can be pickled and cloned, with ``start``, ``base_score``, ``metric`` and
        ``to_probability``.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal.ensemble import xgboost_objective
    >>> from xgboost import XGBClassifier
    >>> X, y = make_classification(n_samples=500, weights=[0.9], random_state=0)
    >>> objective = xgboost_objective(gamma=2.0)
    >>> model = XGBClassifier(
    ...     objective=objective, base_score=objective.base_score(y), n_estimators=20
    ... )
    >>> model.fit(X, y).predict_proba(X).shape  # for two classes honest as they are
    (500, 2)
    """
    return XGBoostObjective(loss, gamma, alpha, beta, class_weight)


@dataclass(frozen=True, eq=False)
class EngineObjective:
    """An objective as an engine calls it: ``objective(y_true, y_pred, sample_weight)``.

    Native training functions call it as ``objective(y_pred, dataset)``, which works too. With an
    invertible loss the predictions are log-odds, or log-probabilities of several classes, see
    :class:`FocalBoostingClassifier`; else they are the scores of the loss.

    To tune it, search over a list of objectives. (It has no ``get_params``: XGBoost would take the
    parameters for its own.)

    Parameters
    ----------
    loss, gamma, alpha, beta, class_weight
        See :func:`lightgbm_objective`.
    """

    loss: Any
    gamma: float
    alpha: Any
    beta: float
    class_weight: Any

    def __sklearn_clone__(self) -> Self:
        return self

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return gradient and curvature, float32, of the shape of the predictions."""
        target, raw, weight = _unpack(y_true, y_pred, sample_weight)
        counts = class_counts(target, weight, _n_classes(raw))
        of_class = self._class_weight(counts)
        if np.any(of_class != 1):
            of_row = of_class[target]
            weight = of_row if weight is None else weight * of_row
        gradient = np.empty_like(raw, dtype=np.float32)
        curvature = np.empty_like(raw, dtype=np.float32)
        self._bind(counts).differentiate(target, raw, weight, gradient, curvature)
        return gradient, curvature

    def start(self, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """Return the constant to start at: log-odds, or scores of the classes.

        Parameters
        ----------
        y : array-like of shape (n,)
            Class codes of the training rows, 0 to K - 1.
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        ndarray of shape () or (K,)
        """
        target = np.asarray(y).astype(np.intp)
        weight = None if sample_weight is None else np.asarray(sample_weight)
        counts = class_counts(target, weight, max(2, int(target.max()) + 1))
        return np.asarray(self._bind(counts).start(counts * self._class_weight(counts)))

    def to_probability(
        self,
        raw: ArrayLike,
        *,
        probabilities: str = "weighted",
        class_counts: ArrayLike | None = None,
    ) -> np.ndarray:
        """Return the probabilities of raw predictions.

        Parameters
        ----------
        raw : array-like of shape (n,) or (n, K)
            Raw predictions, the start included.
        probabilities : {"weighted", "raw", "posterior"}, default="weighted"
            As in :class:`FocalBoostingClassifier`.
        class_counts : array-like of shape (K,), default=None
            Summed weights of the classes in training. Losses that depend on them, and
            ``"posterior"`` with an `alpha`, need them.

        Returns
        -------
        ndarray of shape (n, K)

        Raises
        ------
        ValueError
            If class counts are needed and not given.
        """
        raw = np.asarray(raw, dtype=np.float64)
        # NaN goes through where counts do not matter, and is refused where they do.
        counts = np.full(_n_classes(raw), np.nan) if class_counts is None else class_counts
        try:
            log_odds = self._log_odds(raw, probabilities, np.asarray(counts, dtype=np.float64))
        except ValueError as error:
            if class_counts is not None:
                raise
            raise ValueError(f"{type(self).__name__}: give class_counts. {error}") from None
        return _task(raw).probabilities(log_odds)

    def _log_loss(self, y_true: Any, y_pred: Any, sample_weight: Any) -> float:
        target, raw, weight = _unpack(y_true, y_pred, sample_weight)
        counts = class_counts(target, weight, _n_classes(raw))
        honest = self._bind(counts).loss.traits.invertible
        log_odds = self._log_odds(raw, "posterior" if honest else "raw", counts)
        log_probability = _task(raw).log_probabilities(log_odds)
        return -float(np.average(log_probability[np.arange(len(target)), target], weights=weight))

    def _log_odds(self, raw: np.ndarray, kind: str, counts: np.ndarray) -> np.ndarray:
        objective = self._bind(counts)
        weight = self._class_weight(counts) if kind == "posterior" else None
        return objective.log_odds(raw, Posterior(objective.loss, _task(raw).name, kind, weight))

    def _bind(self, counts: np.ndarray) -> Objective:
        loss = get_loss(self.loss, **({"gamma": self.gamma} if self.loss == "focal" else {}))
        task = get_task("binary" if len(counts) == 2 else "multiclass")
        return make_objective(loss.bind(counts), task)

    def _class_weight(self, counts: np.ndarray) -> np.ndarray:
        settings = {"alpha": self.alpha, "class_weight": self.class_weight, "beta": self.beta}
        return class_weights(np.arange(len(counts)), counts, **settings)


class LightGBMObjective(EngineObjective):
    """The objective for LightGBM; see :func:`lightgbm_objective`."""

    def init_score(self, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """Return :meth:`start` for each row, of shape (n,) or (n, K), for ``init_score``."""
        start = self.start(y, sample_weight)
        return np.broadcast_to(start, (len(np.asarray(y)), *start.shape)).copy()

    def metric(self, y_true, y_pred, sample_weight=None) -> tuple[str, float, bool]:
        """Return the log loss with distortion and class weights undone, for ``eval_metric``.

        Predictions must include the start (``eval_init_score``).

        Returns
        -------
        name, value, whether higher is better
        """
        return "honest_log_loss", self._log_loss(y_true, y_pred, sample_weight), False


class XGBoostObjective(EngineObjective):
    """The objective for XGBoost; see :func:`xgboost_objective`."""

    def base_score(
        self, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float | list[float]:
        """Return :meth:`start` as ``base_score``: for two classes a probability."""
        start = self.start(y, sample_weight)
        return start.tolist() if start.ndim else float(expit(start))

    def metric(self, y_true, y_pred, sample_weight=None) -> float:
        """Return the log loss with distortion and class weights undone, for ``eval_metric``."""
        return self._log_loss(y_true, y_pred, sample_weight)


def _unpack(
    y_true: Any, y_pred: Any, sample_weight: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return class codes, predictions and weights, whichever way they came."""
    if hasattr(y_pred, "get_label"):
        raw, dataset = y_true, y_pred
        y_true, y_pred, sample_weight = dataset.get_label(), raw, dataset.get_weight()
    weight = None if sample_weight is None or not len(sample_weight) else np.asarray(sample_weight)
    return np.asarray(y_true).astype(np.intp), np.asarray(y_pred), weight


def _n_classes(raw: np.ndarray) -> int:
    return 2 if raw.ndim == 1 else raw.shape[1]


def _task(raw: np.ndarray) -> Task:
    return get_task("binary" if raw.ndim == 1 else "multiclass")
