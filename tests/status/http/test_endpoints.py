"""Vehicle endpoints, TLS, trust lists over HTTP, and whole verdicts: both backends."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme

from certcore.errors import RejectedInputError, StatusError, UntrustedError
from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.payload import Basis, InspectionCertificate, Result, StatusRef
from certcore.policy import Expected, Policy
from certcore.status import vehicledoc
from certcore.status.http import HTTPStatusBackend, VehicleEndpoint, fetch_trust_list
from certcore.status.protocol import StatusEventKind, VehicleFlag, VehicleQuery, VehicleRecord
from certcore.status.tokenlist import STATUS_LIST_TYPE
from certcore.status.vehicledoc import VEHICLE_ANSWER_TYPE, VEHICLE_REQUEST_TYPE
from certcore.testing import ROOT_SIGNER, TRUST_ROOT, FixedClock
from certcore.trust import Environment, KeyUsage, TrustedKey, TrustList, TrustListContents, TrustRoot, read_unverified
from certcore.trust._lists import MEDIA_TYPE
from certcore.verdict import Outcome
from certcore.verify import Verifier
from tests.status.fault_server import FaultServer, Reply, Seen
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    OTHER_SIGNER,
    PATIENT,
    REGISTER_SIGNER,
    Make,
    cause,
    cwt,
    event,
    publish,
    publish_events,
    query,
    signed_list,
    still,
    trusting,
)

PLATE, VIN = "闽C12345", "LSVAA4187E2184211"
ASKED = VehicleQuery(registration_number=PLATE, country="CN", plate_type=2, vin=VIN, as_of=NOW, asked_at=NOW)
RECORD = VehicleRecord(
    known=True, flags=[VehicleFlag(code="G", since=date(2026, 5, 6))], valid_until=date(2027, 9, 30), observed_at=NOW
)


# --- vehicles ---------------------------------------------------------------------------------------------------------


def answering(server: FaultServer, **how: Any) -> None:  # noqa: ANN401  as issue_answer takes it
    """A register that answers about a vehicle."""

    def answer(seen: Seen) -> Reply:
        settings = {"request": seen.body, "signer": REGISTER_SIGNER, "issued_at": NOW, "expires_at": NOW + MINUTE}
        return cwt(vehicledoc.issue_answer(RECORD, **{**settings, **how}), VEHICLE_ANSWER_TYPE)

    server.routes["/query"] = answer


def endpoint(server: FaultServer, **how: Any) -> VehicleEndpoint:  # noqa: ANN401  as VehicleEndpoint takes it
    """Where that register is."""
    return VehicleEndpoint(url=server.url + "/query", keys=[REGISTER_SIGNER.public_key], **how)


def test_vehicle(make: Make, server: FaultServer) -> None:
    """A signed answer to an authenticated request, asked for anew every time."""
    answering(server)
    driven = make(vehicles={"CN": endpoint(server, token="geheim-17")})

    record, _ = driven.lookup_vehicle(ASKED), driven.lookup_vehicle(ASKED)

    assert (True, RECORD.flags, date(2027, 9, 30)) == (record.known, record.flags, record.valid_until)
    first, second = server.seen
    assert ("POST", "Bearer geheim-17") == (first.method, first.headers["authorization"])
    assert (VEHICLE_REQUEST_TYPE, VEHICLE_ANSWER_TYPE) == (first.headers["content-type"], first.headers["accept"])
    assert first.body != second.body
    assert attrs.evolve(ASKED) == vehicledoc.decode_request(first.body, asked_at=NOW)


def test_tokens_that_change(make: Make, server: FaultServer) -> None:
    """A function gives the token of the hour; one that has none is no reason to ask without."""
    answering(server)
    tokens = iter(["one", "two", ""])
    driven = make(vehicles={"CN": endpoint(server, token=lambda: next(tokens))})

    driven.lookup_vehicle(ASKED)
    driven.lookup_vehicle(ASKED)
    for _ in ("an empty one", "none any more"):
        with pytest.raises(StatusError) as caught:
            driven.lookup_vehicle(ASKED)
        assert "missing-credentials" == cause(caught.value)

    assert ["Bearer one", "Bearer two"] == [seen.headers["authorization"] for seen in server.seen]


def test_replayed_answers(make: Make, server: FaultServer) -> None:
    """Yesterday's answer about the same vehicle is not today's: the request's nonce is in it."""
    stale = vehicledoc.encode_request(ASKED, nonce=bytes(16))
    answering(server, request=stale)

    assert "vehicle-answer-subject" == _vehicle_error(make, server).code


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"signer": OTHER_SIGNER}, "vehicle-answer-signature"),
        ({"issued_at": NOW + 9 * MINUTE, "expires_at": NOW + DAY}, "vehicle-answer-future"),
        ({"issued_at": NOW - 9 * MINUTE, "expires_at": NOW - 5 * MINUTE}, "vehicle-answer-expired"),
    ],
)
def test_answers_that_do_not_hold(make: Make, server: FaultServer, how: dict[str, Any], code: str) -> None:
    """Each with its own code."""
    answering(server, **how)

    assert code == _vehicle_error(make, server).code


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=401), "http-401"),
        (Reply(status=403), "http-403"),
        (Reply(status=429), "http-429"),
        (Reply(status=500), "http-5xx"),
        (Reply(status=302, headers={"Location": "https://evil.example/"}), "redirect"),
        (Reply(headers={"Content-Type": "text/html"}, body=b"<h1>"), "type"),
        (cwt(bytes(70_000), VEHICLE_ANSWER_TYPE), "too-large"),
    ],
)
def test_registers_that_do_not_answer(make: Make, server: FaultServer, reply: Reply, why: str) -> None:
    """The network's faults are the same here, and the credentials go nowhere else."""
    server.routes["/query"] = reply

    assert why == cause(_vehicle_error(make, server))
    assert {"/query"} == set(server.targets())


