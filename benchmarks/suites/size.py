"""The same certificate in five formats, each with an ES256 signature and a status reference: what has to be scanned.

- *certcore*: as this version issues it.
- *CWT, standard status claim*: registered claims and names as text, `status` by URI and index (the IETF's token status
  list, claim 65535), COSE_Sign1, Base45.
- *HC1*: that CWT deflated before Base45, as digital health certificates are.
- *JWT*: the same claims as JSON in a compact JWS.
- *binary, as VDS*: fixed fields and a C40-like packing as visible digital seals have: a 24-byte header, and the
  signature bare. Drawn as bytes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator

import cbor2
import segno

from benchmarks._desk import URI, VIN, Desk, certificate, plate
from benchmarks._measure import Figure, Setting
from certcore import LocalSigner, armor, qr

ISSUED = 1_790_000_000
UNTIL = 1_822_000_000
INDEX = 524_287
CLAIMS = {
    "number": plate(12345),
    "country": "CN",
    "vin": VIN,
    "basis": "inspected",
    "result": "pass",
    "authority": "闽C",
}


def measure(setting: Setting) -> Iterator[Figure]:
    """Bytes, characters and the symbol of each."""
    del setting
    desk = Desk(0)
    text = desk.issuer.issue(certificate(12345))
    message = _cwt(desk.signer)
    hc1 = "HC1:" + armor.encode(zlib.compress(message, 9)).partition(":")[2]
    forms: dict[str, tuple[int, str | bytes]] = {
        "certcore": (len(armor.decode(text)), text),
        "CWT, standard status claim": (len(message), armor.encode(message)),
        "HC1": (len(zlib.compress(message, 9)), hc1),
        "JWT": (len(_jwt(desk.signer)), _jwt(desk.signer)),
        "binary, as VDS": (len(_seal(desk.signer)), _seal(desk.signer)),
    }
    for name, (size, shown) in forms.items():
        version = qr.size(shown).version if isinstance(shown, str) and shown.isupper() else _version(shown)
        columns = {
            "bytes": size,
            "characters": len(shown),
            "QR version at level M": version,
            "modules a side": 17 + 4 * version,
        }
        for column, value in columns.items():
            yield Figure(table="one certificate", row=name, column=column, rounds=(float(value),))


def _version(shown: str | bytes) -> int:
    return int(segno.make(shown, error="M", boost_error=False, micro=False).version)


def _cwt(signer: LocalSigner) -> bytes:
    """RFC 8392, with the status claim of the token status list."""
    claims = {1: "CN", 4: UNTIL, 6: ISSUED, 65535: {"status_list": {"idx": INDEX, "uri": URI}}, "vehicle": CLAIMS}
    protected = cbor2.dumps({1: -7, 4: signer.public_key.key_id})
    body = cbor2.dumps(claims)
    signature = signer.sign(cbor2.dumps(["Signature1", protected, b"", body]))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, body, signature]))


def _jwt(signer: LocalSigner) -> str:
    """RFC 7519, likewise."""
    head = {"alg": "ES256", "kid": _base64(signer.public_key.key_id), "typ": "JWT"}
    claims = {
        "iss": "CN",
        "exp": UNTIL,
        "iat": ISSUED,
        "status": {"status_list": {"idx": INDEX, "uri": URI}},
        "vehicle": CLAIMS,
    }
    parts = [_base64(json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode()) for one in (head, claims)]
    return ".".join([*parts, _base64(signer.sign(".".join(parts).encode()))])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _seal(signer: LocalSigner) -> bytes:
    """Magic and version, country, signer and key, two dates, definition and type; tag, length, value; the signature."""
    head = bytes([0xDC, 3]) + bytes(2 + 4 + 6 + 3 + 3 + 2 + 2)
    fields = [
        plate(12345).encode(),
        _packed(VIN),
        UNTIL.to_bytes(4, "big"),
        bytes([1]),
        bytes([1]),
        "闽C".encode(),
        bytes([12]) + INDEX.to_bytes(4, "big"),
    ]
    signed = head + b"".join(bytes([tag, len(value)]) + value for tag, value in enumerate(fields, 1))
    return signed + bytes([0xFF, 64]) + signer.sign(signed)


def _packed(text: str) -> bytes:
    """Three characters in two bytes."""
    return bytes(-(-len(text) // 3) * 2)
