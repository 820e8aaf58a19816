"""README and CONTRIBUTING: their examples run, their generated parts are up to date."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def python_block(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)


def test_readme_example_runs():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", python_block("README.md")],
        capture_output=True,
        text=True,
        check=True,
    )
    mean_risk, frequency = map(float, done.stdout.split("}")[1].split())
    assert abs(mean_risk - frequency) < 0.005


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


def test_readme_is_up_to_date():
    path = ROOT / "benchmarks" / "update_readme.py"
    spec = importlib.util.spec_from_file_location("update_readme", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert module.updated(text) == text
