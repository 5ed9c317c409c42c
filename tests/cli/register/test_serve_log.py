"""What ``certcore status serve`` logs: as much as is asked for, in the form that is asked for, and nobody's address."""

from __future__ import annotations

import importlib.util
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from certcore.events._table import KINDS
from tests.register.serving import ask, serving

for library in ("click", "rich", "uvicorn"):
    pytest.importorskip(library, reason=f"{library} is not installed: the cli or register extra has it")

PLATE = "CN-ABC"
TARGETS = (f"/lists/7?time={PLATE}", f"/{PLATE}")


def logged(folder: Path, *given: str) -> list[str]:
    """The lines that a server logs while it is asked for what is there and what is not."""
    with serving(folder, *given) as url:
        assert [400, 404] == [ask(f"{url}{target}")[0] for target in TARGETS]
    return (folder / "log").read_text("utf-8").splitlines()


ROUTES = ["GET /health: 200 -", "GET /lists/{list}: 400 http-400", "GET -: 404 http-404"]


@pytest.mark.parametrize(
    ("given", "events", "is_quiet"),
    [
        ((), [], False),
        (("--log-level", "error", "--log-event", "certcore.request"), ROUTES, True),
    ],
    ids=["usual", "quiet but for requests"],
)
def test_as_much_as_is_asked_for(tmp_path: Path, given: tuple[str, ...], events: list[str], *, is_quiet: bool) -> None:
    """Starting and stopping, unless quiet; requests where they are wanted; no address, no words of a stranger."""
    lines = logged(tmp_path, *given)
    told = [line for line in lines if " certcore.request " in line]
    assert events == [re.sub(r"^\S+Z DEBUG certcore\.request ", "", line) for line in told]
    others = [line for line in lines if line not in told]
    assert is_quiet == (not others), lines
    assert all(re.match(r"\d{4}-\d\d-\d\dT\S+Z (INFO|DEBUG) ", line) for line in lines)
    shown = "\n".join(re.sub(r"Uvicorn running on \S+", "", line) for line in lines)
    assert [] == [secret for secret in (PLATE, "127.0.0.1", "time=") if secret in shown]


def test_as_json(tmp_path: Path) -> None:
    """Each line has a time, a level, a logger and a message; an event has its name and fields as well."""
    found = [json.loads(line) for line in logged(tmp_path, "--log-level", "debug", "--log-format", "json")]
    assert all({"at", "level", "logger", "message"} <= set(one) for one in found)
    requests = [one for one in found if one.get("event") == "certcore.request"]
    assert ["/health", "/lists/{list}", None] == [one["route"] for one in requests]
    assert all(set(KINDS["certcore.request"].fields) <= set(one) for one in requests)
    assert {"certcore.register"} == {one["logger"] for one in requests}


@pytest.mark.skipif(
    importlib.util.find_spec("fastapi") is None, reason="fastapi is not installed: the group test has it"
)
def test_the_desk_takes_the_same_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs both servers says the same to both."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "examples" / "claims-desk"))
    from certcore._cli.output import logs
    from certcore._cli.register.status import serve
    from claims_desk import __main__ as desk
    from claims_desk import log

    options = {option.opts[0]: option for option in serve.params if option.name in {"log_level", "log_format"}}
    theirs = {option.option_strings[0]: option for option in desk._parser()._actions if "--log" in str(option)}
    assert {"--log-level", "--log-format"} == set(options) == set(theirs)
    for name, option in options.items():
        kind: Any = option.type
        assert (list(kind.choices), option.default) == (list(theirs[name].choices or ()), theirs[name].default)
    record = logging.LogRecord("certcore.status", logging.WARNING, __file__, 1, "%s", ("闽 lists",), None)
    for event in ({}, {"certcore_event": "certcore.request", "certcore_fields": {"status": 200}}):
        vars(record).update(event)
        for ours, theirs_ in ((logs._Text, log._Text), (logs._Json, log._Json)):
            assert ours().format(record) == theirs_().format(record)
