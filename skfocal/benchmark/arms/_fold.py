"""What all arms share: what they know of a fold, and the steps before their model.

All arms but histogram boosting have one shape::

    impute, scale -> [resample rows with categories] -> one-hot -> [resample] -> model

so that SMOTENC meets whole categories, measured against scaled numbers. BorderlineSMOTE, ADASYN and
the cleaning step of SMOTEENN know no categories and work on the indicator columns instead. An arm
that resamples takes no weights: the two would correct the same thing twice.
"""

import pickle
from dataclasses import dataclass

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

__all__ = ["FoldInfo", "StepCache", "make_arm"]


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


def make_arm(fold, model, samplers=None, ratio=None):
    """Put a model behind scaling and encoding, with samplers before and after the encoding."""
    from imblearn.pipeline import make_pipeline as make_sampling_pipeline

    before, after = samplers(fold, ratio) if samplers else ([], [])
    steps = [*_scale(fold), *before, *_encode(fold), *after, model]
    return make_sampling_pipeline(*steps, memory=fold.memory)
