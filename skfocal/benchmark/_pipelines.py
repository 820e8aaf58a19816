"""How the arms are built: pipelines whose every learning step sees the training fold alone.

All arms but histogram boosting share one shape::

    impute, scale -> [resample rows with categories] -> one-hot -> [resample] -> model

so that SMOTENC meets whole categories, measured against scaled numbers. BorderlineSMOTE, ADASYN and
the cleaning step of SMOTEENN know no categories and work on the indicator columns instead. An arm
that resamples takes no weights: the two would correct the same thing twice.
"""

import pickle
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from skfocal.linear_model import FocalLogisticRegression
from skfocal.utils._optional import needs_extra

__all__ = [
    "FoldInfo",
    "StepCache",
    "balanced_forest",
    "dummy",
    "easy_ensemble",
    "focal",
    "focal_network",
    "hist_gradient_boosting",
    "lightgbm",
    "logistic",
    "move_threshold",
    "perceptron",
]


class StepCache:
    """Fitted steps of one training fold, so that settings which share a step fit it once.

    It is the ``memory`` of a pipeline: scaling and encoding are the same for all settings of an
    arm, a resampled fold for all that differ in ``C`` alone.
    """

    location = None  # tells the pipeline not to clone steps, which are made for one fit anyway

    def __init__(self):
        self._results = {}

    def cache(self, function, ignore=None):
        """Return a function that remembers what it was called with, by identity of the data."""

        def remember(step, X, y, **arguments):
            key = function.__name__, id(X), id(y), pickle.dumps(step)
            if key not in self._results:
                # X and y are kept as well: an id is unique only while its object lives.
                self._results[key] = X, y, function(step, X, y, **arguments)
            return self._results[key][-1]

        return remember


@dataclass(frozen=True)
class FoldInfo:
    """What an arm may know about its training rows before it is fitted.

    Attributes
    ----------
    n_features : int
        Number of columns.
    categorical : tuple of int
        Positions of the categorical ones.
    counts : tuple of int
        Number of negatives and of positives; the rows of each class or label where there are
        several.
    random_state : int
        Seed for everything random in the arm.
    memory : StepCache or None
        Where fits on the same rows share their steps.
    task : str
        Kind of target.
    """

    n_features: int
    categorical: tuple[int, ...]
    counts: tuple[int, ...]
    random_state: int
    memory: StepCache | None = None
    task: str = "binary"

    @property
    def numeric(self) -> list[int]:
        """Positions of the other columns."""
        return [i for i in range(self.n_features) if i not in self.categorical]

    def neighbours(self, wanted=5) -> int:
        """Return how many neighbours a row of the smallest class can have, at most `wanted`."""
        smallest = min(n for n in self.counts if n)
        if smallest < 2:
            raise ValueError(
                "The smallest class has 1 row in the training fold; "
                "neighbours, hence SMOTE and its kind, need 2."
            )
        return min(wanted, smallest - 1)

    def oversampled(self, ratio) -> dict[int, int]:
        """Return the target count of each class but the largest, for a ratio to that one."""
        largest = len(self.counts) - 1 - int(np.argmax(self.counts[::-1]))
        return {
            k: max(n, round(ratio * self.counts[largest]))
            for k, n in enumerate(self.counts)
            if n and k != largest
        }

    def undersampled(self, ratio) -> dict[int, int]:
        """Return the target count of the larger class for the ratio of the smaller one to it."""
        larger = 1 - int(np.argmin(self.counts))
        return {larger: min(max(self.counts), round(min(self.counts) / ratio))}


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


def _scale(fold):
    """Return the steps that impute and scale the numbers, which then stand before the names."""
    numbers = [
        # A column without any value in a fold stays, as zeros, so that positions keep their sense.
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
    ]
    if not fold.categorical:
        return numbers
    return [
        ColumnTransformer(
            [("numbers", make_pipeline(*numbers), fold.numeric)], remainder="passthrough"
        )
    ]


def _encode(fold):
    """Return the steps that turn categories into indicator columns."""
    if not fold.categorical:
        return []
    names = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=5,
        max_categories=50,
        sparse_output=False,
    )
    return [
        ColumnTransformer(
            [("names", names, slice(len(fold.numeric), None))], remainder="passthrough"
        )
    ]


def _pipeline(fold, model, samplers=None, ratio=None):
    """Put a model behind scaling and encoding, with samplers before and after the encoding."""
    from imblearn.pipeline import make_pipeline as make_sampling_pipeline

    before, after = samplers(fold, ratio) if samplers else ([], [])
    steps = [*_scale(fold), *before, *_encode(fold), *after, model]
    return make_sampling_pipeline(*steps, memory=fold.memory)


def dummy(fold):
    return DummyClassifier(strategy="prior", random_state=fold.random_state)


def logistic(fold, C, class_weight=None, samplers=None, ratio=None):
    model = LogisticRegression(
        C=C, class_weight=class_weight, max_iter=1000, random_state=fold.random_state
    )
    if fold.task == "multilabel":
        model = OneVsRestClassifier(model)  # a label that is constant in a fold stays constant
    return _pipeline(fold, model, samplers, ratio)


def move_threshold(pipeline, thresholds):
    return FixedThresholdClassifier(pipeline, threshold=thresholds["balanced_accuracy"])


def focal(fold, C, gamma, alpha=None, probabilities="weighted"):
    model = FocalLogisticRegression(
        gamma=gamma,
        alpha=alpha,
        C=C,
        probabilities=probabilities,
        random_state=fold.random_state,
    )
    return _pipeline(fold, model)


def perceptron(fold, samplers=None, ratio=None, **settings):
    model = MLPClassifier(random_state=fold.random_state, **settings)
    return _pipeline(fold, model, samplers, ratio)


def focal_network(fold, **settings):
    from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier

    kind = MultiLabelFocalClassifier if fold.task == "multilabel" else FocalMLPClassifier
    return _pipeline(fold, kind(device="cpu", random_state=fold.random_state, **settings))


def lightgbm(fold, samplers=None, ratio=None, **settings):
    with needs_extra("benchmark", "This arm"):
        from lightgbm import LGBMClassifier
    model = LGBMClassifier(verbose=-1, n_jobs=1, random_state=fold.random_state, **settings)
    return _pipeline(fold, model, samplers, ratio)


def balanced_forest(fold, n_trees, max_features, min_samples_leaf):
    from imblearn.ensemble import BalancedRandomForestClassifier

    model = BalancedRandomForestClassifier(
        n_estimators=n_trees,
        max_features=max_features,
        min_samples_leaf=min_samples_leaf,
        n_jobs=1,
        random_state=fold.random_state,
    )
    return _pipeline(fold, model)


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
    return _pipeline(fold, model)


def hist_gradient_boosting(fold, n_trees, learning_rate, max_leaf_nodes):
    # At its defaults (31 leaves of 20 rows, no penalty) it collapses on rare classes.
    model = HistGradientBoostingClassifier(
        max_iter=n_trees,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=10,
        l2_regularization=1.0,
        early_stopping=False,  # it would hold out some of the few positives
        categorical_features=list(range(len(fold.numeric), fold.n_features)),
        random_state=fold.random_state,
    )
    # Missing numbers and categories are the booster's own business, up to 255 categories a column.
    names = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        max_categories=250,
    )
    order = ColumnTransformer(
        [("numbers", FillEmptyColumns(), fold.numeric), ("names", names, list(fold.categorical))]
    )
    return make_pipeline(order, model, memory=fold.memory)
