"""One rule for URLs, through every door: what a list may name is what is fetched, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from certcore import _urls
from certcore.errors import StatusError
from certcore.status._url_policy import check_url
from certcore.trust import ListTemplate, TrustedIssuer

NEVER = [
    "https://a.example:0/",
    "https://a.example:/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0x7f.1:443/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://1.2.3.4.5/",
    "https://a.b.1/",
    "https://a.b.0x1/",
    "https://a.b.1./",
    "https://a..b/",
    "https://.a/",
    "https://a.example/{}/",
    "https://a.example/{x}/",
    "https://a%2eexample/",
    "https://a%41.example/",
    "https://a,b.example/",
    "https://a;b.example/",
    "https://[fe80::1%25eth0]/",
    "https://" + "a" * 64 + ".example/",
    "https://a.example/" + "x" * 1024 + "/",
]


@pytest.mark.parametrize("url", NEVER, ids=lambda url: url[:40])
def test_what_no_list_may_name_and_nobody_fetches(url: str) -> None:
    """A trust list, a certificate's own URI and a request are held to the same rule."""
    fields = {"id": "CN", "name": "Test", "country": "CN", "time_zone": "Asia/Shanghai", "keys": ()}

    with pytest.raises(StatusError):
        check_url(url)
    with pytest.raises(ValueError, match=r".+"):
        TrustedIssuer(**fields, query_endpoint=url)  # type: ignore[arg-type]  # as they are above
    with pytest.raises(ValueError, match=r".+"):
        TrustedIssuer(**fields, uri_prefixes=[url])  # type: ignore[arg-type]  # as above
    with pytest.raises(ValueError, match=r".+"):
        ListTemplate(uri=url + "{list}", not_before=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("url", ["https://a-b_c.example./x/", "https://[2001:db8::1]:8443/", "http://[::1]/x/"])
def test_what_both_take(url: str) -> None:
    """Names, with a dot at the end or not, and addresses in their usual form."""
    check_url(url)
    issuer = TrustedIssuer(
        id="CN", name="Test", country="CN", time_zone="Asia/Shanghai", keys=(), query_endpoint=url, uri_prefixes=[url]
    )
    assert issuer.allows_uri(url + "1")


def test_every_list_of_a_template_can_be_fetched() -> None:
    """A template is judged by the longest URI that it leads to, which signed documents must be able to state."""
    room = _urls.MAX_STATED_URL_CHARACTERS - len("https://a.example/") - len(str(2**32 - 1))
    template = ListTemplate(uri=f"https://a.example/{'x' * room}{{list}}", not_before=datetime(2026, 1, 1, tzinfo=UTC))

    check_url(template.resolve(2**32 - 1))
    with pytest.raises(ValueError, match="512"):
        ListTemplate(uri=f"https://a.example/{'x' * (room + 1)}{{list}}", not_before=template.not_before)
