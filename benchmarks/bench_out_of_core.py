"""Fit files that are larger than the memory that a process may use.

``python benchmarks/bench_out_of_core.py`` writes a file of 2 GB of rows twice, as a NumPy array and
as Parquet, and fits each in a process of its own. It writes ``out_of_core.md`` in
``benchmarks/results``: the seconds of a fit, the passes, and the memory beyond what imports take,
pages that the system can drop at any time (of the mapped file) not counted. It fails if that is
more than a tenth of the rows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from skfocal import FocalLogisticRegression
from skfocal.linear_model import ParquetBlocks

RESULTS = Path(__file__).resolve().parent / "results" / "out_of_core.md"
N_COLUMNS = 30
ROWS_AT_ONCE = 100_000
SHARE = 0.1


def write_files(folder, n_rows):
    """Write rows with 5 % positives as a NumPy file, their labels, and Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    shape = (n_rows, N_COLUMNS)
    rows = np.lib.format.open_memmap(folder / "X.npy", "w+", dtype=np.float64, shape=shape)
    labels = np.empty(n_rows, dtype=np.int8)
    names = [f"x{i}" for i in range(N_COLUMNS)]
    schema = pa.schema([(name, pa.float64()) for name in names] + [("y", pa.int8())])
    with parquet.ParquetWriter(folder / "table.parquet", schema) as writer:
        for start in range(0, n_rows, ROWS_AT_ONCE):
            X = rng.standard_normal((min(ROWS_AT_ONCE, n_rows - start), N_COLUMNS))
            y = (rng.logistic(size=len(X)) < X[:, :5].sum(axis=1) - 5).astype(np.int8)
            rows[start : start + len(X)], labels[start : start + len(X)] = X, y
            columns = [*(X[:, i] for i in range(N_COLUMNS)), y]
            writer.write_table(pa.table(columns, schema=schema))
    rows.flush()
    np.save(folder / "y.npy", labels)


def fit(kind, folder):
    """Fit one of the files, and print what it took as JSON."""
    model, seen = FocalLogisticRegression(gamma=2.0), []
    X, y = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "y.npy")
    # What is loaded lazily is loaded first: imports are not rows.
    model.fit_blocks([(np.eye(40, N_COLUMNS), np.arange(40) % 2)])
    parquet = ParquetBlocks(folder / "table.parquet", "y")
    next(iter(parquet))

    def blocks():
        seen.append(1)
        if kind == "Parquet":
            return iter(parquet)
        starts = range(0, len(X), ROWS_AT_ONCE)
        return ((X[i : i + ROWS_AT_ONCE], y[i : i + ROWS_AT_ONCE]) for i in starts)

    before, peak = anonymous_memory(), Peak()
    start = time.perf_counter()
    model = model.fit(X, y) if kind == "NumPy, fit" else model.fit_blocks(blocks)
    seconds = time.perf_counter() - start
    found = {
        "seconds": seconds,
        "passes": len(seen) or model.n_iter_,
        "megabytes": (peak.highest - before) / 1e6,
        "coef": model.coef_.ravel().tolist(),
    }
    print(json.dumps(found))


def anonymous_memory():
    """Return the memory in use that no file backs."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


class Peak:
    """Highest anonymous memory since it was made, looked at in a thread."""

    def __init__(self):
        self.highest = 0
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self):
        while True:
            self.highest = max(self.highest, anonymous_memory())
            time.sleep(0.005)


def main():
    """Write the files, fit them, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--fit", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit:
        kind, folder = options.fit
        fit(kind, Path(folder))
        return
    n_rows = int(options.gigabytes * 1e9 / 8 / N_COLUMNS)
    lines, coefficients = [], []
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name), n_rows)
        for kind in ("NumPy, fit", "NumPy, fit_blocks", "Parquet"):
            command = [sys.executable, __file__, "--fit", kind, name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout)
            coefficients.append(found["coef"])
            if found["megabytes"] > 1000 * SHARE * options.gigabytes:
                raise RuntimeError(f"{kind}: {found['megabytes']:.0f} MB are too much.")
            lines.append(
                f"| {kind} | {found['seconds']:.1f} | {found['passes']} "
                f"| {found['megabytes']:.0f} |"
            )
            print(lines[-1], flush=True)
    spread = np.max(np.ptp(coefficients, axis=0))
    text = [
        "# Tables larger than memory",
        "",
        f"{n_rows:,} rows x {N_COLUMNS} columns, {options.gigabytes:g} GB, 5 % positives, gamma 2; "
        f"the process may add a tenth of that to its memory. The three fits differ by "
        f"{spread:.0e} in a coefficient at most. Generated by `bench_out_of_core.py`.",
        "",
        "| rows | seconds | passes | memory added, MB |",
        "|---|---|---|---|",
        *lines,
    ]
    RESULTS.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
