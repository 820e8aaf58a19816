"""The arms of the comparison, one file per family; each lists its own in ``METHODS``.

An arm is built for a fold by a function of its file, from the steps in ``_fold`` and ``_samplers``.
To add one, add it to ``METHODS`` of its family; one of your own need not be here at all:
``run(methods=[Method(...)])`` takes it as it is.
"""

from skfocal.benchmark.arms import (
    _boosting,
    _ensembles,
    _focal,
    _lightgbm,
    _linear,
    _networks,
    _perceptron,
)
from skfocal.benchmark.arms._fold import FoldInfo, StepCache
from skfocal.benchmark.arms._losses import focal_arm, list_loss_arms
from skfocal.benchmark.arms._method import Method

__all__ = ["NAMED", "FoldInfo", "Method", "StepCache", "focal_arm", "list_loss_arms"]

_FAMILIES = (_linear, _focal, _ensembles, _perceptron, _lightgbm, _networks, _boosting)

#: By name, in the order of the tables.
NAMED = {method.name: method for family in _FAMILIES for method in family.METHODS}
