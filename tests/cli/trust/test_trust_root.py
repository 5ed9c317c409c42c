"""``certcore trust root``: a root set made, signed by old and new members, rotated to, and used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import TrustRoot
from certcore._cli import exit_codes
from certcore._cli.keys.keygen import write_keys
from certcore.keys import ML_DSA_65, LocalSigner
from certcore.trust.roots import decode_chain, read_unverified

if TYPE_CHECKING:
    from tests.cli.conftest import Command

NAMES = ("a", "b", "c", "d")
FIRST = (
    *("trust", "root", "new", "one.cbor", "--member", "a.pub.pem", "--member", "b.pub.pem"),
    *("--member", "root.pub.pem", "--threshold", "2", "--valid-from", "2026-01-01T00:00Z"),
)
SECOND = (
    *("trust", "root", "new", "two.cbor", "--after", "one.cbor", "--member", "b.pub.pem", "--member", "c.pub.pem"),
    *("--member", "root.pub.pem", "--threshold", "2", "--valid-from", "2027-01-01T00:00Z"),
)
THIRD = (
    *("trust", "root", "new", "three.cbor", "--version", "3", "--member", "c.pub.pem", "--member", "d.pub.pem"),
    *("--threshold", "1", "--valid-from", "2028-01-01T00:00Z", "--valid-until", "2033-01-01T00:00Z"),
)


@pytest.fixture(autouse=True)
def keys() -> None:
    """The keys of four members beside the world's."""
    for name in NAMES:
        write_keys(LocalSigner.generate(), Path(name))


@pytest.fixture
def sets(certcore: Command) -> None:
    """Three root sets that follow one another, each signed by enough of its own and of the one before."""
    for new, first, others in (
        (FIRST, "a", ("b",)),
        (SECOND, "b", ("root",)),
        (THIRD, "c", ("b",)),
    ):
        found = certcore(*new, "--key", f"{first}.key.pem")
        assert exit_codes.DONE == found.exit_code, found.output
        for other in others:
            sign = ("trust", "root", "sign", new[3], "--key", f"{other}.key.pem")
            assert exit_codes.DONE == certcore(*sign).exit_code


@pytest.mark.usefixtures("sets")
def test_a_root_is_made_and_shown(certcore: Command) -> None:
    """A root set that enough of its members signed is a root; showing it says whose keys are in it and who signed."""
    root = TrustRoot.from_document(Path("one.cbor").read_bytes())
    assert (1, 2, 3) == (root.version, root.threshold, len(root.members))
    shown = certcore("trust", "root", "show", "one.cbor").stdout
    for words in ("NOT VERIFIED", "version 1, from 2026-01-01T00:00:00Z", "2 of 3 members", "member 3"):
        assert words in shown
    assert 2 == shown.count("signed by")
    assert root.keys[0].thumbprint.hex() in shown


@pytest.mark.usefixtures("sets")
def test_a_rotation(certcore: Command) -> None:
    """The trusted file goes from version to version, alone or by a chain, and keeps all it took."""
    assert exit_codes.DONE == certcore("trust", "root", "rotate", "one.cbor", "two.cbor").exit_code
    found = certcore("trust", "root", "rotate", "one.cbor", "three.cbor")
    assert (exit_codes.DONE, True) == (found.exit_code, "from version 2 to 3; 3 root sets" in found.stdout)
    chain = decode_chain(Path("one.cbor").read_bytes())
    assert [1, 2, 3] == [read_unverified(document).version for document in chain]
    assert [2026, 2027, 2028] == [read_unverified(document).valid_from.year for document in chain]
    assert "at version 3 already" in certcore("trust", "root", "rotate", "one.cbor", "three.cbor").stdout


@pytest.mark.usefixtures("sets")
def test_two_rotations_behind(certcore: Command) -> None:
    """Who has the first set catches up from somebody else's file with all three."""
    first = Path("one.cbor").read_bytes()
    Path("mine.cbor").write_bytes(first)
    assert "[root-gap]" in certcore("trust", "root", "rotate", "mine.cbor", "three.cbor").stderr
    assert first == Path("mine.cbor").read_bytes()
    certcore("trust", "root", "rotate", "one.cbor", "two.cbor")
    certcore("trust", "root", "rotate", "one.cbor", "three.cbor")
    assert exit_codes.DONE == certcore("trust", "root", "rotate", "mine.cbor", "one.cbor").exit_code
    assert Path("one.cbor").read_bytes() == Path("mine.cbor").read_bytes()
    assert "[root-rollback]" in certcore("trust", "root", "rotate", "mine.cbor", "two.cbor").stderr


@pytest.mark.usefixtures("sets")
def test_too_few_signatures(certcore: Command) -> None:
    """A successor that the old members have not signed is not taken, and the trusted file stays as it is."""
    certcore(*SECOND, "--key", "c.key.pem", "--force")
    before = Path("one.cbor").read_bytes()
    found = certcore("trust", "root", "rotate", "one.cbor", "two.cbor")
    assert (exit_codes.ERROR, before) == (found.exit_code, Path("one.cbor").read_bytes())
    assert "[root-threshold]" in found.stderr


