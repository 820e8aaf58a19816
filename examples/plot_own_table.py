"""
A table as people have it
=========================

A file from a spreadsheet: semicolons, a line on top that says so, amounts in euros with decimal
commas and points between the thousands, dates with the day first, a dash where a cell is missing.
:func:`skfocal.benchmark.read_table` reads every cell as text and decides column by column what it
holds. What it left out or doubts stands in the notes.
"""

# %%
# The file. Who pays late is a matter of the amount; the number of the reminder is written only
# once somebody is late, so that it gives the answer away.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skfocal.benchmark import read_table
from skfocal.benchmark.compare import compare

rng = np.random.default_rng(0)
amounts = rng.gamma(2.0, 900.0, size=300)
late = rng.random(300) < 1 / (1 + np.exp(4 - amounts / 1000))
lines = ["sep=;", "number;customer;paid;since;reminder;late"]
for row, (amount, is_late) in enumerate(zip(amounts, late, strict=True), start=1):
    paid = f"{amount:,.2f} €".translate(str.maketrans(",.", ".,")) if row % 50 else "-"
    since = f"{row % 28 + 1:02}/{row % 12 + 1:02}/2024"
    lines.append(
        f"{row};Smith {row};{paid};{since};{1 if is_late else 0};{'yes' if is_late else 'no'}"
    )
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "invoices.csv"
path.write_text("\r\n".join(lines), encoding="utf-8")
print("\n".join(lines[:5]))

# %%
# What was read, and what to think about.
table = read_table(path, target="late", positive="yes")
print(table.summary)
for note in table.notes:
    print("-", note)
print(table.X.head())

# %%
# Without the column that gives the answer away, the comparison means something. It takes the frame
# just as well as the file.
frame = table.X.drop(columns="reminder").assign(late=table.y)
comparison = compare(frame, "late", methods=["logistic", "focal_zero", "focal"], random_state=0)
print(comparison.answer)

# %%
# Average precision of the folds, method by method.
scores = comparison.results.pivot(
    index=["repeat", "fold"], columns="method", values="average_precision"
)
figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.boxplot(scores, tick_labels=scores.columns)
axes.set_ylabel("average precision")
plt.show()
folder.cleanup()
