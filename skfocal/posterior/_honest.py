"""Honest probabilities of any classifier that was trained with weights, sampling or a loss."""

from numbers import Real
from typing import Any, Self

import numpy as np

from skfocal.losses import MarginLoss, get_loss
from skfocal.posterior._prevalence import adjust_prevalence
from skfocal.posterior._recovering import log_odds, probabilities_from_log_odds
from skfocal.tasks import get_task, task_of
from skfocal.utils._compat import HasMethods, Interval, StrOptions, _fit_context
from skfocal.utils._wrapper import ClassifierOnTop
from skfocal.weights import class_counts, class_weights

# Samplers of imbalanced-learn that draw rows of a class blindly: they change its share, no more.
_BLIND = ("RandomUnderSampler", "RandomOverSampler")
# Log-odds of certainty, where a double still holds both probabilities.
_CERTAIN = 700.0


class HonestClassifier(ClassifierOnTop):
    """Undo what class weights, random sampling or a loss did to the probabilities of a classifier.

    For models that are not of this package. Each of the three moves the scores by a known amount:
    class weights and sampling by the logarithm of a factor for each class, a loss by its inverse.

    Parameters
    ----------
    estimator : classifier
        Anything with ``predict_proba``. `RandomUnderSampler` and `RandomOverSampler` in a pipeline
        of imbalanced-learn are found and undone; other samplers are refused: what they do has no
        closed form.
    trained_loss : str, MarginLoss, or None, default=None
        Loss that `estimator` minimises, whose probabilities are the sigmoid or softmax of the
        scores. None is cross-entropy.
    trained_class_weight : dict, "balanced", or None, default=None
        Class weights that `estimator` trains with, as in scikit-learn; ``{1: scale_pos_weight}``
        for a booster. A model that samples its classes equally, such as a balanced random forest,
        has ``"balanced"``.
    prevalence : float, array-like of shape (n_classes,), or None, default=None
        Class frequencies where the probabilities are used: of ``classes_[1]``, or of all classes.
        None: those of the rows that `fit` is given. If these were sampled before, give the true
        ones here.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_features_in_ : int
        Number of features, if the estimator tells.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the estimator has them.

    Raises
    ------
    ValueError
        In ``fit``, if a sampler, a loss or a number cannot be undone, before the estimator is
        fitted where that can be known; in ``predict_proba``, if the estimator returns scores and
        not probabilities.

    See Also
    --------
    adjust_prevalence : The same for given probabilities.
    sklearn.calibration.CalibratedClassifierCV : For all else; it learns what it undoes.

    References
    ----------
    Dal Pozzolo, Caelen, Johnson, and Bontempi, "Calibrating Probability with Undersampling for
    Unbalanced Classification", IEEE SSCI 2015, doi:10.1109/SSCI.2015.33

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skfocal.posterior import HonestClassifier
    >>> X, y = make_classification(3000, weights=[0.95], flip_y=0, random_state=0)
    >>> balanced = LogisticRegression(class_weight="balanced")
    >>> rate, risk = y.mean(), balanced.fit(X, y).predict_proba(X)[:, 1].mean()
    >>> honest = HonestClassifier(balanced, trained_class_weight="balanced").fit(X, y)
    >>> print(f"{rate:.3f} {risk:.3f} {honest.predict_proba(X)[:, 1].mean():.3f}")
    0.050 0.168 0.048
    """

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "trained_loss": [str, MarginLoss, None],
        "trained_class_weight": [dict, StrOptions({"balanced"}), None],
        "prevalence": [Interval(Real, 0, 1, closed="neither"), "array-like", None],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        trained_loss: str | MarginLoss | None = None,
        trained_class_weight: Any = None,
        prevalence: Any = None,
    ) -> None:
        self.estimator = estimator
        self.trained_loss = trained_loss
        self.trained_class_weight = trained_class_weight
        self.prevalence = prevalence

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Fit the estimator, and find what there is to undo.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,)
            Labels.
        **params : dict
            Passed to ``fit`` of the estimator, such as ``sample_weight``.

        Returns
        -------
        HonestClassifier
            The fitted estimator.
        """
        name = type(self).__name__
        loss = get_loss("cross_entropy" if self.trained_loss is None else self.trained_loss)
        if not loss.traits.invertible:
            raise ValueError(f"{name}: {loss!r} has no inverse, what it does cannot be undone.")
        _refuse_other_samplers(name, self.estimator)
        self._fit_estimator(X, y, params)
        n_classes = len(self.classes_)
        codes = np.searchsorted(self.classes_, np.ravel(np.asarray(y)))
        weight = params.get("sample_weight")
        counts = class_counts(codes, weight, n_classes)
        if np.count_nonzero(counts) < max(2, n_classes):
            raise ValueError(
                f"{name} needs rows of two classes or more, with a sample_weight above 0 if there "
                f"are weights, got {np.count_nonzero(counts)} class."
            )
        drawn = _drawn_rows(self.estimator_)
        seen = counts if drawn is None else class_counts(codes[drawn], None, n_classes)
        self._loss = loss.bind(seen)
        self._weights = class_weights(self.classes_, seen, class_weight=self.trained_class_weight)
        self._shares = seen / seen.sum()
        self._wanted = counts / counts.sum() if self.prevalence is None else self.prevalence
        # What does not fit is told now and not at the first prediction.
        self._revised(np.full((1, n_classes), 1 / n_classes))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def _revised(self, probabilities: np.ndarray) -> np.ndarray:
        given = np.asarray(probabilities, dtype=np.float64)
        # Also false for NaN.
        if given.ndim != 2 or not np.all((given >= 0) & (given <= 1)):
            raise ValueError(
                f"{type(self).__name__}: predict_proba of {type(self.estimator_).__name__} returns "
                "scores and not probabilities, as LightGBM does with an objective of its own; for "
                "one of skfocal, to_probability of the objective is what you need."
            )
        task = task_of(self.classes_)
        with np.errstate(divide="ignore"):
            scores = get_task(task).log_odds_of(given[:, 1] if len(self.classes_) == 2 else given)
        scores = np.clip(scores, -_CERTAIN, _CERTAIN)
        found = log_odds(self._loss, scores, task, kind="posterior", class_weight=self._weights)
        return adjust_prevalence(
            probabilities_from_log_odds(found, task), self._shares, self._as_shares(self._wanted)
        )

    def _as_shares(self, prevalence: Any) -> Any:
        """Return the frequencies of all classes."""
        if np.ndim(prevalence) == 0 and len(self.classes_) == 2:
            return np.array([1 - prevalence, prevalence])
        return prevalence


def _steps(estimator: Any) -> list[Any]:
    """Return the steps of a pipeline that change the rows."""
    steps = [step for _, step in getattr(estimator, "steps", [])]
    return [step for step in steps if hasattr(step, "fit_resample")]


def _refuse_other_samplers(name: str, estimator: Any) -> None:
    for step in _steps(estimator):
        kind = type(step).__name__
        if kind not in _BLIND or getattr(step, "shrinkage", None):
            raise ValueError(
                f"{name}: what {kind} does to the probabilities has no closed form, because its "
                f"rows are not a random draw from each class. Use one of {list(_BLIND)}, or "
                "CalibratedClassifierCV around the pipeline."
            )


def _drawn_rows(estimator: Any) -> np.ndarray | None:
    """Return which rows the samplers of a fitted pipeline drew, one after the other."""
    drawn = None
    for step in _steps(estimator):
        found = step.sample_indices_
        drawn = found if drawn is None else drawn[found]
    return drawn
