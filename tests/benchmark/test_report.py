"""The HTML report: every part of it, from stores in every state of completion."""

import json
import re
from html.parser import HTMLParser
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib._pylab_helpers import Gcf
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from skfocal.benchmark.report import NOTES_FILE, write_report
from skfocal.benchmark.report._content import add_missing_cells
from skfocal.benchmark.report._figures import draw_critical_difference, find_cliques
from skfocal.benchmark.report._findings import (
    compare_focal,
    find_duel,
    find_leader,
    find_worse_sets,
    summarise_focal,
)
from skfocal.benchmark.report._names import (
    describe_p,
    get_kind,
    get_label,
    write_number,
    write_seconds,
)
from skfocal.benchmark.store import Store

SKILL = {  # shift of the scores between classes, and a distortion of the log-odds
    "dummy": (0.0, 0.0),
    "logistic": (1.8, 0.0),
    "logistic_smote": (1.85, 2.2),
    "logistic_rus": (1.6, 2.4),
    "focal_zero": (1.8, 0.0),
    "focal": (1.9, 0.1),
    "focal_balanced": (1.85, 0.3),
    "balanced_forest": (2.1, 1.5),
    "hist_gradient_boosting": (2.2, -0.2),
}
METRIC_NAMES = (
    "average_precision roc_auc log_loss brier ece f1 balanced_accuracy geometric_mean "
    "f1_tuned balanced_accuracy_tuned geometric_mean_tuned"
).split()


def simulate_fold(rng, dataset_shift, method, n_test=200, n_positive=20):
    """Draw one test fold and the probabilities that a method of the given skill would give."""
    shift, distortion = SKILL.get(method, (1.5, 0.0))
    target = np.zeros(n_test, dtype=int)
    target[:n_positive] = 1
    separation = shift + dataset_shift
    score = rng.normal(size=n_test) + separation * target
    prior = np.log(n_positive / (n_test - n_positive))
    log_odds = separation * score - separation**2 / 2 + prior + distortion
    return target, 1 / (1 + np.exp(-log_odds))


def judge(target, probability, rng):
    """Return the metric columns of one row, from scikit-learn's own functions."""
    filler = {name: float(rng.uniform(0.4, 0.8)) for name in METRIC_NAMES}
    return filler | {
        "average_precision": average_precision_score(target, probability),
        "roc_auc": roc_auc_score(target, probability),
        "log_loss": log_loss(target, probability),
        "brier": brier_score_loss(target, probability),
    }


def write_cell(folder, dataset, method, fold, rng, *, name=None, error=None, shift=0.0):
    """Write one finished (or failed) cell in the on-disk format of the store."""
    cell = folder / "cells" / dataset / method
    cell.mkdir(parents=True, exist_ok=True)
    name = name or dataset
    row = {"dataset": name, "family": name, "ranked": True, "method": method}
    row |= {"repeat": 0, "fold": fold, "status": "failed" if error else "ok", "error": error or ""}
    row |= {"n_train": 400, "n_test": 200, "n_positive_train": 40, "n_positive_test": 20}
    if not error:
        target, probability = simulate_fold(rng, shift, method)
        seconds = dict.fromkeys(["fit_seconds", "search_seconds", "predict_seconds"], 0.05)
        row |= judge(target, probability, rng) | seconds
        row |= {"n_configurations": 4, "best_parameters": "{}", "threshold": 0.3}
        rows = np.arange(200) + 200 * fold
        np.savez(cell / f"r0f{fold}.npz", row=rows, target=target, probability=probability)
    (cell / f"r0f{fold}.json").write_text(json.dumps(row))


def write_manifest(folder, described, methods, *, n_folds=3, unavailable=None):
    """Write what was asked for."""
    plan = {"n_splits": n_folds, "n_repeats": 1, "inner_splits": 3, "budget": 4}
    contents = {"suite": "synthetic", "plan": plan, "random_state": 0, "methods": list(methods)}
    contents |= {"datasets": described, "unavailable": unavailable or {}}
    contents |= {"versions": {"scikit-learn": "1.9.1"}}
    (folder / "manifest.json").write_text(json.dumps(contents))


