"""examples/claims-desk: a service that answers, keeps what it answered, and says clearly what it will not take."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import attrs
import pytest

from certcore import Evidence, Expected, LocalSigner, qr
from tests.verify_cases import PLATE, ROOT_SIGNER, TEXT, TRUST_ROOT, VIN, registered, verifier

for library in ("fastapi", "python_multipart", "uvicorn", "httpx2", "zxingcpp", "PIL"):
    pytest.importorskip(library, reason="the claims desk needs its requirements.txt, and certcore[scan]")

import httpx2
import uvicorn
from PIL import Image

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "claims-desk"
if not EXAMPLE.is_dir():
    pytest.skip("the examples are not here", allow_module_level=True)
sys.path.insert(0, str(EXAMPLE))

from claims_desk import problems
from claims_desk.app import create_app
from claims_desk.judge import Judge, Question
from claims_desk.limits import MAX_BYTES, PatientProtocol
from claims_desk.report import Reporter
from claims_desk.store import UNFINISHED, Store

PATIENCE_S: Final = 60
DAY: Final = "2026-09-20"
SEAL: Final = LocalSigner.generate()
SEEN: Final[dict[str, Any]] = {"registration_number": PLATE, "vin": VIN}


@attrs.frozen
class Desk:
    """A desk that is served, and where its records are."""

    client: httpx2.Client
    folder: Path
    port: int

    def ask(self, key: str | None, picture: bytes | None = None, **fields: str) -> httpx2.Response:
        """What it answers to a question."""
        files = {"picture": ("photo", picture, "application/octet-stream")} if picture is not None else None
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.client.post("/verifications", data={"date_of_loss": DAY} | fields, files=files, headers=headers)

    def count(self) -> int:
        """How many records there are."""
        with closing(sqlite3.connect(self.folder / "records.sqlite")) as database:
            found: int = database.execute("SELECT count(*) FROM records").fetchone()[0]
            return found


@contextmanager
def served(folder: Path, http: type[PatientProtocol] = PatientProtocol, **limits: Any) -> Iterator[Desk]:  # noqa: ANN401  # the limits of an application
    """A desk on loopback."""
    root = folder.with_name(f"{folder.name}.root.pem")
    root.write_bytes(ROOT_SIGNER.public_key.to_pem())
    judge = Judge(verifier=verifier(registered()), seal=SEAL)
    store = Store.open(folder)
    app = create_app(judge, store, Reporter(root=("--root", str(root))), **limits)
    listening = socket.create_server(("127.0.0.1", 0))
    port: int = listening.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(app, http=http, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False) as client:
            yield Desk(client, folder, port)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listening.close()
        store.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk of most tests."""
    with served(tmp_path_factory.mktemp("desk") / "records") as found:
        yield found


def photo(text: str = TEXT, form: str = "JPEG") -> bytes:
    """A code on a table, turned a little."""
    table = Image.new("RGB", (1000, 900), (210, 205, 200))
    code = Image.open(io.BytesIO(qr.to_png(text, scale=4))).convert("RGB")
    table.paste(code.rotate(7, expand=True, fillcolor=(210, 205, 200)), (150, 100))
    file = io.BytesIO()
    table.save(file, form)
    return file.getvalue()


def is_problem(answer: httpx2.Response, code: str) -> bool:
    """Whether an answer is this problem, told as RFC 9457 has it."""
    said = answer.json()
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    assert said["status"] == answer.status_code == problems.PROBLEMS[code][0]
    return bool(said["code"] == code and said["title"] and said["type"] == f"/problems#{code}")


def test_photo(desk: Desk) -> None:
    """A photo gets a verdict, its reasons in both languages, the fields, where the code is, and its evidence."""
    answer = desk.ask("photo-0001", photo(), claim="K-1", **SEEN)
    said = answer.json()

    assert answer.status_code == 201
    assert said["verdict"]["outcome"] == "valid"
    assert said["claim"] == "K-1"
    assert said["words"]["en"]["headline"].startswith("VALID")
    assert said["words"]["zh"]["headline"].startswith("有效")
    assert VIN in dict(said["words"]["en"]["fields"]).values()
    assert VIN in dict(said["words"]["zh"]["fields"]).values()
    assert len(said["picture"]["outlines"]) == 1
    small = Image.open(io.BytesIO(desk.client.get(said["links"]["picture"]).content))
    assert list(small.size) == said["picture"]["size"]
    assert desk.client.get(answer.headers["location"]).content == answer.content


