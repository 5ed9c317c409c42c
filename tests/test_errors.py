"""Every exception: its code, its detail, its cause, and that it survives a process boundary."""

from __future__ import annotations

import copy
import inspect
import pickle
from datetime import UTC, datetime

import pytest

from certcore import errors
from certcore.errors import (
    CertcoreError,
    IssuingError,
    NotValidError,
    RejectedInputError,
    StatusError,
    UntrustedError,
)
from certcore.keys import LocalSigner
from certcore.policy import Policy
from certcore.testing import FixedClock, make_trust
from certcore.verdict import Verdict
from certcore.verify import Verifier
from tests.strategies import fixed_signer

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
PLAIN = [CertcoreError, RejectedInputError, UntrustedError, StatusError, IssuingError]


def refused_verdict() -> Verdict:
    """The verdict on a text that is no certificate."""
    verifier = Verifier(
        trust=make_trust(fixed_signer()), status=None, policy=Policy.counterparty(), clock=FixedClock(NOW)
    )
    return verifier.verify("https://example.com", as_of=NOW)


def test_all_are_certcore_errors() -> None:
    """There is one root, and below it one class for each who has to act."""
    classes = {found for _, found in inspect.getmembers(errors, inspect.isclass) if found.__module__ == errors.__name__}

    assert {*PLAIN, NotValidError} == classes
    assert all(issubclass(found, CertcoreError) for found in classes)


@pytest.mark.parametrize("kind", PLAIN)
def test_what_an_error_holds(kind: type[CertcoreError]) -> None:
    """The code, the message, and the details as sorted pairs."""
    error = kind("malformed", "The text is cut off", layer="text", at=7)

    assert "malformed" == error.code
    assert "The text is cut off" == error.message
    assert (("at", 7), ("layer", "text")) == error.detail


@pytest.mark.parametrize("kind", PLAIN)
def test_a_code_is_enough(kind: type[CertcoreError]) -> None:
    """Message and detail may be left out; the text is then the code."""
    error = kind("malformed")

    assert "malformed" == str(error)
    assert "" == error.message
    assert () == error.detail


def test_text_names_the_code() -> None:
    """Whoever reads a log finds the stable code behind the sentence."""
    assert "Cut off [malformed]" == str(RejectedInputError("malformed", "Cut off"))


@pytest.mark.parametrize("kind", PLAIN)
def test_errors_pickle_and_copy(kind: type[CertcoreError]) -> None:
    """A worker process can raise any of them: code, message and detail come back."""
    error = kind("malformed", "Cut off", layer="text")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301  our own bytes
        assert kind is type(other)
        assert (error.code, error.message, error.detail) == (other.code, other.message, other.detail)
        assert str(error) == str(other)


def test_code_and_message_are_positional() -> None:
    """The names `code` and `message` stay free for details."""
    error = CertcoreError("malformed", "Cut off", code=1, message=2)

    assert "malformed" == error.code
    assert (("code", 1), ("message", 2)) == error.detail


@pytest.mark.parametrize("seconds", [None, 0.0, 30.5])
def test_status_errors_say_when_to_ask_again(seconds: float | None) -> None:
    """`retry_after_s` is none of the details, and pickles."""
    error = StatusError("status-unavailable", "Down", retry_after_s=seconds, http=503)
    other = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes

    assert seconds == error.retry_after_s
    assert seconds == other.retry_after_s
    assert (("http", 503),) == other.detail


def test_not_valid_carries_the_verdict() -> None:
    """Its code is that of the first reason; the verdict is whole."""
    verdict = refused_verdict()
    with pytest.raises(NotValidError) as caught:
        verdict.require_valid()

    assert verdict is caught.value.verdict
    assert verdict.reasons[0].code == caught.value.code
    assert "foreign-format" == caught.value.code


def test_not_valid_pickles() -> None:
    """The verdict travels with the error."""
    error = NotValidError(refused_verdict())
    other = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes

    assert NotValidError is type(other)
    assert error.code == other.code
    assert error.verdict.reasons == other.verdict.reasons


def test_the_cause_is_kept() -> None:
    """What a lower floor met is the cause of what is raised."""
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_pem(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")

    assert isinstance(caught.value.__cause__, ValueError)


def test_no_error_is_a_value_error() -> None:
    """Who catches ValueError for their own mistakes does not swallow a verdict on an input."""
    assert not any(issubclass(kind, (ValueError, TypeError)) for kind in [*PLAIN, NotValidError])