@pytest.mark.usefixtures("sets")
def test_a_chain_is_verified_when_it_is_shown(certcore: Command) -> None:
    """With the root that is trusted, by keys or by file, there is no warning, or nothing is shown at all."""
    certcore("trust", "root", "rotate", "one.cbor", "two.cbor")
    by_keys = ("--root", "a.pub.pem", "--root", "b.pub.pem", "--root", "root.pub.pem", "--threshold", "2")
    for trusted in (by_keys, ("--root", "one.cbor")):
        found = certcore("trust", "root", "show", "one.cbor", *trusted)
        assert (exit_codes.DONE, False, 2) == (
            found.exit_code,
            "NOT VERIFIED" in found.stdout,
            found.stdout.count("root set "),
        )
    found = certcore("trust", "root", "show", "one.cbor", "--root", "stranger.pub.pem")
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)


def test_a_member_with_two_keys(certcore: Command) -> None:
    """Keys separated by commas are one member's, and all of them must sign."""
    write_keys(LocalSigner.generate(ML_DSA_65), Path("pq"))
    new = ("trust", "root", "new", "one.cbor", "--member", "a.pub.pem,pq.pub.pem", "--threshold", "1")
    assert exit_codes.DONE == certcore(*new, "--key", "a.key.pem").exit_code
    assert "[root-threshold]" in certcore("trust", "root", "rotate", "one.cbor", "one.cbor").stderr
    found = certcore("trust", "root", "sign", "one.cbor", "--key", "pq.key.pem")
    assert 2 == found.stdout.count("member 1") == found.stdout.count("signed by")
    assert exit_codes.DONE == certcore("trust", "root", "rotate", "one.cbor", "one.cbor").exit_code
    assert 2 == len(TrustRoot.from_document(Path("one.cbor").read_bytes()).keys)


@pytest.mark.usefixtures("sets")
def test_a_file_of_root_sets_is_a_root(certcore: Command) -> None:
    """Trust lists are shown, and certificates verified, under the file as under the keys in it."""
    Path("single.cbor").unlink(missing_ok=True)
    certcore(
        *("trust", "root", "new", "single.cbor", "--member", "root.pub.pem", "--threshold", "1"),
        *("--key", "root.key.pem"),
    )
    assert exit_codes.DONE == certcore("trust", "show", "trust.cbor", "--root", "single.cbor").exit_code
    ask = ("verify", "valid.txt", "--trust", "trust.cbor", "--as-of", "2026-10-20")
    assert certcore(*ask, "--root", "root.pub.pem").stdout == certcore(*ask, "--root", "single.cbor").stdout
    assert "[trust-list-threshold]" in certcore("trust", "show", "trust.cbor", "--root", "one.cbor").stderr
    for more in (("--root", "root.pub.pem"), ("--threshold", "2")):
        assert exit_codes.ERROR == certcore("trust", "show", "trust.cbor", "--root", "single.cbor", *more).exit_code


@pytest.mark.parametrize(
    "more",
    [
        ("--threshold", "4"),
        ("--threshold", "0"),
        ("--member", "a.pub.pem"),
        ("--member", "missing.pem"),
        ("--member", "a.key.pem"),
        ("--member", ","),
        ("--valid-from", "2026-01-01"),
        ("--valid-until", "2025-01-01T00:00Z"),
        ("--after", "trust.cbor"),
        ("--after", "a.pub.pem"),
        ("--version", "1", "--after", "one.cbor"),
        ("--key", "a.pub.pem"),
    ],
    ids=" ".join,
)
def test_what_no_root_set_can_say(certcore: Command, more: tuple[str, ...]) -> None:
    """Wrong usage and files of another kind are told, and nothing is written."""
    found = certcore(*FIRST, "--key", "a.key.pem", *more)
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("one.cbor").exists())


@pytest.mark.usefixtures("sets")
def test_nothing_is_overwritten_or_signed_twice(certcore: Command) -> None:
    """A root set that is there stays, without --force; a key signs it once."""
    before = Path("one.cbor").read_bytes()
    assert "[file-exists]" in certcore(*FIRST, "--key", "a.key.pem").stderr
    assert "[already-signed]" in certcore("trust", "root", "sign", "one.cbor", "--key", "a.key.pem").stderr
    assert before == Path("one.cbor").read_bytes()


@pytest.mark.parametrize("command", [("show",), ("rotate", "one.cbor"), ("sign", "--key", "a.key.pem")])
@pytest.mark.usefixtures("sets")
def test_damaged_files(certcore: Command, command: tuple[str, ...]) -> None:
    """A file cut short, another document and rubbish are told as such."""
    whole = Path("two.cbor").read_bytes()
    for data in (b"", whole[:-1], b"\x80", b"rubbish", Path("trust.cbor").read_bytes()):
        Path("bad.cbor").write_bytes(data)
        found = certcore("trust", "root", *command, "bad.cbor")
        assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
        assert "[root-malformed]" in found.stderr


def test_help_is_shown_without_a_command(certcore: Command) -> None:
    """The group alone lists its commands."""
    found = certcore("trust", "root")
    assert (exit_codes.DONE, True) == (found.exit_code, "rotate" in found.stdout)
