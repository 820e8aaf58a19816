"""The one list of losses: estimators, torch module, tests and tables all read it."""

from difflib import get_close_matches
from typing import Any, TypeVar

from skfocal.losses._base import MarginLoss

_LOSSES: dict[str, type[MarginLoss]] = {}

LossClass = TypeVar("LossClass", bound=type[MarginLoss])


def register(loss_class: LossClass) -> LossClass:
    """Make a loss available under its ``name``; a class decorator.

    Parameters
    ----------
    loss_class : type
        A subclass of :class:`MarginLoss`.

    Returns
    -------
    type
        The class itself.

    Raises
    ------
    ValueError
        If another class is registered under the name.
    """
    name = loss_class.name
    if name in _LOSSES and _LOSSES[name].__qualname__ != loss_class.__qualname__:
        raise ValueError(f"A loss named {name!r} is registered already: {_LOSSES[name]!r}.")
    _LOSSES[name] = loss_class
    return loss_class


def list_losses() -> list[str]:
    """Return the names of all registered losses, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skfocal.losses import list_losses
    >>> "focal" in list_losses()
    True
    """
    return sorted(_LOSSES)


def get_loss_class(name: str) -> type[MarginLoss]:
    """Return the class registered under `name`; an unknown name raises ValueError."""
    if name in _LOSSES:
        return _LOSSES[name]
    close = get_close_matches(name, _LOSSES, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"Unknown loss {name!r}; the losses are {list_losses()}.{hint}")


def get_loss(loss: str | MarginLoss, **parameters: Any) -> MarginLoss:
    """Return a loss from its name or check one that was made by hand.

    Parameters
    ----------
    loss : str or MarginLoss
        A registered name, or an instance, which is returned as it is.
    **parameters
        Constructor parameters, with a name only.

    Returns
    -------
    MarginLoss

    Raises
    ------
    TypeError
        If `loss` is neither a name nor an instance, or a parameter does not exist.
    ValueError
        If the name is unknown, a parameter is outside its range, or parameters come with an
        instance.

    Examples
    --------
    >>> from skfocal.losses import get_loss
    >>> get_loss("focal", gamma=1.0)
    FocalLoss(gamma=1.0)
    """
    if isinstance(loss, str):
        return get_loss_class(loss)(**parameters)
    if not isinstance(loss, MarginLoss):
        raise TypeError(
            f"loss must be one of the names {list_losses()} or a MarginLoss instance, got {loss!r}."
        )
    if parameters:
        raise ValueError(
            f"Parameters {sorted(parameters)} go with the name of a loss; {loss!r} is an instance "
            "and has its own."
        )
    loss.validate()
    return loss
