"""Arms of a user's own: run, stored, reported and compared like those of the package."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from skfocal.benchmark import Method, focal_arm, load_results, run
from skfocal.benchmark.compare import compare
from skfocal.benchmark.methods import get_method
from skfocal.benchmark.report import write_report
from skfocal.benchmark.report._findings import find_focal_arm
from skfocal.benchmark.report._names import get_kind, get_label, known_arms
from skfocal.benchmark.store import Store
from skfocal.losses import PolyLoss
from tests.benchmark.toys import make_toy


def build_bayes(fold, smoothing=1e-9):
    return GaussianNB(var_smoothing=smoothing)


BAYES = Method(
    "bayes",
    "Naive Bayes",
    "control",
    build_bayes,
    ({}, {"smoothing": 0.1}),
    requires=("hypothesis", "not-installed"),
)
POLY = focal_arm(PolyLoss(epsilon=2.0), name="poly_two", label="Poly LR of mine")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "store"
    toys = [make_toy(), make_toy("second", seed=1)]
    results = run(datasets=toys, methods=["dummy", "focal_zero", POLY, BAYES], out=folder)
    return folder, results


@pytest.mark.slow
def test_objects_and_names_run_together(stored):
    _, results = stored
    assert results["method"].unique().tolist() == ["dummy", "focal_zero", "poly_two", "bayes"]
    assert (results["status"] == "ok").all()
    assert set(results["n_configurations"][results["method"] == "bayes"]) == {2}


def test_an_arm_is_fitted_as_its_function_says(stored):
    _, results = stored
    rows = results[(results["method"] == "poly_two")]
    assert rows["average_precision"].mean() > 0.4


def test_a_run_notes_what_its_arms_need(stored):
    versions = Store(stored[0]).manifest()["versions"]
    assert "hypothesis" in versions and "not-installed" not in versions
    assert "torch" not in versions and "lightgbm" not in versions
    assert "lightgbm" in get_method("lightgbm_smote").requires
    assert get_method("focal_mlp").requires == ("torch",)


def test_a_run_goes_on_with_other_arms_and_their_packages(stored):
    folder, _ = stored
    toys = [make_toy(), make_toy("second", seed=1)]
    run(datasets=toys, methods=["dummy"], out=folder)  # no warning: nothing has changed
    manifest = Store(folder).manifest()
    assert "hypothesis" in manifest["versions"]
    assert set(manifest["arms"]) == {"dummy", "focal_zero", "poly_two", "bayes"}


@pytest.mark.slow
def test_the_report_calls_them_by_their_labels(stored):
    folder, results = stored
    page = write_report(folder).read_text(encoding="utf-8")
    assert "Naive Bayes" in page and "Poly LR of mine" in page and ">bayes<" not in page
    assert load_results(folder)["method"].tolist() == results["method"].tolist()
    # An arm of focal loss that names its zero point speaks for focal loss.
    assert "Poly LR of mine against its own zero point (Focal LR, gamma 0)" in page


def test_labels_are_known_inside_only():
    arms = {"bayes": {"label": "Naive Bayes", "kind": "control", "zero_point": None}}
    with known_arms(arms):
        assert (get_label("bayes"), get_kind("bayes")) == ("Naive Bayes", "control")
        assert get_label("logistic") == "Logistic regression"
    assert (get_label("bayes"), get_kind("bayes")) == ("bayes", "other")


def test_named_arms_speak_before_others():
    assert find_focal_arm(["poly_linear", "focal_zero", "focal"]) == "focal"
    assert find_focal_arm(["poly_linear", "focal_balanced"]) == "poly_linear"


def test_compare_takes_them():
    frame = make_toy(n=200, n_positive=40).X.assign(y=make_toy(n=200, n_positive=40).y)
    found = compare(frame, "y", methods=["dummy", BAYES])
    assert found.answer.startswith("Ship Naive Bayes: ")
    assert np.isfinite(found.results["average_precision"]).all()


def test_names_that_stand_for_two_arms():
    toys = [make_toy()]
    for methods in ([BAYES, replace(BAYES, label="Other")], [replace(BAYES, name="logistic")]):
        with pytest.raises(ValueError, match=r"another method named '\w+'; give this one a name"):
            run(datasets=toys, methods=methods)
    with pytest.raises(ValueError, match="for multiclass targets"):
        run(datasets=toys, methods=[replace(BAYES, tasks=("multiclass",))])
    with pytest.raises(ValueError, match="list of names or Method objects"):
        run(datasets=toys, methods=BAYES)
