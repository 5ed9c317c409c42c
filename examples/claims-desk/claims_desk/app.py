"""The service: its addresses, what they take, and what they answer."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import anyio.to_thread
import attrs
from fastapi import FastAPI, File, Form, Header, Query, Request, UploadFile
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from certcore import Expected, __version__, qr
from claims_desk import problems
from claims_desk.form import FormRoute
from claims_desk.judge import Judge, Judged, Question
from claims_desk.limits import BODY_S, HEADERS, MAX_BYTES, MAX_REQUESTS, Limits
from claims_desk.problems import Problem
from claims_desk.report import CSP, FORMATS, Reporter
from claims_desk.store import Begun, Store

T = TypeVar("T")

PAGE: Final = Path(__file__).with_name("page")
LOG: Final = logging.getLogger("claims_desk")
_CORES: Final = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_AT_ONCE: Final = {"picture": _CORES, "text": 4, "keep": 16}
"""What is done at once; the rest waits in its order, a text for no picture, and neither for the disk.

As many pictures as certcore has processes that read: time that one waits there counts as time for reading it.
"""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(_DAY.pattern + r"[T ][0-9]{2}:[0-9]{2}.*")
_STATUS: Final = {404: "not-found", 405: "method"}

Id = Annotated[str, InPath(pattern="^[0-9a-f]{32}$")]
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", pattern="^[!-~]{8,255}$", description="8 to 255 visible characters, new for each"),
]
Short = Annotated[str | None, Form(max_length=64)]


def create_app(  # what the limits are is for tests and for whoever runs it
    judge: Judge,
    store: Store,
    reporter: Reporter,
    *,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    max_bytes: int = MAX_BYTES,
    body_s: float = BODY_S,
    max_requests: int = MAX_REQUESTS,
) -> FastAPI:
    """The application."""
    app = FastAPI(title="Claims desk", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.route_class = FormRoute
    app.state.desk = _Desk(judge, store, reporter)
    _add_routes(app, app.state.desk)
    app.mount("/page", StaticFiles(directory=PAGE))
    app.add_middleware(Limits, hosts=hosts, max_bytes=max_bytes, body_s=body_s, max_requests=max_requests)
    app.add_exception_handler(HTTPException, _tell)
    app.add_exception_handler(RequestValidationError, _tell)
    app.add_exception_handler(Exception, _tell)
    return app


async def _tell(_: Request, error: Exception) -> Response:
    """An error as problem details, with the headers of every answer: what a defect ends is sent outside of `Limits`."""
    found = _told(error)
    found.headers.update(HEADERS)
    return found


def _told(error: Exception) -> Response:
    if isinstance(error, Problem):
        return problems.response(error)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]["loc"]
        if first[0] == "header":
            return problems.response(Problem("key-missing"))
        return problems.response(Problem("not-found" if first[0] == "path" else "field", at=str(first[-1])))
    if isinstance(error, HTTPException):
        found = problems.response(Problem(_STATUS.get(error.status_code, "request")))
        found.headers.update(error.headers or {})  # the methods that an address takes
        return found
    found = problems.response(Problem("internal"))
    found.headers["connection"] = "close"  # the server ends a connection after a defect: nobody is to ask on it again
    return found


class _Desk:
    """What the addresses share."""

    def __init__(self, judge: Judge, store: Store, reporter: Reporter) -> None:
        self.judge, self.store, self.reporter = judge, store, reporter
        self._limiters: dict[str, anyio.CapacityLimiter] = {}

    async def answer(self, key: str, question: Question) -> Response:
        """The answer to a question; the one of before, if its key was answered already."""
        started = time.perf_counter()
        begun, judged = await self._run("text" if question.picture is None else "picture", self._judge, key, question)
        if judged is not None:
            await self._run("keep", self._keep, begun, judged.files)
            took = 1000 * (time.perf_counter() - started)
            LOG.info("verification id=%s outcome=%s ms=%.0f", begun.id, judged.answer["verdict"]["outcome"], took)
        headers = {"location": f"/verifications/{begun.id}"}
        return Response(begun.answer, status_code=201, media_type="application/json", headers=headers)

    async def small_copy(self, record: str) -> bytes:
        """A small copy of the page that was read."""
        picture = await anyio.to_thread.run_sync(lambda: self.store.file(record, "picture").read_bytes())
        return await self._run("picture", self.judge.small_copy, picture)

    async def _run(self, kind: str, work: Callable[..., T], *given: Any) -> T:  # noqa: ANN401  whatever the work is given
        """Do work in a thread, when its kind has one."""
        limiter = self._limiters.setdefault(kind, anyio.CapacityLimiter(_AT_ONCE[kind]))
        return await anyio.to_thread.run_sync(work, *given, limiter=limiter)

    def _judge(self, key: str, question: Question) -> tuple[Begun, Judged | None]:
        begun = self.store.begin(key, question.digest)
        if begun.answer is not None:
            LOG.info("verification-repeated id=%s", begun.id)
            return begun, None
        try:
            judged = self.judge.judge(question)
            return attrs.evolve(begun, answer=_encode(begun.id, question, judged.answer)), judged
        except BaseException:
            self.store.release(begun.id)
            raise

    def _keep(self, begun: Begun, files: dict[str, bytes]) -> None:
        try:
            self.store.keep(begun.id, files, begun.answer or b"")
        except BaseException:
            self.store.release(begun.id)
            raise

    def health(self) -> dict[str, Any]:
        """Whether the desk can work."""
        until = self.judge.verifier.trust.contents.next_update_at
        parts = {
            "store": self.store.check(),
            "decoders": bool([one for one in qr.decoders() if one.version]),
            "trust_list": until >= self.judge.verifier.clock(),
        }
        return {"status": "ok" if all(parts.values()) else "failing", **parts, "next_update_at": until.isoformat()}


def _encode(record: str, question: Question, answer: dict[str, Any]) -> bytes:
    at = f"/verifications/{record}"
    links = {"self": at, "evidence": f"{at}/evidence", "report": f"{at}/report"}
    if answer["picture"] is not None:
        links["picture"] = f"{at}/picture"
    said = {"id": record, "claim": question.claim, **answer, "links": links}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _moment(text: str) -> date | datetime:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        at = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError as error:
        raise Problem("moment", at="date_of_loss") from error
    if at is None or at.tzinfo is None:
        raise Problem("moment", at="date_of_loss")
    return at


def _expected(**given: Any) -> Expected:  # noqa: ANN401  the form's fields
    try:
        return Expected(**given)
    except (TypeError, ValueError) as error:
        raise Problem("expected-vehicle") from error


def _add_routes(app: FastAPI, desk: _Desk) -> None:
    statuses = sorted({status for status, _, _ in problems.PROBLEMS.values()})

    @app.post("/verifications", status_code=201, responses=_answers(refused=statuses), tags=["verifications"])
    async def verify(  # noqa: PLR0913  # the fields of the form
        request: Request,
        *,
        key: Key,
        date_of_loss: Annotated[str, Form(max_length=40, description="A day, or a time with its zone")],
        picture: Annotated[UploadFile | None, File(description="A photo or a PDF")] = None,
        text: Annotated[str | None, Form(max_length=8192, description="What the code carries")] = None,
        registration_number: Short = None,
        country: Short = None,
        plate_type: Annotated[int | None, Form()] = None,
        vin: Short = None,
        claim: Annotated[str | None, Form(max_length=64, description="The claim's number")] = None,
    ) -> Response:
        """Was a certificate in force at a loss, and is it this vehicle's?"""
        if (picture is None) == (not text):
            raise Problem("picture-or-text")
        if claim is not None and not claim.isprintable():
            raise Problem("field", at="claim")
        content = None if picture is None else await picture.read()
        if content == b"":
            raise Problem("wrong-type", at="picture")
        question = Question(
            as_of=_moment(date_of_loss),
            expect=_expected(
                registration_number=registration_number or None,
                country=country or None,
                plate_type=plate_type,
                vin=vin or None,
            ),
            text=text or None,
            picture=content,
            claim=claim or None,
        )
        if len(request.headers.getlist("idempotency-key")) > 1:
            raise Problem("key-missing")
        return await desk.answer(key, question)

    _add_reading(app, desk)


