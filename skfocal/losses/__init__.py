"""Losses: what is minimised, as closed forms in the margin.

One file per loss, one import line below; estimators, the torch module, the tests and the table in
the README find it through the registry.
"""

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._check import check_loss
from skfocal.losses._math import logistic_terms
from skfocal.losses._registry import get_loss, list_losses, register
from skfocal.losses.asymmetric import AsymmetricLoss
from skfocal.losses.cross_entropy import CrossEntropyLoss
from skfocal.losses.focal import FocalLoss
from skfocal.losses.generalized_cross_entropy import GeneralizedCrossEntropyLoss
from skfocal.losses.ghm import GHMLoss
from skfocal.losses.hard_truncated import HardTruncatedLoss
from skfocal.losses.ldam import LDAMLoss
from skfocal.losses.logit_adjusted import LogitAdjustedLoss
from skfocal.losses.poly import PolyLoss
from skfocal.losses.soft_truncated import SoftTruncatedLoss

__all__ = [
    "AsymmetricLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "GHMLoss",
    "GeneralizedCrossEntropyLoss",
    "HardTruncatedLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "MarginLoss",
    "PolyLoss",
    "SoftTruncatedLoss",
    "Traits",
    "check_loss",
    "get_loss",
    "list_losses",
    "logistic_terms",
    "register",
]
