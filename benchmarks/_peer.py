"""The other end of `_peers.Peer`: runs in a peer's own environment, and measures itself there.

Each line of JSON in is a task, each line out what it found, or an error. Work is prepared once, with its answers
asserted, and run as often as it is asked for; the time is this process's own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

WORK: dict[str, tuple[Callable[[Any], object], list[Any]]] = {}


def prepare_cwt(given: dict[str, Any]) -> int:
    """The texts of certcore itself through base45 and python-cwt's COSE: the signature, and the claims decoded."""
    cwt, base45, cbor2 = (import_module(name) for name in ("cwt", "base45", "cbor2"))
    key = cwt.COSEKey.from_pem(given["pem"], alg=given["algorithm"], kid=bytes.fromhex(given["kid"]))
    cose = cwt.COSE.new()

    def verify(text: str) -> Any:  # noqa: ANN401  whatever the claims are
        return cbor2.loads(cose.decode(base45.b45decode(text.partition(":")[2]), key))

    return _kept(given, verify, given["texts"])


def prepare_pycose(given: dict[str, Any]) -> int:
    """The same through pycose, with Base45 by hand."""
    messages, keys, cbor2 = (import_module(name) for name in ("pycose.messages", "pycose.keys", "cbor2"))
    by_hand, key = import_module("_by_hand"), keys.CoseKey.decode(bytes.fromhex(given["key"]))

    def verify(text: str) -> Any:  # noqa: ANN401  whatever the claims are
        found = messages.Sign1Message.decode(by_hand.message(text))
        found.key = key
        assert found.verify_signature()
        return cbor2.loads(found.payload)

    return _kept(given, verify, given["texts"])


def prepare_claim169(given: dict[str, Any]) -> int:
    """Identity claims of about as many bytes, in claim169's own format, which it alone reads."""
    claim169: Any = import_module("claim169")
    pem = import_module("cryptography.hazmat.primitives.serialization")
    private = pem.load_pem_private_key(given["private"].encode(), None)
    if given["algorithm"] == "ES256":
        secret, encode = private.private_numbers().private_value.to_bytes(32, "big"), claim169.encode_with_ecdsa_p256
        form, decode = (pem.Encoding.X962, pem.PublicFormat.UncompressedPoint), claim169.decode_with_ecdsa_p256
    else:
        secret, encode = private.private_bytes_raw(), claim169.encode_with_ed25519
        form, decode = (pem.Encoding.Raw, pem.PublicFormat.Raw), claim169.decode_with_ed25519
    public = private.public_key().public_bytes(*form)
    meta = claim169.CwtMetaInput(issuer="CN", expires_at=1900000000)
    texts = []
    for number in range(given["count"]):
        person = claim169.Claim169Input(id=f"LSVAA4181E{number:07}", full_name=f"C{number:05}")
        person.date_of_birth, person.nationality = "1990-01-15", "CN"
        texts.append(encode(person, meta, secret))

    def verify(text: str) -> Any:  # noqa: ANN401  whatever the claims are
        found = decode(text, public)
        assert found.verification_status == "verified"
        return found

    return _kept(given, verify, texts)


def prepare_opencv(given: dict[str, Any]) -> int:
    """A picture through OpenCV's detector, and what it reads checked by hand; how many it reads."""
    cv2: Any = import_module("cv2")
    by_hand = import_module("_by_hand")
    cv2.setNumThreads(1)  # as the other sides
    detector, verify = cv2.QRCodeDetector(), by_hand.verifier(given["pem"].encode())

    def read(path: str) -> bool:
        image = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise ValueError("it reads no such files")
        try:
            text, _, _ = detector.detectAndDecode(image)
        except (cv2.error, UnicodeDecodeError):
            return False
        if not text:
            return False
        verify(text)
        return True

    WORK[given["work"]] = (read, given["paths"])
    return sum(map(read, given["paths"]))


def read_with_opencv(given: dict[str, Any]) -> list[str]:
    """The texts of all codes that OpenCV's detector reads in a picture."""
    cv2: Any = import_module("cv2")
    cv2.setNumThreads(1)
    try:
        is_found, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(
            cv2.imread(given["path"], cv2.IMREAD_GRAYSCALE)
        )
    except (cv2.error, UnicodeDecodeError):  # it takes every byte for UTF-8
        return []
    return [text for text in texts if text] if is_found else []


def _kept(given: dict[str, Any], verify: Callable[[str], object], texts: list[str]) -> int:
    for text in texts:
        assert verify(text), "every text is verified"
    try:
        verify(_forged(texts[0]))
    except Exception:  # noqa: BLE001  each library has its own
        WORK[given["work"]] = (verify, texts)
        return len(texts)
    raise AssertionError("it takes a forged text for a good one")


def _forged(text: str) -> str:
    """Its last three characters exchanged: another signature."""
    return text[:-3] + ("000" if text[-3:] != "000" else "111")


def run(given: dict[str, Any]) -> float:
    """Seconds of processor time for each piece of some work."""
    work, pieces = WORK[given["work"]]
    start = time.process_time()
    for piece in pieces:
        work(piece)
    return (time.process_time() - start) / len(pieces)


TASKS = {
    "pycose": prepare_pycose,
    "cwt": prepare_cwt,
    "claim169": prepare_claim169,
    "opencv": prepare_opencv,
    "opencv-texts": read_with_opencv,
    "run": run,
}


def main() -> None:
    """Answer until there is no more."""
    for line in sys.stdin:
        given = json.loads(line)
        try:
            answer: dict[str, Any] = {"found": TASKS[given["task"]](given)}
        except Exception as error:  # noqa: BLE001  the other side says so in its table
            answer = {"error": f"{type(error).__name__}: {error}"[:120]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