def _answers(*types: str, refused: Iterable[int | str] = ("4XX", "5XX")) -> dict[int | str, dict[str, Any]]:
    """What the description has beside what FastAPI knows: the types of what is given, the statuses of problems."""
    given: dict[int | str, dict[str, Any]] = {200: {"content": {one: {} for one in types}}} if types else {}
    problem = {"description": "A problem", "content": {problems.MEDIA_TYPE: {}}}
    return {**given, **dict.fromkeys(refused, problem)}


def _add_reading(app: FastAPI, desk: _Desk) -> None:
    store = desk.store
    get = partial(app.get, response_class=Response, tags=["verifications"])

    @get("/verifications/{record}", responses=_answers("application/json"))
    def read(record: Id) -> Response:
        """The answer that was given."""
        return Response(store.answer(record), media_type="application/json")

    @get("/verifications/{record}/evidence", responses=_answers("application/octet-stream"))
    def evidence(record: Id) -> FileResponse:
        """The evidence, which gives the same verdict years later."""
        path = store.file(record, "vice")
        return FileResponse(path, media_type="application/octet-stream", filename=f"{record}.vice")

    @get("/verifications/{record}/picture", responses=_answers("image/jpeg"))
    async def picture(record: Id) -> Response:
        """A small copy of the page with the code."""
        return Response(await desk.small_copy(record), media_type="image/jpeg")

    @get("/verifications/{record}/report", responses=_answers("text/html", "application/pdf"))
    async def report(
        record: Id,
        form: Annotated[Literal["html", "pdf"], Query(alias="format")] = "html",
        lang: Annotated[Literal["en", "zh"], Query()] = "en",
    ) -> Response:
        """The evidence, replayed, as a page for people."""
        content = await desk.reporter.write(store, record, form, lang)
        headers = {
            "content-disposition": f'attachment; filename="{record}.{form}"',
            "content-security-policy": CSP,
        }
        return Response(content, media_type=FORMATS[form], headers=headers)

    failing = {"description": "The same, of a desk that cannot work", "content": {"application/json": {}}}

    @app.get("/health", responses={503: failing, **_answers()}, tags=["service"])
    def health() -> Response:
        """Whether the desk can work: 503 if not."""
        found = desk.health()
        content = json.dumps(found)
        return Response(content, status_code=200 if found["status"] == "ok" else 503, media_type="application/json")

    @app.get("/problems", include_in_schema=False)
    def told() -> HTMLResponse:
        return HTMLResponse(problems.page())

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")
