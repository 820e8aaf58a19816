"""The losses in torch: any registered loss as a module, initial biases, and schedules."""

from skfocal.utils._optional import needs_extra

with needs_extra("neural", "skfocal.nn"):
    import torch  # noqa: F401 (whether it can be)

from skfocal._schedules import DeferredReweighting, GammaSchedule, Schedule, WarmUp
from skfocal.nn._bias import initial_bias
from skfocal.nn._module import LossModule
from skfocal.nn._networks import TabularMLP

__all__ = [
    "DeferredReweighting",
    "GammaSchedule",
    "LossModule",
    "Schedule",
    "TabularMLP",
    "WarmUp",
    "initial_bias",
]
