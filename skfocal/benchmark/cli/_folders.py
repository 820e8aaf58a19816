"""Where a comparison keeps its results unless told otherwise."""

import hashlib
import re
from pathlib import Path

__all__ = ["default_folder"]

USUAL = {"preset": "standard", "random_state": 0}
N_LETTERS = 60


def default_folder(table, target, settings) -> Path:
    """Return a folder that only comparisons of the same rows, target and folds share.

    Parameters
    ----------
    table : path-like
        The file.
    target : str or list of str
        Column of the class, or several.
    settings : dict
        What changes rows, columns or folds: part of the name where it is not as usual.

    Examples
    --------
    >>> default_folder("data/churn.csv", "left", {}).as_posix()
    'benchmark-results/churn-left'
    """
    from skfocal.benchmark.reading import name_table

    targets = [target] if isinstance(target, str) else target
    words = re.sub(r"[^\w.-]+", "_", "-".join([name_table(table), *targets]))
    unusual = {k: v for k, v in settings.items() if v not in (None, [], USUAL.get(k))}
    name = words[:N_LETTERS]
    if unusual or name != "-".join([name_table(table), *targets]):
        told = repr((targets, sorted(unusual.items())))
        name += "-" + hashlib.sha256(told.encode()).hexdigest()[:6]
    return Path("benchmark-results") / name