def test_text_and_pdf(desk: Desk) -> None:
    """A text gets the same verdict, and so does a PDF."""
    for key, given in (("text-0001", {"text": TEXT}), ("pdf-00001", {"picture": photo(form="PDF")})):
        assert desk.ask(key, **given, **SEEN).json()["verdict"]["outcome"] == "valid"


def test_other_vehicle_and_day(desk: Desk) -> None:
    """Another plate, a day before the inspection, and a table without a code come to what they are."""
    assert desk.ask("other-001", text=TEXT, registration_number="闽C99999").json()["verdict"]["outcome"] == "invalid"
    assert desk.ask("other-002", text=TEXT, date_of_loss="2020-01-01").json()["verdict"]["outcome"] == "invalid"
    blank = io.BytesIO()
    Image.new("RGB", (300, 300), "white").save(blank, "PNG")
    said = desk.ask("other-003", blank.getvalue()).json()
    assert said["verdict"]["outcome"] == "undetermined"
    assert said["words"]["en"]["reasons"]


def test_evidence_and_report(desk: Desk) -> None:
    """The evidence replays under the desk's seal, and the report tells it."""
    said = desk.ask("evidence-1", photo(), **SEEN).json()
    evidence = Evidence.from_bytes(desk.client.get(said["links"]["evidence"]).content)
    assert evidence.replay(TRUST_ROOT, seal_key=SEAL.public_key).outcome.value == "valid"
    assert evidence.digest.hex() == said["evidence"]["sha256"]

    report = desk.client.get(said["links"]["report"], params={"lang": "zh"})
    assert report.status_code == 200
    assert "attachment" in report.headers["content-disposition"]
    assert evidence.digest.hex() in report.text
    assert str(desk.folder) not in report.text
    assert "sandbox" in report.headers["content-security-policy"]


def test_lost_answer(desk: Desk) -> None:
    """A request that is sent again gets the same answer, byte by byte, and makes no second record."""
    first = desk.ask("lost-0001", photo(), **SEEN)
    before = desk.count()
    again = desk.ask("lost-0001", photo(), **SEEN)

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert desk.count() == before


def test_connection_lost_meanwhile(desk: Desk) -> None:
    """Whoever hangs up before the answer comes finds it later under the same key, once."""
    before = desk.count()
    body = (f'--x\r\nContent-Disposition: form-data; name="date_of_loss"\r\n\r\n{DAY}\r\n--x\r\n'
            f'Content-Disposition: form-data; name="text"\r\n\r\n{TEXT}\r\n--x--\r\n').encode()  # fmt: skip
    head = (
        f"POST /verifications HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: hung-up-01\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", desk.port)) as line:
        line.sendall(head.encode() + body)
    until = time.monotonic() + PATIENCE_S
    while desk.count() == before and time.monotonic() < until:
        time.sleep(0.02)

    def settled() -> httpx2.Response:
        while (answer := desk.ask("hung-up-01", text=TEXT)).status_code == 409 and time.monotonic() < until:
            time.sleep(0.02)
        return answer

    assert settled().status_code == 201
    assert desk.count() == before + 1


