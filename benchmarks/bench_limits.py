"""What the largest input that each public door admits costs: CPU seconds and memory, each in a process of its own.

Run it with ``python benchmarks/bench_limits.py``; words that follow choose doors by their names. Every input is
hostile, or the largest honest one: a document of many empty items, the same behind a foreign header, long texts,
pictures full of finder patterns. Every process has 4 GB of address space. The goal of every door is less than 1 s of
CPU and 200 MB; 3 s for pictures. A door answers, or refuses with a code; anything else is reported as DIED.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

NOW: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ADDRESS_SPACE: Final = 4 << 30
GOAL_S: Final = 1.0
GOAL_PICTURE_S: Final = 3.0
GOAL_MB: Final = 200
MB: Final = 1 << 20

Door = Callable[[], object]

# --- inputs -----------------------------------------------------------------------------------------------------------


def head(major: int, number: int) -> bytes:
    """A CBOR head in its shortest form (RFC 8949 section 3)."""
    for size, info in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise AssertionError(number)


def empties(size: int, item: bytes = b"\x80") -> bytes:
    """An array of empty items, of about so many bytes."""
    return head(4, size - 10) + item * (size - 10)


def integers(size: int) -> bytes:
    """A map of integers to integers, of about so many bytes."""
    count = size // 6
    return head(5, count) + b"".join(head(0, (1 << 16) + number) + b"\x00" for number in range(count))


def envelope(payload: bytes, *, unprotected: bytes = b"\xa0", typ: str = "application/statuslist+cwt") -> bytes:
    """A COSE_Sign1 with a signature of zeros."""
    name = typ.encode()
    protected = b"\xa2\x01\x26\x10" + head(3, len(name)) + name
    return (
        b"\xd2\x84"
        + head(2, len(protected))
        + protected
        + unprotected
        + head(2, len(payload))
        + payload
        + b"\x58\x40"
        + bytes(64)
    )


def in_header(size: int) -> bytes:
    """An unprotected header that holds an array of empty items."""
    return b"\xa1\x18\x64" + empties(size)


def finder_patterns(side: int) -> bytes:
    """A PNG full of finder patterns, two pixels a module."""
    import io

    import numpy as np
    from PIL import Image

    ring = np.ones((7, 7), np.uint8)
    ring[1:6, 1:6] = 0
    ring[2:5, 2:5] = 1
    pattern = np.kron(np.pad(1 - ring, ((0, 1), (0, 1)), constant_values=1), np.ones((2, 2), np.uint8)) * 255
    count = -(-side // pattern.shape[0])
    file = io.BytesIO()
    Image.fromarray(np.tile(pattern, (count, count))[:side, :side]).convert("1").save(file, "PNG", optimize=True)
    return file.getvalue()


# --- doors ------------------------------------------------------------------------------------------------------------


def _signer() -> Any:  # noqa: ANN401  loaded where it is needed
    from certcore import LocalSigner

    return LocalSigner.generate()


def _evidence(data: bytes) -> Door:
    from certcore import Evidence

    return lambda: Evidence.from_bytes(data)


def _trust_list(data: bytes) -> Door:
    from certcore import TrustList, TrustRoot

    root = TrustRoot(keys=[_signer().public_key])
    return lambda: TrustList.open(data, root=root)


def _chain(data: bytes) -> Door:
    from certcore.trust import roots

    return lambda: roots.decode_chain(data)


def _token(data: bytes) -> Door:
    from certcore.status import tokenlist

    keys = [_signer().public_key]
    return lambda: tokenlist.open_token(data, uri="https://a.example/1", keys=keys, now=NOW)


def _events(data: bytes) -> Door:
    from certcore.status import tokenlist

    keys = [_signer().public_key]
    return lambda: tokenlist.open_events(data, uri="https://a.example/1", keys=keys, now=NOW)


def _sign1(data: bytes) -> Door:
    from certcore import cose

    keys = [_signer().public_key]
    return lambda: cose.open_sign1(data, keys=keys)


def _snapshot(data: bytes) -> Door:
    from certcore.status import SnapshotStatusBackend

    def door() -> object:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return SnapshotStatusBackend.from_file(Path(file.name))

    return door


def _signer_list(kind: str, data: bytes) -> Door:
    from certcore.trust import KeyUsage, signer_lists

    if kind == "jwks":
        return lambda: signer_lists.read_jwks(data, usage=KeyUsage.CERTIFICATE, not_before=NOW, not_after=NOW + _DAY)
    return lambda: signer_lists.read_eu(data, usage=KeyUsage.CERTIFICATE, not_before=NOW, not_after=NOW + _DAY)


def _verify(text: str) -> Door:
    from certcore import Policy, Verifier
    from certcore.testing import make_trust

    verifier = Verifier(trust=make_trust(_signer()), status=None, policy=Policy.counterparty())
    return lambda: verifier.verify(text, as_of=date(2026, 11, 1))


def _expected(**seen: Any) -> Door:  # noqa: ANN401  text, where `Expected` takes it
    from certcore import Expected

    return lambda: Expected(**seen)


def _normalised(text: str) -> Door:
    from certcore import vocabulary

    return lambda: vocabulary.normalise_registration_number(text)


def _picture(data: bytes) -> Door:
    from certcore import Policy, Verifier
    from certcore.testing import make_trust

    verifier = Verifier(trust=make_trust(_signer()), status=None, policy=Policy.counterparty())
    return lambda: verifier.verify_image(data, as_of=date(2026, 11, 1))


_DAY: Final = timedelta(days=1)

DOORS: Final[dict[str, Callable[[], Door]]] = {
    "evidence: empty arrays, 64 MiB": lambda: _evidence(empties(64 * MB)),
    "evidence: empty maps, 8 MiB": lambda: _evidence(empties(8 * MB, b"\xa0")),
    "evidence: integers, 60 MB": lambda: _evidence(integers(60_000_000)),
    "trust list: empty arrays": lambda: _trust_list(empties(4 * MB)),
    "trust list: in a header": lambda: _trust_list(b"\xd8\x62\x84\x40" + in_header(4 * MB - 64) + b"\x40\x80"),
    "root chain: empty arrays": lambda: _chain(empties(4 * MB)),
    "status list: in a header": lambda: _token(envelope(b"\xa0", unprotected=in_header(16 * MB))),
    "status list: integers in a header": lambda: _token(envelope(b"\xa0", unprotected=integers(16 * MB))),
    "status list: in the payload": lambda: _token(envelope(empties(16 * MB))),
    "events: in the payload": lambda: _events(
        envelope(empties(16 * MB), typ="application/vnd.certcore.status-events+cwt")
    ),
    "open_sign1: in a header": lambda: _sign1(envelope(b"\xa0", unprotected=in_header(MB - 200))),
    "snapshot: empty arrays, 64 MB": lambda: _snapshot(empties(64 * MB)),
    "JWKS: empty arrays": lambda: _signer_list("jwks", b'{"keys":[' + b"[]," * (8 * MB // 3 - 8) + b"[]]}"),
    "JWKS: nested": lambda: _signer_list("jwks", b"[" * (8 * MB - 1)),
    "EU list: empty arrays": lambda: _signer_list("eu", b"[" + b"[]," * (8 * MB // 3 - 8) + b"[]]"),
    "text: 10 million characters": lambda: _verify("VIC1:" + "A" * 10_000_000),
    "text: combining marks": lambda: _verify("VIC1:" + "\u0301\u0327" * 2_000_000),
    "expected plate: combining marks": lambda: _expected(registration_number="A" + "\u0301\u0327" * 2_000_000),
    "expected VIN: combining marks": lambda: _expected(vin="A" + "\u0301\u0327" * 2_000_000),
    "expected country: combining marks": lambda: _expected(country="A" + "\u0301\u0327" * 2_000_000),
    "normalised number: combining marks": lambda: _normalised("A" + "\u0301\u0327" * 2_000_000),
    "picture: finder patterns, 4 400": lambda: _picture(finder_patterns(4400)),
    "picture: finder patterns, 9 400": lambda: _picture(finder_patterns(9400)),
    "picture: noise": lambda: _picture(noise(4000)),
}


def noise(side: int) -> bytes:
    """A PNG of random black and white pixels."""
    import io

    import numpy as np
    from PIL import Image

    file = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 2, (side, side), np.uint8) * 255
    Image.fromarray(pixels).convert("1").save(file, "PNG")
    return file.getvalue()


# --- measuring --------------------------------------------------------------------------------------------------------


def _cpu_s() -> float:
    """CPU seconds of this process and of those it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str) -> dict[str, object]:
    """One door, in this process: what it answered and what that cost."""
    from certcore.errors import CertcoreError

    door = DOORS[name]()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    before, cpu, wall = _peak_mb(), _cpu_s(), time.perf_counter()
    try:
        answer = door()
        said = str((getattr(answer, "reasons", None) and answer.reasons[0].code) or type(answer).__name__)  # type: ignore[attr-defined]  # a verdict, or something that has none
    except CertcoreError as error:
        said = error.code
    except ValueError as error:
        said = f"ValueError: {error}"
    return {
        "door": name,
        "said": said,
        "cpu_s": _cpu_s() - cpu,
        "wall_s": time.perf_counter() - wall,
        "mb": _peak_mb() - before,
    }


def results(names: list[str]) -> Iterator[dict[str, Any]]:
    """Each door, measured in a process of its own."""
    for name in names:
        done = subprocess.run(  # noqa: S603  this file
            [sys.executable, __file__, "--door", name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
            yield {"door": name, "said": f"DIED: {last[0][:80]}", "cpu_s": float("nan"), "wall_s": 0.0, "mb": 0.0}
        else:
            yield json.loads(done.stdout)


def main(arguments: list[str]) -> int:
    """Measure, and print a table; 1 where a goal is missed."""
    if arguments[:1] == ["--door"]:
        print(json.dumps(measure(arguments[1])))
        return 0
    chosen = [name for name in DOORS if not arguments or any(part in name for part in arguments)]
    missed = 0
    print("| door | answer | CPU, s | MB | |\n| --- | --- | --: | --: | --- |")
    for result in results(chosen):
        goal_s = GOAL_PICTURE_S if result["door"].startswith("picture") else GOAL_S
        is_met = result["cpu_s"] < goal_s and result["mb"] < GOAL_MB
        missed += not is_met
        print(
            f"| {result['door']} | `{result['said']}` | {result['cpu_s']:.2f} | {result['mb']:.0f} |"
            f" {'' if is_met else 'missed'} |",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
