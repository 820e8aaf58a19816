"""The main job: what it computes, refuses, survives and does not do twice."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark import load_results, run
from skfocal.benchmark import runner as module
from skfocal.benchmark.datasets import DatasetUnavailableError
from skfocal.benchmark.protocol import Plan, evaluate, get_columns
from skfocal.benchmark.store import Store
from tests.benchmark.toys import make_toy

PLAN = Plan(n_splits=2, n_repeats=1, inner_splits=2, budget=1)
SECONDS = ["fit_seconds", "search_seconds", "predict_seconds"]
ARMS = ["dummy", "logistic"]


@pytest.fixture
def toys():
    return [make_toy("one"), make_toy("two", categorical=True, family="one", ranked=False)]


@pytest.fixture
def computed(monkeypatch):
    """Return the list of cells computed from now on."""
    cells = []

    def count(method, table, fold, plan):
        cells.append((table.name, method.name, fold.repeat, fold.fold))
        return evaluate(method, table, fold, plan)

    monkeypatch.setattr(module, "evaluate", count)
    return cells


def same(first, second):
    pd.testing.assert_frame_equal(first.drop(columns=SECONDS), second.drop(columns=SECONDS))


def test_one_row_a_cell_in_order(toys):
    results = run(datasets=toys, methods=["logistic", "dummy"], plan=PLAN)
    assert list(results.columns) == get_columns("binary")
    assert (results["status"] == "ok").all()
    keys = results[["dataset", "fold", "method"]].to_numpy().tolist()
    assert keys == [
        [d, f, m] for d in ("one", "two") for f in (0, 1) for m in ("logistic", "dummy")
    ]
    assert results["family"].unique().tolist() == ["one"]
    assert results["ranked"].tolist() == [True] * 4 + [False] * 4
    means = results.groupby("method")["average_precision"].mean()
    assert means["logistic"] > 0.6 > means["dummy"]


def test_all_methods_meet_the_same_folds(toys, tmp_path):
    run(datasets=toys[:1], methods=ARMS, plan=PLAN, out=tmp_path)
    first, second = (Store(tmp_path).predictions("one", method) for method in ARMS)
    assert first["row"].tolist() == second["row"].tolist()
    assert sorted(first["row"]) == list(range(120))


def test_the_seed_decides(toys):
    arguments = {"datasets": toys[:1], "methods": ["logistic_smote"], "plan": PLAN}
    first, again, other = (run(**arguments, random_state=seed) for seed in (0, 0, 1))
    same(first, again)
    assert (first["average_precision"] != other["average_precision"]).any()


def test_results_are_on_disk_and_not_computed_twice(toys, tmp_path, computed):
    first = run(datasets=toys, methods=ARMS, plan=PLAN, out=tmp_path)
    assert len(computed) == 8
    again = run(datasets=toys, methods=ARMS, plan=PLAN, out=tmp_path)
    assert len(computed) == 8
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, load_results(tmp_path))


def test_each_cell_is_on_disk_before_the_next_begins(toys, tmp_path, monkeypatch):
    on_disk = []

    def look(*task):
        on_disk.append(len(list(tmp_path.glob("cells/*/*/*.json"))))
        return evaluate(*task)

    monkeypatch.setattr(module, "evaluate", look)
    run(datasets=toys, methods=ARMS, plan=PLAN, out=tmp_path, n_jobs=1)
    assert on_disk == list(range(8))


def test_methods_and_data_sets_may_be_added(toys, tmp_path, computed):
    run(datasets=toys[:1], methods=["dummy"], plan=PLAN, out=tmp_path)
    results = run(datasets=toys[1:], methods=["logistic"], plan=PLAN, out=tmp_path)
    assert results["dataset"].unique().tolist() == ["two"]
    manifest = Store(tmp_path).manifest()
    assert (list(manifest["datasets"]), manifest["methods"]) == (["one", "two"], ARMS)
    assert len(computed) == 2 + 2
    run(datasets=toys, methods=ARMS, plan=PLAN, out=tmp_path)
    assert len(computed) == len(set(computed)) == 8
    assert len(load_results(tmp_path)) == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan": replace(PLAN, budget=2)}, "plan=.*'budget': 1.*asks for .*'budget': 2"),
        ({"random_state": 3}, "random_state=0; this run asks for 3"),
        ({"datasets": [make_toy("one", seed=1)]}, "a data set 'one' whose contents differ"),
    ],
)
def test_a_folder_of_another_run_is_refused(toys, tmp_path, computed, change, message):
    request = {"datasets": toys[:1], "methods": ["dummy"], "plan": PLAN, "out": tmp_path}
    run(**request)
    before = load_results(tmp_path)
    with pytest.raises(ValueError, match=message + "(.|\n)*Choose another folder"):
        run(**request | change)
    pd.testing.assert_frame_equal(before, load_results(tmp_path))
    assert len(computed) == 2


def test_going_on_with_other_versions_warns(toys, tmp_path):
    request = {"datasets": toys[:1], "methods": ["dummy"], "plan": PLAN, "out": tmp_path}
    run(**request)
    manifest = Store(tmp_path).manifest()
    manifest["versions"]["numpy"] = "0.1"
    Store(tmp_path).write_manifest(manifest)
    with pytest.warns(UserWarning, match="was begun with"):
        run(**request)


def test_a_failing_arm_does_not_stop_the_others(toys):
    few = make_toy("few", n_positive=4)  # inner folds with one positive: SMOTE cannot work
    results = run(datasets=[few, *toys], methods=["logistic_smote", "dummy"], plan=PLAN)
    failed = results[results["status"] == "failed"]
    assert set(failed["dataset"]) == {"few"}
    assert set(failed["method"]) == {"logistic_smote"}
    assert failed["error"].str.contains("has 1 row in the training fold").all()
    assert (results["status"] == "ok").sum() == 10


def test_an_unavailable_data_set_is_reported_and_tried_again(toys, tmp_path, monkeypatch):
    def refuse(name):
        raise DatasetUnavailableError("The archive cannot be fetched.")

    monkeypatch.setattr(module, "load_dataset", refuse)
    request = {"methods": ARMS, "plan": PLAN, "out": tmp_path}
    results = run(datasets=["wine", toys[0]], **request)
    gone = results[results["dataset"] == "wine"]
    assert len(gone) == 4
    assert set(gone["error"]) == {"The archive cannot be fetched."}
    assert (results.loc[results["dataset"] == "one", "status"] == "ok").all()
    pd.testing.assert_frame_equal(results, load_results(tmp_path))

    monkeypatch.setattr(module, "load_dataset", lambda name: make_toy(name))
    assert (run(datasets=["wine", toys[0]], **request)["status"] == "ok").all()
    assert Store(tmp_path).manifest()["unavailable"] == {}


def test_a_data_set_that_cannot_be_cut_is_reported(toys):
    few = make_toy("few", n=3, n_positive=1)
    results = run(datasets=[few, toys[0]], methods=ARMS, plan=replace(PLAN, n_splits=5))
    assert results.loc[results["dataset"] == "few", "error"].str.startswith("No folds: ").all()
    assert (results.loc[results["dataset"] == "one", "status"] == "ok").all()


def test_time_is_up_and_a_later_run_goes_on(toys, tmp_path, computed, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    request = {"datasets": toys, "methods": ARMS, "plan": PLAN, "out": tmp_path}
    results = run(**request, time_limit=4)  # looked at once a cell: 1, 2, 3, then 4
    assert results["status"].tolist() == ["ok"] * 3 + ["skipped"] * 5
    assert set(results["error"][3:]) == {"Not begun within the time limit."}
    assert results["n_train"].notna().all()
    assert len(load_results(tmp_path)) == 3
    assert (run(**request)["status"] == "ok").all()
    assert len(computed) == len(set(computed)) == 8


def test_progress_counts_what_was_there(toys, tmp_path):
    calls = []
    request = {"methods": ["dummy"], "plan": PLAN, "out": tmp_path}
    run(datasets=toys[:1], **request)
    run(datasets=toys, **request, progress=lambda *call: calls.append(call))
    assert calls == [
        (3, 4, "two / dummy / repeat 0, fold 0"),
        (4, 4, "two / dummy / repeat 0, fold 1"),
    ]


def test_the_manifest_says_what_was_asked(toys, tmp_path):
    run("tiny", datasets=toys[:1], methods=["dummy"], out=tmp_path, random_state=np.int64(5))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["suite"] == "tiny"
    assert manifest["plan"] == {"n_splits": 3, "n_repeats": 1, "inner_splits": 3, "budget": 4}
    assert manifest["random_state"] == 5
    described = manifest["datasets"]["one"]
    assert (described["n_rows"], described["n_features"], described["n_positives"]) == (120, 2, 24)
    assert manifest["versions"]["scikit-learn"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": ["dummy", "smoot"]}, "Unknown method 'smoot'"),
        ({"methods": "dummy"}, "methods must be a list"),
        ({"methods": []}, "methods must be a list"),
        ({"datasets": "wine"}, "datasets must be a list"),
        ({"datasets": []}, "datasets must be a list"),
        ({"datasets": ["atlantis"]}, "unknown data set 'atlantis'"),
        ({"datasets": [make_toy(), make_toy()]}, "two data sets are named 'toy'"),
        ({"datasets": [replace(make_toy(), task="multilabel")]}, "a multilabel target is an"),
        ({"datasets": [replace(make_toy(), task="ranking")]}, "Unknown task 'ranking'; the tasks"),
        (
            {"datasets": ["wine", "glass-6"]},
            "must be of one task; 'wine' is binary and 'glass-6' is multiclass",
        ),
        (
            {"suite": "multiclass", "methods": ["focal", "logistic_rus"]},
            "method 'logistic_rus' is for binary targets; for multiclass ones there are .'dummy'",
        ),
        ({"plan": 3}, "plan must be a Plan"),
        ({"random_state": -1}, "random_state must be an integer >= 0"),
        ({"random_state": None}, "random_state must be an integer >= 0"),
        ({"time_limit": 0}, "time_limit must be a number of seconds > 0"),
        ({"progress": 3}, "progress must be callable"),
        ({"suite": "grand"}, "grand"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(tmp_path, arguments, message):
    arguments = {"suite": "tiny"} | arguments
    with pytest.raises(ValueError, match=message):
        run(**arguments, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn", None)
    with pytest.raises(ImportError, match=r"pip install 'skfocal\[benchmark\]'"):
        run("tiny")


def test_the_tiny_suite_runs_without_any_download():
    results = run("tiny", methods=["dummy"])
    assert (results["status"] == "ok").all()
    assert results["dataset"].nunique() >= 2


@pytest.mark.slow
def test_two_processes_compute_the_same(toys):
    arguments = {"datasets": toys, "methods": ["logistic_rus", "focal"], "plan": PLAN}
    with joblib.parallel_config("loky", n_jobs=2):  # as with Dask, nothing but the context says so
        same(run(**arguments, n_jobs=1), run(**arguments))


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path, computed):
    request = {"methods": ["dummy", "logistic", "logistic_rus"], "plan": replace(PLAN, n_repeats=8)}
    script = (
        "from skfocal.benchmark import run\n"
        "from skfocal.benchmark.protocol import Plan\n"
        "from tests.benchmark.toys import make_toy\n"
        f"run(datasets=[make_toy()], methods={request['methods']}, plan={request['plan']},\n"
        f"    out={str(tmp_path)!r}, n_jobs=2)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob("cells/*/*/*.json"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
        # The run itself died without a word; its idle workers would stay for some minutes.
        os.killpg(process.pid, signal.SIGKILL)
    finished = {p: p.stat().st_mtime_ns for p in tmp_path.glob("cells/*/*/*.json")}
    assert 5 <= len(finished) < 48

    results = run(datasets=[make_toy()], out=tmp_path, **request)
    assert len(computed) == len(set(computed)) == 48 - len(finished)
    assert {p: p.stat().st_mtime_ns for p in finished} == finished
    same(results, run(datasets=[make_toy()], **request))


def test_the_estimate_counts_the_fits_that_are_left(toys, tmp_path, monkeypatch):
    timed, told = [], []
    monkeypatch.setattr(
        "skfocal.benchmark._estimate._time_fit", lambda job: timed.append(job.method.name) or 2.0
    )
    arguments = {"datasets": toys[:1], "plan": Plan(2, 1, 3, 4), "out": tmp_path, "n_jobs": 1}
    run(methods=["dummy"], **arguments, announce=told.append)
    run(methods=["dummy", "logistic"], **arguments, announce=told.append)
    run(methods=["dummy", "logistic"], **arguments, announce=told.append)
    assert timed == ["dummy", "logistic"]  # one trial of a method, none for what is done
    # Two cells: a setting on two thirds of the rows three times, and once on all.
    assert told == [2 * 2.0 * (1 * 2 + 1), 2 * 2.0 * (4 * 2 + 1), 0.0]
