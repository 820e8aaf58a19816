"""The comparison on a user's own table: its folds, its folder, and the answer in words."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skfocal.benchmark import load_results, read_table
from skfocal.benchmark._presets import PRESETS, choose_arms
from skfocal.benchmark.compare import compare
from skfocal.benchmark.methods import get_method
from skfocal.benchmark.report import NOTES_FILE
from skfocal.benchmark.report._findings import find_focal_arm
from skfocal.benchmark.scoring import get_scoring
from skfocal.benchmark.store import Store


def make_frame(n=200, n_positive=40, seed=0):
    """A table of a signal, noise and a category, with a target of words."""
    rng = np.random.default_rng(seed)
    y = np.zeros(n, dtype=bool)
    y[rng.choice(n, n_positive, replace=False)] = True
    return pd.DataFrame(
        {
            "signal": rng.normal(size=n) + 2 * y,
            "noise": rng.normal(size=n),
            "town": rng.choice(["Rome", "Oslo"], n),
            "churn": np.where(y, "yes", "no"),
        }
    )


@pytest.fixture
def frame():
    return make_frame()


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison") / "out"
    make_frame().assign(k=1).to_csv(folder.parent / "t.csv", index=False)
    methods = ["dummy", "logistic", "focal"]
    return compare(folder.parent / "t.csv", "churn", methods=methods, out=folder)


@pytest.mark.slow
def test_answer_names_the_winners(comparison):
    means = comparison.results.groupby("method")[["average_precision", "log_loss"]].mean()
    best, loss = means["average_precision"].max(), means["log_loss"].min()
    lines = comparison.answer.splitlines()
    assert comparison.winner == means["average_precision"].idxmax()
    assert lines[0].startswith("Ship ")
    assert f": {best:.3f} in average precision, the best of 3 methods. Next is " in lines[0]
    assert "(95 %: " in lines[0] and " the noise)." in lines[0]
    if means["log_loss"].idxmin() != comparison.winner:
        assert any(f"has the best log loss, {loss:.3f}" in line for line in lines)


@pytest.mark.slow
def test_small_tables_are_judged_on_five_folds_twice(comparison):
    assert len(comparison.results) == 3 * 5 * 2
    assert (comparison.results["status"] == "ok").all()
    assert comparison.results[list(get_scoring("binary").FIGURES)].notna().all(axis=None)


def test_report_of_a_comparison(comparison):
    text = comparison.path.read_text(encoding="utf-8")
    assert comparison.path.name == "report.html"
    assert "Comparison on t" in text and "Dropped because constant: &#39;k&#39;." in text
    assert "200, of them 40 positive (20.0%)" in text
    about = json.loads((comparison.path.parent / NOTES_FILE).read_text(encoding="utf-8"))
    assert about["notes"] == list(comparison.notes)
    assert len(load_results(comparison.path.parent)) == len(comparison.results)


def test_folder_of_another_table_is_refused(comparison, frame):
    folder = comparison.path.parent
    with pytest.raises(ValueError, match="holds results on 't'; choose another folder"):
        compare(frame, "churn", methods=["dummy"], out=folder)


def test_folder_of_another_version_of_the_table_is_refused(comparison, tmp_path):
    notes = (comparison.path.parent / NOTES_FILE).read_text(encoding="utf-8")
    make_frame(seed=1).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="contents differ"):
        compare(tmp_path / "t.csv", "churn", methods=["dummy"], out=comparison.path.parent)
    assert (comparison.path.parent / NOTES_FILE).read_text(encoding="utf-8") == notes


def test_the_summary_says_what_was_read(comparison):
    assert comparison.summary == (
        "Read 't': 200 rows, 40 of them positive ('yes', else 'no'); "
        "columns: 2 of numbers, 1 of names."
    )


@pytest.mark.slow
def test_tables_of_other_kinds(frame):
    first = compare(frame, "churn", methods=["dummy"]).results
    for table in (pa.Table.from_pandas(frame), pl.from_pandas(frame)):
        results = compare(table, "churn", methods=["dummy"]).results
        assert results["log_loss"].tolist() == first["log_loss"].tolist()


@pytest.mark.slow
def test_a_column_that_is_empty_in_some_training_folds(frame):
    frame["rare"] = [1.0, 2.0] + [np.nan] * 198
    short = replace(
        get_method("focal_boosting"), name="short", configurations=({"n_estimators": 9},)
    )
    methods = ["hist_gradient_boosting", short]
    results = compare(frame, "churn", methods=methods, max_rows=150, preset="fast").results
    assert (results["status"] == "ok").all()


def test_large_tables_are_judged_on_three_folds():
    found = compare(make_frame(20_001, 300), "churn", methods=["dummy"])
    assert len(found.results) == 3
    assert found.path is None


def test_fewer_positives_than_folds():
    with pytest.raises(ValueError, match="class 'yes' has 4 rows, fewer than the 5 folds"):
        compare(make_frame(200, 4), "churn", methods=["dummy"])


def test_few_positives_are_pointed_out():
    found = compare(make_frame(200, 10), "churn", methods=["dummy"])
    assert found.notes == ("There are only 10 positives: expect wide noise.",)
    assert "there is no other method to compare it with" in found.answer.splitlines()[0]


def test_out_of_time(frame):
    found = compare(frame, "churn", methods=["dummy", "logistic"], time_limit=1e-9)
    assert found.answer.startswith("There is no answer") and found.winner is None
    assert found.notes == ("20 of 20 fits did not begin within the time limit.",)


def make_rich_frame():
    """The table with a customer, a day and a second target, small enough for seconds."""
    frame, rng = make_frame(90, 30), np.random.default_rng(1)
    days = pd.to_timedelta(rng.integers(0, 50, 90), "D")
    return frame.assign(
        customer=rng.integers(0, 30, 90),
        day=(pd.Timestamp("2024-01-01") + days).strftime("%d.%m.%Y"),
        late=(frame["noise"] > 0.5).astype(int),
    )


@pytest.mark.slow
@pytest.mark.parametrize("target", ["churn", ["churn", "late"]])
def test_folds_keep_groups_and_time(target, tmp_path):
    roles = {"groups": "customer", "time": "day"}
    table = read_table(make_rich_frame(), target, **roles)
    seconds = []
    found = compare(
        *(make_rich_frame(), target),
        **roles,
        methods=["dummy", "logistic"],
        out=tmp_path,
        announce=seconds.append,
    )
    assert (found.results["status"] == "ok").all()
    assert found.results["repeat"].unique().tolist() == [0] and len(seconds) == 1
    tested = Store(tmp_path).predictions("table", "logistic").groupby("fold")["row"]
    ends = tested.agg(lambda rows: table.time[rows].max())
    starts = tested.agg(lambda rows: table.time[rows].min())
    assert (starts.to_numpy()[1:] > ends.to_numpy()[:-1]).all()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"{len(set(table.groups))} by customer; none straddles a fold" in page
    assert "every fold trains on the past" in page and "5 folds in the order of time;" in page


def test_folds_are_fewer_where_groups_or_time_do_not_allow_five():
    frame = make_rich_frame().assign(customer=lambda f: f["customer"] % 3)
    found = compare(frame, "churn", groups="customer", methods=["dummy"], preset="fast")
    assert "The table allows 3 folds that keep groups together, instead of 5." in found.notes
    with pytest.raises(ValueError, match="no two folds that keep groups together"):
        compare(frame.assign(one=frame["churn"]), "churn", groups="one", methods=["dummy"])
    with pytest.raises(ValueError, match="cannot be cut in the order of time"):
        compare(frame.assign(one=frame["churn"] == "yes"), "churn", time="one", methods=["dummy"])


@pytest.mark.slow
def test_presets_grow(monkeypatch):
    monkeypatch.setattr("skfocal.benchmark._presets._is_installed", lambda name: True)
    for task in ("binary", "multilabel"):
        arms = [{arm.name for arm in choose_arms(name, None, task)[0]} for name in PRESETS]
        assert arms[0] < arms[1] < arms[2] or task == "multilabel"
        assert all(any(find_focal_arm([name]) for name in some) for some in arms)
    assert not {"mlp", "focal_mlp", "focal_boosting"} & {
        arm.name for arm in choose_arms("fast", None, "binary")[0]
    }
    monkeypatch.setattr("skfocal.benchmark._presets._is_installed", lambda name: name != "torch")
    arms, notes = choose_arms("standard", None, "binary")
    assert "focal_mlp" not in [arm.name for arm in arms]
    assert notes == ["Not run, since torch is not installed: focal_mlp, focal_mlp_zero."]
    with pytest.raises(ValueError, match="preset must be one of"):
        choose_arms("slow", None, "binary")
