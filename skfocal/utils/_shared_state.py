"""State of the process that several fits change at the same time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

State = TypeVar("State")


class Entry(NamedTuple, Generic[State]):
    """The state found on first entry, and whether this caller was the first."""

    state: State
    is_first: bool


class SharedState(Generic[State]):
    """A setting of the process that is changed while at least one user is inside.

    Fits that overlap in time would restore each other's setting if each stored what it found, so
    the first one in stores and the last one out restores.

    Parameters
    ----------
    change : callable
        Called for the first one in; returns what has to be remembered.
    restore : callable
        Called with that for the last one out.
    """

    def __init__(self, change: Callable[[], State], restore: Callable[[State], object]) -> None:
        self._change = change
        self._restore = restore
        self._lock = Lock()
        self._users = 0
        self._state: State

    @contextmanager
    def enter(self) -> Iterator[Entry[State]]:
        """Be a user inside the ``with`` block."""
        with self._lock:
            is_first = self._users == 0
            if is_first:
                self._state = self._change()
            self._users += 1
            state = self._state
        try:
            yield Entry(state, is_first)
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._restore(state)
