"""scikit-learn's histogram boosting, with an objective in place of its loss.

``HistGradientBoostingClassifier`` takes an object as its loss, which is not public: this file and
:mod:`skfocal.utils._compat` alone rely on it.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from typing import Any, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import LabelEncoder
from threadpoolctl import threadpool_limits

from skfocal.ensemble._booster import Booster, Rows, TreeSettings, Watch
from skfocal.ensemble._objective import Objective
from skfocal.utils._compat import HalfBinomialLoss, HalfMultinomialLoss


class HistBooster(Booster):
    """A fitted ``HistGradientBoostingClassifier``, with its own loss restored."""

    name = "hist"
    takes_sparse = False

    def __init__(self, model: HistGradientBoostingClassifier) -> None:
        self._model = model

    @classmethod
    def check(cls, engine_params: Mapping[str, Any]) -> None:
        """Raise ValueError: there is nothing to set."""
        if engine_params:
            raise ValueError(
                f"engine='hist' has no parameters of its own, got engine_params={engine_params!r}; "
                "those of HistGradientBoostingClassifier are parameters of the estimator."
            )

    @classmethod
    def train(
        cls,
        settings: TreeSettings,
        rows: Rows,
        objective: Objective,
        start: np.ndarray,
        watch: Watch | None = None,
        before: Self | None = None,
    ) -> tuple[Self, np.ndarray | None]:
        """Grow trees; see :meth:`Booster.train`."""
        model = HistGradientBoostingClassifier() if before is None else deepcopy(before._model)
        model.set_params(**_translate(settings), warm_start=before is not None)
        n_classes = start.size if start.ndim else 2
        plain = HalfMultinomialLoss(n_classes=n_classes) if start.ndim else HalfBinomialLoss()
        driven = _MulticlassLoss(n_classes=n_classes) if start.ndim else _BinaryLoss()
        model.set_params(loss=driven.drive(objective, start, watch))
        held_out = {} if watch is None else _watching(watch, model, before)
        with _threads(settings.n_threads), _known_classes(model, n_classes):
            model.fit(
                _fill_empty_columns(rows.X), rows.target, sample_weight=rows.weight, **held_out
            )
        if watch is not None:
            earlier = 0 if before is None else before.n_rounds
            del model._predictors[max(1, earlier + watch.best_round) :]
        # What was trained is a model of log loss: explainers and exporters may know it as one.
        model.set_params(loss="log_loss", early_stopping=False)
        model._loss = plain
        # The engine adds each new tree to the array that it shows the loss.
        return cls(model), driven.raw if watch is None else None

    @property
    def native(self) -> HistGradientBoostingClassifier:
        """The fitted estimator of scikit-learn."""
        return self._model

    @property
    def n_rounds(self) -> int:
        """Rounds of boosting."""
        return self._model.n_iter_

    def raw_prediction(self, X: Any) -> np.ndarray:
        """Return what the trees add up."""
        return self._model.decision_function(X)

    def shift(self, constant: np.ndarray) -> None:
        """Add a constant to the start."""
        self._model._baseline_prediction = self._model._baseline_prediction + constant

    def feature_importances(self, n_features: int) -> np.ndarray:
        """Return the total gain of the splits on each feature."""
        gain = np.zeros(n_features)
        for predictor in (tree for trees in self._model._predictors for tree in trees):
            splits = predictor.nodes[predictor.nodes["is_leaf"] == 0]
            np.add.at(gain, splits["feature_idx"], splits["gain"])
        categorical = self._model.is_categorical_
        if categorical is None:
            return gain
        # Inside, categorical features stand before the others.
        order = np.argsort(~categorical, kind="stable")
        importances = np.empty(n_features)
        importances[order] = gain
        return importances


@contextmanager
def _known_classes(model: HistGradientBoostingClassifier, n_classes: int) -> Iterator[None]:
    """Let a model take class codes as they are: rows may lack a class, which it would forget."""
    encoder = LabelEncoder()
    encoder.classes_ = np.arange(n_classes)

    def encode(codes: np.ndarray) -> np.ndarray:
        model._label_encoder, model.classes_ = encoder, encoder.classes_
        model.n_trees_per_iteration_ = 1 if n_classes == 2 else n_classes
        return codes.astype(np.float64)

    model._encode_y = encode
    try:
        yield
    finally:
        del model._encode_y


class _DrivenLoss:
    """The interface of the engine's losses, implemented by an objective."""

    raw: np.ndarray
    _objective: Objective
    _start: np.ndarray
    _watch: Watch  # asked with early stopping alone

    def drive(self, objective: Objective, start: np.ndarray, watch: Watch | None) -> Self:
        """Return the loss, tied to an objective."""
        self._objective, self._start = objective, start
        if watch is not None:
            self._watch = watch
        return self

    def fit_intercept_only(self, y_true, sample_weight=None):
        """Return the start."""
        return self._start

    def gradient_hessian(
        self,
        y_true,
        raw_prediction,
        sample_weight=None,
        gradient_out=None,
        hessian_out=None,
        n_threads=1,
    ):
        """Write the derivatives of all rows."""
        self.raw = _without_single_column(raw_prediction)
        self._objective.differentiate(y_true, self.raw, sample_weight, gradient_out, hessian_out)
        return gradient_out, hessian_out

    def __call__(self, y_true, raw_prediction, sample_weight=None, n_threads=1):
        """Return minus the score of the held-out rows; the training rows are not scored."""
        if y_true.any():
            return np.nan
        return -self._watch.observe(_without_single_column(raw_prediction))


