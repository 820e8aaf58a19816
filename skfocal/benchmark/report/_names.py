"""Names and colours of the methods in the report, and the format of its numbers."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from skfocal.benchmark.methods import describe_all_arms, describe_arms, get_method
from skfocal.benchmark.metrics import METRICS

__all__ = [
    "DASH",
    "KIND_MARKS",
    "MINUS",
    "describe_p",
    "get_kind",
    "get_label",
    "get_zero_point",
    "known_arms",
    "list_zero_points",
    "write_number",
    "write_seconds",
    "write_value",
]

# One colour and one marker per kind, the same in every table and figure. The colours stay distinct
# under the common forms of colour blindness, the markers in black and white.
KIND_MARKS = {
    "focal": ("#0b5cad", "o"),
    "resampling": ("#c2570c", "s"),
    "baseline": ("#4b5563", "D"),
    "ensemble": ("#16794c", "^"),
    "control": ("#9061b5", "v"),
    "other": ("#94a3b8", "X"),
}
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


# What a store says of its arms: they may be a user's own, or of another version of the package.
_ARMS: ContextVar[dict[str, dict]] = ContextVar("arms", default={})  # noqa: B039 (never changed)


@contextmanager
def known_arms(arms) -> Iterator[None]:
    """Know arms by what :func:`skfocal.benchmark.methods.describe_arms` says of them."""
    token = _ARMS.set(arms)
    try:
        yield
    finally:
        _ARMS.reset(token)


def get_label(method):
    """Return the short text for a method; a name that nobody knows stands for itself."""
    return _describe(method).get("label", method)


def get_kind(method):
    """Return the kind of a method, ``"other"`` for a name that nobody knows."""
    kind = _describe(method).get("kind", "other")
    return kind if kind in KIND_MARKS else "other"


def get_zero_point(method):
    """Return the arm that differs from a method in the loss alone, or None."""
    return _describe(method).get("zero_point")


def list_zero_points():
    """Return all zero points, those of arms that were not run too."""
    known = describe_all_arms() | _ARMS.get()
    return {about["zero_point"] for about in known.values()} - {None}


def _describe(method):
    if method in _ARMS.get():
        return _ARMS.get()[method]
    try:
        return describe_arms([get_method(method)])[method]
    except ValueError:
        return {}


def write_number(value, digits=3, signed=False):
    """Write a number with a true minus sign, and a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{abs(value):,.{digits}f}"
    if not text.strip("0.,"):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def write_value(metric, value, signed=False):
    """Write a value of a metric, or a difference, with as many digits as it has."""
    return write_number(value, METRICS[metric].digits, signed)


def write_seconds(value):
    """Write a duration in a unit that fits it."""
    if not math.isfinite(value):
        return DASH
    if value < 1:
        return f"{1000 * value:.0f} ms" if value >= 0.001 else "< 1 ms"
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def describe_p(p_value):
    """Write a p value as far as its digits mean something."""
    if not math.isfinite(p_value):
        return "no p value"
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
