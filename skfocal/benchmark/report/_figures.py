"""The figures, drawn on Figure objects (no pyplot, no global state), as SVG."""

import base64
import io
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve

from skfocal.benchmark.report._names import KIND_MARKS, get_kind, get_label

__all__ = [
    "draw_critical_difference",
    "draw_curves",
    "draw_methods",
    "draw_reliability",
    "find_cliques",
]

INK, GREY, RULE = "#1f2937", "#6b7280", "#d6dae1"
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e8ebf0",
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "svg.fonttype": "path",  # looks the same wherever it is opened, fonts or none
    "svg.hashsalt": "skfocal",  # the same results give the same file
}
MAX_POINTS = 200
PROBABILITY_TICKS = (0, 0.02, 0.1, 0.25, 0.5, 0.75, 1)


@contextmanager
def _canvas(width, height, layout="constrained"):
    """Yield a figure of the size in inches and a list that receives its data URI at the end."""
    uri: list[str] = []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout=layout)
        yield figure, uri
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    uri.append("data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"))


def draw_methods(columns, methods, log_scaled=()):
    """Draw a row per method and a panel per quantity: small marks are families, large ones means.

    Parameters
    ----------
    columns : dict of str to DataFrame
        Title of the panel to values, shape (families, methods).
    methods : list of str
        Rows from top to bottom.
    log_scaled : collection of str
        Titles of the panels on a logarithmic scale.

    Returns
    -------
    str
        A data URI.
    """
    with _canvas(9.2, 0.9 + 0.25 * len(methods)) as (figure, uri):
        panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        position = np.arange(len(methods))
        for axes, (title, values) in zip(panels, columns.items(), strict=True):
            axes.set_title(title)
            if title in log_scaled:
                axes.set_xscale("log")
                axes.xaxis.set_major_locator(_locate_ticks(values))
                axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                axes.xaxis.set_minor_formatter(NullFormatter())
            for row, method in enumerate(methods):
                _draw_row(axes, row, values.get(method), method)
            axes.grid(axis="x", visible=True)
            axes.spines["left"].set_visible(False)
            axes.margins(x=0.06)
        panels[0].set_yticks(position, [get_label(method) for method in methods])
        panels[0].set_ylim(len(methods) - 0.4, -0.6)
    return uri[0]


def _locate_ticks(values):
    """Return where a logarithmic axis has its ticks; a short one has them as a linear one."""
    ratio = values.max(axis=None) / values.min(axis=None)
    if ratio < 4:
        return MaxNLocator(4, steps=(1, 2, 5, 10))
    return LogLocator(subs=(1,) if ratio > 30 else (1, 2, 5))


def _draw_row(axes, row, values, method):
    if values is None or values.dropna().empty:
        return
    colour, marker = KIND_MARKS[get_kind(method)]
    values = values.dropna()
    if len(values) > 1:
        heights = np.full(len(values), row)
        axes.plot(values, heights, "|", color=colour, alpha=0.45, markersize=6, zorder=2)
    axes.plot(
        values.mean(), row, marker, color=colour, markersize=6.5, zorder=3, mec="white", mew=0.6
    )


def find_cliques(ranks, width):
    """Return the maximal runs (first, last) of ascending ranks that lie within a width."""
    ends = [int(np.searchsorted(ranks, rank + width, side="right")) - 1 for rank in ranks]
    runs = [(start, end) for start, end in enumerate(ends) if end > start]
    return [run for i, run in enumerate(runs) if i == 0 or run[1] > runs[i - 1][1]]


def draw_critical_difference(ranks, width):
    """Draw mean ranks on an axis; a bar joins methods that the Nemenyi test cannot tell apart.

    Parameters
    ----------
    ranks : Series
        Mean rank of every method, ascending.
    width : float
        The critical difference, in ranks.

    Returns
    -------
    str
        A data URI.
    """
    cliques = find_cliques(ranks.to_numpy(), width)
    half = (len(ranks) + 1) // 2
    bar_step, label_step = 0.16, 0.27
    depth = 0.25 + bar_step * len(cliques)
    height = 0.75 + depth + label_step * half
    with _canvas(9.2, height) as (figure, uri):
        axes = figure.add_subplot()
        axes.axis("off")
        low, high = 1, max(len(ranks), 2)
        span = high - low
        axes.set_xlim(low - 0.34 * span, high + 0.34 * span)
        axes.set_ylim(-(depth + label_step * half), 0.7)
        _draw_rank_axis(axes, low, high, width)
        for level, (start, end) in enumerate(cliques):
            y = -0.2 - bar_step * level
            reach = [ranks.iloc[start] - 0.004 * span, ranks.iloc[end] + 0.004 * span]
            axes.plot(reach, [y, y], color=INK, lw=2.6, solid_capstyle="round", alpha=0.75)
        for index, (method, rank) in enumerate(ranks.items()):
            left = index < half
            step = index if left else len(ranks) - 1 - index
            y = -depth - label_step * (step + 0.5)
            side = low - 0.03 * span if left else high + 0.03 * span
            colour, marker = KIND_MARKS[get_kind(method)]
            axes.plot([rank, rank, side], [0, y, y], color=colour, lw=0.9)
            axes.plot(rank, 0, marker, color=colour, markersize=5, zorder=4, clip_on=False)
            text = (
                f"{get_label(method)}  {rank:.1f}" if left else f"{rank:.1f}  {get_label(method)}"
            )
            edge = side - 0.01 * span if left else side + 0.01 * span
            axes.text(edge, y, text, ha="right" if left else "left", va="center", color=colour)
    return uri[0]


