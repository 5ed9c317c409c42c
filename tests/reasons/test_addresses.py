"""Addresses of codes: one page, an anchor for each, and a copy of the site where the environment names one."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import pytest

from certcore.reasons import REASONS, explain
from certcore.reasons import _addresses as addresses
from certcore.reasons._meaning import LANGUAGES, blocks, causes, words_of

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "reference" / "reasons.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has named a copy of the site."""
    monkeypatch.delenv(addresses.VARIABLE, raising=False)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", REASONS)
def test_every_code_has_an_address(code: str, lang: str) -> None:
    """It leads to the page, and to an anchor that stands there."""
    page, _, anchor = explain(code, lang=lang).url.partition("#")
    assert (addresses.PAGE, code) == (page, anchor)
    assert f'<a id="{anchor}"></a>' in PAGE


@pytest.mark.parametrize("about", [False, True], ids=["certificate", "vehicle"])
@pytest.mark.parametrize("cause", causes())
def test_every_cause_has_an_address(cause: str, *, about: bool) -> None:
    """A register that gave no answer leads to why."""
    found = words_of(blocks("status-unavailable", cause=cause), is_about_vehicle=about)
    assert f"cause-{cause}" == found.anchor
    assert f'<a id="{found.anchor}"></a>' in PAGE


def test_a_cause_of_somebody_elses_leads_to_the_code() -> None:
    """A backend may give any cause; there is no anchor for it."""
    assert "status-unavailable" == words_of(blocks("status-unavailable", cause="moon")).anchor


def test_the_page_is_the_projects() -> None:
    """The one address in the code is below the one that the package states."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    base, _, file = urls["Documentation"].rpartition("/")
    assert ("index.md", f"{base}/reference/reasons.md") == (file, addresses.PAGE)


@pytest.mark.parametrize(
    "site",
    ["https://docs.example/certcore", "https://docs.example/certcore/", "https://docs.example/certcore/index.html"],
)
def test_a_copy_of_the_site(monkeypatch: pytest.MonkeyPatch, site: str) -> None:
    """However its first page is named."""
    monkeypatch.setenv(addresses.VARIABLE, site)
    assert "https://docs.example/certcore/reference/reasons.html#malformed" == explain("malformed").url


@pytest.mark.parametrize("site", ["http://localhost:8000", "http://docs.intranet:80/a-b/~c", "file:///srv/docs"])
def test_a_copy_without_tls_or_on_this_machine(monkeypatch: pytest.MonkeyPatch, site: str) -> None:
    """A page that is read needs no more than an address."""
    monkeypatch.setenv(addresses.VARIABLE, site)
    assert f"{site}/reference/reasons.html#malformed" == explain("malformed").url


@pytest.mark.parametrize(
    "wrong",
    ["", " ", "docs.example", "javascript:alert(1)", 'https://a"onclick="b', "https://a b", "https://闽", "https://a\n",
     "https://a/<b>", "https://a?b", "https://a#b", "file://host/share", "data:text/html,x", "https://" + "a" * 600],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_address_is_not_linked_to(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """The page of the project stands in: a report must hold no link that does something else."""
    monkeypatch.setenv(addresses.VARIABLE, wrong)
    assert f"{addresses.PAGE}#malformed" == explain("malformed").url
