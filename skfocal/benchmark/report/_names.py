"""Names and colours of the methods in the report, and the format of its numbers."""

import math

from skfocal.benchmark import methods as registry

__all__ = [
    "DASH",
    "KINDS",
    "MINUS",
    "describe_p",
    "get_kind",
    "get_label",
    "write_number",
    "write_seconds",
]

# One colour and one marker per kind, the same in every table and figure. The colours stay distinct
# under the common forms of colour blindness, the markers in black and white.
KINDS = {
    "focal": ("#0b5cad", "o"),
    "resampling": ("#c2570c", "s"),
    "baseline": ("#4b5563", "D"),
    "ensemble": ("#16794c", "^"),
    "control": ("#9061b5", "v"),
    "other": ("#94a3b8", "X"),
}
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def get_label(method):
    """Return the short text for a method; a name that is not registered stands for itself."""
    return getattr(_registered(method), "label", method)


def get_kind(method):
    """Return the kind of a method, ``"other"`` for a name that is not registered."""
    kind = getattr(_registered(method), "kind", "other")
    return kind if kind in KINDS else "other"


def _registered(method):
    # A store may come from another version of the package, whose methods bore other names.
    try:
        return registry.get_method(method)
    except (KeyError, ValueError):
        return None


def write_number(value, digits=3, signed=False):
    """Write a number with a true minus sign, and a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


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