def _draw_rank_axis(axes, low, high, width):
    axes.plot([low, high], [0, 0], color=INK, lw=1)
    for tick in range(low, high + 1):
        axes.plot([tick, tick], [0, 0.07], color=INK, lw=0.8)
        axes.text(tick, 0.12, str(tick), ha="center", va="bottom", fontsize=8, color=GREY)
    shown = min(width, high - low)
    axes.plot([low, low + shown], [0.48, 0.48], color=INK, lw=1.4)
    for end in (low, low + shown):
        axes.plot([end, end], [0.43, 0.53], color=INK, lw=1.4)
    note = f"critical difference {width:.2f}" + (", wider than the axis" if width > shown else "")
    axes.text(low + shown / 2, 0.56, note, ha="center", va="bottom", fontsize=8)


def draw_curves(predictions, prevalence):
    """Draw precision against recall, and the observed against the predicted rate of positives.

    Parameters
    ----------
    predictions : dict of str to DataFrame
        Method to its pooled test folds, columns ``target`` and ``probability``.
    prevalence : float
        Fraction of positives, the lowest precision of a random ranking.

    Returns
    -------
    str
        A data URI.
    """
    # One a data set: fixed margins draw in half the time of a layout that is measured first.
    with _canvas(6.4, 3.1, layout=None) as (figure, uri):
        margins = {"left": 0.075, "right": 0.985, "bottom": 0.3, "top": 0.965, "wspace": 0.24}
        left, right = figure.subplots(1, 2, gridspec_kw=margins)
        left.axhline(prevalence, color=GREY, lw=0.9, ls=(0, (4, 3)))
        right.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls=(0, (4, 3)))
        for method, frame in predictions.items():
            colour, marker = KIND_MARKS[get_kind(method)]
            style = {"color": colour, "marker": marker, "mec": "white", "mew": 0.5}
            label = get_label(method)
            _draw_precision(left, frame, label=label, lw=1.4, ms=4.5, markevery=0.17, **style)
            _draw_reliability(right, frame, lw=1.2, ms=5, clip_on=False, zorder=3, **style)
        left.set(xlim=(0, 1.02), ylim=(0, 1.04), xlabel="Recall", ylabel="Precision")
        right.set(xlabel="Predicted probability", ylabel="Observed share of positives")
        _set_root_scales(right)
        figure.legend(*left.get_legend_handles_labels(), loc="lower center", ncols=3)
    return uri[0]


def draw_reliability(reliability):
    """Draw a panel per method: the observed against the predicted rate, before and after.

    Parameters
    ----------
    reliability : dict of str to Reliability
        By method.

    Returns
    -------
    str
        A data URI.
    """
    n_columns = 4
    n_rows = -(-len(reliability) // n_columns)
    height = 0.55 + 2.05 * n_rows
    # Fixed margins: a layout of many panels that is measured first takes seconds.
    margins = {"left": 0.075, "right": 0.985, "wspace": 0.12, "hspace": 0.22}
    margins |= {"bottom": 0.52 / height, "top": 1 - 0.26 / height}
    with _canvas(9.2, height, layout=None) as (figure, uri):
        grid = figure.subplots(
            *(n_rows, n_columns), sharex=True, sharey=True, squeeze=False, gridspec_kw=margins
        )
        panels = grid.ravel()
        for axes, (method, found) in zip(panels, reliability.items(), strict=False):
            colour, marker = KIND_MARKS[get_kind(method)]
            axes.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls=(0, (4, 3)))
            style = {"color": colour, "marker": marker, "clip_on": False}
            before = {"target": found.target, "probability": found.before}
            after = {"target": found.target, "probability": found.after}
            _draw_reliability(axes, after, lw=1, ls=":", ms=4.5, mfc="none", **style)
            _draw_reliability(axes, before, lw=1.3, ms=4.5, mec="white", mew=0.5, **style)
            axes.set_title(get_label(method), fontsize=8.5)
            _set_root_scales(axes)
        for axes in panels[len(reliability) :]:
            axes.set_axis_off()
        figure.supxlabel("Predicted probability", fontsize=9, y=0.08 / height)
        figure.supylabel("Observed share of positives", fontsize=9, x=0.008)
    return uri[0]


def _draw_precision(axes, frame, **style):
    precision, recall, _ = precision_recall_curve(frame["target"], frame["probability"])
    # Of the cuts with the same recall only the most precise matters: one point a positive.
    recall, index = np.unique(recall[::-1], return_index=True)
    precision = precision[::-1][index]
    precision[0] = precision[min(1, len(precision) - 1)]
    keep = np.unique(np.linspace(0, len(recall) - 1, MAX_POINTS).round().astype(int))
    axes.step(recall[keep], precision[keep], where="pre", **style)


def _draw_reliability(axes, frame, **style):
    n_bins = int(np.clip(frame["target"].sum() // 5, 4, 10))
    observed, predicted = calibration_curve(
        frame["target"], frame["probability"], n_bins=n_bins, strategy="quantile"
    )
    axes.plot(predicted, observed, **style)


def _set_root_scales(axes):
    """Spread the low probabilities, where imbalanced tables live, by a square root."""
    for axis, set_scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        set_scale("function", functions=(_signed_root, _signed_square))
        axis.set_ticks(PROBABILITY_TICKS, [f"{tick:g}" for tick in PROBABILITY_TICKS])
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))


def _signed_root(value):
    return np.sign(value) * np.sqrt(np.abs(value))


def _signed_square(value):
    return np.sign(value) * np.square(value)
