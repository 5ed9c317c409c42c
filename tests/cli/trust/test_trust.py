"""``certcore trust``: drafts, signing by several roots, and what a list says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from certcore import PublicKey, TrustList, TrustRoot
from certcore._cli import exit_codes
from certcore._cli.trust.trust_draft import TrustDraft
from certcore.errors import RejectedInputError
from certcore.trust import Environment

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ADD = (
    *("trust", "add", "draft.json", "--issuer", "CN", "--name", "Test 测试", "--country", "CN"),
    *("--time-zone", "Asia/Shanghai", "--usage", "certificate", "--authority", "闽*"),
    *("--not-before", "2026-01-01", "--not-after", "2027-12-31"),
)


def root(*names: str, threshold: int = 1) -> TrustRoot:
    """A root of the keys in files of these names."""
    keys = [PublicKey.from_pem(Path(f"{name}.pub.pem").read_bytes()) for name in names]
    return TrustRoot(keys=keys, threshold=threshold, environments=[Environment.TEST])


@pytest.fixture
def draft(certcore: Command) -> Path:
    """The draft of a list with one issuer and one key."""
    assert exit_codes.DONE == certcore("trust", "init", "draft.json", "--environment", "test").exit_code
    found = certcore(*ADD, "--key", "issuer.pub.pem", "--list-template", "https://a.example/{list}", "--no-suspends")
    assert exit_codes.DONE == found.exit_code, found.output
    return Path("draft.json")


def test_a_list_is_drafted_signed_and_shown(certcore: Command, draft: Path) -> None:
    """From nothing to a signed list that the library opens, and that the command shows with its signer."""
    assert exit_codes.DONE == certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor").exit_code
    opened = TrustList.open(Path("new.cbor").read_bytes(), root=root("root"))
    (issuer,) = opened.issuers
    assert ("test", 1, "CN", "Test 测试", False, True) == (
        *(opened.environment, opened.version, issuer.id, issuer.name, issuer.suspends, issuer.retroactive),
    )
    assert "2025-12-31T16:00:00+00:00" == issuer.keys[0].not_before.isoformat()
    assert "2027-12-31T15:59:59+00:00" == issuer.keys[0].not_after.isoformat()
    assert ("闽*",) == issuer.keys[0].authorities
    found = certcore("trust", "show", "new.cbor", "--root", "root.pub.pem")
    assert exit_codes.DONE == found.exit_code
    assert "NOT VERIFIED" not in found.stdout
    for words in ("version 1, test", "signed by", issuer.keys[0].public_key.key_id.hex(), "闽*", "Asia/Shanghai"):
        assert words in found.stdout


def test_without_a_root_a_list_is_shown_as_not_verified(certcore: Command) -> None:
    """First and last line say that nobody checked the signatures."""
    found = certcore("trust", "show", "trust.cbor")
    lines = found.stdout.splitlines()
    assert (exit_codes.DONE, True, True) == (
        found.exit_code,
        lines[0].startswith("NOT VERIFIED"),
        lines[-1].startswith("NOT VERIFIED"),
    )


def test_a_list_that_the_root_did_not_sign_is_not_shown(certcore: Command) -> None:
    """With another root nothing of the list is printed."""
    found = certcore("trust", "show", "trust.cbor", "--root", "stranger.pub.pem")
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
    assert "[trust-list-threshold]" in found.stderr


def test_an_issuer_of_several_countries(certcore: Command, draft: Path) -> None:
    """Further countries go through the draft into the list, and are shown; they can be changed, and are checked."""
    more = (*ADD, "--key", "stranger.pub.pem", "--also-country", "HK", "--also-country", "MO")
    assert exit_codes.DONE == certcore(*more).exit_code
    assert exit_codes.DONE == certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor").exit_code
    (issuer,) = TrustList.open(Path("new.cbor").read_bytes(), root=root("root")).issuers
    assert ("HK", "MO") == issuer.countries
    assert "also speaks for HK, MO" in certcore("trust", "show", "new.cbor").stdout
    assert exit_codes.ERROR == certcore(*ADD, "--key", "root.pub.pem", "--also-country", "CN").exit_code


def test_a_second_root_adds_its_signature(certcore: Command, draft: Path) -> None:
    """Two roots sign the same list one after the other, and both are needed to meet a threshold of two."""
    certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor")
    more = ("trust", "sign", draft, "--key", "stranger.key.pem", "--out", "new.cbor", "--add")
    assert exit_codes.DONE == certcore(*more).exit_code
    both = root("root", "stranger", threshold=2)
    assert 1 == TrustList.open(Path("new.cbor").read_bytes(), root=both).version
    again = certcore(*more)
    assert exit_codes.ERROR == again.exit_code
    assert "[already-signed]" in again.stderr
    roots = ("--root", "root.pub.pem", "--root", "stranger.pub.pem", "--threshold", "2")
    assert 2 == certcore("trust", "show", "new.cbor", *roots).stdout.count("signed by")


def test_nobody_adds_a_signature_to_another_list(certcore: Command, draft: Path) -> None:
    """A list that does not say what the draft says is left as it is."""
    certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor")
    before = Path("new.cbor").read_bytes()
    draft.write_text(draft.read_text().replace("闽*", "京*"))
    found = certcore("trust", "sign", draft, "--key", "stranger.key.pem", "--out", "new.cbor", "--add")
    assert (exit_codes.ERROR, before) == (found.exit_code, Path("new.cbor").read_bytes())


def test_a_new_version_is_counted_in_the_draft(certcore: Command, draft: Path) -> None:
    """``--bump`` signs one version more, ``--version`` states one; both are kept. A list is overwritten by force."""
    sign = ("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor")
    certcore(*sign)
    refused = certcore(*sign, "--bump")
    assert (exit_codes.ERROR, 1) == (refused.exit_code, json.loads(draft.read_text())["version"])
    assert exit_codes.DONE == certcore(*sign, "--bump", "--force").exit_code
    assert 2 == json.loads(draft.read_text())["version"]
    certcore(*sign, "--version", "9", "--force")
    assert 9 == TrustList.open(Path("new.cbor").read_bytes(), root=root("root")).version


@pytest.mark.parametrize(
    "more",
    [
        ("--bump", "--version", "3"),
        ("--add", "--bump"),
        ("--add", "--force"),
        ("--add", "--version", "2"),
        ("--add", "--previous", "trust.cbor"),
    ],
)
def test_options_that_contradict_each_other_are_wrong_usage(
    certcore: Command, draft: Path, more: tuple[str, ...]
) -> None:
    """A list is either signed anew under one version, or signed as it is."""
    found = certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor", *more)
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("new.cbor").exists())


def test_a_key_is_added_to_an_issuer_that_is_there(certcore: Command, draft: Path) -> None:
    """A second key needs neither name nor country; they cannot be changed in passing."""
    more = ("trust", "add", draft, "--issuer", "CN", "--key", "stranger.pub.pem", "--usage", "status")
    window = ("--not-before", "2026-01-01T00:00Z", "--not-after", "2027-01-01T00:00Z")
    assert exit_codes.ERROR == certcore(*more, *window, "--country", "DE").exit_code
    assert exit_codes.ERROR == certcore(*more, *window, "--time-zone", "Europe/Berlin").exit_code
    assert exit_codes.DONE == certcore(*more, *window, "--max-entries", "10").exit_code
    (issuer,) = TrustDraft.from_json(draft.read_text()).issuers
    assert (2, 10) == (len(issuer.keys), issuer.max_entries)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--time-zone", "Mars/Olympus"),
        ("--time-zone", "/etc/passwd"),
        ("--country", "China"),
        ("--not-after", "2020-01-01"),
        ("--not-after", "9999-12-31"),
        ("--not-before", "2026-01-01T00:00"),
        ("--list-template", "https://a.example/list"),
        ("--uri-prefix", "http://a.example/"),
        ("--max-entries", "0"),
        ("--authority", ""),
        ("--key", "root.key.pem"),
        ("--key", "missing.pem"),
    ],
    ids=" ".join,
)
def test_what_no_list_can_say_is_refused(certcore: Command, wrong: tuple[str, ...]) -> None:
    """A value that does not fit is told, and the draft stays as it was."""
    certcore("trust", "init", "draft.json", "--environment", "test")
    before = Path("draft.json").read_text()
    found = certcore(*ADD, "--key", "issuer.pub.pem", *wrong)
    assert (exit_codes.ERROR, before) == (found.exit_code, Path("draft.json").read_text())


def test_a_new_issuer_needs_its_particulars(certcore: Command) -> None:
    """Name, country and time zone are asked for by name."""
    certcore("trust", "init", "draft.json", "--environment", "test")
    window = ("--not-before", "2026-01-01", "--not-after", "2027-01-01", "--usage", "certificate")
    found = certcore("trust", "add", "draft.json", "--issuer", "CN", "--key", "issuer.pub.pem", *window)
    assert exit_codes.ERROR == found.exit_code
    assert "--name, --country, --time-zone" in found.stderr


@pytest.mark.usefixtures("draft")
def test_one_key_is_listed_once(certcore: Command) -> None:
    """The same public key cannot get a second usage."""
    found = certcore(*ADD, "--key", "issuer.pub.pem", "--usage", "status")
    assert exit_codes.ERROR == found.exit_code
    assert "[input-malformed]" in found.stderr


def test_a_draft_is_not_overwritten(certcore: Command, draft: Path) -> None:
    """``init`` begins a new draft only where there is none, or by force."""
    again = ("trust", "init", draft, "--environment", "production")
    assert exit_codes.ERROR == certcore(*again).exit_code
    assert exit_codes.DONE == certcore(*again, "--force").exit_code
    assert "production" == json.loads(draft.read_text())["environment"]


def test_a_draft_reads_back_as_it_was_written(draft: Path) -> None:
    """JSON to draft to JSON changes nothing."""
    text = draft.read_text()
    assert text == TrustDraft.from_json(text).to_json()


def _change(**members: object) -> Callable[[dict[str, Any]], None]:
    return lambda draft: draft.update(members)


def _change_key(**members: object) -> Callable[[dict[str, Any]], None]:
    return lambda draft: draft["issuers"][0]["keys"][0].update(members)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_change(extra=1), "extra"),
        (_change(format="other"), "format"),
        (_change(version="1"), "version"),
        (_change(version=True), "version"),
        (_change(version=1.0), "version"),
        (_change(version=0), "the draft"),
        (_change(update_days=10**12), "the draft"),
        (_change(update_days=0), "the draft"),
        (_change(live_maximum_s=10**400), "the draft"),
        (_change(environment="prod"), "environment"),
        (_change(environment=[]), "environment"),
        (_change(issuers={}), "issuers"),
        (_change(issuers=[1]), "issuers[0]"),
        (lambda draft: draft.pop("version"), "version"),
        (lambda draft: draft["issuers"][0].update(suspends="no"), "issuers[0].suspends"),
        (lambda draft: draft["issuers"][0].update(id="\ud83d"), "issuers[0].id"),
        (
            lambda draft: draft["issuers"][0].update(list_templates=[{"uri": "x"}]),
            "issuers[0].list_templates[0].not_before",
        ),
        (lambda draft: draft["issuers"].append(draft["issuers"][0]), "the draft"),
        (_change_key(colour="red"), "issuers[0].keys[0].colour"),
        (_change_key(public_key="broken"), "issuers[0].keys[0]"),
        (_change_key(public_key=None), "issuers[0].keys[0].public_key"),
        (_change_key(algorithm="ES384"), "issuers[0].keys[0]"),
        (_change_key(algorithm="RS1"), "issuers[0].keys[0].algorithm"),
        (_change_key(usage="everything"), "issuers[0].keys[0].usage"),
        (_change_key(key_ids=["xyz"]), "issuers[0].keys[0].key_ids[0]"),
        (_change_key(key_ids=["00" * 33]), "issuers[0].keys[0]"),
        (_change_key(not_after="2027-12-31"), "issuers[0].keys[0].not_after"),
        (_change_key(not_before="2027-12-31T00:00:00"), "issuers[0].keys[0].not_before"),
        (_change_key(authorities=[]), "issuers[0].keys[0]"),
    ],
)
def test_a_draft_is_read_strictly(draft: Path, change: Callable[[dict[str, Any]], None], place: str) -> None:
    """Whatever is unknown, missing or of another kind is refused with its place."""
    members = json.loads(draft.read_text())
    change(members)
    with pytest.raises(RejectedInputError) as caught:
        TrustDraft.from_json(json.dumps(members))
    assert ("input-malformed", place) == (caught.value.code, dict(caught.value.detail)["place"])


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a":1,"a":2}', '{"a":NaN}', "[" * 100_000, '{"a":' + "9" * 5000 + "}"]
)
def test_a_draft_that_is_no_json_is_refused(certcore: Command, text: str) -> None:
    """Broken, doubled, bottomless or boundless JSON is an error with a code, never a traceback."""
    Path("draft.json").write_text(text)
    found = certcore("trust", "sign", "draft.json", "--key", "root.key.pem", "--out", "new.cbor")
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("new.cbor").exists())
    assert "[input-malformed]" in found.stderr


def test_everything_a_list_says_is_shown(certcore: Command, draft: Path) -> None:
    """End points, prefixes, the end of a template, and a compromised key with its reason."""
    members = json.loads(draft.read_text())
    (issuer,) = members["issuers"]
    issuer.update(query_endpoint="https://a.example/ask", uri_prefixes=["https://a.example/lists/"])
    issuer["list_templates"][0]["not_after"] = "2027-01-01T00:00:00Z"
    issuer["keys"][0].update(compromised_since="2026-11-01T00:00:00Z", compromise="lost laptop")
    draft.write_text(json.dumps(members))
    certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor")
    shown = certcore("trust", "show", "new.cbor", "--root", "root.pub.pem").stdout
    for words in (
        "vehicles are looked up at https://a.example/ask",
        "status URIs under https://a.example/lists/",
        "until 2027-01-01T00:00:00Z",
        "COMPROMISED since 2026-11-01T00:00:00Z: lost laptop",
    ):
        assert words in shown


def test_another_signed_document_is_no_trust_list(certcore: Command) -> None:
    """What a root signed for another purpose is refused, with a root and without."""
    from certcore import cose
    from certcore.testing import ROOT_SIGNER

    Path("other.cbor").write_bytes(cose.sign(b"x", signers=[ROOT_SIGNER], content_type="text/plain"))
    for more in ((), ("--root", "root.pub.pem")):
        found = certcore("trust", "show", "other.cbor", *more)
        assert (exit_codes.ERROR, True) == (found.exit_code, "[trust-list-malformed]" in found.stderr)


def test_a_root_key_with_a_password_signs(certcore: Command, draft: Path) -> None:
    """The password file opens the root's key; without it the key is refused."""
    Path("word").write_text("open sesame")
    certcore("keygen", "safe", "--password-file", "word")
    sign = ("trust", "sign", draft, "--key", "safe.key.pem", "--out", "new.cbor")
    assert "[key-password]" in certcore(*sign).stderr
    assert exit_codes.DONE == certcore(*sign, "--password-file", "word").exit_code


