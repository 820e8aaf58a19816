"""Whole runs on several classes and on labels: results, store, report and command line."""

import re
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from typer.testing import CliRunner

from skfocal.benchmark import load_results, run
from skfocal.benchmark.cli._commands import app
from skfocal.benchmark.protocol import Plan, get_columns
from skfocal.benchmark.report import write_report
from skfocal.benchmark.report._findings import compare_focal, find_focal_arm
from skfocal.benchmark.scoring import get_scoring
from skfocal.benchmark.statistics import rank_table
from skfocal.benchmark.store import Store
from tests.benchmark.toys import make_multiclass, make_multilabel, make_toy

PLAN = Plan(n_splits=2, n_repeats=1, inner_splits=2, budget=1)
ARMS = {
    "multiclass": ["dummy", "logistic", "logistic_smote", "focal_zero", "focal"],
    "multilabel": ["dummy", "logistic", "logistic_balanced"],
}
MAKE = {"multiclass": make_multiclass, "multilabel": make_multilabel}


@pytest.fixture(scope="module", params=list(ARMS))
def finished(request, tmp_path_factory):
    """Return a task, its results on two toys, and their folder."""
    task, folder = request.param, tmp_path_factory.mktemp(request.param)
    toys = [MAKE[task]("one"), MAKE[task]("two", categorical=True, seed=1)]
    return task, run(datasets=toys, methods=ARMS[task], plan=PLAN, out=folder), folder


@pytest.mark.slow
def test_results_have_the_columns_of_their_task(finished):
    task, results, folder = finished
    assert list(results.columns) == get_columns(task)
    assert results["error"].unique().tolist() == [""]
    assert results[list(get_scoring(task).FIGURES)].notna().all(axis=None)
    means = results.groupby("method")["macro_average_precision"].mean()
    assert means["logistic"] > means["dummy"] + 0.2
    pd.testing.assert_frame_equal(results, load_results(folder))


def test_the_store_knows_task_and_predictions(finished):
    task, results, folder = finished
    store = Store(folder)
    assert store.manifest()["task"] == task
    predictions = store.predictions("one", "logistic")
    assert sorted(predictions["row"]) == list(range(150))
    probability = predictions.filter(regex=r"probability_\d").to_numpy()
    target = predictions.filter(regex=r"target").to_numpy()
    assert probability.shape == (150, 3)
    assert target.shape == ((150, 1) if task == "multiclass" else (150, 3))
    functions = get_scoring(task)
    for fold, rows in predictions.groupby("fold").indices.items():
        own = target[rows, 0] if task == "multiclass" else target[rows]
        row = results[(results["dataset"] == "one") & (results["method"] == "logistic")]
        expected = row.loc[row["fold"] == fold, "macro_average_precision"].item()
        assert_allclose(functions.score(own, probability[rows]), expected)


def test_methods_are_ranked_by_the_figures_of_the_task(finished):
    _, results, _ = finished
    for metric in ("macro_average_precision", "log_loss"):
        assert rank_table(results, metric)["mean_rank"].notna().all()
    with pytest.raises(ValueError, match="Unknown metric 'roc_auc'; the metrics of the results"):
        rank_table(results, "roc_auc")


@pytest.mark.slow
def test_the_report_shows_the_figures_of_the_task(finished):
    task, results, folder = finished
    text = write_report(folder).read_text(encoding="utf-8")
    mean = results.loc[results["method"] == "logistic", "macro_average_precision"].mean()
    assert "Macro average precision ↑" in text
    assert f"{mean:.3f}" in text
    assert "ROC AUC" not in text
    assert 'id="curves"' not in text
    assert ("Too few positives to be scored on one: odd." in text) == (task == "multilabel")
    assert ('id="focal"' in text) == (task == "multiclass")
    pd.testing.assert_series_equal(
        pd.read_csv(folder / "results.csv")["log_loss"], results["log_loss"]
    )


