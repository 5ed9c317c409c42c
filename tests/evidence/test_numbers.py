"""The numbers in evidence files are written out: those of the specification, however enumerations are declared."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import pytest

import certcore
from certcore.evidence import _numbers
from certcore.evidence._numbers import Kind
from certcore.policy import Need
from certcore.reasons import Effect
from certcore.status import StatusEventKind, StatusState
from certcore.status._states import EVENT_KINDS, STATES
from certcore.verdict import Outcome

SOURCE = Path(certcore.__file__).parent
ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "evidence.md"

TABLES: dict[str, tuple[Mapping[int, Enum], type[Enum]]] = {
    "question": (_numbers.KINDS, Kind),
    "outcome": (_numbers.OUTCOMES, Outcome),
    "effect": (_numbers.EFFECTS, Effect),
    "need": (_numbers.NEEDS, Need),
    "event": (EVENT_KINDS, StatusEventKind),
    "state": (STATES, StatusState),
}

DECLARED = {
    "reasons/_meaning.py": {"Effect", "Axis"},
    "status/protocol.py": {"StatusState", "StatusEventKind"},
    "policy.py": {"Need"},
    "verdict.py": {"Outcome"},
    "evidence/_numbers.py": {"Kind"},
}
"""Where each enumeration is declared that has a number in evidence, or an order in a verdict."""

CLOSED = {"Axis"}
"""A new axis would be another question, and no new number: the order alone is tried."""

REPLAY_ALL = """
import sys
from tests.evidence.test_golden import CASES
for case in CASES:
    verdict = case.replay(case.roots[0])
    assert case.verdict == verdict.to_json().encode(), case.id
    evidence = case.evidence()
    if not (case.seal_key or case.authority or case.materials or evidence._statement.chain):
        assert evidence.to_bytes() == verdict.evidence.to_bytes(), case.id
import certcore
print(certcore.__file__, len(CASES))
"""


@pytest.mark.parametrize(("table", "kind"), TABLES.values(), ids=TABLES)
def test_every_member_has_a_number(table: Mapping[int, Enum], kind: type[Enum]) -> None:
    """A member without a number could be in a verdict, and not in its evidence."""
    assert set(kind) == set(table.values())
    assert len(table) == len(set(table.values()))


@pytest.mark.parametrize("name", TABLES)
def test_numbers_are_those_of_the_page(name: str) -> None:
    """The specification has the same numbers beside the same words."""
    rows = re.findall(rf"^\| {name} \| (\d+) \| ([a-z-]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert {int(number): word for number, word in rows} == {
        number: member.value for number, member in TABLES[name][0].items()
    }


def test_nothing_follows_the_order_of_a_declaration(tmp_path: Path) -> None:
    """With the members of every enumeration in reverse, and a new one before them, golden files replay as ever.

    They are written again as the same bytes, too.
    """
    package = tmp_path / "certcore"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, names in DECLARED.items():
        path = package / file
        path.write_text(_shuffled(path.read_text(encoding="utf-8"), names), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", REPLAY_ALL],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert str(package) in done.stdout


def _shuffled(source: str, names: set[str]) -> str:
    """The source with the members of those enumerations in reverse, and one more before them where one may be added."""
    tree = ast.parse(source)
    found = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name in names}
    assert names == found.keys()
    for name, node in found.items():
        members = [one for one in node.body if isinstance(one, ast.Assign)]
        assert len(members) > 1
        others = [one for one in node.body if one not in members]
        added = [] if name in CLOSED else ast.parse("INSERTED = 'inserted'").body
        node.body = [*others[:1], *added, *reversed(members), *others[1:]]
    return ast.unparse(tree)
