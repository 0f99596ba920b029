"""The errors: what they say, and that they say it in another process too."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from mcgen import errors
from mcgen.errors import CardError, McgenError

ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, McgenError)]
ARGUMENTS: dict[type[McgenError], tuple[Any, ...]] = {
    CardError: ("tiny.toml", ["model.g_mu: missing", "run.chunk = 1: too small"])
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickling(kind: type[McgenError], protocol: int) -> None:
    error = kind(*ARGUMENTS.get(kind, ("out.root: what is wrong",)))
    error.add_note("chunk 7")
    for other in (pickle.loads(pickle.dumps(error, protocol)), copy.deepcopy(error)):
        assert type(other) is kind
        assert (str(other), other.args, other.exit_code) == (str(error), error.args, error.exit_code)
        assert vars(other) == vars(error)


def test_a_card_with_one_fault_and_with_more() -> None:
    assert str(CardError("a.toml", ["b: missing"])) == "a.toml: 1 fault\n  b: missing"
    assert str(CardError("a.toml", ["b: missing", "c: missing"])).splitlines()[0] == "a.toml: 2 faults"
