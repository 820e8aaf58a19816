"""Binary, multilabel, multiclass: what differs between them, behind one contract.

=========== ================= ========== ============================== =========================
task        target            scores     class weights, counts          log-odds of the posterior
=========== ================= ========== ============================== =========================
binary      (n,) of 0 and 1   (n,)       (2,), negatives first          (n,) of the positive class
multilabel  (n, L) of 0 and 1 (n, L)     (2, L), negatives first        (n, L)
multiclass  (n,) of 0 to K-1  (n, K)     (K,)                           (n, K) log-probabilities
=========== ================= ========== ============================== =========================

Learners and the posterior hold a :class:`Task`; nothing outside this package compares names of
tasks. The chain rule takes NumPy arrays and torch tensors alike.
"""

from collections.abc import Sized

from skfocal.tasks._contract import ScoreDerivatives, Task, positive_curvature
from skfocal.tasks.binary import Binary
from skfocal.tasks.multiclass import Multiclass
from skfocal.tasks.multilabel import Multilabel

__all__ = [
    "TASKS",
    "Binary",
    "Multiclass",
    "Multilabel",
    "ScoreDerivatives",
    "Task",
    "get_task",
    "positive_curvature",
    "task_of",
]

TASKS: dict[str, Task] = {task.name: task for task in (Binary(), Multilabel(), Multiclass())}


def get_task(name: str) -> Task:
    """Return the task of a name.

    Parameters
    ----------
    name : {"binary", "multilabel", "multiclass"}

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If there is no such task.

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import FocalLoss
    >>> from skfocal.tasks import get_task
    >>> scores, target = np.array([0.0, 0.0]), np.array([0, 1])
    >>> get_task("binary").derivatives(FocalLoss(gamma=2.0), scores, target, 1).gradient.round(4)
    array([ 0.2983, -0.2983])
    """
    if name not in TASKS:
        raise ValueError(f"task must be one of {sorted(TASKS)}, got {name!r}.")
    return TASKS[name]


def task_of(classes: Sized) -> str:
    """Return the name of the task of rows with one class each, "binary" for two classes.

    Parameters
    ----------
    classes : sequence
        The classes.

    Returns
    -------
    {"binary", "multiclass"}
    """
    return "binary" if len(classes) == 2 else "multiclass"
