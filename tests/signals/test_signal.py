"""`Signal` and the front of the package."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import attrs
import pytest

from certcore import reasons, signals
from certcore.signals._signal import Signal, signal


def test_facts_are_in_order() -> None:
    """The detail is sorted, however the facts were given."""
    assert Signal("odometer-backwards", (("earlier", 0), ("later", 1))) == signal(
        "odometer-backwards", later=1, earlier=0
    )


def test_words() -> None:
    """A signal says in English and Chinese what was noticed and what to do next."""
    noticed = Signal("chain-forked")
    english, chinese = (reasons.explain("chain-forked", lang=lang) for lang in ("en", "zh"))

    assert f"{english.line} {english.next_step}" == noticed.explain()
    assert f"{chinese.line}{chinese.next_step}" == noticed.explain(lang="zh")
    with pytest.raises(ValueError, match="en and zh"):
        noticed.explain(lang="de")


def test_json() -> None:
    """A signal goes to JSON as its code and its facts."""
    noticed = signal("chain-forked", earlier=0, later=2)

    assert {"code": "chain-forked", "detail": {"earlier": 0, "later": 2}} == json.loads(json.dumps(noticed.to_dict()))


def test_a_signal_is_a_value() -> None:
    """It cannot be changed, equals its like, can be kept in a set, and pickles."""
    noticed = signal("chain-forked", earlier=0, later=2)

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        noticed.code = "chain-loop"  # type: ignore[misc]  # the mistake under test
    assert {noticed} == {noticed, pickle.loads(pickle.dumps(noticed))}  # noqa: S301  our own pickle


@pytest.mark.parametrize("lacks", ["axis", "effect", "severity", "score"])
def test_a_signal_weighs_nothing(lacks: str) -> None:
    """It has neither axis nor effect, so no outcome can be made of it, and no score."""
    assert not hasattr(Signal("chain-forked"), lacks)


def test_the_front() -> None:
    """Every public name is there, and a misspelt one is not."""
    assert signals.__all__ == [name for name in signals.__all__ if getattr(signals, name) is not None]
    assert sorted(signals.__all__) == dir(signals)
    with pytest.raises(AttributeError, match="check_chains"):
        _ = signals.check_chains  # type: ignore[attr-defined]  # the mistake under test


def test_importing_is_light() -> None:
    """The package loads no SQLite before somebody asks for it."""
    program = (
        "import sys; import certcore.signals as s; s.for_verdict; s.MemorySeenStore; sys.exit('sqlite3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert 0 == done.returncode