def test_a_folder_of_another_task_is_refused(finished):
    task, _, folder = finished
    with pytest.raises(ValueError, match=f"holds results with task={task}; this run asks for bin"):
        run(datasets=[make_toy("three")], methods=["dummy"], plan=PLAN, out=folder)


def test_tasks_are_not_mixed():
    message = "must be of one task; 'classes' is multiclass and 'labels' is multilabel"
    with pytest.raises(ValueError, match=message):
        run(datasets=[make_multiclass(), make_multilabel()], methods=["dummy"])


def test_a_failing_cell_is_recorded_and_the_run_goes_on():
    few = make_multiclass("few", counts=(60, 30, 2))
    results = run(datasets=[few, make_multiclass()], methods=["logistic_smote", "dummy"], plan=PLAN)
    failed = results[results["status"] == "failed"]
    assert set(zip(failed["dataset"], failed["method"], strict=True)) == {("few", "logistic_smote")}
    assert failed["error"].str.contains("needs? 2|1 row", regex=True).all()
    assert (results["status"] == "ok").sum() == 6


def test_a_missing_extra_fails_its_cells_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    monkeypatch.setitem(sys.modules, "skorch", None)
    arms = ["lightgbm", "focal_mlp", "dummy"]
    results = run(datasets=[make_multiclass()], methods=arms, plan=PLAN)
    errors = results.set_index("method")["error"]
    assert errors["lightgbm"].str.startswith("MissingExtraError: This arm needs lightgbm").all()
    assert errors["lightgbm"].str.endswith("pip install 'skfocal[benchmark]'").all()
    assert errors["focal_mlp"].str.contains(r"pip install 'skfocal\[neural\]'").all()
    assert (errors["dummy"] == "").all()


@pytest.mark.parametrize("task", list(ARMS))
def test_the_command_line_runs_the_suite(task, tmp_path, monkeypatch):
    toy = MAKE[task]("toy")
    name = {"multiclass": "glass-6", "multilabel": "solar-flare"}[task]
    monkeypatch.setattr("skfocal.benchmark.runner.load_dataset", lambda name: toy)
    options = ["--datasets", name, "--methods", "dummy,logistic", "--jobs", "1"]
    monkeypatch.setattr("skfocal.benchmark.runner.default_plan", lambda suite: PLAN)
    result = CliRunner().invoke(
        app, ["benchmark", "run", "--suite", task, *options, "--out", str(tmp_path)]
    )
    assert result.exit_code == 0
    assert re.search(r"Macro average precision\s+rank\s+Log loss", result.stdout)
    mean = load_results(tmp_path).groupby("method")["macro_average_precision"].mean()
    assert f"{mean['logistic']:.3f}" in result.stdout


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        (["focal_mlp_zero", "asymmetric_mlp", "focal_mlp"], "focal_mlp"),
        (["focal_mlp", "focal", "focal_zero"], "focal"),
        (["focal_zero", "focal_effective"], "focal_effective"),
        (["focal_zero", "logistic"], None),
    ],
)
def test_who_speaks_for_focal_loss_is_settled_in_advance(arms, expected):
    assert find_focal_arm(arms) == expected


def test_the_focal_network_meets_its_own_zero_point():
    shared = {"family": "a", "dataset": "a", "ranked": True, "repeat": 0, "status": "ok"}
    scores = {"focal_mlp": 0.6, "focal_mlp_zero": 0.5, "asymmetric_mlp": 0.7, "mlp": 0.55}
    rows = [
        shared | {"fold": fold, "method": method, "macro_average_precision": score + 0.01 * fold}
        for fold in range(3)
        for method, score in scores.items()
    ]
    results = pd.DataFrame(rows).assign(n_train=100, n_test=50)
    duels = compare_focal(results, "macro_average_precision")
    assert [(duel.first, duel.second) for duel in duels] == [
        ("focal_mlp", "focal_mlp_zero"),
        ("focal_mlp", "mlp"),
    ]
    assert_allclose([duel.gain for duel in duels], [0.1, 0.05])
    assert np.isfinite(duels[0].p_value)
