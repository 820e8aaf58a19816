"""State of the process that overlapping users share."""

from contextlib import ExitStack

import pytest
from threadpoolctl import ThreadpoolController

from skfocal.utils._shared_state import SharedState
from skfocal.utils._threads import block_threads


class Setting:
    def __init__(self):
        self.value, self.log = "as found", []

    def change(self):
        self.log.append("changed")
        before, self.value = self.value, "changed"
        return before

    def restore(self, before):
        self.log.append("restored")
        self.value = before


def test_the_first_in_changes_and_the_last_out_restores():
    setting = Setting()
    shared = SharedState(setting.change, setting.restore)
    first, second = ExitStack(), ExitStack()
    assert first.enter_context(shared.enter()) == ("as found", True)
    assert second.enter_context(shared.enter()) == ("as found", False)
    first.close()  # not the last one
    assert setting.value == "changed"
    second.close()
    assert setting.value == "as found" and setting.log == ["changed", "restored"]


def test_a_failure_inside_restores():
    setting = Setting()
    shared = SharedState(setting.change, setting.restore)
    with pytest.raises(ZeroDivisionError), shared.enter():
        raise ZeroDivisionError
    assert setting.value == "as found"
    with shared.enter() as (state, is_first):
        assert (state, is_first) == ("as found", True)


def test_of_two_fits_at_once_one_has_a_pool_and_blas_is_restored():
    def n_threads():
        blas = ThreadpoolController().select(user_api="blas").lib_controllers
        return [library.num_threads for library in blas]

    before = n_threads()
    with block_threads() as outer, block_threads() as inner:
        assert inner is map
        assert set(n_threads()) <= {1}
        assert list(outer(abs, [-1, 2])) == [1, 2]
    assert n_threads() == before
