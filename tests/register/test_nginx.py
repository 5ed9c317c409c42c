"""Debian's nginx over the published folder does as well as the service: types, tags, and a verifier that asks it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import attrs
import pytest

from certcore import Policy, TrustList, Verifier
from certcore.register.access import BearerTokens
from certcore.register.log import StatusRegistry
from certcore.status import StatusState
from certcore.status.tokenlist import open_events, open_token
from certcore.status.vehicledoc import VEHICLE_REQUEST_TYPE
from certcore.testing import ROOT_SIGNER, TRUST_ROOT, make_trust
from certcore.trust import KeyUsage, ListTemplate, TrustedKey
from tests.register import serving
from tests.register.cast import BEGIN, DAY, SIGNER, STATUS_SIGNER, SetClock, issue

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx-light")

SAID: dict[str, Any] = {"actor": "clerk-7", "reason": "entered in error"}
DOCUMENTATION = Path(__file__).parents[2] / "docs"
TRIES = 1200

CONFIGURATION = """
daemon off;
master_process off;
pid {work}/pid;
error_log {work}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
{locations}
    }}
}}
"""


def documented_locations(page: str = "run-a-register.md") -> str:
    """The locations that the documentation tells people to use."""
    _, _, rest = (DOCUMENTATION / page).read_text("utf-8").partition("```nginx\n")
    found, _, _ = rest.partition("```")
    assert found
    return found


@pytest.fixture
def port() -> int:
    """A port of the loopback interface that nobody uses."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder to be published to, where nginx may read it whoever it runs as."""
    found = tmp_path / "published"
    found.mkdir()
    return found


@pytest.fixture
def nginx(tmp_path: Path, folder: Path, port: int) -> Iterator[str]:
    """A running nginx over the published folder; the URL of its root."""
    with running(tmp_path / "nginx", port, folder, documented_locations()) as url:
        yield url


