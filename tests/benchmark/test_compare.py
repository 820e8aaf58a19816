"""The comparison on a user's own table: reading it, refusing it, and the answer in words."""

import json

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark import load_results
from skfocal.benchmark._user_table import read_table
from skfocal.benchmark.compare import compare
from skfocal.benchmark.report import NOTES_FILE
from skfocal.benchmark.tasks import get_task


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


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found(tmp_path, frame, separator):
    frame["quoted"] = [f"a{separator}b", f"c{separator} d"] * 100
    frame.to_csv(tmp_path / "my.table.csv", sep=separator, index=False)
    user = read_table(tmp_path / "my.table.csv", "churn")
    assert user.dataset.name == user.dataset.family == "my"
    assert list(user.dataset.X) == ["signal", "noise", "town", "quoted"]
    assert user.dataset.categorical == ("town", "quoted")
    np.testing.assert_allclose(user.dataset.X["signal"], frame["signal"], rtol=1e-14)
    assert user.notes == ()


def test_decimal_commas(tmp_path, frame):
    frame.to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False)
    X = read_table(tmp_path / "t.csv", "churn").dataset.X
    np.testing.assert_allclose(X["noise"], frame["noise"], rtol=1e-14)


def test_row_cut_off_by_the_look_ahead(tmp_path):
    frame = make_frame(20, 8)
    frame.insert(0, "story", [f"{i % 7}{'x' * 6000}" for i in range(20)])
    frame.to_csv(tmp_path / "t.csv", sep=";", index=False)
    assert read_table(tmp_path / "t.csv", "churn").dataset.X.shape == (20, 4)


def test_header_longer_than_what_is_looked_at(tmp_path):
    names = [f"{i}{'x' * 4000}" for i in range(20)]
    wide = pd.DataFrame(np.arange(80.0).reshape(4, 20) ** 0.5, columns=names)
    wide.assign(y=[0, 1, 0, 1]).to_csv(tmp_path / "t.csv", index=False)
    assert read_table(tmp_path / "t.csv", "y").dataset.X.shape == (4, 20)


@pytest.mark.parametrize("suffix", [".parquet", ".csv.gz"])
def test_other_files(tmp_path, frame, suffix):
    path = tmp_path / f"t{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
    X = read_table(path, "churn").dataset.X
    np.testing.assert_allclose(X["noise"], frame["noise"], rtol=1e-14)


def test_other_encodings(tmp_path, frame):
    frame["stadt"] = ["Köln", "Düsseldorf"] * 100
    frame.to_csv(tmp_path / "t.csv", index=False, encoding="cp1252")
    assert set(read_table(tmp_path / "t.csv", "churn").dataset.X["stadt"]) == {"Köln", "Düsseldorf"}
    frame.to_csv(tmp_path / "u.csv", index=False, encoding="utf-8-sig")
    assert read_table(tmp_path / "u.csv", "churn").dataset.X.columns[0] == "signal"


