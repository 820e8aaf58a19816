"""The public estimators as the contract of tests/test_common.py sees them.

Every public classifier is a subject. One that is missing from SETTINGS is tested as it comes; an
entry makes it quick to fit, or says at which settings equal problems give equal models.
"""

import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, is_classifier
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.utils import get_tags

import skfocal
from skfocal.utils._optional import MissingExtraError

SMALL_NETWORK = {"hidden_layer_sizes": (8,), "n_members": 2, "max_epochs": 3, "random_state": 0}
FULL_BATCH = {"dropout": 0.0, "batch_size": 10_000, "learning_rate": "constant"}
# For checks that want a model to have learnt: one narrow network, many epochs.
LEARNING_NETWORK = {
    "hidden_layer_sizes": (8,),
    "n_members": 1,
    "numeric_embedding": None,
    "max_epochs": 30,
    "batch_size": 32,
    "random_state": 0,
    "alpha": "balanced",
    "gamma": 0.5,
    "early_stopping": True,
}
MINI_BATCHES = "mini-batches, dropout and float32 cannot meet 1e-7: test_weights_are_repetitions"
EXCUSED_NETWORK = {
    "check_sample_weight_equivalence_on_dense_data": MINI_BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": MINI_BATCHES,
}


@dataclass(frozen=True)
class Settings:
    """How the contract treats an estimator."""

    small: dict = field(default_factory=dict)  # quick to fit; all tests but scikit-learn's checks
    exact: dict = field(default_factory=dict)  # beside small: equal problems give equal models
    rtol: float = 0.0  # how equal, in probabilities
    atol: float = 1e-5
    default: dict = field(default_factory=dict)  # what scikit-learn's checks alter of the defaults
    checked: tuple[dict, ...] = ()  # and what else they run on
    excused: dict[str, str] = field(default_factory=dict)  # checks that cannot pass, and why


SETTINGS = {
    "FocalBoostingClassifier": Settings(
        small={"n_estimators": 10, "learning_rate": 0.2, "n_jobs": 1, "random_state": 0},
        # Leaves of counted rows and folds of rows are not those of repeated ones. Stumps: below
        # the root bins are empty, and thresholds on both sides of one are a tie.
        exact={
            "min_samples_leaf": 1,
            "max_leaf_nodes": 2,
            "max_features": 1.0,
            # Rows drawn at random cannot repeat what rows of double weight give.
            "subsample": 1.0,
            "calibrate_intercept": False,
        },
        default={"n_estimators": 30, "learning_rate": 0.1},
        checked=({"n_estimators": 10, "gamma": 2.0, "alpha": "balanced"},),
    ),
    "FocalLogisticRegression": Settings(
        exact={"tol": 1e-10},
        rtol=1e-6,
        atol=0.0,
        checked=(
            {"gamma": 0.5},
            {"alpha": "balanced"},
            {"solver": "lbfgs", "tol": 1e-7},
        ),
    ),
    "FocalMLPClassifier": Settings(
        small=SMALL_NETWORK,
        exact=FULL_BATCH,
        checked=(LEARNING_NETWORK | {"learning_rate_init": 0.05},),
        excused=EXCUSED_NETWORK,
    ),
    "MultiLabelFocalClassifier": Settings(
        small=SMALL_NETWORK,
        exact=FULL_BATCH,
        checked=(LEARNING_NETWORK | {"learning_rate_init": 0.02},),
        excused=EXCUSED_NETWORK,
    ),
}


@dataclass(frozen=True)
class Subject:
    """One public estimator."""

    cls: type[BaseEstimator]
    settings: Settings

    def __str__(self) -> str:
        return self.cls.__name__

    @property
    def multilabel(self) -> bool:
        """Whether several labels per row are what it is for."""
        return get_tags(self.cls()).classifier_tags.multi_label

    @property
    def takes_nan(self) -> bool:
        """Whether NaN in X is a missing value and no error."""
        return get_tags(self.cls()).input_tags.allow_nan

    @property
    def takes_sparse(self) -> bool:
        """Whether X may be sparse."""
        return get_tags(self.cls()).input_tags.sparse

    def has(self, *names: str) -> bool:
        """Whether the constructor has all of these parameters."""
        return set(names) <= set(inspect.signature(self.cls).parameters)

    def make(self, **parameters: Any) -> BaseEstimator:
        """Build an estimator that is quick to fit."""
        return self.cls(**(self.settings.small | parameters))

    def make_exact(self, **parameters: Any) -> BaseEstimator:
        """Build an estimator whose fit depends on the problem alone, not on how it is put."""
        return self.make(**(self.settings.exact | parameters))

    def assert_equal(self, actual: np.ndarray, expected: np.ndarray) -> None:
        """Compare what two such estimators predict."""
        np.testing.assert_allclose(
            actual, expected, rtol=self.settings.rtol, atol=self.settings.atol
        )

    def table(self, n: int = 200, n_classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """Draw six features, and classes or three labels."""
        if self.multilabel:
            return make_multilabel_classification(n, 6, n_classes=3, random_state=0)
        return make_classification(n, 6, n_informative=4, n_classes=n_classes, random_state=0)


def subjects() -> list[Subject]:
    """List the public classifiers that are installed."""
    found = []
    for name in skfocal.__all__:
        try:
            cls = getattr(skfocal, name)
        except MissingExtraError:
            continue
        if inspect.isclass(cls) and issubclass(cls, BaseEstimator) and is_classifier(cls()):
            found.append(Subject(cls, SETTINGS.get(name, Settings())))
    return found


SUBJECTS = subjects()
every = pytest.mark.parametrize("subject", SUBJECTS, ids=str)
single_label = pytest.mark.parametrize(
    "subject", [subject for subject in SUBJECTS if not subject.multilabel], ids=str
)