def write_store(folder, datasets, methods, *, n_folds=3, ranked=True, unavailable=None):
    """Write a whole store: every data set by every method by every fold."""
    rng = np.random.default_rng(0)
    for index, dataset in enumerate(datasets):
        for method in methods:
            for fold in range(n_folds):
                write_cell(folder, dataset, method, fold, rng, shift=0.3 * index)
    described = {name: {"family": name, "ranked": ranked} for name in datasets}
    write_manifest(folder, described, methods, n_folds=n_folds, unavailable=unavailable)
    return folder


class Page(HTMLParser):
    """Tags, attributes and texts of a page; fails on tags that do not nest."""

    VOID = ("img", "meta", "br", "hr", "link", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.rows = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data

    def find(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


METHODS = ["dummy", "logistic", "logistic_smote", "focal_zero", "focal", "balanced_forest"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), ["ecoli", "yeast"], METHODS)


@pytest.fixture(scope="module")
def text(store):
    return write_report(store).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


@pytest.fixture
def results():
    """Six families in which `focal` beats `logistic` by known amounts."""
    rows = []
    gains = {"a": 0.02, "b": 0.03, "c": 0.01, "d": 0.04, "e": -0.02, "f": 0.004}
    for (family, gain), fold in ((pair, fold) for pair in gains.items() for fold in range(3)):
        shared = {"dataset": family, "family": family, "ranked": True, "repeat": 0, "fold": fold}
        shared |= {"status": "ok", "error": "", "n_train": 200, "n_test": 100}
        rows.append(shared | {"method": "logistic", "average_precision": 0.5, "log_loss": 0.2})
        better = {"average_precision": 0.5 + gain, "log_loss": 0.2 - gain}
        rows.append(shared | {"method": "focal", **better})
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_page_loads_nothing_from_elsewhere(text, page):
    links = [attributes.get("href", "") for attributes in page.find("a")]
    assert {link for link in links if not link.startswith("#")} == {"results.csv"}
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in page.find("img"))
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert "url(" not in text and "@import" not in text and "http" not in text


def test_page_speaks_to_those_who_do_not_see_it(page):
    assert all(len(image["alt"]) > 20 for image in page.find("img"))
    assert len(page.find("caption")) == len(page.find("table")) > 10
    assert page.find("html")[0]["lang"] == "en"
    assert all("scope" in heading for heading in page.find("th"))
    regions = [about for about in page.find("div") if about.get("role") == "region"]
    # What scrolls can be reached by the keyboard, and says what it is.
    assert len(regions) == len(page.find("table")) + len(page.find("img"))
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in regions)


def test_colours_change_where_the_screen_is_dark(text):
    style = text[text.index("<style>") : text.index("</style>")]
    light, _, dark = style.partition("prefers-color-scheme: dark")
    named = re.findall(r"(--[\w-]+): #", light)
    assert set(re.findall(r"(--[\w-]+): #", dark)) == set(named) - {"--note-rule"}
    rest = re.sub(r":root \{.*?\}|\.mark\.\w+ \{[^}]*\}", "", style, flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-f]{3,6}\b", rest)


def test_links_inside_the_page_lead_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    links = [attributes["href"][1:] for attributes in page.find("a")[:-1]]
    assert len(ids) == len(set(ids))
    assert links == ids


def test_overview_shows_the_means(store, page):
    cells = Store(store).results()
    for method in METHODS:
        row = next(row for row in page.rows if row[0].strip() == get_label(method))
        own = cells[cells["method"] == method]
        for column, metric in enumerate(["average_precision", "roc_auc", "log_loss"], start=1):
            assert row[column].split()[0] == f"{own[metric].mean():.3f}"


def test_prevalence_stands_beside_the_data_sets(page):
    row = next(row for row in page.rows if row[0].strip() == "ecoli")
    assert row[1] == "0.100"


def test_results_csv_holds_every_cell(store, text):
    table = pd.read_csv(store / "results.csv")
    assert len(table) == 2 * len(METHODS) * 3
    pd.testing.assert_series_equal(table["log_loss"], Store(store).results()["log_loss"])


@pytest.mark.slow
def test_same_results_give_the_same_page(store, text):
    assert write_report(store).read_text(encoding="utf-8") == text


@pytest.mark.slow
def test_figures_leave_no_state_behind(tmp_path):
    before = dict(mpl.rcParams)  # looking at "backend" settles it, once for all
    write_report(write_store(tmp_path, ["ecoli"], ["focal", "logistic"], n_folds=2))
    assert dict(mpl.rcParams) == before
    assert not Gcf.figs