def test_whom_to_ask_about_a_vehicle(make: Make, server: FaultServer) -> None:
    """The endpoint of its country; the only one, where the country is not known; else nobody."""
    answering(server)
    one = make(vehicles={"CN": endpoint(server)})
    assert one.lookup_vehicle(attrs.evolve(ASKED, country=None)).known
    for driven, asked in (
        (one, attrs.evolve(ASKED, country="DE")),
        (make(vehicles={"CN": endpoint(server), "DE": endpoint(server)}), attrs.evolve(ASKED, country=None)),
        (make(), ASKED),
    ):
        with pytest.raises(StatusError) as caught:
            driven.lookup_vehicle(asked)
        assert "no-endpoint" == cause(caught.value)
    with pytest.raises(StatusError) as caught:
        one.lookup_vehicle(VehicleQuery(country="CN", as_of=NOW, asked_at=NOW))
    assert "query" == cause(caught.value)


def test_endpoint_of_an_issuer() -> None:
    """What the trust list says of an issuer's endpoint; an issuer without one has none."""
    issuer = attrs.evolve(trusting(), query_endpoint="https://register.example/query")

    found = VehicleEndpoint.of(issuer, token="geheim-17")

    assert ("https://register.example/query", issuer.register_keys) == (found.url, found.keys)
    assert "geheim-17" not in repr(found)
    with pytest.raises(ValueError, match="endpoint"):
        VehicleEndpoint.of(trusting())


def _vehicle_error(make: Make, server: FaultServer) -> StatusError:
    with pytest.raises(StatusError) as caught:
        make(vehicles={"CN": endpoint(server, token="x")}).lookup_vehicle(ASKED)
    return caught.value


