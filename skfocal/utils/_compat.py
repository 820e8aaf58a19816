"""The only file that imports names private to scikit-learn."""

from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_feature_names,
    _check_monotonic_cst,
    _check_n_features,
    _check_sample_weight,
    validate_data,
)

__all__ = [
    "HalfBinomialLoss",
    "HalfMultinomialLoss",
    "Interval",
    "StrOptions",
    "_check_feature_names",
    "_check_monotonic_cst",
    "_check_n_features",
    "_check_sample_weight",
    "_fit_context",
    "validate_data",
]