@pytest.mark.slow
def test_names_are_escaped(tmp_path):
    name = '<script>alert(1)</script> & "co"'
    folder = write_store(tmp_path, [], ["logistic", "focal"])
    described = {name: {"family": name, "ranked": True}}
    write_manifest(folder, described, ["logistic", "focal"])
    for method in ("logistic", "focal"):
        for fold in range(3):
            write_cell(folder, "x", method, fold, np.random.default_rng(0), name=name)
    text = write_report(folder).read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;co&#34;" in text
    Page(text)


@pytest.mark.slow
def test_failures_and_missing_cells_are_counted(tmp_path):
    write_store(tmp_path, ["ecoli"], ["focal"])
    write_manifest(tmp_path, {"ecoli": {"family": "ecoli", "ranked": True}}, ["focal", "dummy"])
    rng = np.random.default_rng(0)
    write_cell(tmp_path, "ecoli", "dummy", 0, rng, error="ValueError: k < 1 & more")
    text = write_report(tmp_path).read_text(encoding="utf-8")
    page = Page(text)
    assert "3 finished, 1 failed, 2 not run" in text
    assert ["ecoli", get_label("dummy"), "ValueError: k < 1 & more", "1"] in [
        [cell.strip() for cell in row] for row in page.rows
    ]


def test_folds_that_not_all_methods_reached_are_left_out_of_ranks(tmp_path):
    folder = write_store(tmp_path, ["ecoli"], ["focal", "dummy"])
    for suffix in (".json", ".npz"):
        (folder / "cells" / "ecoli" / "dummy" / f"r0f2{suffix}").unlink()
    store = Store(folder)
    leader = find_leader(add_missing_cells(store.results(), store.manifest()), "roc_auc")
    cells = store.results().query("method == 'focal' and fold < 2")
    assert leader.method == "focal"
    assert leader.mean == pytest.approx(cells["roc_auc"].mean(), abs=1e-12)


@pytest.mark.slow
def test_data_set_that_was_not_to_be_had(tmp_path):
    reason = "The archive a.whl is broken; delete it."
    write_store(tmp_path, ["ecoli"], ["focal", "dummy"], unavailable={"yeast": reason})
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "6 finished, 6 failed" in text
    assert reason in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("datasets", "methods", "expected"),
    [
        ([], [], "No cell is finished yet"),
        (["ecoli"], ["focal"], "There is no other method to compare it with."),
        (["ecoli"], ["dummy", "mine"], "noise, p"),
        (["ecoli", "yeast"], ["focal", "dummy"], "too little data to tell it from noise"),
    ],
)
def test_small_stores(tmp_path, datasets, methods, expected):
    text = write_report(write_store(tmp_path, datasets, methods)).read_text(encoding="utf-8")
    assert expected in text
    Page(text)


def test_nothing_but_failures(tmp_path):
    write_store(tmp_path, [], ["focal"])
    write_manifest(tmp_path, {"ecoli": {"family": "ecoli", "ranked": True}}, ["focal"])
    rng = np.random.default_rng(0)
    for fold in range(3):
        write_cell(tmp_path, "ecoli", "focal", fold, rng, error="MemoryError")
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "No cell is finished yet" in text and "MemoryError" in text


@pytest.mark.slow
def test_controls_are_shown_but_nobody_leads(tmp_path):
    write_store(tmp_path, ["ecoli", "yeast"], ["focal", "dummy"], ranked=False)
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "No leader is named" in text
    assert any(row[0].strip() == "ecoli" for row in Page(text).rows)


@pytest.mark.slow
def test_notes_of_a_comparison_are_shown(tmp_path):
    write_store(tmp_path, ["ecoli"], ["focal", "dummy"])
    notes = {"title": "My table", "facts": [["Rows", "600 & more"]], "notes": ["A sample."]}
    (tmp_path / NOTES_FILE).write_text(json.dumps(notes))
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "<h1>My table</h1>" in text
    assert "<dt>Rows</dt><dd>600 &amp; more</dd>" in text
    assert "A sample." in text


def test_folder_without_a_store(tmp_path):
    with pytest.raises(FileNotFoundError, match="no benchmark results"):
        write_report(tmp_path / "nothing")