def test_a_damaged_list_is_refused_at_every_length(certcore: Command) -> None:
    """A list cut short anywhere is told as such, with a root and without."""
    whole = Path("trust.cbor").read_bytes()
    for length in (0, 1, 2, len(whole) // 2, len(whole) - 1):
        Path("cut.cbor").write_bytes(whole[:length])
        for more in ((), ("--root", "root.pub.pem")):
            found = certcore("trust", "show", "cut.cbor", *more)
            assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
            assert "malformed]" in found.stderr


def resigned(certcore: Command, draft: Path, change: Callable[[dict[str, Any]], None], *more: str) -> tuple[int, str]:
    """Sign a draft, change it, sign it again over the first list: the exit code, and what standard error says."""
    assert exit_codes.DONE == certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor").exit_code
    _edit(draft, change)
    found = certcore("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor", "--force", *more)
    return found.exit_code, found.stderr


def test_keys_that_are_left_out_are_warned_of(certcore: Command, draft: Path) -> None:
    """A new list without a key of the one it overwrites is signed, with a warning that names the key."""
    (key_id,) = json.loads(draft.read_text())["issuers"][0]["keys"][0]["key_ids"]
    code, told = resigned(certcore, draft, lambda draft: draft["issuers"][0].update(keys=[]), "--bump")
    assert (exit_codes.DONE, True) == (code, f"keys that this one lacks: {key_id}" in told)


def test_a_version_that_was_there_is_warned_of(certcore: Command, draft: Path) -> None:
    """A list that readers of the one before would refuse is signed, with a warning; a higher version has none."""
    code, told = resigned(certcore, draft, _change(update_days=3))
    assert (exit_codes.DONE, True) == (code, "takes only a higher one" in told)
    bumped = ("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor", "--bump", "--force")
    assert "" == certcore(*bumped).stderr


def test_a_compromise_cannot_be_taken_back(certcore: Command, draft: Path) -> None:
    """Row 61: a list that has a leaked key as sound again is not signed, compared with --out or with --previous."""
    sound = draft.read_text()
    _edit(draft, _change_key(compromised_since="2026-11-01T00:00:00Z"))
    code, told = resigned(certcore, draft, _change_key(compromised_since="2026-12-01T00:00:00Z"), "--bump")
    assert (exit_codes.ERROR, True) == (code, "[trust-list-compromise-withdrawn]" in told)
    draft.write_text(sound)
    again = ("trust", "sign", draft, "--key", "root.key.pem", "--out", "more.cbor", "--previous", "new.cbor")
    assert (exit_codes.ERROR, False) == (certcore(*again).exit_code, Path("more.cbor").exists())
    assert exit_codes.DONE == certcore(*again[:-2]).exit_code


def _edit(draft: Path, change: Callable[[dict[str, Any]], None]) -> None:
    members = json.loads(draft.read_text())
    change(members)
    draft.write_text(json.dumps(members))


def test_a_list_before_that_is_none(certcore: Command, draft: Path) -> None:
    """Named, it must be a trust list; what is overwritten may be anything."""
    sign = ("trust", "sign", draft, "--key", "root.key.pem", "--out", "new.cbor", "--force")
    Path("new.cbor").write_text("something else")
    assert exit_codes.ERROR == certcore(*sign, "--previous", "new.cbor").exit_code
    assert (exit_codes.DONE, "") == ((found := certcore(*sign)).exit_code, found.stderr)
