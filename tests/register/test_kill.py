"""Processes that are killed at any point lose nothing that was acknowledged, and many at once get along."""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from certcore.payload import StatusRef
from certcore.register.log import StatusRegistry
from tests.register import cast
from tests.register.cast import SetClock, issue, kinds, look_up

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(cast.SOURCE)])}
KILLS = 12
WRITERS = 3

Said = dict[str, list[tuple[StatusRef, ...]]]


def start_writer(url: str, number: int) -> subprocess.Popen[str]:
    """A process that writes until killed."""
    command = [sys.executable, str(Path(__file__).with_name("writer.py")), url, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)


def acknowledged(output: str) -> Said:
    """What the writer said; a last line that was cut off does not count."""
    said: Said = {"allocated": [], "recorded": [], "revoked": []}
    for line in output.splitlines(keepends=True):
        word, *refs = line.split()
        if line.endswith("\n") and word in said:
            pairs = [ref.split("/") for ref in refs]
            said[word].append(tuple(StatusRef(list=int(number), index=int(index)) for number, index in pairs))
    return said


@pytest.mark.slow
def test_killed_writers_lose_nothing(url: str) -> None:
    """Three writers at a time, killed at random moments: each reference, certificate and revocation acknowledged stays.

    And nothing is there by half: a batch of two is recorded whole or not at all, and no reference is given out twice.
    """
    StatusRegistry(url, clock=SetClock(cast.BEGIN), list_size=1 << 16).close()
    moments = random.Random(78)
    outputs: list[str] = []
    for attempt in range(0, KILLS, WRITERS):
        writers = [start_writer(url, attempt + number) for number in range(WRITERS)]
        for writer in writers:
            assert writer.stdout is not None
            assert "ready\n" == writer.stdout.readline()
        time.sleep(moments.uniform(0.05, 0.6))
        for writer in writers:
            writer.kill()
        outputs += [writer.communicate()[0] for writer in writers]
    registry = StatusRegistry(url, clock=SetClock())
    said = [acknowledged(output) for output in outputs]
    allocated = [ref for each in said for refs in each["allocated"] for ref in refs]
    assert len(allocated) == len(set(allocated))
    assert len(allocated) > 2 * KILLS
    for each in said:
        for refs in each["recorded"]:
            assert {"issued"} == {kinds(look_up(registry, ref))[0] for ref in refs}
            assert all(registry.text(ref) for ref in refs)
        for (ref,) in each["revoked"]:
            assert ["issued", "revoked"] == kinds(look_up(registry, ref))
        for refs in each["allocated"]:
            assert 1 == len({bool(kinds(look_up(registry, ref))) for ref in refs})
    assert set(registry.allocate_many(100)).isdisjoint(allocated)
    registry.close()


def _issue_some(url: str, number: int) -> list[tuple[int, int]]:
    clock = SetClock()
    registry = StatusRegistry(url, clock=clock, list_size=1 << 16)
    refs = [issue(registry, clock, 7)[0] for _ in range(number)]
    registry.close()
    return [(ref.list, ref.index) for ref in refs]


@pytest.mark.slow
def test_processes_leave_one_in_force(url: str) -> None:
    """Four processes make the register at once and issue for one vehicle: one certificate is in force at the end."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.starmap(_issue_some, [(url, 10)] * 4)
    refs = [StatusRef(list=number, index=index) for each in found for number, index in each]
    assert 40 == len(set(refs))
    registry = StatusRegistry(url, clock=SetClock())
    assert [["issued"]] == [kinds(look_up(registry, ref)) for ref in refs if len(look_up(registry, ref).events) == 1]
    registry.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12, where other tests' threads linger
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_uses_its_own_connections(registry: StatusRegistry, clock: SetClock) -> None:
    """A process that was forked from one with open connections reads and writes, and so does the first one after."""
    ref, _ = issue(registry, clock)
    child = os.fork()
    if not child:
        try:
            registry.revoke(ref, effective_at=None, actor="child", reason="forked")
        except BaseException:  # noqa: BLE001  the parent's tests must not go on in the child
            os._exit(1)
        os._exit(0)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ["issued", "revoked"] == kinds(look_up(registry, ref))
