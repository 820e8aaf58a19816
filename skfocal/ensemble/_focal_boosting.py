"""Boosted trees with a focal loss, or any other loss of the margin."""

from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import joblib
import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skfocal._classifier import LOSS_CONSTRAINTS, SingleLabelClassifier, Target
from skfocal.ensemble._bags import as_share, check_unseen
from skfocal.ensemble._booster import Booster, TreeSettings
from skfocal.ensemble._docs import documented
from skfocal.ensemble._features import interaction_groups
from skfocal.ensemble._hist import HistBooster
from skfocal.ensemble._lightgbm import LightGBMBooster
from skfocal.ensemble._objective import Objective, make_objective
from skfocal.ensemble._training import Grown, Stopping, Table, Trainer
from skfocal.ensemble._xgboost import XGBoostBooster
from skfocal.model_selection import SCORES
from skfocal.posterior import Posterior
from skfocal.tasks import get_task
from skfocal.utils._categories import CategoryEncoder, categorical_mask
from skfocal.utils._compat import (
    Interval,
    StrOptions,
    _check_feature_names,
    _check_monotonic_cst,
    _check_n_features,
    _fit_context,
    validate_data,
)
from skfocal.utils._validation import drop_weightless, refuse_times, validate_rows

ENGINES: dict[str, type[Booster]] = {
    engine.name: engine for engine in (HistBooster, LightGBMBooster, XGBoostBooster)
}
# What min_samples_leaf="auto" is. In fewer rows than that it is scikit-learn's default.
ROWS_OF_LEAF, ROWS_OF_LEAF_IN_SMALL_TABLE, SMALL_TABLE = 5, 20, 100