def test_leader_and_its_lead(results):
    leader = find_leader(results, "average_precision")
    assert (leader.method, leader.n_families, leader.n_methods) == ("focal", 6, 2)
    assert leader.mean == pytest.approx(0.5 + np.mean([0.02, 0.03, 0.01, 0.04, -0.02, 0.004]))
    assert leader.mean_rank == pytest.approx((5 * 1 + 2) / 6)
    assert "does not exceed the noise between data sets" in leader.sentence


@pytest.mark.parametrize("metric", ["average_precision", "log_loss"])
def test_gain_is_positive_where_the_first_is_better(results, metric):
    duel = find_duel(results, metric, "focal", "logistic")
    reverse = find_duel(results, metric, "logistic", "focal")
    assert duel.gain == pytest.approx(0.014)
    assert reverse.gain == pytest.approx(-0.014)
    assert duel.interval[0] < duel.gain < duel.interval[1]
    assert reverse.interval == pytest.approx((-duel.interval[1], -duel.interval[0]))
    assert (duel.wins, duel.ties, duel.losses) == (4, 1, 1)


def test_one_data_set_is_judged_by_its_folds(results):
    duel = find_duel(results[results["dataset"] == "a"], "log_loss", "focal", "logistic")
    assert duel.n_families == 1
    assert duel.exceeds_noise  # the same gain on every fold
    assert "exceeds the fold-to-fold noise" in duel.verdict


def test_few_families_settle_nothing(results):
    some = results[results["dataset"].isin(["a", "b"])]
    assert "too few" in find_duel(some, "log_loss", "focal", "logistic").verdict


@pytest.mark.parametrize("metric", ["average_precision", "log_loss"])
def test_sets_on_which_a_method_is_worse(results, metric):
    assert find_worse_sets(results, metric, "focal", "logistic") == [("e", pytest.approx(0.02))]
    worse = find_worse_sets(results, metric, "logistic", "focal")
    assert [name for name, _ in worse] == ["d", "b", "a", "c"]  # f is a tie


def test_focal_meets_the_best_of_every_other_kind(store):
    cells = Store(store).results()
    duels = compare_focal(cells, "log_loss")
    assert {duel.first for duel in duels} == {"focal"}
    assert [duel.second for duel in duels] == [
        "focal_zero",
        "logistic_smote",
        "logistic",
        "balanced_forest",
    ]
    assert all("log loss" in sentence.lower() for sentence in summarise_focal(cells, ["log_loss"]))


def test_no_focal_arm_no_verdict(results):
    assert compare_focal(results[results["method"] == "logistic"], "log_loss") == []


def test_cliques_are_all_maximal_runs():
    rng = np.random.default_rng(3)
    for _ in range(50):
        ranks, width = np.sort(rng.uniform(1, 9, 7)), rng.uniform(0, 5)
        runs = [(i, j) for i, j in combinations(range(7), 2) if ranks[j] - ranks[i] <= width]
        maximal = [
            (i, j)
            for i, j in runs
            if not any((a, b) != (i, j) and a <= i and j <= b for a, b in runs)
        ]
        assert find_cliques(ranks, width) == maximal


def test_critical_difference_wider_than_the_axis():
    uri = draw_critical_difference(pd.Series({"focal": 1.4, "dummy": 1.6}), 5.0)
    assert uri.startswith("data:image/svg+xml;base64,")


def test_numbers_in_words():
    assert write_number(-0.0123) == "\N{MINUS SIGN}0.012"
    assert write_number(0.5, signed=True) == "+0.500"
    assert write_number(-0.0001, signed=True) == "0.000"
    assert write_number(float("nan")) == "\N{EN DASH}"
    assert [write_seconds(x) for x in (1e-5, 0.25, 3, 600, 9000)] == [
        "< 1 ms",
        "250 ms",
        "3.0 s",
        "10 min",
        "2.5 h",
    ]
    assert [describe_p(x) for x in (0.0001, 0.0312, 1.0)] == ["p < 0.001", "p = 0.031", "p = 1"]


def test_unknown_methods_stand_for_themselves():
    assert get_label("mine") == "mine"
    assert get_kind("mine") == "other"
    assert re.fullmatch(r"[a-z]+", get_kind("focal"))
