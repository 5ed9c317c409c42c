"""From the text of a code to the verdict, beside what other libraries do with a text; and where the time goes.

- *bare*: `cryptography` checking the signature over the finished bytes, and nothing else.
- *by hand*: Base45, cbor2 and that check. *pycose* and *python-cwt + base45* do the same with these libraries.
- *claim169*: its own format, which nothing else reads, with about as many bytes; written in Rust.

None of these looks at trust, dates, the vehicle, the register or the policy: certcore's verdict has all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from benchmarks import _by_hand
from benchmarks._desk import NOW, Desk
from benchmarks._measure import MICRO, Figure, Setting, Side, race, ratios, scaled, timed
from benchmarks._peers import MissingPeerError
from certcore import StatusRef, armor, cose, payload
from certcore.bulk import BulkQuestion, verify_many
from certcore.keys import EDDSA, ES256
from certcore.status import StatusQuery

ALGORITHMS = (("ES256", ES256), ("EdDSA", EDDSA))


def measure(setting: Setting) -> Iterator[Figure]:
    """Both algorithms beside the others, then the stages."""
    for name, algorithm in ALGORITHMS:
        desk = Desk(setting.pick(128, 4), algorithm)
        desk.assert_correct()
        yield from _beside(setting, name, desk)
    yield from _stages(setting, Desk(setting.pick(128, 4)))


def _beside(setting: Setting, name: str, desk: Desk) -> Iterator[Figure]:
    count = len(desk.texts)
    sides: dict[str, Side] = {
        "bare cryptography": timed(_bare(desk), pieces=count),
        "certcore, verify": timed(desk.judge_all, pieces=count),
        "certcore, verify_many": timed(partial(_many, desk), pieces=count),
        "by hand: Base45, cbor2, cryptography": timed(_by_hand_all(desk), pieces=count),
    }
    missing: dict[str, str] = {}
    for peer, made in (("pycose", _pycose), ("python-cwt + base45", _cwt), ("claim169, its own format", _claim169)):
        try:
            sides[peer] = made(setting, name, desk)
        except (MissingPeerError, ImportError) as error:
            missing[peer] = str(error)
    taken = race(sides, rounds=setting.rounds)
    table = f"{name}, text to verdict"
    for side, seconds in taken.items():
        yield Figure(table=table, row=side, column="each", unit="µs", rounds=scaled(seconds, MICRO))
        beside = ratios(taken["bare cryptography"], seconds)
        yield Figure(table=table, row=side, column="throughput beside bare", rounds=beside)
    for side, why in missing.items():
        yield Figure(table=table, row=side, column="each", unit="µs", note=why)


def _bare(desk: Desk) -> Callable[[], None]:
    check = _by_hand.checker(desk.signer.public_key.to_pem())
    given = [_by_hand.parts(text) for text in desk.texts]

    def all_of_them() -> None:
        for signature, signed in given:
            check(signature, signed)

    all_of_them()
    return all_of_them


def _by_hand_all(desk: Desk) -> Callable[[], None]:
    verify = _by_hand.verifier(desk.signer.public_key.to_pem())

    def all_of_them() -> None:
        for text in desk.texts:
            verify(text)

    assert all(map(verify, desk.texts))
    return all_of_them


def _many(desk: Desk) -> None:
    rows = (
        BulkQuestion(row=number, text=text, as_of=NOW, expect=seen)
        for number, (text, seen) in enumerate(zip(desk.texts, desk.expected, strict=True))
    )
    assert all([found.verdict for found in verify_many(desk.verifier, rows)])  # noqa: C419  the whole list is the work


# --- other libraries --------------------------------------------------------------------------------------------------


def _pycose(setting: Setting, name: str, desk: Desk) -> Side:
    peer = setting.peers.get("pycose")
    key = desk.signer.public_key.to_cose_key().hex()
    peer.ask("pycose", work=name, key=key, texts=desk.texts)
    return peer.side(name)


def _cwt(setting: Setting, name: str, desk: Desk) -> Side:
    peer = setting.peers.get("python-cwt")
    public = desk.signer.public_key
    given = {"pem": public.to_pem().decode(), "kid": public.key_id.hex(), "algorithm": name, "texts": desk.texts}
    peer.ask("cwt", work=name, **given)
    return peer.side(name)


def _claim169(setting: Setting, name: str, desk: Desk) -> Side:
    peer = setting.peers.get("claim169")
    serialization: Any = import_module("cryptography.hazmat.primitives.serialization")
    generate: Any = import_module(
        "cryptography.hazmat.primitives.asymmetric.ec"
        if name == "ES256"
        else "cryptography.hazmat.primitives.asymmetric.ed25519"
    )
    private = (
        generate.generate_private_key(generate.SECP256R1())
        if name == "ES256"
        else generate.Ed25519PrivateKey.generate()
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    peer.ask(
        "claim169", work=name, algorithm=name, private=private.private_bytes(*form).decode(), count=len(desk.texts)
    )
    return peer.side(name)


# --- stages -----------------------------------------------------------------------------------------------------------


def _stages(setting: Setting, desk: Desk) -> Iterator[Figure]:
    """Each stage by itself over the same certificates; what is left of the whole is the verdict's."""
    data = [armor.decode(text) for text in desk.texts]
    read = [cose.read_certificate(one) for one in data]
    claims = [one.unverified_payload for one in read]
    key, decode = desk.signer.public_key, payload.decode
    query = partial(StatusQuery, issuer="CN", as_of=NOW, asked_at=NOW)
    queries = [query(ref=StatusRef(list=12, index=number)) for number in range(len(data))]
    works: dict[str, list[Callable[[], object]]] = {
        "armor": [partial(armor.decode, text) for text in desk.texts],
        "CBOR and envelope": [partial(cose.read_certificate, one) for one in data],
        "signature": [partial(one.verify, key) for one in read],
        "claims": [partial(decode, one, country="CN") for one in claims],
        "trust": [partial(desk.trust.grants, one.unverified_key_id) for one in read],
        "status": [partial(desk.status.lookup, one) for one in queries],
    }
    sides = {name: timed(partial(_each, calls), pieces=len(calls)) for name, calls in works.items()}
    sides["whole"] = timed(desk.judge_all, pieces=len(data))
    taken = race(sides, rounds=setting.rounds)
    whole = taken.pop("whole")
    stages = dict(taken)
    stages["verdict, and driving it all"] = tuple(
        max(0.0, all_ - sum(parts)) for all_, *parts in zip(whole, *stages.values(), strict=True)
    )
    for name, seconds in stages.items():
        yield Figure(table="stages", row=name, column="each", unit="µs", rounds=scaled(seconds, MICRO))
        yield Figure(table="stages", row=name, column="share", unit="%", rounds=scaled(ratios(seconds, whole), 100))
    yield Figure(table="stages", row="whole", column="each", unit="µs", rounds=scaled(whole, MICRO))


def _each(calls: list[Callable[[], object]]) -> None:
    for one in calls:
        one()
