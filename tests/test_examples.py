"""Every example runs without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("plot_*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path):
    subprocess.run(
        # An interactive window is the one thing missing here, and Agg says so.
        [sys.executable, "-W", "error", "-W", "ignore:FigureCanvasAgg:UserWarning", str(path)],
        env={**os.environ, "MPLBACKEND": "Agg"},
        check=True,
        capture_output=True,
        text=True,
    )
