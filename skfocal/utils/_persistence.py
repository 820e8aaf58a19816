"""Saved models, without pickle: only types that are known to be harmless are loaded."""

from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

from skfocal.utils._optional import needs_extra

__all__ = ["check_can_save", "load_model", "save_model"]

_OURS = ("skfocal", "sklearn")
# What else a fitted model holds: estimators of other packages, the trees of two engines, and a
# check of the input. What a partial calls has to be trusted itself.
_OTHERS = frozenset(
    {
        "collections.OrderedDict",
        "collections.defaultdict",
        "functools.partial",
        "imblearn.ensemble._easy_ensemble.EasyEnsembleClassifier",
        "imblearn.ensemble._forest.BalancedRandomForestClassifier",
        "imblearn.pipeline.Pipeline",
        "imblearn.under_sampling._prototype_selection._random_under_sampler.RandomUnderSampler",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "numpy.dtype",
        "sklearn.utils.validation.check_array",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
    }
)


def check_can_save(path) -> None:
    """Refuse what a model cannot be saved to, before a long time is spent on it.

    Raises
    ------
    ValueError
        If the name does not end in ``.skops``, or is that of a folder.
    ImportError
        If skops is not installed.
    """
    with needs_extra("benchmark", "Saving a model"):
        import skops.io  # noqa: F401 (whether it can be)
    if Path(path).suffix != ".skops" or Path(path).is_dir():
        raise ValueError(f"A model is saved to a file that ends in .skops; got {str(path)!r}.")


def save_model(model, path) -> None:
    """Write a fitted model to a file that :func:`load_model` reads."""
    with needs_extra("benchmark", "Saving a model"):
        from skops import io
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    io.dump(model, path)


def load_model(path) -> Any:
    """Load a model from a file of skops, trusting types of scikit-learn and skfocal alone.

    Unlike a pickle, such a file does not run code of its own. Beside those two packages, the
    estimators of imbalanced-learn, LightGBM and XGBoost that a comparison may choose are known.

    Parameters
    ----------
    path : str or path-like
        Written by ``skfocal compare --save-model``, or by :func:`skops.io.dump`.

    Returns
    -------
    object
        The model, fitted as it was.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no file of skops, or holds another type.
    ImportError
        If skops is not installed.

    Examples
    --------
    >>> import skops.io
    >>> from sklearn.datasets import make_classification
    >>> from skfocal import FocalLogisticRegression, load_model
    >>> X, y = make_classification(random_state=0)
    >>> skops.io.dump(FocalLogisticRegression().fit(X, y), "model.skops")  # doctest: +SKIP
    >>> load_model("model.skops").predict(X[:3])  # doctest: +SKIP
    array([0, 0, 1])
    """
    with needs_extra("benchmark", "load_model"):
        from skops import io
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    if not is_zipfile(path):
        raise ValueError(f"{str(path)!r} is no file of skops; load_model reads nothing else.")
    try:
        asked = io.get_untrusted_types(file=path)
        foreign = sorted(name for name in asked if not _is_trusted(name))
        if foreign:
            raise ValueError(
                f"{str(path)!r} holds {', '.join(foreign[:3])}, and load_model trusts types of "
                "scikit-learn and skfocal alone; look at the file with skops.io, and load it "
                "there if you trust it."
            )
        return io.load(path, trusted=asked)
    except (BadZipFile, KeyError, TypeError) as error:
        raise ValueError(f"{str(path)!r} cannot be loaded: {error}.") from error


def _is_trusted(name) -> bool:
    """Whether a name is that of a class where it is defined, and of a package that is trusted.

    A module of scikit-learn also knows functions and classes of others by name, which a file could
    call through it.
    """
    if name in _OTHERS:
        return True
    module, _, attribute = name.rpartition(".")
    if module.partition(".")[0] not in _OURS:
        return False
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__.partition(".")[0] in _OURS
