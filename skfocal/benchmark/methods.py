"""The contestants: named pipelines, each with the settings it may choose from.

Everything that learns from rows (imputing, scaling, encoding, resampling) is a step of the pipeline
and so sees the training fold alone. Linear arms share one shape::

    impute and scale -> [resample rows with categories] -> one-hot -> [resample] -> model

so that SMOTENC meets whole categories, measured against scaled numbers. BorderlineSMOTE, ADASYN and
the cleaning step of SMOTEENN know no categories and work on the indicator columns instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

__all__ = ["FoldInfo", "Method", "get_method", "list_methods"]


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
    """

    n_features: int
    categorical: tuple[int, ...]
    counts: tuple[int, int]
    random_state: int

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


@dataclass(frozen=True)
class Method:
    """An arm of the comparison.

    Attributes
    ----------
    name : str
        As it stands in the results.
    label : str
        Short text for tables.
    kind : str
        ``"baseline"``, ``"resampling"``, ``"focal"``, ``"ensemble"`` or ``"control"``.
    build : callable
        ``build(fold, **parameters)`` returns an unfitted classifier.
    configurations : tuple of dict
        What the inner search may choose from. A budget of b configurations takes the first b, so
        that the order goes from coarse to fine.
    finish : callable or None
        ``finish(classifier, thresholds)`` wraps the chosen classifier for its final fit, given the
        thresholds tuned on inner folds. It may change decisions, not probabilities.
    """

    name: str
    label: str
    kind: str
    build: Callable[..., Any]
    configurations: tuple[dict[str, Any], ...] = ({},)
    finish: Callable[..., Any] | None = None


def _grid(**values):
    """Return all combinations; the last parameter runs fastest."""
    return tuple(dict(zip(values, row, strict=True)) for row in product(*values.values()))


def _scale(fold):
    """Return the steps that impute and scale the numbers and fill gaps in the categories."""
    numbers = [
        # A column without any value in a fold stays, as zeros, so that positions keep their sense.
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
    ]
    if not fold.categorical:
        return numbers
    names = SimpleImputer(strategy="constant", fill_value=-1.0, keep_empty_features=True)
    return [
        ColumnTransformer(
            [
                ("numbers", make_pipeline(*numbers), fold.numeric),
                ("names", names, list(fold.categorical)),
            ]
        )
    ]


def _encode(fold):
    """Return the steps that turn categories into indicator columns."""
    if not fold.categorical:
        return []
    # Scaled numbers come first, categories last: the order in which `_scale` puts them.
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

    return make_sampling_pipeline(*_scale(fold), *before, *_encode(fold), *after, model)


def _dummy(fold):
    return DummyClassifier(strategy="prior", random_state=fold.random_state)


def _logistic_model(fold, C, class_weight=None):
    return LogisticRegression(
        C=C, class_weight=class_weight, max_iter=1000, random_state=fold.random_state
    )


def _logistic(fold, C, class_weight=None):
    return _linear(fold, _logistic_model(fold, C, class_weight))


def _move_threshold(pipeline, thresholds):
    return FixedThresholdClassifier(pipeline, threshold=thresholds["balanced_accuracy"])


def _sampled(fold, samplers, C, ratio):
    before, after = samplers(fold, ratio)
    return _linear(fold, _logistic_model(fold, C), before, after)


def _random_over(fold, ratio):
    from imblearn.over_sampling import RandomOverSampler

    sampler = RandomOverSampler(
        sampling_strategy=fold.oversampled(ratio), random_state=fold.random_state
    )
    return [sampler], []


def _random_under(fold, ratio):
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(
        sampling_strategy=fold.undersampled(ratio), random_state=fold.random_state
    )
    return [sampler], []


def _smote(fold, ratio):
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


def _adasyn(fold, ratio):
    from imblearn.over_sampling import ADASYN

    sampler = ADASYN(
        sampling_strategy=fold.oversampled(ratio),
        n_neighbors=fold.neighbours(),
        random_state=fold.random_state,
    )
    return [], [sampler]


def _borderline(fold, ratio):
    from imblearn.over_sampling import BorderlineSMOTE

    sampler = BorderlineSMOTE(
        sampling_strategy=fold.oversampled(ratio),
        k_neighbors=fold.neighbours(),
        m_neighbors=min(10, sum(fold.counts) - 1),
        random_state=fold.random_state,
    )
    return [], [sampler]


def _smoteenn(fold, ratio):
    from imblearn.under_sampling import EditedNearestNeighbours

    before, after = _smote(fold, ratio)
    # SMOTEENN in its two parts, since between them the categories become indicator columns.
    return before, [*after, EditedNearestNeighbours(sampling_strategy="all")]


def _focal(fold, C, gamma, alpha=None, probabilities="weighted"):
    from skfocal import FocalLogisticRegression

    model = FocalLogisticRegression(
        gamma=gamma,
        alpha=alpha,
        C=C,
        probabilities=probabilities,
        random_state=fold.random_state,
    )
    return _linear(fold, model)