@documented
class FocalBoostingClassifier(SingleLabelClassifier):
    """Boosted trees that minimise a focal loss, or any other loss of the margin.

    With two classes the sum of the trees is the log-odds s of the posterior, not the score of the
    loss. As a function of s every invertible loss is proper::

        gradient = w (sigmoid(s) - y) W(s),     curvature = w sigmoid(s) sigmoid(-s) W(s)

    with a weight W(s) that depends on the loss, normalised to ``W(0) = 1`` (for gamma = 2 it is
    largest, 1.8, at risks of 0.1 % and 99.9 %), and w the sample weight times the class weight. So
    ``gamma=0`` *is* the engine's own log loss. At any gamma the best start is the log-odds of the
    class frequencies, regularisation acts as it does for log loss, and ``sigmoid(s)`` is a
    probability. More than two classes are boosted in their log-probabilities likewise, and
    ``gamma=0`` is the engine's log loss of softmax.

    Losses without an inverse, and for several classes those with a function of its own for each,
    are boosted in the scores of the loss, with their exact gradient and a positive curvature.
    Several labels per row are one such model each:
    ``OneVsRestClassifier(FocalBoostingClassifier())`` of scikit-learn, which gives one honest
    probability per label and searches as ``estimator__gamma``.

    Parameters
    ----------
    gamma : float in [0, inf), default=1.0
        $gamma_meaning
    $alpha
    $loss
    $beta
    $class_weight
    $probabilities
    $trees

    Attributes
    ----------
    $fitted

    Raises
    ------
    ValueError
        In ``fit``, if a parameter is outside its range, there is one class only, or a
        combination has no meaning: a float alpha with more than two classes,
        ``probabilities="posterior"`` with a loss that has no inverse, `engine_params` that the
        engine cannot follow.

    See Also
    --------
    sklearn.ensemble.HistGradientBoostingClassifier : The engine ``"hist"``, at ``gamma=0``.
    skfocal.ensemble.lightgbm_objective : The same objective for a LightGBM model of your own.
    skfocal.ensemble.xgboost_objective : The same objective for an XGBoost model of your own.

    Notes
    -----
    The defaults of the trees are what families of tables of the ``core`` suite choose for one that
    is left out, by the mean rank in average precision and log loss; see
    ``benchmarks/results/boosting.md``.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, doi:10.1109/ICCV.2017.324

    Komisarenko and Kull, "Improving Calibration by Relating Focal Loss, Temperature Scaling, and
    Properness", ECAI 2024, arXiv:2408.11598

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal import FocalBoostingClassifier
    >>> X, y = make_classification(n_samples=2000, weights=[0.95], random_state=0)
    >>> model = FocalBoostingClassifier(gamma=2.0, n_estimators=50, random_state=0).fit(X, y)
    >>> model.predict_proba(X[:3]).shape
    (3, 2)
    """

    _parameter_constraints: dict = {
        **LOSS_CONSTRAINTS,
        "engine": [StrOptions(set(ENGINES))],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "max_features": [Interval(Real, 0, 1, closed="right")],
        "subsample": [Interval(Real, 0.05, 1, closed="both")],
        "max_bins": [Interval(Integral, 2, 255, closed="both")],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "monotonic_cst": ["array-like", dict, None],
        "interaction_cst": [list, tuple, StrOptions({"pairwise", "no_interactions"}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "scoring": [StrOptions(set(SCORES))],
        "warm_start": ["boolean"],
        "engine_params": [dict, None],
        "calibrate_intercept": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        gamma=1.0,
        alpha=None,
        *,
        loss="focal",
        beta=0.999,
        class_weight=None,
        probabilities="weighted",
        engine="hist",
        n_estimators=200,
        learning_rate=0.05,
        max_leaf_nodes=31,
        max_depth=None,
        min_samples_leaf="auto",
        l2_regularization=10.0,
        max_features=0.2,
        subsample=0.5,
        max_bins=255,
        categorical_features="from_dtype",
        monotonic_cst=None,
        interaction_cst=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-7,
        scoring="neg_log_loss",
        warm_start=False,
        engine_params=None,
        calibrate_intercept=True,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.gamma = gamma
        self.alpha = alpha
        self.loss = loss
        self.beta = beta
        self.class_weight = class_weight
        self.probabilities = probabilities
        self.engine = engine
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.subsample = subsample
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.warm_start = warm_start
        self.engine_params = engine_params
        self.calibrate_intercept = calibrate_intercept
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Grow the trees, and fit the intercept on what they say of rows they have not seen.

        Parameters
        ----------
        X : array-like, data frame or CSR matrix of shape (n_samples, n_features)
            Training rows; NaN is missing. CSR only with ``engine="lightgbm"``.
        y : array-like of shape (n_samples,)
            Labels, of any type, of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a row of weight 0 counts as absent, but its label as a class.

        Returns
        -------
        FocalBoostingClassifier
            The fitted estimator.
        """
        X, y, sample_weight, encoder = self._validate(X, y, sample_weight)
        classes, _ = self._encode_classes(y)
        X, y, sample_weight = drop_weightless(X, y, sample_weight)
        target = self._encode_target(y, sample_weight, classes)
        loss = self._resolve_loss()
        self._check_compatibility(loss, target)
        table = Table(X, target.codes, sample_weight, target.class_weight)
        posterior = Posterior(
            loss.bind(target.counts), target.task, self.probabilities, target.class_weight
        )
        trainer = self._make_trainer(posterior, encoder, len(y))
        grown = self._grow(trainer, table, self._earlier_trees(target, table))
        intercept = trainer.fit_intercept(grown)
        self._encoder = encoder
        self.classes_ = target.classes
        self.class_weight_ = target.class_weight
        self.loss_ = posterior.loss
        self.validation_scores_ = grown.scores
        # Rows of numbers, wanted again only where trees are added.
        self._out_of_bag = grown.out_of_bag if self.warm_start else None
        return self._store(trainer.objective, posterior, grown.booster, intercept)

    def decision_function(self, X):
        """Return the log-odds of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like, data frame or CSR matrix of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of ``classes_[1]``, for more the log-probabilities.
        """
        posterior = self._current_posterior
        raw = self._booster.raw_prediction(self._to_numbers(X)) - self._shift_of_kind
        return make_objective(posterior.loss, get_task(posterior.task)).log_odds(raw, posterior)

    @property
    def booster_(self) -> Any:
        """The engine's own fitted object."""
        check_is_fitted(self)
        return self._booster.native

    @property
    def feature_importances_(self) -> np.ndarray:
        """Total gain of the splits on each feature, divided by the sum over the features."""
        check_is_fitted(self)
        gain = self._booster.feature_importances(self.n_features_in_)
        total = gain.sum()
        return gain / total if total > 0 else gain

    # --- the steps of fit -------------------------------------------------------------------------

    def _validate(self, X, y, sample_weight):
        """Return numeric rows, labels, weights, and the encoder of the categories."""
        name, engine = type(self).__name__, ENGINES[self.engine]
        try:
            engine.check(self.engine_params or {})
            if self.calibrate_intercept:
                check_unseen(as_share(self.subsample), engine, self.engine_params or {})
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        refuse_times(self, X)
        mask = categorical_mask(X, self.categorical_features, name)
        encoder = None if mask is None else CategoryEncoder(mask)
        numbers, y, sample_weight = validate_rows(
            self,
            X if encoder is None else encoder.fit_transform(X),
            y,
            sample_weight,
            accept_sparse="csr" if engine.takes_sparse else False,
            ensure_all_finite="allow-nan",
        )
        if encoder is not None:
            _check_feature_names(self, X, reset=True)
        return numbers, y, sample_weight, encoder

    def _make_trainer(
        self, posterior: Posterior, encoder: CategoryEncoder | None, n_rows: int
    ) -> Trainer:
        random = self._make_random()
        settings = TreeSettings(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            max_depth=self.max_depth,
            min_samples_leaf=self._rows_of_leaf(n_rows),
            l2_regularization=self.l2_regularization,
            max_features=self.max_features,
            max_bins=self.max_bins,
            monotonic_cst=self._resolve_monotonic_cst(posterior),
            interaction_cst=interaction_groups(
                self.interaction_cst, self.n_features_in_, type(self).__name__
            ),
            categorical=None if encoder is None else encoder.mask,
            seed=int(random.integers(2**31)),
            n_threads=None if self.n_jobs is None else joblib.effective_n_jobs(self.n_jobs),
            verbose=self.verbose,
            engine_params=self.engine_params or {},
        )
        objective = make_objective(posterior.loss, get_task(posterior.task))
        share = as_share(self.subsample)
        return Trainer(
            ENGINES[self.engine],
            settings,
            objective,
            posterior,
            share,
            self.calibrate_intercept,
            random,
        )

    def _validate_params(self) -> None:
        if self.engine == "spark":
            raise ValueError(
                f"{type(self).__name__}: XGBoost on Spark takes objectives by name only, so a loss "
                f"cannot travel there. The engines are {sorted(ENGINES)}; on a cluster give "
                "skfocal.ensemble.lightgbm_objective to lightgbm.DaskLGBMClassifier."
            )
        super()._validate_params()

    def _make_random(self) -> np.random.Generator:
        # None draws from the system: scikit-learn would draw from NumPy's global generator.
        if self.random_state is None:
            return np.random.default_rng()
        return np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))

    def _rows_of_leaf(self, n_rows: int) -> int:
        if self.min_samples_leaf != "auto":
            return self.min_samples_leaf
        return ROWS_OF_LEAF if n_rows >= SMALL_TABLE else ROWS_OF_LEAF_IN_SMALL_TABLE

    def _resolve_monotonic_cst(self, posterior: Posterior) -> np.ndarray | None:
        if self.monotonic_cst is None:
            return None
        if get_task(posterior.task).is_softmax:
            raise ValueError(
                f"{type(self).__name__}: monotonic_cst={self.monotonic_cst!r} needs two classes, "
                f"got {len(posterior.class_weight)}."
            )
        return _check_monotonic_cst(self, self.monotonic_cst)

    def _earlier_trees(self, target: Target, table: Table) -> Grown | None:
        """Return the trees to continue from, without the constant added to their log-odds."""
        if not (self.warm_start and hasattr(self, "_booster")):
            return None
        name, earlier = type(self).__name__, self._booster
        if not np.array_equal(target.classes, self.classes_) or earlier.name != self.engine:
            raise ValueError(
                f"{name}: warm_start goes on with engine={earlier.name!r} and the classes "
                f"{self.classes_.tolist()}, got engine={self.engine!r} and "
                f"{target.classes.tolist()}; fit with warm_start=False."
            )
        if earlier.n_rounds > self.n_estimators:
            raise ValueError(
                f"{name}: warm_start adds trees, but n_estimators={self.n_estimators} is less than "
                f"the {earlier.n_rounds} there are."
            )
        booster = deepcopy(earlier)
        if np.any(self._shift):
            booster.shift(-self._shift)
        return Grown(booster, table, self._out_of_bag)

    def _grow(self, trainer: Trainer, table: Table, before: Grown | None) -> Grown:
        if before is not None and before.booster.n_rounds == self.n_estimators:
            return before
        if not self.early_stopping:
            return trainer.grow(table, before)
        stopping = Stopping(self.validation_fraction, self.n_iter_no_change, self.tol, self.scoring)
        return trainer.grow_while_better(table, stopping, before)

    def _store(self, objective: Objective, posterior: Posterior, booster: Booster, intercept: Any):
        """Keep the trees; for log-odds the added constant becomes part of them."""
        n_scores = () if objective.task.n_scores(self.class_weight_) == 1 else len(self.classes_)
        self.intercept_ = np.zeros(n_scores) if intercept is None else intercept
        self._shift = self._shift_of_kind = np.zeros(n_scores)
        if objective.adds_up_log_odds:
            if posterior.kind != "raw":
                of_kind = objective.log_odds(self._shift, posterior)
                self._shift_of_kind = objective.task.centred(of_kind)
            self._shift = self._shift_of_kind + self.intercept_
            if np.any(self._shift):
                booster.shift(self._shift)
        elif intercept is not None:
            posterior = replace(posterior, intercept=intercept)
        self._booster, self._posterior = booster, posterior
        self.n_iter_ = booster.n_rounds
        return self

    def _to_numbers(self, X):
        refuse_times(self, X)
        if self._encoder is not None:
            _check_feature_names(self, X, reset=False)
            _check_n_features(self, X, reset=False)
            return self._encoder.transform(X)
        return validate_data(
            self,
            X,
            accept_sparse="csr" if self._booster.takes_sparse else False,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            reset=False,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = ENGINES[self.engine].takes_sparse
        tags.input_tags.allow_nan = True
        return tags
