"""The losses in torch: any registered loss as a module, initial biases, and schedules."""

try:
    import torch  # noqa: F401 (whether it can be)
except ImportError as error:
    raise ImportError("skfocal.nn needs torch: pip install 'skfocal[neural]'") from error

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
