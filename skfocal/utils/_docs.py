"""Text shared by several docstrings, and tables generated from the code."""

from collections.abc import Callable, Mapping
from inspect import cleandoc, getdoc, signature
from string import Template
from typing import TypeVar

from skfocal.losses import list_losses
from skfocal.losses._registry import get_loss_class

Documented = TypeVar("Documented", bound=type)

# The loss settings, constructor parameters of every estimator.
_LOSS_SETTINGS = {
    "gamma_meaning": """\
Focusing exponent of the focal loss; 0 is cross-entropy. The paper scans 0 to 5 and settles on
    2 for dense detection. It applies to ``loss="focal"`` only: other losses have their own
    parameters, set on an instance.""",
    "alpha": """\
alpha : None, float in (0, 1), array-like of shape (n_classes,), dict, "balanced" or \
"effective", default=None
    Ratio between the classes, normalised so that the mean weight over the training samples is 1:
    it shifts emphasis between classes and leaves regularisation and learning rate unchanged. A
    float is the weight of ``classes_[1]``, with ``1 - alpha`` for ``classes_[0]``, for two classes
    only (the paper's 0.25 was tuned together with gamma = 2 for dense detection; 0.5 is the same
    as None). An array is in the order of ``classes_``; a dict has labels as keys; ``"balanced"``
    is the inverse class frequency; ``"effective"`` the class-balanced weights
    ``(1 - beta) / (1 - beta**n_k)``.""",
    "loss": """\
loss : str or MarginLoss, default="focal"
    A name from :func:`skfocal.losses.list_losses`, or an instance, whose parameters can be
    searched as ``loss__<parameter>``.""",
    "beta": """\
beta : float in [0, 1], default=0.999
    For ``alpha="effective"``; the paper scans 0.9 to 0.9999.""",
    "class_weight": """\
class_weight : dict, "balanced" or None, default=None
    As in scikit-learn, not normalised; multiplies alpha.""",
    "probabilities": """\
probabilities : {"weighted", "raw", "posterior"}, default="weighted"
    What :meth:`predict_proba` estimates. ``"raw"``: sigmoid or softmax of the score, as in most
    focal-loss code; with gamma = 2 it is 15 % for a risk of 1 %. ``"weighted"``: the distortion of
    the loss is removed; class weights act as costs, exactly as ``class_weight`` does in
    scikit-learn. A loss without an inverse gives raw probabilities and warns. ``"posterior"``:
    class weights are removed too, leaving P(y | x) at the class frequencies of the training
    data.""",
}


def documented(**fragments: str) -> Callable[[Documented], Documented]:
    """Return a class decorator that puts text in place of ``$name`` in a docstring.

    Parameters
    ----------
    **fragments : str
        Text by name, in addition to the loss settings: ``$gamma_meaning``, and the whole
        parameters ``$alpha``, ``$loss``, ``$beta``, ``$class_weight``, ``$probabilities``.

    Returns
    -------
    callable
    """
    texts: Mapping[str, str] = _LOSS_SETTINGS | fragments

    def fill(cls: Documented) -> Documented:
        if cls.__doc__:  # Python can be told to drop docstrings
            # The last line is empty: numpydoc wants the closing quotes on a line of their own.
            cls.__doc__ = Template(cleandoc(cls.__doc__)).substitute(texts) + "\n"
        return cls

    return fill


def loss_table() -> str:
    """Return the registered losses as a Markdown table.

    Returns
    -------
    str
        Name, defaults, first sentence of the docstring, and traits of the loss at its defaults.
    """
    rows = ["| `loss=` | parameters | | convex | proper | posterior |", "|---|---|---|---|---|---|"]
    for name in list_losses():
        loss_class = get_loss_class(name)
        defaults = ", ".join(
            f"`{parameter.name}={parameter.default!r}`"
            for parameter in signature(loss_class).parameters.values()
        )
        summary = (getdoc(loss_class) or "").splitlines()[0]
        traits = loss_class().traits
        marks = " | ".join(
            "yes" if holds else "no" for holds in (traits.convex, traits.proper, traits.invertible)
        )
        rows.append(f"| `{name}` | {defaults} | {summary} | {marks} |")
    return "\n".join(rows)
