"""Certificates signed one by one, beside a bare signature; drawn as QR symbols, and printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from benchmarks._desk import NOW, Desk, certificate
from benchmarks._measure import MICRO, MILLI, Figure, Setting, race, ratios, scaled, timed
from certcore import InspectionCertificate, qr
from certcore.keys import EDDSA, ES256


def measure(setting: Setting) -> Iterator[Figure]:
    """Signing by both algorithms, then pictures and pages."""
    count = setting.pick(100, 2)
    for name, algorithm in (("ES256", ES256), ("EdDSA", EDDSA)):
        desk = Desk(1, algorithm)
        ready = [certificate(number) for number in range(count)]
        taken = race(
            {
                "bare signature": timed(partial(_sign_all, desk, count), pieces=count),
                "certificate to text": timed(partial(_issue_all, desk, ready), pieces=count),
            },
            rounds=setting.rounds,
        )
        assert len({desk.issuer.issue(one) for one in ready}) == count
        for side, seconds in taken.items():
            yield Figure(table="signed", row=f"{name}, {side}", column="each", unit="µs", rounds=scaled(seconds, MICRO))
        beside = ratios(taken["bare signature"], taken["certificate to text"])
        row = f"{name}, certificate to text"
        yield Figure(table="signed", row=row, column="throughput beside bare", rounds=beside)
    yield from _drawn(setting, Desk(1))


def _sign_all(desk: Desk, count: int) -> None:
    data = bytes(150)
    for _ in range(count):
        desk.signer.sign(data)


def _issue_all(desk: Desk, ready: list[InspectionCertificate]) -> None:
    for one in ready:
        desk.issuer.issue(one)


def _drawn(setting: Setting, desk: Desk) -> Iterator[Figure]:
    text = desk.texts[0]
    (read,) = qr.read(qr.to_png(text, scale=4))
    assert read.text == text
    works: dict[str, Callable[[], object]] = {"PNG": partial(qr.to_png, text, scale=4), "SVG": partial(qr.to_svg, text)}
    taken = race({name: timed(work) for name, work in works.items()}, rounds=setting.rounds)
    for name, seconds in taken.items():
        yield Figure(table="drawn", row=name, column="each", unit="ms", rounds=scaled(seconds, MILLI))
    yield from _printed(setting, desk, text)


def _printed(setting: Setting, desk: Desk, text: str) -> Iterator[Figure]:
    document: Any = import_module("certcore.printing.document")
    shown = desk.verifier.verify(text, as_of=NOW).certificate
    for name in ("to_html", "to_pdf"):
        try:
            work = partial(getattr(document, name), text, shown, lang="zh", page="A4")
            work()
        except Exception as error:  # noqa: BLE001  a font or an extra is missing: the table says so
            yield Figure(table="drawn", row=name, column="each", unit="ms", note=type(error).__name__)
            continue
        (seconds,) = race({name: timed(work)}, rounds=setting.rounds).values()
        yield Figure(table="drawn", row=name, column="each", unit="ms", rounds=scaled(seconds, MILLI))
