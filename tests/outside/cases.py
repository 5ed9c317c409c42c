"""What the tests on outside vectors share: reading their JSON, their keys, and what came of opening a message."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from certcore import _cbor, cose
from certcore.errors import CertcoreError
from certcore.keys import PublicKey

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_JWK_MEMBERS = ("x", "y", "n", "e")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, which may begin with a byte order mark."""
    return dict(json.loads(path.read_text("utf-8-sig")))


def result_of(
    call: Callable[Parameters, Result], /, *args: Parameters.args, **named: Parameters.kwargs
) -> Result | str:
    """What a call returned, or the code of the error that certcore raised; any other error passes."""
    try:
        return call(*args, **named)
    except CertcoreError as error:
        return error.code


def public_jwk(key: Mapping[str, Any]) -> dict[str, Any]:
    """The public half of a key that is like a JWK, but may name its type as COSE does and hold numbers in hex."""
    jwk: dict[str, Any] = {"kty": str(key["kty"]).replace("EC2", "EC")}
    jwk |= {member: key[member] for member in ("crv", "kid", *_JWK_MEMBERS) if member in key}
    for member in _JWK_MEMBERS:
        if f"{member}_hex" in key:
            data = bytes.fromhex(key[f"{member}_hex"])
            jwk[member] = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return jwk


def usable_keys(key: Mapping[str, Any]) -> list[PublicKey]:
    """The key, if it is of a kind that certcore uses; no key otherwise."""
    result = result_of(PublicKey.from_jwk, public_jwk(key))
    if isinstance(result, PublicKey):
        return [result]
    assert "key-unsupported" == result
    return []


def sig_structure(context: str, *parts: bytes) -> bytes:
    """The bytes that a COSE signature is over (RFC 9052 section 4.4)."""
    return _cbor.encode([context, *parts])


def outcome_of(
    data: bytes,
    keys: Sequence[PublicKey],
    *,
    external_aad: bytes = b"",
    payload: bytes | None = None,
    ignore_key_id: bool = False,
) -> bytes | str:
    """The payload that `open_sign1` gave, or the code that it refused the message with."""
    how: dict[str, Any] = {"external_aad": external_aad, "payload": payload, "ignore_key_id": ignore_key_id}
    result = result_of(cose.open_sign1, data, keys=keys, **how)
    return result if isinstance(result, str) else result.payload
