"""The axes on which displays draw by default; the only import of matplotlib."""

from typing import Any

from skfocal.utils._optional import needs_extra


def new_axes(name: str) -> Any:
    """Return the axes of a new figure.

    Parameters
    ----------
    name : str
        The display that asks, for the message.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    MissingExtraError
        If matplotlib is missing.
    """
    with needs_extra("benchmark", name):
        from matplotlib import pyplot
    return pyplot.subplots()[1]