class _BinaryLoss(_DrivenLoss, HalfBinomialLoss):
    pass


class _MulticlassLoss(_DrivenLoss, HalfMultinomialLoss):
    pass


def _watching(
    watch: Watch, model: HistGradientBoostingClassifier, before: HistBooster | None
) -> dict[str, Any]:
    """Make the engine stop by a watch, and return the arguments of ``fit`` for that."""
    model.set_params(early_stopping=True, n_iter_no_change=watch.patience, tol=watch.tol)
    if before is not None:
        # It goes on with the scores of the last fit, which were those of other rows.
        model.train_score_ = np.array([np.nan])
        model.validation_score_ = np.array([watch.observe(before.raw_prediction(watch.X))])
    # The labels are known to the watch; zeros here tell these rows from the training rows.
    return {"X_val": watch.X, "y_val": np.zeros(watch.X.shape[0])}


def _fill_empty_columns(X: np.ndarray) -> np.ndarray:
    """Put zeros into columns without any value, which scikit-learn cannot bin."""
    empty = np.isnan(X[0])
    empty[empty] = np.isnan(X[:, empty]).all(axis=0)
    if not empty.any():
        return X
    X = X.copy()
    X[:, empty] = 0.0
    return X


def _without_single_column(raw: np.ndarray) -> np.ndarray:
    return raw.reshape(-1) if raw.ndim == 2 and raw.shape[1] == 1 else raw


def _translate(settings: TreeSettings) -> dict[str, Any]:
    return {
        "max_iter": settings.n_estimators,
        "learning_rate": settings.learning_rate,
        "max_leaf_nodes": settings.max_leaf_nodes,
        "max_depth": settings.max_depth,
        "min_samples_leaf": settings.min_samples_leaf,
        "l2_regularization": settings.l2_regularization,
        "max_features": settings.max_features,
        "max_bins": settings.max_bins,
        "monotonic_cst": settings.monotonic_cst,
        "interaction_cst": settings.interaction_cst,
        "categorical_features": settings.categorical,
        "random_state": settings.seed,
        "verbose": settings.verbose,
        "early_stopping": False,
        "scoring": "loss",
    }


def _threads(number: int | None) -> AbstractContextManager[Any]:
    if number is None:
        return nullcontext()
    return threadpool_limits(limits=number, user_api="openmp")
