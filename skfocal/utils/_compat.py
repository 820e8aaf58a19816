"""The only file that imports names private to scikit-learn."""

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, validate_data

__all__ = ["Interval", "StrOptions", "_check_sample_weight", "_fit_context", "validate_data"]