def test_same_key_at_once(desk: Desk) -> None:
    """Of many requests with one key at once, one is judged; the others are told to wait, or get its answer."""
    before = desk.count()
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: desk.ask("at-once-01", photo(), **SEEN), range(6)))

    given = {answer.content for answer in answers if answer.status_code == 201}
    assert len(given) == 1
    assert all(answer.status_code == 201 or is_problem(answer, "key-in-progress") for answer in answers)
    assert desk.count() == before + 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": "reused-01", "text": f"{TEXT}A"}, "key-reused"),
        ({"key": "reused-01", "text": TEXT, "vin": "LSVAA4181E2184212"}, "key-reused"),
        ({"key": "reused-01", "text": TEXT, "date_of_loss": "2026-09-21"}, "key-reused"),
        ({"key": None, "text": TEXT}, "key-missing"),
        ({"key": "short", "text": TEXT}, "key-missing"),
        ({"text": TEXT, "picture": b"\xff\xd8\xff"}, "picture-or-text"),
        ({}, "picture-or-text"),
        ({"text": TEXT, "date_of_loss": "yesterday"}, "moment"),
        ({"text": TEXT, "date_of_loss": "2026-09-20T10:00:00"}, "moment"),
        ({"text": TEXT, "date_of_loss": "0001-01-01"}, "moment"),
        ({"text": TEXT, "date_of_loss": "0001-01-01T00:00:00+14:00"}, "moment"),
        ({"text": TEXT, "date_of_loss": "9999-12-31T23:59:59-14:00"}, "moment"),
        ({"text": TEXT, "date_of_loss": "2026-02-29"}, "moment"),
        ({"text": TEXT, "date_of_loss": "2026-W38-7"}, "moment"),
        ({"text": TEXT, "date_of_loss": "2026-09-20x10:00:00+08:00"}, "moment"),
        ({"text": TEXT, "date_of_loss": "9" * 99}, "field"),
        ({"text": TEXT, "plate_type": "two"}, "field"),
        ({"text": TEXT, "plate_type": "9" * 60}, "expected-vehicle"),
        ({"text": TEXT, "country": "Atlantis"}, "expected-vehicle"),
        ({"text": TEXT, "registration_number": "<" * 65}, "field"),
        ({"text": "A" * 9000}, "field"),
        ({"picture": b"<html><script>alert(1)</script>"}, "wrong-type"),
        ({"picture": b""}, "wrong-type"),
        ({"picture": b"PK\x03\x04" + bytes(100)}, "wrong-type"),
        ({"picture": b"MZ" + bytes(1000)}, "wrong-type"),
    ],
)
def test_refusals(desk: Desk, change: dict[str, Any], code: str) -> None:
    """What cannot be answered is a problem, which repeats nothing of the request and leaves no record."""
    desk.ask("reused-01", text=TEXT)
    before = desk.count()
    answer = desk.ask(**({"key": f"refused-{id(change)}"} | change))

    assert is_problem(answer, code), answer.text
    assert "<" not in answer.text
    assert desk.count() == before


def part(name: str, value: str | bytes, head: str = "") -> bytes:
    """A part of a form."""
    content = value if isinstance(value, bytes) else value.encode()
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{head}\r\n\r\n'.encode() + content + b"\r\n"


