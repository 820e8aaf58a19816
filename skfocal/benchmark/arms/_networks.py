"""Networks of this package: focal loss, its zero point, class weights, the asymmetric loss."""

from functools import partial
from typing import Any

from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.arms._method import ALL, Method, grid

__all__ = ["METHODS", "NETWORK_SETTINGS", "focal_network"]

# The defaults come first: a budget of 1 leaves them untouched.
NETWORK_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"weight_decay": 0.1},
    {"learning_rate_init": 5e-4},
    {"dropout": 0.3},
    {"hidden_layer_sizes": (32,)},
    {"numeric_embedding": None},
    {"hidden_layer_sizes": (128,)},
    {"learning_rate_init": 5e-3},
)
_GAMMA_NETWORK = ({}, *grid(gamma=(2.0, 0.5, 4.0)), *NETWORK_SETTINGS[1:5])


def focal_network(fold, **settings):
    from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier

    kind = MultiLabelFocalClassifier if fold.task == "multilabel" else FocalMLPClassifier
    return make_arm(fold, kind(device="cpu", random_state=fold.random_state, **settings))


def _arm(name, label, configurations, *, tasks=ALL, default_for=(), zero_point=None, **fixed):
    return Method(
        name,
        label,
        "focal",
        partial(focal_network, **fixed),
        configurations,
        tasks=tasks,
        default_for=default_for,
        requires=("torch",),
        zero_point=zero_point,
    )


_SEVERAL_TARGETS = ("multiclass", "multilabel")
METHODS = (
    _arm(
        "focal_mlp",
        "Focal MLP",
        _GAMMA_NETWORK,
        default_for=_SEVERAL_TARGETS,
        zero_point="focal_mlp_zero",
    ),
    _arm(
        "focal_mlp_zero",
        "Focal MLP, gamma 0",
        NETWORK_SETTINGS,
        default_for=_SEVERAL_TARGETS,
        gamma=0.0,
    ),
    _arm(
        "focal_mlp_balanced",
        "Focal MLP, balanced alpha",
        _GAMMA_NETWORK,
        alpha="balanced",
        probabilities="posterior",
    ),
    _arm(
        "asymmetric_mlp",
        "Asymmetric-loss MLP",
        NETWORK_SETTINGS,
        tasks=("multilabel",),
        default_for=("multilabel",),
        loss="asymmetric",
        probabilities="raw",  # this loss has no inverse
    ),
)
