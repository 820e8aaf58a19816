"""The labels of the multilabel classifier: the forms in which they come, and an indicator."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import type_of_target

from skfocal.utils._labels import encode_known, encode_labels


class LabelForm(NamedTuple):
    """How labels are given: an indicator, or a vector or column of two classes.

    A column of 0 and 1 is an indicator of one label.
    """

    owner: str  # the estimator, for messages
    n_dims: int
    n_labels: int
    pair: np.ndarray | None  # both classes of a vector or column

    @property
    def classes(self) -> np.ndarray:
        """The numbers of the labels, or the two classes."""
        return np.arange(self.n_labels) if self.pair is None else self.pair

    @classmethod
    def of(cls, y: Any, owner: str) -> "LabelForm":
        """Return the form of all labels."""
        if is_indicator(y):
            return cls(owner, 2, y.shape[1], None)
        return cls(owner, y.ndim, 1, _find_pair(to_dense(y).ravel(), owner))

    @classmethod
    def of_first_rows(cls, y: Any, classes: Any, owner: str) -> "LabelForm":
        """Infer the form from the first rows and, for a vector or column, from `classes`."""
        known = None if classes is None else np.unique(classes)
        if is_indicator(y) and (known is None or y.shape[1] > 1):
            form = cls(owner, 2, y.shape[1], None)
            if known is not None and not np.array_equal(known, form.classes):
                raise ValueError(
                    f"{owner}: an indicator of {form.n_labels} labels has the classes "
                    f"{form.classes.tolist()}, got {classes!r}; leave it out."
                )
            return form
        if known is None or len(known) != 2:
            raise ValueError(
                f"{owner}: the first call of partial_fit with a vector or column needs classes=, "
                f"its two classes, got {classes!r}."
            )
        return cls(owner, y.ndim, 1, known)

    def encode(self, y: Any) -> np.ndarray:
        """Return labels as integers 0 and 1 of shape (n, n_labels)."""
        y = to_dense(y)
        if self.pair is not None:
            if y.ndim > 1 and y.shape[1] != 1:
                raise ValueError(
                    f"{self.owner} knows one label, a vector or column of {self.pair.tolist()}, "
                    f"got the shape {y.shape}."
                )
            return encode_known(y.ravel(), self.pair, self.owner)[:, None]
        if y.ndim != 2 or y.shape[1] != self.n_labels or not np.isin(y, (0, 1)).all():
            raise ValueError(
                f"{self.owner} needs an indicator of 0 and 1 of shape (n_samples, "
                f"{self.n_labels}), got {np.unique(y)[:5].tolist()} ... in the shape {y.shape}."
            )
        return y.astype(np.int64)

    def decode(self, indicator: np.ndarray) -> np.ndarray:
        """Return labels in the form that they had; of a vector the indicator is one too."""
        codes = indicator.astype(int)
        return codes if self.pair is None else self.pair[codes]


def is_indicator(y: Any) -> bool:
    """Whether each column is a label: several columns, or one of nothing but 0 and 1."""
    return y.ndim == 2 and (y.shape[1] > 1 or bool(np.isin(to_dense(y), (0, 1)).all()))


def _find_pair(y: np.ndarray, owner: str) -> np.ndarray:
    """Return the two classes of a vector or column."""
    classes, _ = encode_labels(y)
    if len(classes) > 2:
        raise ValueError(
            f"{owner}: a vector or column is one label. Only binary classification is supported. "
            f"The type of the target is {type_of_target(y, input_name='y')}."
        )
    if len(classes) < 2:
        raise ValueError(
            f"{owner} needs samples of 2 classes in a vector, got one class: "
            f"{classes.tolist()[0]!r}."
        )
    return classes


def check_values_per_label(parameter: str, value: Any, form: LabelForm) -> None:
    """Refuse what is neither one value nor one for each label."""
    if isinstance(value, dict):
        raise ValueError(
            f"{form.owner}: {parameter} must be one value or {form.n_labels}, one for each label, "
            f"got the dict {value!r}; weights of both outcomes are class_weight={{0: ..., 1: ...}}."
        )
    if np.ndim(value) and np.shape(value) != (form.n_labels,):
        raise ValueError(
            f"{form.owner}: {parameter} must be one value or {form.n_labels}, one for each label, "
            f"got the shape {np.shape(value)}."
        )


def to_dense(y: Any) -> np.ndarray:
    """Return an array, also of a sparse one."""
    return y.toarray() if sparse.issparse(y) else y