# --- TLS --------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Secure:
    """A register over TLS, and the files its readers need."""

    port: int
    ca_file: Path
    client: tuple[str, str]
    answers: dict[str, Callable[[bytes], tuple[str, bytes]]]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Callable[[bool], Secure]]:
    """Starts registers over TLS on loopback; those that are told to want a client's certificate."""
    authority = trustme.CA()
    ca_file, certificate, key = (tmp_path / name for name in ("ca.pem", "client.pem", "client.key"))
    authority.cert_pem.write_to_path(ca_file)
    client = authority.issue_cert("insurer@example.org")
    client.private_key_pem.write_to_path(key)
    for pem in client.cert_chain_pems:
        pem.write_to_path(certificate, append=True)
    running: list[ThreadingHTTPServer] = []

    def start(wants_client: bool) -> Secure:  # noqa: FBT001  as the fixture says
        answers: dict[str, Callable[[bytes], tuple[str, bytes]]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                media_type, data = answers[self.path](body)
                self.send_response(200)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET  # noqa: N815  the name that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass

        server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            authority.configure_trust(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return Secure(server.server_address[1], ca_file, (str(certificate), str(key)), answers)

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_https(make: Make, secure: Callable[[bool], Secure]) -> None:
    """TLS under the authorities that were named; under the system's own, a private one is nobody's."""
    register = secure(False)  # noqa: FBT003  as the fixture says
    uri = f"https://127.0.0.1:{register.port}/lists/7"
    register.answers["/lists/7"] = lambda _: (STATUS_LIST_TYPE, signed_list(uri))

    assert NOW - MINUTE == make(ca_file=register.ca_file, deadline=MINUTE).lookup(query(uri)).observed_at
    assert "tls" == cause(make(deadline=MINUTE).refused(query(uri)))


def test_https_for_another_name(make: Make, secure: Callable[[bool], Secure]) -> None:
    """A certificate for another host is refused."""
    register = secure(False)  # noqa: FBT003  as above

    error = make(ca_file=register.ca_file, deadline=MINUTE).refused(query(f"https://localhost:{register.port}/lists/7"))

    assert "tls" == cause(error)


def test_client_certificates(make: Make, secure: Callable[[bool], Secure]) -> None:
    """A vehicle endpoint may want the caller's certificate; it is shown there, and nowhere else."""
    register = secure(True)  # noqa: FBT003  as above
    url = f"https://127.0.0.1:{register.port}/query"
    register.answers["/query"] = lambda body: (
        VEHICLE_ANSWER_TYPE,
        vehicledoc.issue_answer(RECORD, request=body, signer=REGISTER_SIGNER, issued_at=NOW, expires_at=NOW + MINUTE),
    )
    keys = [REGISTER_SIGNER.public_key]
    known = VehicleEndpoint(url=url, keys=keys, client_certificate=register.client)
    driven = make(
        ca_file=register.ca_file,
        deadline=MINUTE,
        vehicles={"CN": known, "DE": attrs.evolve(known, client_certificate=None)},
    )

    assert driven.lookup_vehicle(ASKED).known
    with pytest.raises(StatusError):
        driven.lookup_vehicle(attrs.evolve(ASKED, country="DE"))


def test_certificate_files_that_are_not_there(make: Make, tmp_path: Path) -> None:
    """Whoever configured a file that cannot be read is told so, not that a certificate is bad."""
    assert "tls" == cause(make(ca_file=tmp_path / "none.pem").refused(query("https://127.0.0.1:9/lists/7")))


# --- trust lists ------------------------------------------------------------------------------------------------------


def trusted(version: int = 1, *, next_update_at: datetime = NOW + DAY, **how: Any) -> bytes:  # noqa: ANN401  an issuer's
    """A signed trust list."""
    issuer = trusting(*how.pop("templates", ()))
    certificate_key = TrustedKey(
        public_key=how.pop("certificate_key", CERTIFICATE_SIGNER.public_key),
        usage=KeyUsage.CERTIFICATE,
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2040, 1, 1, tzinfo=UTC),
    )
    contents = TrustListContents(
        version=version,
        issued_at=NOW - DAY,
        next_update_at=next_update_at,
        environment=Environment.TEST,
        issuers=[attrs.evolve(issuer, keys=[*issuer.keys, certificate_key], **how)],
    )
    return contents.sign(ROOT_SIGNER)


CERTIFICATE_SIGNER = LocalSigner.generate()


@pytest.mark.parametrize("media_type", [MEDIA_TYPE, "application/octet-stream", "application/cose"])
def test_trust_list(server: FaultServer, media_type: str) -> None:
    """Fetched and installed, however the server calls bytes."""
    signed = trusted()
    server.routes["/trust"] = cwt(signed, media_type)

    assert signed == fetch_trust_list(server.url + "/trust", root=TRUST_ROOT, now=NOW).to_bytes()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=404), "http-404"),
        (Reply(status=500), "http-5xx"),
        (Reply(status=302, headers={"Location": "/trust2"}), "redirect"),
        (Reply(headers={"Content-Type": "text/html"}, body=b"<h1>"), "type"),
        (cwt(bytes((4 << 20) + 1), MEDIA_TYPE), "too-large"),
        (Reply(delay_s=30), "timeout"),
    ],
)
def test_trust_lists_that_are_not_had(server: FaultServer, reply: Reply, why: str) -> None:
    """The network's faults, bounded in bytes and time; the caller goes on with the list it has."""
    server.routes["/trust"] = reply
    with pytest.raises(StatusError) as caught:
        fetch_trust_list(server.url + "/trust", root=TRUST_ROOT, now=NOW, deadline=timedelta(seconds=1))

    assert ("trust-list-unavailable", why) == (caught.value.code, cause(caught.value))


