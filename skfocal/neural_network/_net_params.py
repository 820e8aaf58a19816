"""The parameter `net_params`: what reaches the skorch net, and what the user's module."""

from typing import Any

# Arguments of a skorch net that belong to a parameter of the estimator.
_NET_PARAMETERS = {
    "batch_size": "batch_size",
    "callbacks": "callbacks",
    "callbacks__supervisor": "callbacks",
    "compile": "module",
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
# Of these also every part, such as criterion__gamma.
_WHOLE = {"criterion", "dataset", "iterator_train", "iterator_valid", "train_split"}
_OF_MODULE = "module__"


def check_net_params(net_params: dict[Any, Any], has_module: bool, owner: str) -> None:
    """Refuse what a parameter of the estimator decides, or nobody reads.

    Parameters
    ----------
    net_params : dict
    has_module : bool
        Whether there is a module of the user's.
    owner : str
        The class of the estimator, for messages.
    """
    for key in net_params:
        if not isinstance(key, str):
            raise ValueError(f"{owner}: net_params has {key!r} as a key, which must be a name.")
        whole = key.split("__")[0]
        decides = _NET_PARAMETERS.get(whole if whole in _WHOLE else key)
        if decides is not None:
            raise ValueError(
                f"{owner}: net_params has {key!r}, which the parameter {decides} of the estimator "
                "decides."
            )
        if key.startswith(_OF_MODULE) and not has_module:
            raise ValueError(
                f"{owner}: net_params has {key!r}, but there is no module of your own: module=None."
            )


def divide_net_params(net_params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments of the user's module and those of the skorch net."""
    of_module = {
        key.removeprefix(_OF_MODULE): value
        for key, value in net_params.items()
        if key.startswith(_OF_MODULE)
    }
    of_net = {key: value for key, value in net_params.items() if not key.startswith(_OF_MODULE)}
    return of_module, of_net
