"""The axes on which displays draw by default; the only import of matplotlib."""

from typing import Any

from skfocal.utils._optional import needs_extra


def new_axes(name: str, n_axes: int = 1) -> Any:
    """Return the axes of a new figure, several one below the other.

    Parameters
    ----------
    name : str
        The display that asks, for the message.
    n_axes : int, default=1
        How many; several share the horizontal axis.

    Returns
    -------
    matplotlib Axes, or an array of them

    Raises
    ------
    MissingExtraError
        If matplotlib is missing.
    """
    with needs_extra("benchmark", name):
        from matplotlib import pyplot
    if n_axes == 1:
        return pyplot.subplots()[1]
    size = (6.4, 3.6 * n_axes)
    return pyplot.subplots(n_axes, sharex=True, figsize=size, layout="constrained")[1]