def test_a_test_list_is_not_installed_for_production(server: FaultServer) -> None:
    """Whoever fetches pins the environment: production, unless the root or the call says otherwise."""
    contents = read_unverified(trusted(2))
    own = TrustRoot(keys=[OTHER_SIGNER.public_key])
    held = TrustList.open(
        attrs.evolve(contents, version=1, environment=Environment.PRODUCTION).sign(OTHER_SIGNER), root=own
    )
    server.routes["/trust"] = cwt(contents.sign(OTHER_SIGNER), MEDIA_TYPE)
    fetch = partial(fetch_trust_list, server.url + "/trust", root=own, now=NOW)

    assert "test" == fetch(environment=Environment.TEST).environment
    for how in ({}, {"previous": held}, {"previous": held, "environment": Environment.TEST}):
        with pytest.raises(UntrustedError) as caught:
            fetch(**how)
        assert "trust-list-environment" == caught.value.code


def test_trust_lists_that_are_refused(server: FaultServer) -> None:
    """Signatures, rollback and age are judged on installing."""
    server.routes["/trust"] = cwt(trusted(), MEDIA_TYPE)
    url = server.url + "/trust"
    cached = TrustList.open(trusted(2), root=TRUST_ROOT)
    stranger = TrustRoot(keys=[OTHER_SIGNER.public_key])

    for code, how in (
        ("trust-list-threshold", {"root": stranger, "now": NOW}),
        ("trust-list-rollback", {"root": TRUST_ROOT, "now": NOW, "previous": cached}),
        ("trust-list-expired", {"root": TRUST_ROOT, "now": NOW + 2 * DAY}),
    ):
        with pytest.raises(UntrustedError) as caught:
            fetch_trust_list(url, **how)  # type: ignore[arg-type]  # as it takes them
        assert code == caught.value.code
    server.routes["/trust"] = cwt(b"x", MEDIA_TYPE)
    with pytest.raises(RejectedInputError):
        fetch_trust_list(url, root=TRUST_ROOT, now=NOW)
    with pytest.raises(StatusError) as unfetched:
        fetch_trust_list("http://trust.example/list", root=TRUST_ROOT, now=NOW)
    assert "url" == cause(unfetched.value)


# --- verdicts ---------------------------------------------------------------------------------------------------------


