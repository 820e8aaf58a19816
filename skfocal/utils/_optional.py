"""Optional dependencies: which extra brings what is missing."""

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(ImportError):
    """A package is missing that one of the extras of skfocal brings."""


@contextmanager
def needs_extra(extra: str, user: str, *, otherwise: str = "") -> Iterator[None]:
    """Import packages of an extra inside; say how to install it if one is missing.

    Parameters
    ----------
    extra : str
        Name of the extra, such as ``"neural"``.
    user : str
        What needs it, as the subject of the message.
    otherwise : str, default=""
        Another way out, added to the message.

    Raises
    ------
    MissingExtraError
        If a package is not installed. Installed packages that fail to load raise what they raise:
        installing them again would not help.

    Examples
    --------
    >>> from skfocal.utils._optional import needs_extra
    >>> with needs_extra("benchmark", "The report"):
    ...     import a_package_that_is_missing
    Traceback (most recent call last):
        ...
    skfocal.utils._optional.MissingExtraError: The report needs a_package_that_is_missing: \
pip install 'skfocal[benchmark]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "skfocal":
            raise
        raise MissingExtraError(
            f"{user} needs {error.name}: pip install 'skfocal[{extra}]'{otherwise}"
        ) from error
