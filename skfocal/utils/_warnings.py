"""Warnings that point at the line of the user, however deep the code is that warns."""

import sys
import warnings

# Packages whose frames lie between a user's line and ours: scikit-learn wraps `fit`, and calls it
# in pipelines and, through joblib, in searches.
_PASSED_THROUGH = {"skfocal", "sklearn", "joblib"}


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn from the innermost line of the call stack that is the user's own.

    A fixed ``stacklevel`` is wrong as soon as a helper is added in between.
    ``skip_file_prefixes`` of :func:`warnings.warn` does the same from Python 3.12 on.

    Parameters
    ----------
    message : str
        What the user is to know.
    category : type of Warning
        What filters select by.
    """
    frame = sys._getframe(1)
    while _is_passed_through(frame) and frame.f_back is not None:
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        # Where Python remembers what it has warned of, so that a line warns once.
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _is_passed_through(frame) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in _PASSED_THROUGH
