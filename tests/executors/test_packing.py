"""The part of a call that cannot be pickled is named by its path."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass

import pytest

from runforest.executors.packing import UnpicklableError, call_packed, pack, unpicklable_part


@dataclass
class Holder:
    """Something with attributes."""

    inner: object


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (threading.Lock(), "spec"),
        ({"a": 1, "b": threading.Lock()}, "spec['b']"),
        ([1, (2, threading.Lock())], "spec[1][1]"),
        (Holder(inner={"callback": threading.Lock()}), "spec.inner['callback']"),
    ],
)
def test_the_innermost_part_is_found(value: object, path: str) -> None:
    assert unpicklable_part(value, "spec")[0] == path


def test_a_value_that_holds_itself_is_searched_once() -> None:
    value: list[object] = [threading.Lock()]
    value.insert(0, value)

    path, part = unpicklable_part(value, "spec")

    assert path == "spec[1]"
    assert part is value[1]


def test_a_packed_call_is_done_as_it_was_meant() -> None:
    assert pickle.loads(call_packed(pack(int, ("ff",), {"base": 16}))) == 255


def test_a_function_that_holds_a_lock_is_named() -> None:
    lock = threading.Lock()

    def held() -> object:
        return lock

    with pytest.raises(UnpicklableError, match="held cannot be sent to a worker: it is a function"):
        pack(held, (), {})
