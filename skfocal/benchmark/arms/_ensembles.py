"""Ensembles made for imbalance, and histogram boosting as the control."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.arms._method import BINARY, Method, grid

__all__ = ["METHODS"]


class FillEmptyColumns(TransformerMixin, BaseEstimator):
    """Put zeros where a column of the training rows holds no value at all, and leave all else.

    Histogram boosting takes missing values, but cannot bin a column that has nothing else, as one
    with a handful of values is in some folds.
    """

    def fit(self, X, y=None):
        """Find the empty columns."""
        self.empty_ = np.isnan(X).all(axis=0)
        return self

    def transform(self, X):
        """Return a copy without values in those columns."""
        return np.where(self.empty_, 0.0, X)


def balanced_forest(fold, n_trees, max_features, min_samples_leaf):
    from imblearn.ensemble import BalancedRandomForestClassifier

    model = BalancedRandomForestClassifier(
        n_estimators=n_trees,
        max_features=max_features,
        min_samples_leaf=min_samples_leaf,
        n_jobs=1,
        random_state=fold.random_state,
    )
    return make_arm(fold, model)


def easy_ensemble(fold, n_rounds, max_depth, learning_rate):
    from imblearn.ensemble import EasyEnsembleClassifier

    # Gradient boosting of the exponential loss is a form of AdaBoost, at a third of the time that
    # AdaBoostClassifier takes for a round on a small table.
    booster = GradientBoostingClassifier(
        loss="exponential",
        n_estimators=n_rounds,
        max_depth=max_depth,
        learning_rate=learning_rate,
    )
    model = EasyEnsembleClassifier(
        n_estimators=5, estimator=booster, n_jobs=1, random_state=fold.random_state
    )
    return make_arm(fold, model)


def hist_gradient_boosting(fold, n_trees, learning_rate, max_leaf_nodes):
    # At its defaults (31 leaves of 20 rows, no penalty) it collapses on rare classes.
    model = HistGradientBoostingClassifier(
        max_iter=n_trees,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=10,
        l2_regularization=1.0,
        early_stopping=False,  # it would hold out some of the few positives
        random_state=fold.random_state,
    )
    return native_trees(fold, model)


def native_trees(fold, model):
    """Return a pipeline for trees that take missing values and categories as they are."""
    model.set_params(categorical_features=tuple(range(len(fold.numeric), fold.n_features)))
    if fold.task == "multilabel":
        model = OneVsRestClassifier(model)  # a label that is constant in a fold stays constant
    # Up to 255 categories a column.
    names = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        max_categories=250,
    )
    order = ColumnTransformer(
        [("numbers", FillEmptyColumns(), fold.numeric), ("names", names, list(fold.categorical))]
    )
    return make_pipeline(order, model, memory=fold.memory)


METHODS = (
    Method(
        "balanced_forest",
        "Balanced random forest",
        "ensemble",
        balanced_forest,
        grid(n_trees=(20, 100), max_features=("sqrt", 0.5), min_samples_leaf=(1, 5)),
        default_for=BINARY,
    ),
    Method(
        "easy_ensemble",
        "EasyEnsemble",
        "ensemble",
        easy_ensemble,
        grid(n_rounds=(10, 50), max_depth=(1, 2), learning_rate=(0.1, 0.5)),
        default_for=BINARY,
    ),
    Method(
        "hist_gradient_boosting",
        "Histogram boosting",
        "control",
        hist_gradient_boosting,
        grid(n_trees=(50, 200), learning_rate=(0.05, 0.2), max_leaf_nodes=(4, 12)),
        default_for=BINARY,
    ),
)
