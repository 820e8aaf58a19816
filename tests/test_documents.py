"""Documents: their examples run, generated parts are up to date, what they name exists."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skfocal

ROOT = Path(__file__).resolve().parent.parent
# The pages of the site that its build does not write.
PAGES = ("*.md", "start/*.md", "guide/*.md", "benchmark/*.md", "extending/*.md")
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *(p for d in PAGES for p in sorted(ROOT.glob(f"docs/{d}"))),
]


def python_block(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)


@pytest.mark.slow
def test_readme_example_runs():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", python_block("README.md")],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    assert len(lines) == 2
    assert all(abs(mean_risk - frequency) < 0.005 for mean_risk, frequency in lines)


@pytest.mark.slow
def test_contributing_example_is_a_loss(tmp_path):
    # In a process of its own: the registry of this one stays as it is.
    module = tmp_path / "squared.py"
    checks = (
        "import squared, numpy as np\n"
        "from skfocal import FocalLogisticRegression\n"
        "from skfocal.losses import check_loss, get_loss\n"
        "check_loss(get_loss('squared_probability'))\n"
        "X = np.arange(40.0)[:, None] / 10\n"
        "y = (np.arange(40) % 7 > 2) ^ (X[:, 0] > 2)\n"
        "model = FocalLogisticRegression(loss='squared_probability').fit(X, y)\n"
        "print(model.loss_)\n"
    )
    module.write_text(python_block("CONTRIBUTING.md"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", checks],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "SquaredProbabilityLoss()"


def test_generated_parts_are_up_to_date():
    path = ROOT / "benchmarks" / "update_documents.py"
    spec = importlib.util.spec_from_file_location("update_documents", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in module.PARTS}
    stale = [name for name, text in texts.items() if module.updated(name, text) != text]
    assert stale == []


@pytest.mark.parametrize("name", ["README.md", "docs/evidence.md"])
def test_every_table_of_results_is_generated(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    by_hand = re.sub(r"<!-- (\w+).*?<!-- /\1 -->", "", text, flags=re.DOTALL)
    assert "|---|" in text and "|---|" not in by_hand


def test_a_first_screen_comes_before_the_first_picture():
    before = (ROOT / "README.md").read_text(encoding="utf-8").split("<picture>")[0]
    assert len(before.splitlines()) <= 55
    assert all(
        part in before for part in ("make benchmark", "make test", "Where it loses", "```python")
    )


def test_every_study_is_listed_with_its_question():
    listed = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    scripts = [path.name for path in (ROOT / "benchmarks").glob("*.py")]
    assert [name for name in scripts if f"`{name}`" not in listed] == []


PITFALLS = ROOT / "docs" / "pitfalls.md"


def test_every_pitfall_is_held_by_tests():
    """Each entry, a paragraph that begins in bold, names at least one test."""
    paragraphs = PITFALLS.read_text(encoding="utf-8").split("\n\n")
    entries = [text for text in paragraphs if text.startswith("**") and "Notation" not in text]
    entries = [text for text in entries if not text.startswith("**Decisions")]
    assert len(entries) > 80
    assert [text for text in entries if not re.search(r"`test_\w+`", text)] == []


def test_tests_named_by_the_pitfalls_exist():
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    defined = set(re.findall(r"def (test_\w+)\(", "\n".join(sources)))
    named = set(re.findall(r"`(test_\w+)`", PITFALLS.read_text(encoding="utf-8")))
    assert sorted(named - defined) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text(encoding="utf-8"))
    links = [link for link in links if "/examples/" not in link and "/losses/" not in link]  # built
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_changelog_dates_the_version():
    """A release has a section with its date; versions in development collect in Unreleased."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = skfocal.__version__
    assert "## Unreleased" in text
    assert ".dev" in version or re.search(
        rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", text, re.M
    )