def _balanced_forest(fold, n_trees, max_features, min_samples_leaf):
    from imblearn.ensemble import BalancedRandomForestClassifier

    model = BalancedRandomForestClassifier(
        n_estimators=n_trees,
        max_features=max_features,
        min_samples_leaf=min_samples_leaf,
        n_jobs=1,
        random_state=fold.random_state,
    )
    return _linear(fold, model)


def _easy_ensemble(fold, n_bags, n_rounds, max_depth, learning_rate):
    from imblearn.ensemble import EasyEnsembleClassifier

    booster = AdaBoostClassifier(
        DecisionTreeClassifier(max_depth=max_depth),
        n_estimators=n_rounds,
        learning_rate=learning_rate,
    )
    model = EasyEnsembleClassifier(
        n_estimators=n_bags, estimator=booster, n_jobs=1, random_state=fold.random_state
    )
    return _linear(fold, model)


def _hist_gradient_boosting(fold, n_trees, learning_rate, max_leaf_nodes):
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
    # Missing values and categories are the booster's own business, up to 255 categories a column.
    names = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=250,
    )
    order = ColumnTransformer(
        [("numbers", "passthrough", fold.numeric), ("names", names, list(fold.categorical))]
    )
    return make_pipeline(order, model)


# Two values of C span what the eight of a plain logistic regression span but for the last decade
# at either end, so an arm that has a second parameter pays for it out of the same budget.
_C = _grid(C=(0.01, 0.1, 1.0, 10.0)) + _grid(C=(0.003, 0.03, 0.3, 100.0))
_RATIO_C = _grid(ratio=(1.0, 0.5), C=(0.1, 10.0)) + _grid(ratio=(1.0, 0.5), C=(0.01, 1.0))
_GAMMA_C = _grid(gamma=(1.0, 2.0), C=(0.1, 10.0)) + _grid(gamma=(0.5, 4.0), C=(0.1, 10.0))


def _sampler_arm(name, label, samplers):
    build = partial(_sampled, samplers=samplers)
    return Method(f"logistic_{name}", f"LR + {label}", "resampling", build, _RATIO_C)


def _posterior_arm(name, label, alpha):
    build = partial(_focal, alpha=alpha, probabilities="posterior")
    return Method(f"focal_{name}", label, "focal", build, _GAMMA_C)


_METHODS = {
    method.name: method
    for method in (
        Method("dummy", "Class frequencies", "control", _dummy),
        Method("logistic", "Logistic regression", "baseline", _logistic, _C),
        Method(
            "logistic_balanced",
            "LR, balanced weights",
            "baseline",
            partial(_logistic, class_weight="balanced"),
            _C,
        ),
        Method(
            "logistic_threshold", "LR, tuned threshold", "baseline", _logistic, _C, _move_threshold
        ),
        _sampler_arm("ros", "random oversampling", _random_over),
        _sampler_arm("smote", "SMOTE", _smote),
        _sampler_arm("adasyn", "ADASYN", _adasyn),
        _sampler_arm("borderline", "BorderlineSMOTE", _borderline),
        _sampler_arm("smoteenn", "SMOTEENN", _smoteenn),
        _sampler_arm("rus", "random undersampling", _random_under),
        Method("focal_zero", "Focal LR, gamma 0", "focal", partial(_focal, gamma=0.0), _C),
        Method("focal", "Focal LR", "focal", _focal, _GAMMA_C),
        _posterior_arm("balanced", "Focal LR, balanced alpha", "balanced"),
        _posterior_arm("effective", "Focal LR, effective alpha", "effective"),
        Method(
            "balanced_forest",
            "Balanced random forest",
            "ensemble",
            _balanced_forest,
            _grid(n_trees=(25, 100), max_features=("sqrt", 0.5), min_samples_leaf=(1, 5)),
        ),
        Method(
            "easy_ensemble",
            "EasyEnsemble",
            "ensemble",
            _easy_ensemble,
            _grid(n_bags=(4,), n_rounds=(8,), max_depth=(1, 2), learning_rate=(0.3, 1.0))
            + _grid(n_bags=(10,), n_rounds=(10,), max_depth=(1, 2), learning_rate=(0.3, 1.0)),
        ),
        Method(
            "hist_gradient_boosting",
            "Histogram boosting",
            "control",
            _hist_gradient_boosting,
            _grid(n_trees=(50, 200), learning_rate=(0.05, 0.2), max_leaf_nodes=(4, 12)),
        ),
    )
}


def list_methods() -> list[str]:
    """Return the names of the arms, in the order of the tables.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skfocal.benchmark import list_methods
    >>> list_methods()[:2]
    ['dummy', 'logistic']
    """
    return list(_METHODS)


def get_method(name) -> Method:
    """Return an arm by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_methods`.

    Returns
    -------
    Method

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> get_method("logistic").label
    'Logistic regression'
    """
    if name not in _METHODS:
        raise ValueError(f"Unknown method {name!r}; the methods are {list_methods()}.")
    return _METHODS[name]