@contextmanager
def running(work: Path, port: int, folder: Path, locations: str) -> Iterator[str]:
    """A running nginx; the URL of its root."""
    assert NGINX is not None
    work.mkdir()
    text = CONFIGURATION.format(work=work, port=port, folder=folder, locations=locations)
    (work / "nginx.conf").write_text(text)
    command = [NGINX, "-p", str(work), "-c", str(work / "nginx.conf"), "-e", str(work / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _await(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it answers."""
    for _ in range(TRIES):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        with closing(socket.socket()) as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    pytest.fail("nginx does not answer")


def fetch(url: str, **headers: str) -> tuple[int, Any, bytes]:
    """Status, headers and body; without the environment's proxies."""
    request = Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})  # noqa: S310  loopback
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.fixture
def present() -> datetime:
    """Now: an HTTP client compares what it gets with a clock."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.mark.slow
def test_nginx_serves_the_folder(
    nginx: str, folder: Path, lite: StatusRegistry, clock: SetClock, present: datetime
) -> None:
    """List and events under their types, with tags that hold; the publisher's own files under none."""
    clock.at = present
    ref, _ = issue(lite, clock)
    lite.revoke(ref, effective_at=None, **SAID)
    uri = f"{nginx}/cn/lists/0"
    lite.publish(folder, signer=STATUS_SIGNER, uri_template=f"{nginx}/cn/lists/{{list}}")
    keys = [STATUS_SIGNER.public_key]
    status, headers, body = fetch(uri)
    assert (200, "application/statuslist+cwt") == (status, headers["Content-Type"])
    token = open_token(body, uri=uri, keys=keys, now=present)
    assert StatusState.REVOKED is token.status_list.state(ref.index)
    assert 304 == fetch(uri, If_None_Match=headers["ETag"])[0]
    status, headers, body = fetch(f"{uri}.events")
    assert (200, "application/vnd.certcore.status-events+cwt") == (status, headers["Content-Type"])
    assert {ref.index} == set(open_events(body, uri=uri, keys=keys, now=present).events)
    status, headers, _ = fetch(f"{nginx}/index.json")
    assert (200, "application/json") == (status, headers["Content-Type"])
    hidden = [fetch(f"{nginx}/{name}")[0] for name in (".state.json", ".lock", ".partial/", "cn/lists/1")]
    assert [404, 404, 404, 404] == hidden


@pytest.mark.slow
def test_a_verifier_asks_nginx(
    nginx: str, folder: Path, lite: StatusRegistry, clock: SetClock, present: datetime
) -> None:
    """The HTTP backend over nginx: valid before the revocation's effect, and not after it."""
    pytest.importorskip("httpx2", reason="the http extra is not installed")
    http = pytest.importorskip("certcore.status.http", reason="this version has no HTTP backend")
    clock.at = present - timedelta(hours=5)
    ref, text = issue(lite, clock)
    _, other = issue(lite, clock, 2)
    clock.at = present - timedelta(hours=1)
    lite.revoke(ref, effective_at=present - timedelta(hours=2), **SAID)
    clock.at = present - timedelta(seconds=1)
    template = f"{nginx}/cn/lists/{{list}}"
    lite.publish(folder, signer=STATUS_SIGNER, uri_template=template)
    trust = trusting(template)
    clock.at = datetime.now(UTC)
    with http.HTTPStatusBackend(deadline=timedelta(minutes=1)) as backend:
        verifier = Verifier(trust=trust, status=backend, policy=Policy.counterparty(), clock=lambda: datetime.now(UTC))
        found = [verifier.verify(text, as_of=present - timedelta(hours=hours)).outcome.value for hours in (4, 3, 2, 1)]
        assert ["valid", "valid", "invalid", "invalid"] == found
        assert "valid" == verifier.verify(other, as_of=present - timedelta(hours=1)).outcome.value


def trusting(template: str) -> TrustList:
    """A trust list with a status key and a template of lists."""
    contents = make_trust(SIGNER).contents
    key = TrustedKey(
        public_key=STATUS_SIGNER.public_key,
        usage=KeyUsage.STATUS,
        not_before=BEGIN - 1000 * DAY,
        not_after=BEGIN + 10_000 * DAY,
    )
    (issuer,) = contents.issuers
    templates = [ListTemplate(uri=template, not_before=BEGIN - 1000 * DAY)]
    issuer = attrs.evolve(issuer, keys=[*issuer.keys, key], list_templates=templates)
    return TrustList.open(attrs.evolve(contents, issuers=[issuer]).sign(ROOT_SIGNER), root=TRUST_ROOT)


@pytest.mark.slow
def test_nginx_in_front_of_the_service(tmp_path: Path, port: int, folder: Path) -> None:
    """As the page on deployment has it: documents and refusals come through whole, and a large body does not."""
    pytest.importorskip("click", reason="click is not installed: the cli extra has it")
    signer = tmp_path / "register.key.pem"
    signer.write_bytes(STATUS_SIGNER.to_pem())
    signer.chmod(0o600)
    token, digest = BearerTokens.new_token()
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps([{"name": "police", "sha256": digest, "scopes": ["vehicles:plate"]}]), "utf-8")
    tokens.chmod(0o600)
    with serving.serving(
        tmp_path, "--key", signer.name, "--tokens", tokens.name, "--log-event", "certcore.request"
    ) as url:
        locations = documented_locations("deploy.md").replace("http://127.0.0.1:8460", url)
        with running(tmp_path / "nginx", port, folder, locations) as front:
            status, headers = serving.ask(f"{front}/trust-list")
            assert (200, 304) == (status, serving.ask(f"{front}/trust-list", If_None_Match=headers["ETag"])[0])
            status, headers = serving.ask(f"{front}/vehicles", b"nonsense")
            assert (401, "Bearer", "no-store") == (status, headers["WWW-Authenticate"], headers["Cache-Control"])
            known = {"Authorization": f"Bearer {token}", "Content_Type": VEHICLE_REQUEST_TYPE}
            status, headers = serving.ask(f"{front}/vehicles", b"nonsense", **known)
            assert (400, True) == (status, headers["Link"].endswith('#malformed>; rel="help"'))
            assert 413 == serving.ask(f"{front}/vehicles", b"n" * 100_000, **known)[0]
            assert 404 == serving.ask(f"{front}/lists/7")[0]
    told = (tmp_path / "log").read_text("utf-8")
    assert (2, False) == (told.count(" POST /vehicles: "), token in told)  # nginx ends the large one
