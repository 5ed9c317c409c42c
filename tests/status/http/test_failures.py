"""Whatever goes wrong with a register is told: in the verdict, its words and its evidence, to a hook and in the log."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import socket
import socketserver
import threading
import weakref
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final

import attrs
import pytest

from certcore.errors import StatusError
from certcore.evidence import Evidence
from certcore.policy import Expected, Policy
from certcore.reasons._meaning import LANGUAGES, words_of
from certcore.status.http import AsyncHTTPStatusBackend, HTTPStatusBackend, LookupFailure, VehicleEndpoint
from certcore.status.tokenlist import StatusToken
from certcore.testing import TRUST_ROOT, FixedClock
from certcore.trust import TrustList
from certcore.verdict import Outcome, VehicleVerdict, Verdict
from certcore.verify import AsyncVerifier, Verifier
from tests.status.fault_server import FaultServer, Reply, raw
from tests.status.http.test_endpoints import ASKED, PLATE, VIN, answering, certified, trusted
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    OTHER_SIGNER,
    PATH,
    PATIENT,
    QUICK,
    REGISTER_SIGNER,
    Make,
    closed_port,
    cwt,
    publish,
    query,
    signed_list,
    still,
)

UNAVAILABLE: Final = "status-unavailable"
SEEN: Final = Expected(registration_number=PLATE, country="CN", vin=VIN)


@cache
def plain_port() -> int:
    """A port on which a server speaks first, and not TLS."""

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"220 ready" + 200 * b" " + b"\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeting)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port: int = server.server_address[1]
    return port


@attrs.frozen(kw_only=True)
class Fault:
    """Something that goes wrong at a place of the register, and what is told of it.

    Attributes:
        told: the code and the cause.
        base: where the register is said to be; its own address, unless given.
        reply: what its server says.
        deadline: for the look-up.
    """

    told: tuple[str, str | None]
    base: Callable[[FaultServer], str] = attrs.field(default=lambda server: server.url)
    reply: Callable[[str], Reply] = attrs.field(default=lambda _: Reply(status=404))
    deadline: timedelta = PATIENT


ANYWHERE: Final[dict[str, Fault]] = {
    "closed port": Fault(told=(UNAVAILABLE, "connect"), base=lambda _: f"http://127.0.0.1:{closed_port()}"),
    "no such name": Fault(told=(UNAVAILABLE, "dns"), base=lambda _: "https://register.invalid"),
    "private address": Fault(told=(UNAVAILABLE, "address"), base=lambda _: "https://10.1.2.3"),
    "no TLS": Fault(told=(UNAVAILABLE, "tls"), base=lambda _: f"https://127.0.0.1:{plain_port()}"),
    "captive portal": Fault(
        told=(UNAVAILABLE, "type"), reply=lambda _: Reply(headers={"Content-Type": "text/html"}, body=b"<h1>Hello</h1>")
    ),
    "sent elsewhere": Fault(
        told=(UNAVAILABLE, "redirect"), reply=lambda _: Reply(status=302, headers={"Location": "https://x.example/"})
    ),
    "no such document": Fault(told=(UNAVAILABLE, "http-404")),
    "no token": Fault(told=(UNAVAILABLE, "http-401"), reply=lambda _: Reply(status=401)),
    "another scope": Fault(told=(UNAVAILABLE, "http-403"), reply=lambda _: Reply(status=403)),
    "broken answer": Fault(told=(UNAVAILABLE, "protocol"), reply=lambda _: Reply(raw=raw(b"SSH-2.0-x\r\n"))),
    "server fails": Fault(told=(UNAVAILABLE, "http-5xx"), reply=lambda _: Reply(status=503)),
    "no answer": Fault(told=(UNAVAILABLE, "timeout"), reply=lambda _: Reply(delay_s=60.0), deadline=QUICK),
}

OF_LISTS: Final[dict[str, Fault]] = {
    **ANYWHERE,
    "signed by another": Fault(
        told=("status-list-signature", None), reply=lambda uri: cwt(signed_list(uri, signer=OTHER_SIGNER))
    ),
    "expired": Fault(
        told=("status-list-expired", None),
        reply=lambda uri: cwt(signed_list(uri, issued_at=NOW - DAY, expires_at=NOW - MINUTE)),
    ),
    "of another list": Fault(told=("status-list-subject", None), reply=lambda uri: cwt(signed_list(uri + "0"))),
    "from the future": Fault(
        told=("status-list-future", None), reply=lambda uri: cwt(signed_list(uri, issued_at=NOW + 9 * MINUTE))
    ),
    "garbage": Fault(told=("status-list-malformed", None), reply=lambda _: cwt(b"\x00" * 100)),
}

OF_ANSWERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "vehicle-answer-signature": {"signer": OTHER_SIGNER},
    "vehicle-answer-future": {"issued_at": NOW + 9 * MINUTE, "expires_at": NOW + DAY},
    "vehicle-answer-expired": {"issued_at": NOW - 9 * MINUTE, "expires_at": NOW - 5 * MINUTE},
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a register that does not exist is not found, whatever the machine's resolver makes of it."""
    resolve = socket.getaddrinfo

    def without_the_register(host: Any, *more: Any, **options: Any) -> Any:  # noqa: ANN401  as socket's
        if host in {"register.invalid", b"register.invalid"}:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return resolve(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", without_the_register)


def told(verdict: Verdict | VehicleVerdict) -> set[tuple[str, object]]:
    """Codes and causes of what keeps the verdict from knowing."""
    return {
        (reason.code, dict(reason.detail).get("cause"))
        for reason in verdict.reasons
        if reason.code.startswith(("status-", "vehicle-"))
    }


def replayed(verdict: Verdict | VehicleVerdict) -> Verdict | VehicleVerdict:
    """The verdict from the bytes of its evidence."""
    evidence = Evidence.from_bytes(verdict.evidence.to_bytes())
    return evidence.replay_vehicle(TRUST_ROOT) if isinstance(verdict, VehicleVerdict) else evidence.replay(TRUST_ROOT)


@attrs.frozen(kw_only=True)
class Desk:
    """One verifier of each kind over one trust list, and what their backends told."""

    trust: TrustList
    policy: Policy
    options: Mapping[str, Any]
    heard: list[LookupFailure] = attrs.field(factory=list)

    def ask(self, put: Callable[[Any], Any], *, times: int = 1) -> list[Verdict | VehicleVerdict]:
        """What both say, one after the other."""
        has_vehicles = "vehicles" in self.options
        usual: dict[str, Any] = {"trust": self.trust, "policy": self.policy, "clock": FixedClock(NOW)}
        found: list[Verdict | VehicleVerdict] = []
        with HTTPStatusBackend(on_failure=self.heard.append, **self.options) as now:
            found += [put(Verifier(status=now, vehicles=now if has_vehicles else None, **usual)) for _ in range(times)]

        async def later() -> None:
            async with AsyncHTTPStatusBackend(on_failure=self.heard.append, **self.options) as backend:
                verifier = AsyncVerifier(status=backend, vehicles=backend if has_vehicles else None, **usual)
                for _ in range(times):
                    found.append(await put(verifier))

        asyncio.run(later())
        return found


def about_a_certificate(verifier: Any) -> Any:  # noqa: ANN401  of either kind
    """The question about a certificate."""
    return verifier.verify(certified(), as_of=NOW, expect=SEEN)


def about_a_vehicle(verifier: Any) -> Any:  # noqa: ANN401  as above
    """The question about a vehicle alone."""
    return verifier.check_vehicle(as_of=NOW, country="CN", registration_number=PLATE, plate_type=2)


def desk(server: FaultServer, fault: Fault, policy: Policy, **tuning: Any) -> Desk:  # noqa: ANN401  as HTTPTuning takes it
    """Readers of lists at the place where something goes wrong."""
    base = fault.base(server)
    server.routes[PATH] = fault.reply(base + PATH)
    trust = TrustList.open(trusted(templates=[base + "/lists/{list}"]), root=TRUST_ROOT)
    return Desk(trust=trust, policy=policy, options={"tuning": still(**tuning), "deadline": fault.deadline})


@pytest.mark.parametrize("name", OF_LISTS)
def test_faults_with_lists(server: FaultServer, name: str) -> None:
    """Each fault has its own code or cause, fresh, from the memory of failures and in the replay; never valid."""
    fault = OF_LISTS[name]
    asking = desk(server, fault, Policy.claims(), failure_pause=DAY)

    verdicts = asking.ask(about_a_certificate, times=2)

    assert [{fault.told}] * 4 == [told(verdict) for verdict in verdicts]
    assert {Outcome.UNDETERMINED} == {verdict.outcome for verdict in verdicts}
    assert verdicts == [replayed(verdict) for verdict in verdicts]
    assert [fault.told] * 2 == [(failure.code, failure.cause) for failure in asking.heard]


@pytest.mark.parametrize("name", OF_LISTS)
def test_what_a_policy_may_soften(server: FaultServer, name: str) -> None:
    """Where an answer is merely wished for, a missing one is a note, and a document that does not hold still blocks."""
    fault = OF_LISTS[name]

    for verdict in desk(server, fault, Policy.counterparty()).ask(about_a_certificate):
        assert {fault.told} == told(verdict)
        assert isinstance(verdict, Verdict)
        is_missing = fault.told[0] == UNAVAILABLE
        assert (Outcome.VALID if is_missing else Outcome.UNDETERMINED) is verdict.outcome
        assert is_missing == verdict.degraded


def vehicle_desk(server: FaultServer, base: str, deadline: timedelta = PATIENT) -> Desk:
    """Readers of a vehicle register."""
    publish(server)
    where = VehicleEndpoint(url=base + "/query", keys=[REGISTER_SIGNER.public_key], token="geheim-17")
    trust = TrustList.open(trusted(templates=[server.url + "/lists/{list}"]), root=TRUST_ROOT)
    options = {"tuning": still(), "deadline": deadline, "vehicles": {"CN": where}}
    return Desk(trust=trust, policy=Policy.claims(), options=options)


@pytest.mark.parametrize("name", ANYWHERE)
def test_faults_with_vehicles(server: FaultServer, name: str) -> None:
    """The same for a look-up of the vehicle, which nothing is remembered of."""
    fault = ANYWHERE[name]
    server.routes["/query"] = fault.reply("")
    asking = vehicle_desk(server, fault.base(server), fault.deadline)

    verdicts = asking.ask(about_a_vehicle)

    assert [{fault.told}] * 2 == [told(verdict) for verdict in verdicts]
    assert {Outcome.UNDETERMINED} == {verdict.outcome for verdict in verdicts}
    assert verdicts == [replayed(verdict) for verdict in verdicts]
    assert [("vehicle", *fault.told)] * 2 == [(one.subject, one.code, one.cause) for one in asking.heard]


@pytest.mark.parametrize("code", OF_ANSWERS)
def test_answers_about_vehicles_that_do_not_hold(server: FaultServer, code: str) -> None:
    """An answer that does not hold is told, and blocks also where the policy takes what is available."""
    answering(server, **OF_ANSWERS[code])
    asking = vehicle_desk(server, server.url)

    for verdict in [*asking.ask(about_a_vehicle), *asking.ask(about_a_certificate)]:
        assert {(code, None)} == told(verdict)
        assert Outcome.UNDETERMINED is verdict.outcome
        assert verdict == replayed(verdict)
    assert {("vehicle", code, server.url + "/query")} == {(one.subject, one.code, one.url) for one in asking.heard}


def test_faults_read_differently(server: FaultServer) -> None:
    """No two faults have the same words, in either language: each has a next step that fits."""
    found = [desk(server, fault, Policy.claims()).ask(about_a_certificate)[0] for fault in OF_LISTS.values()]

    for lang in LANGUAGES:
        said = [
            words_of(reason, lang=lang)
            for one in found
            for reason in one.reasons
            if (reason.code, dict(reason.detail).get("cause")) in told(one)
        ]
        assert len(OF_LISTS) == len({words.line for words in said}) == len(said)
        assert all(words.line in one.explain(lang=lang) for words, one in zip(said, found, strict=True))


@pytest.mark.parametrize("name", ["signed by another", "no such name", "another scope"])
def test_the_log_holds_no_personal_data(server: FaultServer, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """A line for each failure: the code, the cause and the address, and nothing of the vehicle."""
    fault = OF_LISTS[name]
    with caplog.at_level(logging.WARNING, logger="certcore.status"):
        desk(server, fault, Policy.claims()).ask(about_a_certificate)
        if fault.told[0] == UNAVAILABLE:
            server.routes["/query"] = fault.reply("")
            vehicle_desk(server, fault.base(server)).ask(about_a_vehicle)

    lines = [line for line in caplog.messages if fault.told[0] in line]
    assert len(lines) >= 2
    for line in caplog.messages:
        assert not any(secret in line for secret in (PLATE, PLATE[1:], VIN, VIN[-6:], "geheim-17", "?"))


def test_a_hook_that_breaks(make: Make, server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    """What the hook raises goes no further than the log, and the look-up says what it would have said."""

    def broken(failure: LookupFailure) -> None:
        raise RuntimeError(failure.url)

    driven = make(on_failure=broken)

    assert "http-404" == dict(driven.refused(query(server.url + PATH)).detail)["cause"]
    assert "on_failure raised RuntimeError" in caplog.messages


def test_what_a_transport_says_is_not_told(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """An injected transport may raise anything, and brings neither a vehicle nor a line of its own into the log."""
    heard: list[LookupFailure] = []

    class Talkative:
        def handle_request(self, _: object) -> object:
            raise StatusError(f"{PLATE}\nforged line", VIN, cause=f"{VIN}\nforged line")

        async def handle_async_request(self, _: object) -> object:
            return self.handle_request(_)

    make(transport=Talkative(), on_failure=heard.append).refused(query("https://register.example/lists/7"))

    assert [(UNAVAILABLE, None)] == [(one.code, one.cause) for one in heard]
    assert len(caplog.messages) == 1
    assert not any(secret in caplog.text for secret in (PLATE, VIN, "forged"))


def test_an_older_copy_speaks_and_the_failure_is_told(make: Make, server: FaultServer) -> None:
    """Where a copy that was fetched before still counts, the look-up succeeds, and the hook hears of the forgery."""
    heard: list[LookupFailure] = []
    uri, driven = publish(server), make(on_failure=heard.append)
    driven.lookup(query(uri))
    server.routes[PATH] = cwt(signed_list(uri, signer=OTHER_SIGNER))

    record = driven.lookup(query(uri, asked_at=NOW + DAY / 2))

    assert NOW - MINUTE == record.observed_at
    assert [("list", "status-list-signature", None)] == [(one.subject, one.code, one.cause) for one in heard]


def test_nobody_to_ask_is_told(make: Make) -> None:
    """Also where there is no address that anything could be asked at."""
    heard: list[LookupFailure] = []
    driven = make(on_failure=heard.append)

    driven.refused(query(None))
    driven.refused(query("https://user:secret@register.example/lists/7"))
    with pytest.raises(StatusError):
        driven.lookup_vehicle(ASKED)

    assert [("list", "no-list"), ("list", "url"), ("vehicle", "no-endpoint")] == [(x.subject, x.cause) for x in heard]
    assert {None} == {one.url for one in heard}


def test_the_moment_asked_about_is_not_told(make: Make, server: FaultServer) -> None:
    """A list of an earlier time is asked for by its moment, which stays between the reader and the register."""
    heard: list[LookupFailure] = []
    uri = publish(server)
    server.routes["*"] = lambda seen: Reply(status=503 if "?" in seen.target else 404)

    make(on_failure=heard.append).lookup(query(uri, as_of=NOW - 20 * DAY))

    assert [("history", uri)] == [(one.subject, one.url) for one in heard]


@pytest.mark.parametrize("kind", [HTTPStatusBackend, AsyncHTTPStatusBackend])
def test_a_hook_travels(kind: type[Any]) -> None:
    """A function of a module goes along with a pickled backend."""
    assert pickle.loads(pickle.dumps(kind(on_failure=_heard)))._settings.on_failure is _heard  # noqa: S301  our own bytes


def _heard(_: LookupFailure) -> None:
    """A hook."""


def test_failures_keep_nothing_of_what_was_fetched(
    make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of failures, and the errors given to those who wait, hold neither the body nor what was read of it."""
    opened: list[weakref.ref[StatusToken]] = []
    honest = StatusToken.__init__

    def watched(self: StatusToken, *given: Any, **fields: Any) -> None:  # noqa: ANN401  as attrs makes it
        honest(self, *given, **fields)
        opened.append(weakref.ref(self))

    monkeypatch.setattr(StatusToken, "__init__", watched)
    uri, driven = publish(server), make(tuning=still(failure_pause=DAY))
    driven.lookup(query(uri))
    server.routes[PATH] = cwt(signed_list(uri, issued_at=NOW - 5 * MINUTE))  # older than what was seen
    later = query(uri, asked_at=NOW + 2 * DAY)  # when the copy that is held has expired, too

    error = driven.refused(attrs.evolve(later, asked_at=NOW + 3 * DAY))
    remembered = driven.refused(later)
    gc.collect()

    assert (error.code, remembered.__cause__, remembered.__context__) == (remembered.code, None, None)
    assert opened
    del error, remembered
    gc.collect()
    assert 1 >= sum(one() is not None for one in opened)  # the copy that is held