DATE: Final = part("date_of_loss", DAY)
QUESTION: Final = DATE + part("text", TEXT)
END: Final = b"--x--\r\n"
PARTS: Final = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        pytest.param(PARTS, QUESTION + part("vin", "LSVAA4181E2184212"), "request", id="cut off behind a part"),
        pytest.param(PARTS, QUESTION, "request", id="no end"),
        pytest.param(PARTS, b"", "request", id="nothing"),
        pytest.param(PARTS, b"\0\xff" * 99, "request", id="no form"),
        pytest.param(PARTS, QUESTION + part("vin", "184211") + part("vin", "184212") + END, "field", id="two VINs"),
        pytest.param(PARTS, DATE + QUESTION + END, "field", id="two days"),
        pytest.param(PARTS, DATE + 2 * part("picture", b"GIF89a", '; filename="a"') + END, "field", id="two pictures"),
        pytest.param(PARTS, QUESTION + part("registration", PLATE) + END, "field", id="a name that nobody knows"),
        pytest.param(PARTS, QUESTION + part("registration_number", PLATE.encode("gbk")) + END, "request", id="GBK"),
        pytest.param(PARTS, QUESTION + part("claim", b"\xed\xa0\x80") + END, "request", id="half a character"),
        pytest.param(PARTS, QUESTION + part("claim", "K\0") + END, "field", id="a control character"),
        pytest.param(PARTS, QUESTION + part("claim", "\u202eK-1") + END, "field", id="turned round"),
        pytest.param(PARTS, DATE + part("text", TEXT, '; filename="a"') + END, "field", id="a file for a text"),
        pytest.param(
            PARTS,
            QUESTION + part("claim", "K-1", "\r\nContent-Type: text/plain; charset=ISO-8859-1") + END,
            "form",
            id="said to be in another encoding",
        ),
        pytest.param(
            PARTS,
            QUESTION + part("vin", "MTg0MjEx", "\r\nContent-Transfer-Encoding: base64") + END,
            "form",
            id="said to be Base64",
        ),
        pytest.param(
            PARTS,
            QUESTION + part("claim", "184211", '\r\nContent-Disposition: form-data; name="vin"') + END,
            "request",
            id="a part of two names",
        ),
        pytest.param(PARTS, DATE + part("picture", "GIF89a") + END, "field", id="a text for a file"),
        pytest.param(PARTS, part("x" * 99_999, "") + QUESTION + END, "request", id="a long name"),
        pytest.param(PARTS, b"".join(part(f"f{n}", "") for n in range(2000)) + END, "request", id="many fields"),
        pytest.param(f"{PARTS}; charset=utf-16", QUESTION + END, "form", id="another encoding"),
        pytest.param(f"{PARTS}; charset=nonsense", QUESTION + END, "form", id="no encoding"),
        pytest.param("multipart/form-data", QUESTION + END, "form", id="no boundary"),
        pytest.param("application/json", b'{"date_of_loss": "2026-09-20"}', "form", id="JSON"),
        pytest.param("image/jpeg", b"\xff\xd8\xff", "form", id="a bare picture"),
        pytest.param("text/html", QUESTION + END, "form", id="another type"),
        pytest.param(
            "application/x-www-form-urlencoded", b"date_of_loss=2026-09-20&text=%FF", "request", id="no UTF-8"
        ),
        pytest.param(
            "application/x-www-form-urlencoded", b"text=A&text=B&date_of_loss=2026-09-20", "field", id="two texts"
        ),
    ],
)
def test_forms_are_read_strictly(desk: Desk, kind: str, body: bytes, code: str) -> None:
    """A form that is cut off, ambiguous or in another encoding is no question: no check is left out in silence."""
    before = desk.count()
    headers = {"Content-Type": kind, "Idempotency-Key": "strictly-01"}
    answer = desk.client.post("/verifications", content=body, headers=headers)

    assert is_problem(answer, code), answer.text
    assert desk.count() == before


def test_one_key(desk: Desk) -> None:
    """Of two keys nobody knows which counts."""
    headers = [("Idempotency-Key", "first-key-1"), ("Idempotency-Key", "second-key")]
    form = {"date_of_loss": DAY, "text": TEXT}
    assert is_problem(desk.client.post("/verifications", data=form, headers=headers), "key-missing")


def _large(kind: str) -> bytes:
    """A small file that says it is very large."""
    file, small = io.BytesIO(), Image.new("RGB", (64, 64))
    if kind == "GIF":
        frame = b"," + struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\0\x02\x02\x4c\x01\0"
        return b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\0\0\0\0\0\xff\xff\xff" + frame + b";"
    if kind == "BMP":
        sizes = struct.pack("<IiiHHIIiiII", 40, 30000, 30000, 1, 24, 0, 0, 0, 0, 0, 0)
        return b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + sizes + bytes(10)
    if kind == "WebP":
        small.save(file, "WEBP", lossless=True)
        return file.getvalue()[:21] + struct.pack("<I", 16382 | 4999 << 14) + file.getvalue()[25:]
    if kind == "PDF":
        small.save(file, "PDF", save_all=True, append_images=[small] * 101)
    elif kind == "TIFF":
        small.save(file, "TIFF", save_all=True, append_images=[small] * 101)
    elif kind == "APNG":
        small.save(
            file, "PNG", save_all=True, append_images=[Image.new("RGB", (64, 64), (n, 0, 0)) for n in range(101)]
        )
    else:
        small.save(file, "JPEG")
        data = file.getvalue()
        at = data.index(b"\xff\xc0") + 5
        return data[:at] + struct.pack(">HH", 60000, 60000) + data[at + 4 :]
    return file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WebP", "PDF", "TIFF", "APNG", "JPEG"])
