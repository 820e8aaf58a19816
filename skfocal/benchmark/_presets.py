"""How much a comparison computes: methods, folds and settings, by one word."""

from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from skfocal.benchmark._folds import cut_in_time, limit_by_groups
from skfocal.benchmark.arms import NAMED
from skfocal.benchmark.methods import DEFAULT_METHODS, choose_methods
from skfocal.benchmark.protocol import Plan

__all__ = ["PRESETS", "choose_arms", "choose_plan"]

# Above this a fold has enough rows for its own noise to be small, and time is what is short.
LARGE = 20_000
# The arms beyond those which take seconds.
NETWORKS = ("mlp", "focal_mlp", "focal_mlp_zero")
BOOSTERS = ("focal_boosting_zero", "focal_boosting", "lightgbm", "xgboost", "catboost")


@dataclass(frozen=True)
class Preset:
    """Folds of small and of large tables, and which arms run where none is named."""

    small: Plan
    large: Plan
    arms: str


#: By name, the quickest first.
PRESETS = {
    "fast": Preset(Plan(5, 1, 3, 4), Plan(3, 1, 3, 4), "few"),
    "standard": Preset(Plan(5, 2, 3, 4), Plan(3, 1, 3, 4), "usual"),
    "thorough": Preset(Plan(5, 4, 3, 8), Plan(5, 1, 3, 8), "all"),
}


def choose_arms(preset, methods, task):
    """Return the arms of a comparison, and a note on those that cannot run here.

    Parameters
    ----------
    preset : str
        A name of :data:`PRESETS`.
    methods : list of str or Method, or None
        Arms that are asked for; None takes those of the preset.
    task : str
        Kind of target.

    Returns
    -------
    arms : list of Method
    notes : list of str

    Raises
    ------
    ValueError
        If there is no such preset or method, or none that is for the task.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {list(PRESETS)}; got {preset!r}.")
    if methods is not None:
        return choose_methods(methods, task), []
    usual = DEFAULT_METHODS[task]
    slow = {*NETWORKS, *BOOSTERS}
    names = {
        "few": [name for name in usual if name not in slow] if task == "binary" else usual,
        "usual": [name for name in NAMED if name in usual or name in slow],
        "all": list(NAMED),
    }[PRESETS[preset].arms]
    arms = [NAMED[name] for name in names if task in NAMED[name].tasks]
    absent = {arm.name: [name for name in arm.requires if not _is_installed(name)] for arm in arms}
    missing = sorted({name for names in absent.values() for name in names})
    notes = []
    if PRESETS[preset].arms == "few" and task == "binary":
        notes.append("Focal boosting and networks were not run; the preset 'standard' runs them.")
    if missing:
        left_out = ", ".join(name for name, names in absent.items() if names)
        notes.append(f"Not run, since {' and '.join(missing)} is not installed: {left_out}.")
    return [arm for arm in arms if not absent[arm.name]], notes


def _is_installed(name):
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def choose_plan(table, preset):
    """Return the folds that suit a table, and a note where they are fewer than usual.

    Parameters
    ----------
    table : NumericTable
    preset : str
        A name of :data:`PRESETS`.

    Raises
    ------
    ValueError
        If rows, groups or times do not allow two folds.
    """
    n_rows = len(table.X)
    plan = PRESETS[preset].small if n_rows <= LARGE else PRESETS[preset].large
    wanted = plan.n_splits
    if table.time is not None:
        n_splits = len(cut_in_time(table, np.arange(n_rows), wanted, fewest=2))
        plan = replace(plan, n_repeats=1)
        way = "in the order of time"
    elif table.groups is not None:
        n_splits = limit_by_groups(table.target, table.groups, wanted)
        way = "that keep groups together"
    else:
        return plan, []
    if n_splits < 2:
        raise ValueError(f"The table allows no two folds {way} that hold both classes each.")
    if n_splits == wanted:
        return plan, []
    note = f"The table allows {n_splits} folds {way}, instead of {wanted}."
    return replace(plan, n_splits=n_splits), [note]
