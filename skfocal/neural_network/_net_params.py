"""The parameter `net_params`: what reaches the skorch net, and what the user's module."""

from typing import Any

# Arguments of a skorch net that belong to a parameter of the estimator.
_NET_PARAMETERS = {
    "batch_size": "batch_size",
    "callbacks": "callbacks",
    "criterion": "loss",
    "dataset": "batch_size",
    "device": "device",
    "iterator_train": "batch_size",
    "iterator_valid": "batch_size",
    "lr": "learning_rate_init",
    "max_epochs": "max_epochs",
    "module": "module",
    "optimizer": "optimizer",
    "optimizer__lr": "learning_rate_init",
    "optimizer__param_groups": "weight_decay",
    "optimizer__weight_decay": "weight_decay",
    "predict_nonlinearity": "probabilities",
    "train_split": "validation_fraction",
    "verbose": "verbose",
    "warm_start": "warm_start",
}
_OF_MODULE = "module__"


def check_net_params(model: Any) -> None:
    """Refuse what a parameter of the estimator decides, or nobody reads."""
    name = type(model).__name__
    for key in model.net_params or {}:
        if key in _NET_PARAMETERS:
            raise ValueError(
                f"{name}: net_params has {key!r}, which the parameter {_NET_PARAMETERS[key]} of "
                "the estimator decides."
            )
        if str(key).startswith(_OF_MODULE) and model.module is None:
            raise ValueError(
                f"{name}: net_params has {key!r}, but there is no module of your own: module=None."
            )


def module_params(model: Any) -> dict[str, Any]:
    """Return the arguments of the user's module."""
    return {
        key.removeprefix(_OF_MODULE): value
        for key, value in (model.net_params or {}).items()
        if key.startswith(_OF_MODULE)
    }


def skorch_params(model: Any) -> dict[str, Any]:
    """Return the arguments of the skorch net."""
    return {
        key: value
        for key, value in (model.net_params or {}).items()
        if not key.startswith(_OF_MODULE)
    }
