"""Any loss as an arm: a registered one becomes two without a line here."""

from functools import partial

import numpy as np
from sklearn.base import clone

from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.arms._linear import C_GRID
from skfocal.benchmark.arms._method import ALL, SEVERAL, Method, grid
from skfocal.benchmark.arms._networks import NETWORK_SETTINGS, focal_network
from skfocal.linear_model import FocalLogisticRegression
from skfocal.losses import MarginLoss, get_loss, list_losses

__all__ = ["focal_arm", "list_loss_arms"]

# These two have arms of their own, whose grids the published tables were measured with.
_NAMED = {"focal", "cross_entropy"}
_N_SETTINGS = 4


def focal_arm(loss, model="linear", *, name=None, label=None) -> Method:
    """Return the arm of a loss: a linear model or a network that minimises it.

    The inner search begins with the parameters that the loss has and goes on with some of its
    ``search_space()``, spread over it.

    Parameters
    ----------
    loss : str, type or MarginLoss
        A registered name, a class of losses, or an instance.
    model : {"linear", "network"}, default="linear"
        What minimises it: :class:`skfocal.FocalLogisticRegression`, or
        :class:`skfocal.FocalMLPClassifier` and its relative for labels.
    name, label : str, default=None
        Name and label of the arm; None makes them from that of the loss.

    Returns
    -------
    Method
        For :func:`skfocal.benchmark.run`.

    Raises
    ------
    ValueError
        If the loss or the model is unknown, or the loss weighs batches and the model is linear.

    Examples
    --------
    >>> from skfocal.benchmark import focal_arm
    >>> arm = focal_arm("poly")
    >>> arm.name, arm.label, arm.zero_point
    ('poly_linear', 'Poly LR', 'focal_zero')
    >>> arm.configurations[0]
    {'C': 0.1}
    """
    loss = get_loss(loss() if isinstance(loss, type) else loss)
    if model not in _MODELS:
        raise ValueError(f"focal_arm: model must be one of {list(_MODELS)}; got {model!r}.")
    if model == "linear" and loss.weighs_batch:
        raise ValueError(f"focal_arm: {loss!r} weighs batches; use model='network'.")
    word = loss.name.replace("_", " ").capitalize()
    return _MODELS[model](loss, name, label, word)


def list_loss_arms() -> list[Method]:
    """Return the arms of all registered losses that have none by name."""
    losses = [get_loss(name) for name in list_losses() if name not in _NAMED]
    linear = [focal_arm(loss) for loss in losses if not loss.weighs_batch]
    return linear + [focal_arm(loss, "network") for loss in losses]


def _linear_arm(loss, name, label, word):
    settings = _spread(loss)
    pairs = tuple(setting | {"C": C} for setting in settings for C in (0.1, 10.0))
    return Method(
        name or f"{loss.name}_linear",
        label or f"{word} LR",
        "focal",
        partial(_build_linear, loss=loss),
        pairs if len(settings) > 1 else C_GRID,
        tasks=tuple(task for task in SEVERAL if task in loss.tasks),
        zero_point="focal_zero",
    )


def _network_arm(loss, name, label, word):
    return Method(
        name or f"{loss.name}_mlp",
        label or f"{word} MLP",
        "focal",
        partial(_build_network, loss=loss),
        (*_spread(loss), *NETWORK_SETTINGS[1:])[:8],
        tasks=tuple(task for task in ALL if task in loss.tasks),
        requires=("torch",),
        zero_point="focal_mlp_zero",
    )


_MODELS = {"linear": _linear_arm, "network": _network_arm}


def _spread(loss: MarginLoss):
    """Return the loss as it is, and up to three other points of its search space."""
    own = loss.get_params()
    others = [point for point in grid(**loss.search_space()) if own | point != own]
    places = np.linspace(0, len(others) - 1, min(_N_SETTINGS - 1, len(others)))
    return [{}, *(others[round(place)] for place in places)]


def _set(loss, settings):
    """Return the loss with the settings that are its own, the others, and what it allows."""
    own = {key: value for key, value in settings.items() if key in loss.get_params()}
    others = {key: value for key, value in settings.items() if key not in own}
    loss = clone(loss).set_params(**own)
    return loss, others, "weighted" if loss.traits.invertible else "raw"


def _build_linear(fold, C, loss, **settings):
    loss, _, kind = _set(loss, settings)
    model = FocalLogisticRegression(
        loss=loss, C=C, probabilities=kind, random_state=fold.random_state
    )
    return make_arm(fold, model)


def _build_network(fold, loss, **settings):
    loss, others, kind = _set(loss, settings)
    return focal_network(fold, loss=loss, probabilities=kind, **others)