def certified(index: int = 3) -> str:
    """A certificate of this issuer, issued 60 days ago."""
    issuer = Issuer(signer=CERTIFICATE_SIGNER, country="CN", clock=FixedClock(NOW - 60 * DAY))
    return issuer.issue(
        InspectionCertificate(
            registration_number=PLATE,
            country="CN",
            vin=VIN,
            valid_until=date(2027, 9, 30),
            basis=Basis.INSPECTED,
            result=Result.PASS,
            authority="闽C",
            plate_type=2,
            status=StatusRef(list=7, index=index),
        )
    )


@pytest.mark.parametrize(
    ("index", "days", "outcome", "code"),
    [
        (3, 20, Outcome.VALID, None),
        (5, 20, Outcome.VALID, "revoked-after-event"),
        (5, 5, Outcome.INVALID, "revoked-before-event"),
        (5, 0, Outcome.INVALID, "revoked-before-event"),
        (8, 20, Outcome.INVALID, "suspended-then"),
        (8, 10, Outcome.VALID, None),
        (3, 0, Outcome.VALID, None),
    ],
)
def test_date_of_loss(server: FaultServer, index: int, days: int, outcome: Outcome, code: str | None) -> None:
    """A claims desk's question over the network: what was in force at the date of loss, by list and events."""
    publish(server)
    publish_events(
        server,
        events={
            5: [event(StatusEventKind.REVOKED, NOW - 10 * DAY)],
            8: [event(StatusEventKind.SUSPENDED, NOW - 25 * DAY), event(StatusEventKind.RESUMED, NOW - 15 * DAY)],
        },
    )
    verifier = _verifier(server, HTTPStatusBackend(tuning=still(), deadline=PATIENT))

    verdict = verifier.verify(
        certified(index), as_of=NOW - days * DAY, expect=Expected(registration_number=PLATE, country="CN", vin=VIN)
    )

    assert outcome is verdict.outcome, verdict.reasons
    assert code is None or code in {reason.code for reason in verdict.reasons}
    assert isinstance(verifier.status, HTTPStatusBackend)
    verifier.status.close()


def test_down_is_undetermined(server: FaultServer) -> None:
    """With the register down the policy that needs it leaves the outcome open."""
    verifier = _verifier(server, HTTPStatusBackend(tuning=still(), deadline=PATIENT))
    server.close()

    verdict = verifier.verify(certified(), as_of=NOW, expect=Expected(registration_number=PLATE, country="CN", vin=VIN))

    assert Outcome.UNDETERMINED is verdict.outcome
    assert "status-unavailable" in {reason.code for reason in verdict.reasons}


def test_nothing_is_fetched_for_a_forgery(server: FaultServer) -> None:
    """A certificate whose signature does not hold sends nobody anywhere."""
    publish(server)
    text = certified()
    stranger = TrustList.open(
        trusted(templates=[server.url + "/lists/{list}"], certificate_key=LocalSigner.generate().public_key),
        root=TRUST_ROOT,
    )
    verifier = _verifier(server, HTTPStatusBackend(tuning=still(), deadline=PATIENT)).with_trust(stranger)

    verdict = verifier.verify(text, as_of=NOW)

    assert Outcome.INVALID is verdict.outcome
    assert [] == server.targets()


def test_another_issuers_list(server: FaultServer) -> None:
    """A list that is signed by another than the issuer's status key says nothing."""
    publish(server, signer=OTHER_SIGNER)
    with HTTPStatusBackend(tuning=still(), deadline=PATIENT) as backend:
        verdict = _verifier(server, backend).verify(
            certified(), as_of=NOW, expect=Expected(registration_number=PLATE, country="CN", vin=VIN)
        )

    assert Outcome.UNDETERMINED is verdict.outcome


def _verifier(server: FaultServer, backend: HTTPStatusBackend) -> Verifier:
    trust = TrustList.open(trusted(templates=[server.url + "/lists/{list}"]), root=TRUST_ROOT)
    return Verifier(trust=trust, status=backend, policy=Policy.claims(), clock=FixedClock(NOW))