def test_missing_values_stay_missing(tmp_path, frame):
    frame = frame.astype({"noise": object, "town": object})
    frame.loc[:4, "noise"] = "?"
    frame.loc[5:8, "town"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    X = read_table(tmp_path / "t.csv", "churn").dataset.X
    assert X["noise"].isna().sum() == 5 and X["town"].isna().sum() == 4
    assert X["noise"].dtype == np.float64


def test_kinds_of_columns(frame):
    days = pd.date_range("2020-01-01", periods=len(frame), freq="12h")
    frame = frame.assign(
        when=days,
        flag=frame["signal"] > 0,
        maybe=pd.array([1, None] * 100, dtype="Int64"),
        mixed=[1, "1", None, "x"] * 50,
        kind=pd.Categorical(["a", "b"] * 100),
        wild=[np.inf, 1.0, 2.0, -np.inf] * 50,
    )
    user = read_table(frame, "churn")
    X = user.dataset.X
    assert user.dataset.categorical == ("town", "mixed", "kind")
    np.testing.assert_allclose(X["when"], np.arange(200) / 2)
    assert set(X["flag"]) == {0.0, 1.0}
    assert X["maybe"].isna().sum() == 100
    assert set(X["mixed"].dropna()) == {"1", "x"}
    assert X["wild"].isna().sum() == 100
    assert user.notes == ("Infinite values in 'wild' were taken as missing.",)
    assert frame["wild"].isin([np.inf]).sum() == 50  # the caller's frame is left alone


def test_useless_columns_are_dropped_and_named(frame):
    frame = frame.assign(one=1, none=np.nan, id=range(7, 207), mail=[f"u{i}" for i in range(200)])
    frame.loc[0, "town"] = None
    user = read_table(frame, "churn")
    assert list(user.dataset.X) == ["signal", "noise", "town"]
    assert user.notes == (
        "Dropped because constant: 'one', 'none'.",
        "Dropped because different in every row, as a name is: 'id', 'mail'.",
    )


def test_the_rarer_class_is_positive(frame):
    user = read_table(frame, "churn")
    assert (user.positive, user.negative) == ("yes", "no")
    np.testing.assert_array_equal(user.dataset.y, frame["churn"] == "yes")


@pytest.mark.parametrize(
    ("labels", "asked", "positive"),
    [
        (["no", "yes"], "no", "no"),
        ([0, 1], "0", 0),
        ([1.0, 2.0], "1", 1.0),
        ([False, True], "False", False),
        ([False, True], False, False),
    ],
)
def test_positive_as_asked(frame, labels, asked, positive):
    frame["churn"] = frame["churn"].map({"no": labels[0], "yes": labels[1]})
    user = read_table(frame, "churn", positive=asked)
    assert user.positive == positive
    np.testing.assert_array_equal(user.dataset.y, frame["churn"] == positive)


def test_equal_classes_are_settled_and_said():
    user = read_table(make_frame(80, 40), "churn")
    assert user.positive == "yes"
    assert user.notes == (
        "Both classes of 'churn' have 40 rows; 'yes' was taken as the positive one.",
    )


def test_sample_keeps_the_share_and_the_seed(frame):
    frame["id"] = range(200)
    first, second = (read_table(frame, "churn", max_rows=50, random_state=3) for _ in range(2))
    assert first.dataset.y.sum() == 10 and len(first.dataset.y) == 50
    pd.testing.assert_frame_equal(first.dataset.X, second.dataset.X)
    assert "id" not in first.dataset.X  # numbers the rows, and is no longer dense in a sample
    assert first.notes[1:] == ("A stratified sample of 50 of the 200 rows was used (seed 3).",)
    rows = frame.set_index("signal").loc[first.dataset.X["signal"]]
    np.testing.assert_array_equal(rows["churn"] == "yes", first.dataset.y)
    assert len(read_table(frame, "churn", max_rows=200).notes) == 1


@pytest.mark.parametrize(
    ("change", "target", "options", "message"),
    [
        ({}, "chrun", {}, r"no column 'chrun': did you mean 'churn'\?"),
        ({}, "zzz", {}, "it has 'signal', 'noise', 'town', 'churn'"),
        ({"churn": "no"}, "churn", {}, "only one class, 'no'"),
        ({"churn": [0, 1, 2, 3] * 50}, "churn", {}, r"4 classes \(.*\); the comparison takes two"),
        ({"churn": [None, "a"] * 100}, "churn", {}, "missing in 100 of 200 rows"),
        ({}, "churn", {"positive": "maybe"}, "no label 'maybe'; its labels are 'yes', 'no'"),
        ({}, "churn", {"max_rows": 1}, "max_rows must be an integer >= 2; got 1"),
    ],
)
def test_bad_tables_get_a_sentence(frame, change, target, options, message):
    with pytest.raises(ValueError, match=message):
        read_table(frame.assign(**change), target, **options)


def test_table_without_features():
    with pytest.raises(ValueError, match="no usable column besides the target"):
        read_table(pd.DataFrame({"y": [0, 1] * 20, "id": range(40), "k": 1}), "y")


def test_columns_of_one_name(frame):
    double = frame.rename(columns={"noise": "signal"})
    with pytest.raises(ValueError, match="two columns of the same name"):
        read_table(double, "churn")
    with pytest.raises(ValueError, match="several columns 'signal'"):
        read_table(double, "signal")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"  \n", "the file is empty"),
        (b"a,b\n", "holds no rows"),
        (b"PK\x03\x04\0\0\0", "neither CSV nor Parquet"),
        (b"PAR1garbage", "cannot be read as a table"),
        (b"a,b\n1,2\n1,2,3,4\n", "cannot be read as a table"),
    ],
)
def test_bad_files_get_a_sentence(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path, "b")
    assert "\n" not in str(caught.value)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_table(tmp_path / "t.csv", "b")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison") / "out"
    make_frame().assign(k=1).to_csv(folder.parent / "t.csv", index=False)
    methods = ["dummy", "logistic", "focal"]
    return compare(folder.parent / "t.csv", "churn", methods=methods, out=folder)


def test_answer_names_the_winners(comparison):
    means = comparison.results.groupby("method")[["average_precision", "log_loss"]].mean()
    best, loss = means["average_precision"].max(), means["log_loss"].min()
    lines = comparison.answer.splitlines()
    assert lines[0].startswith("Average precision: ")
    assert f"wins with mean {best:.3f}; next is " in lines[0]
    assert "the fold-to-fold noise (p" in lines[0]
    assert any(line.startswith("Log loss: ") and f"mean {loss:.3f}" in line for line in lines)


def test_small_tables_are_judged_on_five_folds_twice(comparison):
    assert len(comparison.results) == 3 * 5 * 2
    assert (comparison.results["status"] == "ok").all()
    assert comparison.results[list(get_task("binary").FIGURES)].notna().all(axis=None)


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
    assert "there is no other method to compare it with" in found.answer


def test_out_of_time(frame):
    found = compare(frame, "churn", methods=["dummy", "logistic"], time_limit=1e-9)
    assert found.answer.startswith("There is no answer")
    assert found.notes == ("20 of 20 fits did not begin within the time limit.",)
