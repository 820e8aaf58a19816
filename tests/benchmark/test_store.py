"""The folder of results: nothing half-written counts, and what went in comes out."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skfocal.benchmark import load_results
from skfocal.benchmark.protocol import Cell, get_columns
from skfocal.benchmark.statistics import rank_table
from skfocal.benchmark.store import Store

MANIFEST = {
    "plan": {"n_splits": 2, "n_repeats": 1, "inner_splits": 3, "budget": 4},
    "methods": ["focal", "dummy"],
    "datasets": {"b": {}, "a": {}},
    "unavailable": {},
}


def make_row(dataset="a", method="focal", repeat=0, fold=0, **fields):
    row = {"dataset": dataset, "family": dataset, "ranked": True, "method": method}
    return (
        row | {"repeat": repeat, "fold": fold, "status": "ok", "error": "", "warnings": ""} | fields
    )


def make_predictions(offset=0):
    return {
        "row": np.arange(3) + offset,
        "target": np.array([0, 1, 0]),
        "probability": np.array([0.1, 0.7, 0.3]),
    }


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    store.write_manifest(MANIFEST)
    return store


def test_a_row_comes_back_as_it_was(store):
    row = make_row(average_precision=0.1 + 0.2, n_train=80, best_parameters='{"C": 1.0}')
    assert Cell.of(row) not in store
    store.save(row, make_predictions())
    assert Cell.of(row) in store
    assert store.load(Cell.of(row)) == row
    result = store.results().iloc[0]
    assert {name: result[name] for name in row} == row


def test_results_have_all_columns_in_the_order_of_the_manifest(store):
    keys = [
        ("a", "dummy", 0),
        ("b", "dummy", 1),
        ("b", "dummy", 0),
        ("a", "focal", 0),
        ("b", "focal", 1),
    ]
    for dataset, method, fold in keys:
        store.save(make_row(dataset, method, fold=fold), make_predictions())
    results = load_results(store.path)
    assert list(results.columns) == get_columns("binary")
    order = results[["dataset", "fold", "method"]].to_numpy().tolist()
    expected = [["b", 0, "dummy"], ["b", 1, "focal"], ["b", 1, "dummy"], ["a", 0, "focal"]]
    assert order == [*expected, ["a", 0, "dummy"]]


def test_results_of_an_older_run_lack_the_figures_that_came_later(store):
    numbers = dict.fromkeys(("average_precision", "f1", "threshold"), 0.5)
    store.save(make_row(**numbers), make_predictions())
    store.save(make_row(method="dummy", status="failed", error="ValueError: no"), {})
    results = load_results(store.path)
    wanted = get_columns("binary")
    assert "cost_5" in wanted and "cost_5" not in results and "calibration_slope" not in results
    assert list(results.columns) == [name for name in wanted if name in results]
    assert rank_table(results, "f1").loc["focal", "mean"] == 0.5


def test_a_failed_row_has_no_metrics_and_no_predictions(store):
    store.save(make_row(status="failed", error="ValueError: no"), {})
    results = store.results()
    assert results["average_precision"].isna().all()
    assert results["best_parameters"].tolist() == [""]
    assert store.predictions("a", "focal").empty


def test_an_empty_store_gives_an_empty_frame(store):
    assert list(store.results().columns) == get_columns("binary")
    assert len(store.results()) == 0


def test_predictions_of_all_folds(store):
    for fold in (0, 1):
        store.save(make_row(fold=fold), make_predictions(10 * fold))
    predictions = store.predictions("a", "focal")
    assert list(predictions.columns) == ["row", "repeat", "fold", "target", "probability"]
    assert predictions["row"].tolist() == [0, 1, 2, 10, 11, 12]
    assert predictions["fold"].tolist() == [0, 0, 0, 1, 1, 1]
    assert predictions["probability"].tolist() == [0.1, 0.7, 0.3] * 2


def test_predictions_of_nothing_have_the_columns(store):
    assert list(store.predictions("a", "dummy").columns)[-1] == "probability"


def test_a_data_set_that_was_unavailable_shows_as_failures(store):
    store.write_manifest(MANIFEST | {"unavailable": {"gone": "The archive is broken."}})
    results = store.results()
    assert len(results) == 4
    assert set(results["status"]) == {"failed"}
    assert set(results["error"]) == {"The archive is broken."}
    assert results["ranked"].dtype == bool


@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_a_write_that_is_cut_short_leaves_the_cell_undone(store, monkeypatch, suffix):
    def cut_short(source, target):
        if str(target).endswith(suffix):
            raise KeyboardInterrupt
        return replace(source, target)

    replace = __import__("os").replace
    monkeypatch.setattr("skfocal.benchmark.store.os.replace", cut_short)
    with pytest.raises(KeyboardInterrupt):
        store.save(make_row(), make_predictions())
    assert Cell.of(make_row()) not in store
    assert len(store.results()) == 0
    monkeypatch.undo()
    store.save(make_row(), make_predictions())
    assert len(store.predictions("a", "focal")) == 3
    assert not list(store.path.rglob("*.tmp"))


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "100 %", "Größe", "%2E."])
def test_any_name_is_a_folder_inside_the_store(store, name):
    store.write_manifest(MANIFEST | {"datasets": {name: {}, "a": {}}})
    store.save(make_row(name), make_predictions())
    store.save(make_row("a"), make_predictions())
    assert store.results()["dataset"].tolist() == [name, "a"]
    assert len(store.predictions(name, "focal")) == 3
    assert sorted(p.name for p in store.path.iterdir()) == ["cells", "manifest.json"]
    assert len(list((store.path / "cells").iterdir())) == 2


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no benchmark results in .*nothing"):
        load_results(tmp_path / "nothing")


def test_files_are_plain_json_and_npz(store):
    store.save(make_row(), make_predictions())
    path = store.path / "cells" / "a" / "focal" / "r0f0.json"
    assert json.loads(path.read_text()) == make_row()
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as arrays:
        assert_array_equal(arrays["target"], [0, 1, 0])
    assert isinstance(store.results(), pd.DataFrame)
