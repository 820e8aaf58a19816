"""How the arms are built: pipelines whose every learning step sees the training fold alone.

Linear arms share one shape::

    impute, scale -> [resample rows with categories] -> one-hot -> [resample] -> model

so that SMOTENC meets whole categories, measured against scaled numbers. BorderlineSMOTE, ADASYN and
the cleaning step of SMOTEENN know no categories and work on the indicator columns instead.
"""

import pickle
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from skfocal.linear_model import FocalLogisticRegression

__all__ = [
    "FoldInfo",
    "StepCache",
    "adasyn",
    "balanced_forest",
    "borderline",
    "dummy",
    "easy_ensemble",
    "focal",
    "hist_gradient_boosting",
    "logistic",
    "move_threshold",
    "random_over",
    "random_under",
    "sampled",
    "smote",
    "smoteenn",
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
        Number of negatives and of positives.
    random_state : int
        Seed for everything random in the arm.
    memory : StepCache or None
        Where fits on the same rows share their steps.
    """

    n_features: int
    categorical: tuple[int, ...]
    counts: tuple[int, int]
    random_state: int
    memory: StepCache | None = None

    @property
    def numeric(self) -> list[int]:
        """Positions of the other columns."""
        return [i for i in range(self.n_features) if i not in self.categorical]

    def neighbours(self, wanted=5) -> int:
        """Return how many neighbours a row of the smaller class can have, at most `wanted`."""
        if min(self.counts) < 2:
            raise ValueError(
                "The smaller class has 1 row in the training fold; "
                "neighbours, hence SMOTE and its kind, need 2."
            )
        return min(wanted, min(self.counts) - 1)

    def oversampled(self, ratio) -> dict[int, int]:
        """Return the target count of the smaller class for a ratio to the larger one."""
        smaller = int(np.argmin(self.counts))
        return {smaller: max(min(self.counts), round(ratio * max(self.counts)))}

    def undersampled(self, ratio) -> dict[int, int]:
        """Return the target count of the larger class for the ratio of the smaller one to it."""
        larger = 1 - int(np.argmin(self.counts))
        return {larger: min(max(self.counts), round(min(self.counts) / ratio))}


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


def _linear(fold, model, before=(), after=()):
    """Put a model behind scaling and encoding, with samplers before and after the encoding."""
    from imblearn.pipeline import make_pipeline as make_sampling_pipeline

    steps = [*_scale(fold), *before, *_encode(fold), *after, model]
    return make_sampling_pipeline(*steps, memory=fold.memory)


def dummy(fold):
    return DummyClassifier(strategy="prior", random_state=fold.random_state)


def _logistic_model(fold, C, class_weight=None):
    return LogisticRegression(
        C=C, class_weight=class_weight, max_iter=1000, random_state=fold.random_state
    )


def logistic(fold, C, class_weight=None):
    return _linear(fold, _logistic_model(fold, C, class_weight))


def move_threshold(pipeline, thresholds):
    return FixedThresholdClassifier(pipeline, threshold=thresholds["balanced_accuracy"])


def sampled(fold, samplers, C, ratio):
    before, after = samplers(fold, ratio)
    return _linear(fold, _logistic_model(fold, C), before, after)


def random_over(fold, ratio):
    from imblearn.over_sampling import RandomOverSampler

    sampler = RandomOverSampler(
        sampling_strategy=fold.oversampled(ratio), random_state=fold.random_state
    )
    return [sampler], []


def random_under(fold, ratio):
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(
        sampling_strategy=fold.undersampled(ratio), random_state=fold.random_state
    )
    return [sampler], []


def smote(fold, ratio):
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    if not fold.categorical:
        kind = SMOTE
    elif not fold.numeric:
        kind = SMOTEN
    else:
        kind = partial(SMOTENC, list(range(len(fold.numeric), fold.n_features)))
    sampler = kind(
        sampling_strategy=fold.oversampled(ratio),
        k_neighbors=fold.neighbours(),
        random_state=fold.random_state,
    )
    return [sampler], []


def adasyn(fold, ratio):
    from imblearn.over_sampling import ADASYN

    sampler = ADASYN(
        sampling_strategy=fold.oversampled(ratio),
        n_neighbors=fold.neighbours(),
        random_state=fold.random_state,
    )
    return [], [sampler]


def borderline(fold, ratio):
    from imblearn.over_sampling import BorderlineSMOTE

    sampler = BorderlineSMOTE(
        sampling_strategy=fold.oversampled(ratio),
        k_neighbors=fold.neighbours(),
        m_neighbors=min(10, sum(fold.counts) - 1),
        random_state=fold.random_state,
    )
    return [], [sampler]


def smoteenn(fold, ratio):
    from imblearn.under_sampling import EditedNearestNeighbours

    before, after = smote(fold, ratio)
    # SMOTEENN in its two parts, since between them the categories become indicator columns.
    return before, [*after, EditedNearestNeighbours(sampling_strategy="all")]


def focal(fold, C, gamma, alpha=None, probabilities="weighted"):
    model = FocalLogisticRegression(
        gamma=gamma,
        alpha=alpha,
        C=C,
        probabilities=probabilities,
        random_state=fold.random_state,
    )
    return _linear(fold, model)


def balanced_forest(fold, n_trees, max_features, min_samples_leaf):
    from imblearn.ensemble import BalancedRandomForestClassifier

    model = BalancedRandomForestClassifier(
        n_estimators=n_trees,
        max_features=max_features,
        min_samples_leaf=min_samples_leaf,
        n_jobs=1,
        random_state=fold.random_state,
    )
    return _linear(fold, model)


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
    return _linear(fold, model)


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
        [("numbers", "passthrough", fold.numeric), ("names", names, list(fold.categorical))]
    )
    return make_pipeline(order, model, memory=fold.memory)
