"""The best threshold that keeps a promise, such as a recall or a number of alerts."""

from numbers import Real

import numpy as np
from sklearn.model_selection import cross_val_predict
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import unique_labels

from skfocal.decision._rates import RATES, check_bounds, shares_of
from skfocal.model_selection import find_cuts
from skfocal.utils._compat import HasMethods, Interval, StrOptions, _fit_context
from skfocal.utils._wrapper import ClassifierOnTop


class ConstrainedThresholdClassifierCV(ClassifierOnTop):
    """Put the threshold where one rate is the highest while others keep their bounds.

    The threshold is chosen on out-of-fold probabilities of a cross-validation, which saw none of
    the labels that they are judged by; the classifier is then fitted to all rows. For two classes,
    of which ``classes_[1]`` is the positive one.

    Parameters
    ----------
    estimator : classifier
        Anything with ``predict_proba``.
    maximize : {"precision", "recall", "specificity", "alert_rate"}, default="precision"
        What is made as high as possible.
    at_least : dict, default=None
        Lower bounds in [0, 1] by rate, such as ``{"recall": 0.9}``: recall, precision, specificity
        or alert_rate, the share of rows that are called positive.
    at_most : dict, default=None
        Upper bounds, such as ``{"alert_rate": 0.01}`` for a budget of one alert in 100 rows.
    confidence : float in (0, 1) or None, default=None
        With few positives a rate on the training rows says little about new ones. A bound is then
        kept by the rate's own confidence bound of this level, one-sided, each for itself; None
        takes the rates as they are.
    cv : int, cross-validation generator or iterable, default=5
        Folds, stratified if it is a number; splits that keep groups together or the past before the
        future are given as such a list of (train, test).
    n_jobs : int, default=None
        Folds at once.

    Attributes
    ----------
    estimator_ : classifier
        Fitted to all rows.
    threshold_ : float
        Probability of ``classes_[1]`` from which on it is predicted.
    rates_ : dict of str to float
        Recall, precision, specificity and alert rate of the threshold, out of fold.
    classes_ : ndarray of shape (2,)
        Labels.
    n_features_in_ : int
        Number of features, if the estimator tells.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the estimator has them.

    Raises
    ------
    ValueError
        In ``fit``, if a bound has no meaning, there are not two classes, or no threshold keeps all
        bounds; the message then says what can be reached.

    See Also
    --------
    CostSensitiveClassifier : Where the costs of errors are known, no bound is needed.
    sklearn.model_selection.TunedThresholdClassifierCV : The best threshold without bounds.

    Notes
    -----
    A budget of k alerts among n rows is ``at_most={"alert_rate": k / n}``. Where exactly the k
    riskiest of a batch are wanted, no threshold is needed: sort by ``predict_proba``. Several
    classes or labels have a threshold each in `OneVsRestClassifier` or `MultiOutputClassifier`.

    References
    ----------
    Clopper and Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial", Biometrika 26, 1934, doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal import FocalLogisticRegression
    >>> from skfocal.decision import ConstrainedThresholdClassifierCV
    >>> X, y = make_classification(3000, weights=[0.9], random_state=0)
    >>> model = ConstrainedThresholdClassifierCV(
    ...     FocalLogisticRegression(), maximize="precision", at_least={"recall": 0.8}
    ... ).fit(X, y)
    >>> 0.8 <= model.rates_["recall"] < 0.81
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "maximize": [StrOptions(set(RATES))],
        "at_least": [dict, None],
        "at_most": [dict, None],
        "confidence": [Interval(Real, 0, 1, closed="neither"), None],
        "cv": ["cv_object"],
        "n_jobs": [int, None],
    }

    def __init__(
        self,
        estimator,
        *,
        maximize="precision",
        at_least=None,
        at_most=None,
        confidence=None,
        cv=5,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.maximize = maximize
        self.at_least = at_least
        self.at_most = at_most
        self.confidence = confidence
        self.cv = cv
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Choose the threshold, and fit the estimator to all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,)
            Labels of two classes.
        **params : dict
            Passed to ``fit`` of the estimator, such as ``sample_weight``. Rates count rows, those
            of weight 0 not among them.

        Returns
        -------
        ConstrainedThresholdClassifierCV
            The fitted estimator.
        """
        at_least = check_bounds("at_least", self.at_least)
        at_most = check_bounds("at_most", self.at_most)
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "f":
            assert_all_finite(y, input_name="y")
        if len(unique_labels(y)) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass. "
                "Wrapped in OneVsRestClassifier, each class has its own threshold."
            )
        # First, so that what is wrong with the rows is told in the words of the estimator.
        self._fit_estimator(X, y, params)
        counted = np.ones(len(y), dtype=bool)
        if params.get("sample_weight") is not None:
            counted = np.asarray(params["sample_weight"]) > 0
        if len(np.unique(y[counted])) != 2:
            raise ValueError(
                f"{type(self).__name__} needs rows of two classes, with a sample_weight above 0 if "
                f"there are weights, got {len(np.unique(y[counted]))} class."
            )
        risk = cross_val_predict(
            self.estimator,
            X,
            y,
            cv=self.cv,
            n_jobs=self.n_jobs,
            method="predict_proba",
            params=params or None,
        )[:, 1]
        positive = y == self.classes_[1]
        self.threshold_, self.rates_ = self._choose(
            positive[counted].astype(int), risk[counted], at_least, at_most
        )
        return self

    def predict(self, X):
        """Return ``classes_[1]`` from the threshold on.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to decide on.

        Returns
        -------
        ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        risk = self.predict_proba(X)[:, 1]
        return self.classes_[(risk >= self.threshold_).astype(int)]

    def _choose(self, positive, risk, at_least, at_most):
        """Return the threshold, and its rates."""
        cuts = find_cuts(positive, risk)
        shares = shares_of(cuts)
        kept = np.ones(len(cuts.threshold), dtype=bool)
        for rate, bound in at_least.items():
            kept &= shares[rate].low(self.confidence) >= bound
        for rate, bound in at_most.items():
            kept &= shares[rate].high(self.confidence) <= bound
        if not kept.any():
            raise ValueError(self._say_what_is_reachable(shares, at_least, at_most))
        value = np.where(kept, shares[self.maximize].value, -np.inf)
        # Of thresholds that are equally good the one that finds most of the positives.
        best = np.lexsort((shares["recall"].value, value))[-1]
        rates = {rate: float(share.value[best]) for rate, share in shares.items()}
        return float(cuts.threshold[best]), rates

    def _say_what_is_reachable(self, shares, at_least, at_most) -> str:
        wanted = [f"{rate} of at least {bound:g}" for rate, bound in at_least.items()]
        wanted += [f"{rate} of at most {bound:g}" for rate, bound in at_most.items()]
        reached = [
            f"the highest {rate} is {shares[rate].low(self.confidence).max():.3g}"
            for rate in at_least
        ] + [
            f"the lowest {rate} is {shares[rate].high(self.confidence).min():.3g}"
            for rate in at_most
        ]
        sure = "" if self.confidence is None else f" with a confidence of {self.confidence:g}"
        return (
            f"{type(self).__name__}: no threshold has {' and '.join(wanted)}{sure}; each for "
            f"itself, {' and '.join(reached)}."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
