"""Callbacks of skorch: which of them can do their work in our training."""

from typing import Any

from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    InputShapeSetter,
    PassthroughScoring,
)
from skorch.callbacks.scoring import ScoringBase

# These need a dataset that can be indexed, or scores of validation rows in the history: they would
# fail, or silently record nothing.
_REFUSED: list[tuple[tuple[type, ...], str]] = [
    (
        (ScoringBase, PassthroughScoring),
        "early_stopping=True, after which validation_scores_ holds what the parameter scoring "
        "names, or callbacks with an on_epoch_end of your own",
    ),
    ((EarlyStopping,), "early_stopping=True, with n_iter_no_change, tol and scoring"),
    (
        (InputShapeSetter,),
        "the parameter module, which is called with the numbers of features and scores",
    ),
]


def check_callbacks(callbacks: list[Any], net_params: dict[str, Any], owner: str) -> None:
    """Refuse what is no callback, and callbacks that cannot do their work.

    Parameters
    ----------
    callbacks : list
        Callbacks of skorch, or pairs of a name and a callback.
    net_params : dict
        Further arguments of the skorch net; ``callbacks__<name>`` replaces a callback.
    owner : str
        The estimator, for messages.

    Raises
    ------
    ValueError
        Naming the callback, and the parameter of the estimator to use instead.
    """
    for item in callbacks:
        callback = item[-1] if isinstance(item, tuple) and len(item) == 2 else item
        if not issubclass(_class_of(callback), Callback):
            raise ValueError(
                f"{owner}: callbacks must be skorch callbacks, or pairs of a name and a callback, "
                f"got {item!r}."
            )
        _check_supported(callback, owner)
    for name, value in net_params.items():
        if name.startswith("callbacks__") and issubclass(_class_of(value), Callback):
            _check_supported(value, owner)


def _class_of(callback: Any) -> type:
    return callback if isinstance(callback, type) else type(callback)


def _check_supported(callback: Any, owner: str) -> None:
    kind = _class_of(callback)
    for refused, instead in _REFUSED:
        if issubclass(kind, refused):
            raise ValueError(
                f"{owner}: the skorch callback {kind.__name__} cannot work here; use {instead}."
            )
    monitor = getattr(callback, "monitor", "valid_loss_best")
    if issubclass(kind, Checkpoint) and isinstance(monitor, str):
        raise ValueError(
            f"{owner}: the skorch callback {kind.__name__} monitors {monitor!r}, which is not "
            "recorded here; give it monitor=None or a function, or use early_stopping=True, which "
            "keeps the best weights."
        )
