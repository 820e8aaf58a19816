"""Losses and networks in torch, which is loaded when it is needed.

For users: any registered loss as a module, initial biases, schedules and networks for tables. For
the estimators of this package also what a network computes, in NumPy, and its gradient.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skfocal.nn._activations import ACTIVATIONS
from skfocal.nn._forward import State, forward
from skfocal.nn._schedules import (
    AttachedSchedule,
    DeferredReweighting,
    GammaSchedule,
    Schedule,
    WarmUp,
)
from skfocal.utils._optional import needs_extra

if TYPE_CHECKING:
    from skfocal.nn._backward import forward_with_memory, is_written_out, set_gradients
    from skfocal.nn._bias import initial_bias
    from skfocal.nn._module import LossModule
    from skfocal.nn._networks import TabularMLP
    from skfocal.nn._objective import score_gradient

__all__ = [
    "ACTIVATIONS",
    "AttachedSchedule",
    "DeferredReweighting",
    "GammaSchedule",
    "LossModule",
    "Schedule",
    "State",
    "TabularMLP",
    "WarmUp",
    "forward",
    "forward_with_memory",
    "initial_bias",
    "is_written_out",
    "score_gradient",
    "set_gradients",
]

_NEEDS_TORCH = {
    "LossModule": "_module",
    "TabularMLP": "_networks",
    "forward_with_memory": "_backward",
    "initial_bias": "_bias",
    "is_written_out": "_backward",
    "score_gradient": "_objective",
    "set_gradients": "_backward",
}


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs_extra("neural", f"skfocal.nn.{name}"):
        return getattr(import_module(f"{__name__}.{_NEEDS_TORCH[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_NEEDS_TORCH})
