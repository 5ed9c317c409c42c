"""The stage: one issuer with its keys, its trust list, its register and the service over it; and a clock for the story.

The story happens yesterday, in Shanghai's time, so that no moment in it lies in the future.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time as stopwatch
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from threading import Thread
from typing import Final
from zoneinfo import ZoneInfo

import attrs
import uvicorn

from book import Book
from certcore import Issuer, LocalSigner, TrustList, TrustRoot
from certcore.register import BearerTokens, StatusRegistry, create_app
from certcore.trust import Environment, KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustListContents

ZONE: Final = ZoneInfo("Asia/Shanghai")
PATIENCE: Final = timedelta(minutes=5)
"""How long pictures and registers may take: long, for a machine that has much else to do."""

LIST_PATH: Final = "/cn/lists/{list}"
USAGES: Final = {
    "issuer": KeyUsage.CERTIFICATE,
    "live": KeyUsage.LIVE,
    "status": KeyUsage.STATUS,
    "register": KeyUsage.REGISTER,
}
SCOPES: Final = {"police": ["vehicles:plate", "vehicles:vin"], "holder": ["certificates:live"]}


@attrs.define
class Clock:
    """A clock that the story sets."""

    at: datetime

    def __call__(self) -> datetime:
        """What time it is in the story."""
        return self.at


@attrs.frozen(kw_only=True)
class World:
    """Everything that more than one of the roles needs.

    Attributes:
        folder: where everything is written.
        day: the day of the story.
        clock: what time it is there.
        book: what happened, and every answer.
        keys: by name; ``fresh`` takes the place of ``status`` when that is stolen.
        root: whom every reader trusts.
        origin: where the service is.
        registry: the issuer's register.
        issuer: who issues into it.
        tokens: by which the service knows who asks.
    """

    folder: Path
    day: date
    clock: Clock
    book: Book
    keys: Mapping[str, LocalSigner]
    root: TrustRoot
    origin: str
    registry: StatusRegistry
    issuer: Issuer
    tokens: Mapping[str, str]

    @property
    def lists(self) -> str:
        """Where the status lists are."""
        return self.origin + LIST_PATH

    @property
    def published(self) -> Path:
        """The folder that the register publishes to, and that readers may copy."""
        return self.folder / "register" / "published"

    @property
    def trust(self) -> TrustList:
        """The trust list as it is now."""
        return TrustList.open((self.folder / "trust.cbor").read_bytes(), root=self.root)

    def moment(self, hour: int, minute: int = 0, *, days_ago: int = 0) -> datetime:
        """A time on the day of the story, or so many days before."""
        return datetime.combine(self.day - timedelta(days_ago), time(hour, minute), ZONE)

    def set_clock(self, hour: int, minute: int = 0, *, days_ago: int = 0) -> datetime:
        """It is that time now, and the register has published, as it does every ten minutes."""
        self.clock.at = self.moment(hour, minute, days_ago=days_ago)
        self.publish("status")
        return self.clock.at

    def publish(self, key: str) -> None:
        """Write what changed since the last time, for readers without a connection and for the service."""
        self.registry.publish(
            self.published,
            signer=self.keys[key],
            uri_template=self.lists,
            now=self.clock(),
            lifetime=timedelta(minutes=20),
            ttl=timedelta(minutes=5),
        )

    def write_trust_list(self, version: int, *keys: TrustedKey) -> TrustList:
        """Sign a trust list with these keys of the issuer, and put it in its place."""
        contents = TrustListContents(
            version=version,
            issued_at=self.clock(),
            next_update_at=self.clock() + timedelta(days=30),
            environment=Environment.TEST,
            issuers=[
                TrustedIssuer(
                    id="CN",
                    name="福建省车辆管理所 Fujian Vehicle Office (example)",
                    country="CN",
                    time_zone=ZONE.key,
                    query_endpoint=f"{self.origin}/vehicles",
                    list_templates=[ListTemplate(uri=self.lists, not_before=self.moment(0, days_ago=500))],
                    keys=keys,
                )
            ],
        )
        (self.folder / "trust.cbor").write_bytes(contents.sign(self.keys["root"]))
        return self.trust

    def trusted(self, name: str, **compromise: object) -> TrustedKey:
        """One of the issuer's keys, as the trust list has it."""
        usage = USAGES.get(name, KeyUsage.STATUS)
        first, last = self.moment(0, days_ago=500), self.moment(0, days_ago=-500)
        public_key = self.keys[name].public_key
        return TrustedKey(public_key=public_key, usage=usage, not_before=first, not_after=last, **compromise)  # type: ignore[arg-type]  # two optional arguments, passed on

    def command(self, *arguments: object, code: int = 0) -> str:
        """Run the ``certcore`` command in the folder, as if nothing were set up; give what it printed."""
        words = [sys.executable, "-m", "certcore.cli", *map(str, arguments)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CERTCORE_")}
        done = subprocess.run(  # noqa: S603  the words are the story's own
            words,
            cwd=self.folder,
            env={**kept, "CERTCORE_CONFIG": os.devnull, "CERTCORE_LANG": "en", "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert code == done.returncode, f"{words[3:]}: {done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """The stage in an empty folder, with its service running until the end."""
    today = datetime.now(ZONE).date()
    clock = Clock(datetime.combine(today - timedelta(401), time(9), ZONE))
    names = ("root", "issuer", "live", "status", "register", "fresh", "seal")
    keys = {name: LocalSigner.generate() for name in names}
    _write_keys(folder / "keys", keys)
    tokens = {name: BearerTokens.new_token() for name in SCOPES}
    table = [{"name": name, "sha256": digest, "scopes": SCOPES[name]} for name, (_, digest) in tokens.items()]
    (folder / "register").mkdir()
    (folder / "register" / "tokens.json").write_text(json.dumps(table), "utf-8")
    registry = StatusRegistry(
        f"sqlite:///{folder / 'register' / 'register.db'}", issuer="CN", country="CN", clock=clock
    )
    issuer = Issuer(
        signer=keys["issuer"],
        live_signer=keys["live"],
        country="CN",
        registry=registry,
        time_zone=ZONE.key,
        clock=clock,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        world = World(
            folder=folder,
            day=today - timedelta(1),
            clock=clock,
            book=Book(folder=folder, day=today - timedelta(1), seal=keys["seal"]),
            keys=keys,
            root=TrustRoot(keys=[keys["root"].public_key], environments=[Environment.TEST]),
            origin=f"http://127.0.0.1:{listener.getsockname()[1]}",
            registry=registry,
            issuer=issuer,
            tokens={name: token for name, (token, _) in tokens.items()},
        )
        with _serving(world, listener):
            yield world
    registry.close()


def _write_keys(folder: Path, keys: Mapping[str, LocalSigner]) -> None:
    folder.mkdir()
    for name, key in keys.items():
        key.to_file(folder / f"{name}.key.pem")
        (folder / f"{name}.pub.pem").write_bytes(key.public_key.to_pem())


@contextmanager
def _serving(world: World, listener: socket.socket) -> Iterator[None]:
    """The register's service, in a thread: `certcore status serve` does it as a program of its own."""
    app = create_app(
        world.registry,
        signer=world.keys["register"],
        trust_list=world.folder / "trust.cbor",
        folder=world.published,
        authorize=BearerTokens.from_file(world.folder / "register" / "tokens.json"),
        list_path=LIST_PATH,
        issuer=world.issuer,
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        stopwatch.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def now() -> datetime:
    """The real time, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
