"""The cheapest decision under honest probabilities."""

from numbers import Real
from typing import Any

import numpy as np

from skfocal.decision._calibration import calibration_intercept_slope
from skfocal.decision._costs import cost_matrix
from skfocal.posterior import adjust_prevalence
from skfocal.utils._compat import HasMethods, Interval, _fit_context
from skfocal.utils._warnings import warn_user
from skfocal.utils._wrapper import ClassifierOnTop
from skfocal.weights import class_counts


class CostSensitiveClassifier(ClassifierOnTop):
    """Take the decision with the least expected cost, on any classifier with probabilities.

    With probability p_k of class k, deciding for class j costs ``sum_k p_k C[k, j]`` in the mean,
    and the cheapest j is predicted. For two classes that is the positive one from a probability of
    ``fp / (fp + fn)`` on. Nothing is tuned: the decision is as good as the probabilities.

    Parameters
    ----------
    estimator : classifier
        Anything with ``predict_proba``. Its probabilities should be honest: without class weights,
        resampling or focal loss whose effect is left in.
    costs : dict, array-like of shape (n_classes, n_classes), or None, default=None
        ``{"fn": 50, "fp": 1}`` for two classes; ``{("fraud", "ok"): 50, ...}``, the true label
        first; or the table of true by predicted class. None: every error costs 1.
    prevalence : float, array-like of shape (n_classes,), or None, default=None
        Class frequencies where decisions are taken: of ``classes_[1]``, or of all classes. None:
        those of the training data.
    reject_cost : float or None, default=None
        Cost of deciding nothing, for instance of asking an expert. Where every decision costs more
        in the mean, `reject_label` is predicted.
    reject_label : object, default=None
        What is predicted where nothing is decided; with None the predictions are of dtype object.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    costs_ : ndarray of shape (n_classes, n_classes)
        Cost of each true (row) and predicted (column) class.
    n_features_in_ : int
        Number of features, if the estimator tells.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the estimator has them.

    Raises
    ------
    ValueError
        In ``fit``, if the costs or the prevalence do not fit the classes.

    Warns
    -----
    UserWarning
        In ``fit``, if the mean probability of a class is far from its frequency in the training
        rows: the estimator was trained with weights, sampling or a loss whose effect is left in.

    References
    ----------
    Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal import FocalLogisticRegression
    >>> from skfocal.decision import CostSensitiveClassifier, expected_cost_score
    >>> X, y = make_classification(3000, weights=[0.95], random_state=0)
    >>> costs = {"fn": 50, "fp": 1}
    >>> plain = FocalLogisticRegression().fit(X, y)
    >>> cheap = CostSensitiveClassifier(FocalLogisticRegression(), costs).fit(X, y)
    >>> plain_cost = expected_cost_score(y, plain.predict(X), costs=costs)
    >>> expected_cost_score(y, cheap.predict(X), costs=costs) < plain_cost / 2
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "costs": [dict, "array-like", None],
        "prevalence": [Interval(Real, 0, 1, closed="neither"), "array-like", None],
        "reject_cost": [Interval(Real, None, None, closed="neither"), None],
        "reject_label": "no_validation",
    }

    def __init__(
        self, estimator, costs=None, *, prevalence=None, reject_cost=None, reject_label=None
    ):
        self.estimator = estimator
        self.costs = costs
        self.prevalence = prevalence
        self.reject_cost = reject_cost
        self.reject_label = reject_label

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Fit the estimator, as it would be without costs.

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
        CostSensitiveClassifier
            The fitted estimator.
        """
        self._fit_estimator(X, y, params)
        self.costs_ = cost_matrix(self.costs, self.classes_)
        codes = np.searchsorted(self.classes_, np.ravel(np.asarray(y)))
        counts = class_counts(codes, params.get("sample_weight"), len(self.classes_))
        self._trained_prevalence = counts / counts.sum()
        # Refused now and not at the first prediction.
        self._revised(np.full((1, len(counts)), 1 / len(counts)))
        self._warn_of_dishonest(X, codes, params.get("sample_weight"))
        return self

    def expected_cost(self, X, costs=None):
        """Return what each decision would cost in the mean.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to decide on.
        costs : array-like of shape (n_samples,) or (n_samples, n_classes, n_classes), default=None
            Costs of each row, as in :meth:`predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Expected cost of deciding for each class.
        """
        probabilities = self.predict_proba(X)
        if costs is None:
            return probabilities @ self.costs_
        return np.einsum("nk,nkj->nj", probabilities, self._costs_of_rows(costs, probabilities))

    def predict(self, X, costs=None):
        """Return the cheapest class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to decide on.
        costs : array-like of shape (n_samples,) or (n_samples, n_classes, n_classes), default=None
            Costs of each row: a table of true by predicted class; or, for two classes, an amount
            that multiplies what is at stake where the positive class is true.

        Returns
        -------
        ndarray of shape (n_samples,)
            Members of ``classes_``, or `reject_label`.
        """
        expected = self.expected_cost(X, costs)
        decision = self.classes_[expected.argmin(axis=1)]
        if self.reject_cost is None:
            return decision
        rejected = expected.min(axis=1) > self.reject_cost
        if self.reject_label is None:
            decision = decision.astype(object)
            decision[rejected] = None
            return decision
        return np.where(rejected, self.reject_label, decision)

    def _revised(self, probabilities: np.ndarray) -> np.ndarray:
        if self.prevalence is None:
            return probabilities
        return adjust_prevalence(probabilities, self._trained_prevalence, self.prevalence)

    def _warn_of_dishonest(self, X: Any, codes: np.ndarray, weight: Any) -> None:
        """Warn if the estimator reads far above or below the class frequencies of its own rows."""
        probabilities = self.estimator_.predict_proba(X)
        weight = np.ones(len(codes)) if weight is None else np.asarray(weight)
        share = weight / weight.sum()
        outcome = np.eye(len(self.classes_))[codes]
        said, rate = share @ probabilities, share @ outcome
        # What chance does to a mean is not told of.
        noise = np.sqrt(share**2 @ (probabilities * (1 - probabilities)))
        far = np.abs(said - rate) > 0.2 * rate + 6 * noise
        if not far.any():
            return
        worst = int(np.argmax(far * np.abs(np.log(said + noise) - np.log(rate + noise))))
        text = ""
        if len(self.classes_) == 2:
            worst, told = 1, outcome[:, 1]
            slope = calibration_intercept_slope(told, probabilities[:, 1], sample_weight=weight)[1]
            text = f" (calibration slope {slope:.2f})"
        warn_user(
            f"{type(self).__name__}: {type(self.estimator).__name__} gives class "
            f"{self.classes_.tolist()[worst]!r} a mean probability of {said[worst]:.3g} on its own "
            f"training rows, of which {rate[worst]:.3g} are of it{text}. Such probabilities do not "
            "lead to the cheapest decision: undo class weights, sampling or a loss with "
            "skfocal.posterior.HonestClassifier, or calibrate.",
            UserWarning,
        )

    def _costs_of_rows(self, costs: Any, probabilities: np.ndarray) -> np.ndarray:
        """Return a table of costs for each row."""
        given = np.asarray(costs, dtype=np.float64)
        n_rows, n_classes = probabilities.shape
        if given.shape == (n_rows, n_classes, n_classes):
            tables = given
        elif given.shape == (n_rows,) and n_classes == 2:
            tables = np.repeat(self.costs_[None], n_rows, axis=0)
            tables[:, 1] *= given[:, None]
        else:
            amounts = f" or ({n_rows},)" if n_classes == 2 else ""
            raise ValueError(
                f"costs of rows must be of shape ({n_rows}, {n_classes}, {n_classes}){amounts}, "
                f"got {given.shape}."
            )
        if not np.all(np.isfinite(tables)):
            raise ValueError("costs of rows must be finite.")
        return tables
