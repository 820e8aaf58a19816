"""Where displays draw if nobody says; the only import of matplotlib."""

from typing import Any


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
    ImportError
        If matplotlib is missing.
    """
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(f"{name} needs matplotlib: pip install 'skfocal[benchmark]'") from None
    return pyplot.subplots()[1]
