"""Losses: what is minimised, as closed forms in the margin.

One file per loss, one import line below; estimators, the torch module, the tests and the table in
the README find it through the registry.
"""

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._check import check_loss
from skfocal.losses._registry import get_loss, list_losses, register
from skfocal.losses.cross_entropy import CrossEntropyLoss
from skfocal.losses.focal import FocalLoss

__all__ = [
    "CrossEntropyLoss",
    "FocalLoss",
    "MarginLoss",
    "Traits",
    "check_loss",
    "get_loss",
    "list_losses",
    "register",
]