def test_too_large_pictures_of_every_kind(desk: Desk, kind: str) -> None:
    """Whatever decoder it is for, a file of too many pixels or pages is a problem, and leaves no record."""
    before = desk.count()
    assert is_problem(desk.ask(f"large-{kind}-1", _large(kind)), "picture-too-large")
    assert desk.count() == before


def test_key_is_free_after_a_problem(desk: Desk) -> None:
    """A request that came to nothing may be mended and sent with its key."""
    assert is_problem(desk.ask("mended-01", b"no picture"), "wrong-type")
    assert desk.ask("mended-01", photo()).status_code == 201


def test_picture_bomb(desk: Desk) -> None:
    """Few bytes that stand for very many pixels are refused, and the desk goes on."""
    side = 20_000
    size = side.to_bytes(4, "big") * 2
    lines = zlib.compress(bytes((1 + side // 8) * side), 1)
    parts = [(b"IHDR", size + bytes([1, 0, 0, 0, 0])), (b"IDAT", lines), (b"IEND", b"")]
    chunks = [
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big") for kind, data in parts
    ]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    assert is_problem(desk.ask("bomb-0001", bomb), "picture-too-large")
    assert desk.ask("bomb-0002", photo()).status_code == 201


def test_damaged_pictures(desk: Desk) -> None:
    """A picture that ends early gets a verdict that says so."""
    said = desk.ask("damaged-1", photo()[:3000]).json()
    assert said["verdict"]["outcome"] == "undetermined"


def test_html_is_text(desk: Desk) -> None:
    """Markup in any field comes back as JSON, which no browser takes for a page."""
    markup = "<img src=x onerror=alert(1)>"
    answer = desk.ask("markup-01", text=markup, claim=markup)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["claim"] == markup
    for number, name in enumerate(("registration_number", "vin", "country", "plate_type", "date_of_loss")):
        refused = desk.ask(f"markup-1{number}", **({"text": TEXT} | {name: markup}))  # type: ignore[arg-type]  # a text
        assert "json" in refused.headers["content-type"]
        assert markup not in refused.text
    report = desk.client.get(answer.json()["links"]["report"])
    assert "<img src=x" not in report.text


@pytest.mark.parametrize("is_announced", [True, False])
def test_50_megabytes(desk: Desk, *, is_announced: bool) -> None:
    """A body that is too large is refused with an answer that its sender comes to read, announced or not."""
    part = bytes(1 << 20)

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n'
        for _ in range(50):
            yield part
        yield b"\r\n--x--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Idempotency-Key": "large-0001"}
    content = b"".join(body()) if is_announced else body()
    assert is_problem(desk.client.post("/verifications", content=content, headers=headers), "too-large")
    assert desk.client.get("/health").status_code == 200


def test_slow_clients(tmp_path: Path) -> None:
    """Twenty clients that send a byte now and then hold up nobody, and are told after a while."""
    with served(tmp_path / "records", body_s=3.0, max_requests=24) as desk:
        lines = [socket.create_connection(("127.0.0.1", desk.port), timeout=PATIENCE_S) for _ in range(20)]
        head = (
            b"POST /verifications HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: slowly-001\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9999\r\n\r\n-"
        )
        for line in lines:
            line.sendall(head)
        assert desk.ask("quick-001", photo()).status_code == 201
        for line in lines:
            with suppress(OSError):
                line.sendall(b"-")
        answers = [line.recv(4096) for line in lines]
        assert all(b" 408 " in answer for answer in answers)
        for line in lines:
            line.close()
        assert desk.count() == 1


def test_slow_heads(tmp_path: Path) -> None:
    """A connection on which no whole head of a request arrives is closed; others are answered meanwhile."""

    class Impatient(PatientProtocol):
        head_s = 1.0

    def answer(line: socket.socket, said: bytes) -> bytes:
        with line, suppress(ConnectionError):  # closed before, or while, it is said
            line.sendall(said)
            return line.recv(4096)
        return b""

    with served(tmp_path / "records", Impatient) as desk:
        lines = [socket.create_connection(("127.0.0.1", desk.port), timeout=PATIENCE_S) for _ in range(20)]
        said = (b"", b"POST /verif", b"GET /health HTTP/1.1\r\nHost: loc", b"G") * 5
        with ThreadPoolExecutor(20) as threads:
            answers = threads.map(answer, lines, said)
            assert desk.ask("quick-002", text=TEXT).status_code == 201
            assert {b""} == set(answers)


def test_too_many_at_once(tmp_path: Path) -> None:
    """Beyond what the desk holds it says that it is busy, and when to come again."""
    with served(tmp_path / "records", max_requests=0) as desk:
        answer = desk.ask("busy-0001", text=TEXT)
        assert is_problem(answer, "busy")
        assert answer.headers["retry-after"] == "1"


def test_records_survive(tmp_path: Path) -> None:
    """A new process gives the old answers; a key left behind by a crash is free after its lease."""
    with served(tmp_path / "records") as desk:
        first = desk.ask("restart-1", text=TEXT)
        question = Question(as_of=date.fromisoformat(DAY), expect=Expected(), text=TEXT)
        with closing(Store(desk.folder)) as store:
            store.begin("crashed-1", question.digest)
        assert is_problem(desk.ask("crashed-1", text=TEXT), "key-in-progress")
        assert sorted(path.suffix for path in (desk.folder / "files").iterdir()) == [".vice"]
    with closing(sqlite3.connect(tmp_path / "records" / "records.sqlite", isolation_level=None)) as database:
        database.execute("UPDATE records SET begun = 0 WHERE answer IS NULL")
    with served(tmp_path / "records") as desk:
        assert desk.ask("restart-1", text=TEXT).content == first.content
        assert desk.ask("crashed-1", text=TEXT).status_code == 201
        assert desk.count() == 2


def test_a_crash_leaves_no_picture_behind(tmp_path: Path) -> None:
    """Files that were written before a crash go with the next try, or the next start, and no others do."""
    store = Store.open(tmp_path / "records")
    files = tmp_path / "records" / "files"
    begun = {name: store.begin(f"crashed-{name}", name).id for name in ("again", "never", "fresh")}
    kept = store.begin("kept-0001", "kept").id
    store.keep(kept, {"vice": b"evidence"}, b"answer")
    for name in begun.values():
        (files / f"{name}.picture").write_bytes(b"a number plate")
    long_ago = time.time() - 999
    for name in ("again", "never"):
        os.utime(files / f"{begun[name]}.picture", (long_ago, long_ago))
    os.utime(files / f"{kept}.vice", (long_ago, long_ago))
    with closing(sqlite3.connect(tmp_path / "records" / "records.sqlite", isolation_level=None)) as database:
        database.execute("UPDATE records SET begun = 0 WHERE id <> ?", (begun["fresh"],))

    (tmp_path / "records" / f"{UNFINISHED}x").mkdir()
    (tmp_path / "records" / f"{UNFINISHED}x" / "report.html").write_bytes(b"a number plate")
    os.utime(tmp_path / "records" / f"{UNFINISHED}x", (long_ago, long_ago))
    again = store.begin("crashed-again", "again").id
    store.close()
    assert again != begun["again"]
    left = {f"{begun['never']}.picture", f"{begun['fresh']}.picture", f"{kept}.vice"}
    assert left == {path.name for path in files.iterdir()}
    Store.open(tmp_path / "records").close()
    assert left - {f"{begun['never']}.picture"} == {path.name for path in files.iterdir()}
    assert not list(files.parent.glob(f"{UNFINISHED}*"))


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_full_disk_keeps_no_half_of_a_picture(tmp_path: Path, size: int) -> None:
    """What was written of a request goes before its record does: there is no room for writing that it is gone."""
    resource = pytest.importorskip("resource", reason="this system has no limits for files")
    store = Store.open(tmp_path / "records")
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    begun = store.begin("full-disk-1", "asked")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
    try:
        with pytest.raises((OSError, sqlite3.Error)):
            store.keep(begun.id, {"vice": b"evidence", "picture": bytes(size)}, b"answer")
        with pytest.raises(sqlite3.Error):
            store.release(begun.id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
    assert [] == list((tmp_path / "records" / "files").iterdir())
    store.release(begun.id)
    assert store.begin("full-disk-1", "another").id != begun.id
    store.close()


def test_health_tells_of_what_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with no room for one more picture, and damaged records, in which nothing can be written."""
    with served(tmp_path / "records") as desk:
        assert desk.ask("kept-0001", text=TEXT).status_code == 201
        assert desk.client.get("/health").status_code == 200
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=MAX_BYTES))
            assert [503, False] == [(said := desk.client.get("/health")).status_code, said.json()["store"]]
        with closing(sqlite3.connect(desk.folder / "records.sqlite")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with (desk.folder / "records.sqlite").open("r+b") as file:
            size = file.seek(0, 2)
            file.seek(4096)
            file.write(b"\xde" * (size - 4096))
        assert [503, False] == [(said := desk.client.get("/health")).status_code, said.json()["store"]]
        assert is_problem(desk.ask("kept-0001", text=TEXT), "internal")


def test_an_upload_that_finds_no_room_is_a_failure_of_the_desk(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request is as it must be: it is not called unreadable, may be sent again with its key, and is logged."""
    large = photo() + bytes(2 << 20)
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        assert is_problem(desk.ask("no-room-1", large), "internal")
    assert "upload-not-kept" in caplog.text
    assert desk.ask("no-room-1", large).status_code == 201


def test_only_the_owner_reads(desk: Desk) -> None:
    """Records, pictures and evidence are for the user of the service alone."""
    desk.ask("modes-001", photo())
    found = [desk.folder, *desk.folder.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}


def test_logs_name_no_vehicle(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """What is logged has ids, outcomes and times; no plate, no VIN, no claim, no text."""
    with caplog.at_level(logging.DEBUG):
        desk.ask("logged-01", photo(), claim="K-4711", **SEEN)
        desk.ask("logged-02", text=TEXT, plate_type="two", **SEEN)
    assert "outcome=valid" in caplog.text
    assert not any(word in caplog.text for word in ("12345", VIN, "K-4711", TEXT[:20]))


def test_every_line_of_the_log_is_one_of_the_desk() -> None:
    """What other libraries log has the same form, and no trace; what the reader of forms logs of its bytes, none."""
    lines = (
        "import logging, sys; from claims_desk import log; log.begin('info', 'json')",
        "from python_multipart.multipart import MultipartParser",
        "try: MultipartParser(b'x').write(b'12345')\nexcept Exception: pass",
        "try: raise ValueError('12345')",
        "except ValueError: logging.getLogger('asyncio').exception('Fatal error\\nfuture: 12345')",
        "logging.getLogger('claims_desk').info('here')",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=EXAMPLE, capture_output=True, text=True, check=True
    )
    said = [(one["logger"], one["level"], one["message"]) for one in map(json.loads, done.stderr.splitlines())]
    assert said == [("asyncio", "error", "Fatal error: ValueError"), ("claims_desk", "info", "here")]


def test_strangers(desk: Desk) -> None:
    """Other host names, other addresses and other methods are problems, too; nothing is loaded from elsewhere."""
    assert is_problem(desk.client.get("/health", headers={"host": "evil.example"}), "host")
    assert is_problem(desk.client.get(f"/verifications/{'0' * 32}"), "not-found")
    assert is_problem(desk.client.get("/verifications/..%2f..%2fetc"), "not-found")
    assert is_problem(desk.client.get("/nothing"), "not-found")
    assert is_problem(desk.client.put("/verifications"), "method")
    assert "default-src 'none'" in desk.client.get("/").headers["content-security-policy"]
    assert desk.client.get("/docs").status_code == 404
    assert is_problem(desk.client.get("/health/"), "not-found")
    assert is_problem(desk.client.get("/page/..%2fapp.py"), "not-found")
    assert is_problem(desk.client.options("/verifications", headers={"origin": "https://evil.example"}), "method")


@pytest.mark.parametrize("path", ["/health", "/verifications", f"/verifications/{'0' * 32}/report"])
def test_other_methods_are_told_which_there_are(desk: Desk, path: str) -> None:
    """As RFC 9110 (section 15.5.6) has it."""
    answer = desk.client.delete(path)
    assert is_problem(answer, "method")
    assert ("POST" if path == "/verifications" else "GET") in answer.headers["allow"]


POSTED: Final = b"POST /verifications HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED: Final = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"


@pytest.mark.parametrize(
    ("said", "then"),
    [
        pytest.param(b"\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03" + bytes(200), b"", id="TLS"),
        pytest.param(b"GET /health\r\n\r\n", b"", id="HTTP/0.9"),
        pytest.param(b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"", id="two hosts"),
        pytest.param(POSTED + b"Content-Length: 1e3\r\n\r\n", b"", id="no length"),
        pytest.param(POSTED + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"", id="two lengths"),
        pytest.param(POSTED + CHUNKED + b"ZZ\r\n\r\n", b"", id="no chunk"),
        pytest.param(POSTED + CHUNKED, b"ZZ\r\n\r\n", id="no chunk, once there is an answer"),
        pytest.param(POSTED + b"Content-Length: 0\r\n\r\n", bytes(9) + b"\r\n\r\n", id="no request behind an answer"),
    ],
)
def test_what_is_no_http_is_a_problem(desk: Desk, said: bytes, then: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Each answer is a problem with the headers of every answer, and no defect is logged."""
    with socket.create_connection(("127.0.0.1", desk.port), timeout=PATIENCE_S) as line:
        line.sendall(said)
        found = line.recv(1 << 16)
        line.sendall(then)
        while more := line.recv(1 << 16):
            found += more
    for answer in found.split(b"HTTP/1.1 ")[1:]:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"4")
        assert problems.MEDIA_TYPE.encode() in head
        assert b"nosniff" in head
        assert json.loads(body)["status"] == int(head[:3])
    assert found.startswith(b"HTTP/1.1 ")
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_heads_and_ranges(desk: Desk) -> None:
    """What can be had can be asked for without its body; a range gets the whole."""
    assert [200, b""] == [(head := desk.client.head("/health")).status_code, head.content]
    whole = desk.client.get("/page/desk.js").content
    for wanted in ("bytes=0-5", "bytes=99999999-", "nonsense"):
        assert desk.client.get("/page/desk.js", headers={"range": wanted}).content == whole


def test_a_defect_is_a_problem_with_the_headers_of_every_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong is not told, and the answer may no more be read as a page than others."""

    def broken(*_: object) -> bytes:
        raise RuntimeError(PLATE)

    monkeypatch.setattr(Store, "answer", broken)
    answer = desk.client.get(f"/verifications/{'0' * 32}")
    assert is_problem(answer, "internal")
    assert PLATE not in answer.text
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_it_asks_for_what_it_is_tested_with() -> None:
    """Its requirements have the bounds of pyproject.toml, those of the form's reader among them."""
    project = tomllib.loads((EXAMPLE.parents[1] / "pyproject.toml").read_text("utf-8"))
    tested = {*project["dependency-groups"]["test"][1:], *project["project"]["optional-dependencies"]["register"]}
    asked = (EXAMPLE / "requirements.txt").read_text("utf-8").split()
    assert "python-multipart>=0.0.30" in asked
    assert set(asked) <= tested


def test_openapi(desk: Desk) -> None:
    """The description names the fields, the key and the problems; every problem stands on its page."""
    said = desk.client.get("/openapi.json").json()
    post = said["paths"]["/verifications"]["post"]
    assert "Idempotency-Key" in json.dumps(post["parameters"])
    assert all(one["required"] for one in post["parameters"])
    assert {"409", "413", "415", "422"} <= post["responses"].keys()
    for path, kinds in {
        "/verifications/{record}/evidence": {"application/octet-stream"},
        "/verifications/{record}/picture": {"image/jpeg"},
        "/verifications/{record}/report": {"text/html", "application/pdf"},
    }.items():
        answers = said["paths"][path]["get"]["responses"]
        assert {"200", "4XX", "5XX"} == answers.keys()
        assert kinds == answers["200"]["content"].keys()
        assert {problems.MEDIA_TYPE} == answers["4XX"]["content"].keys()
    assert "503" in said["paths"]["/health"]["get"]["responses"]
    form = json.dumps(said["components"]["schemas"])
    assert all(name in form for name in ("picture", "date_of_loss", "registration_number", "vin"))
    page = desk.client.get("/problems").text
    assert all(f'id="{code}"' in page for code in problems.PROBLEMS)
