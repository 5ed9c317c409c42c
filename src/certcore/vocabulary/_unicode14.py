"""Properties of Unicode 14.0, written out: what its normalisation, its upper case and its digits are about.

Python's own tables change from version to version; those of 14.0 are the ones of Python 3.11, the oldest that certcore
runs on. Later versions change nothing about the characters named here (Unicode's stability policies). Each constant is
the inside of a character class, made from `unicodedata`; a test makes it again.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CASED", "DIGITS", "LOWER", "NORMALISED"]

NORMALISED: Final = (
    "\u0020-\u0374\u037a-\u037e\u0384-\u038a\u038c\u038e-\u03a1\u03a5-\u04f9\u0587\u0591-\u05c7\u0610-\u06ed"
    "\u0711-\u074a\u07eb-\u07f3\u07fd-\u082d\u0859-\u085b\u0898-\u095f\u09bc-\u09be\u09c7\u09cb-\u09cd\u09d7"
    "\u09dc\u09dd\u09df\u09fe\u0a33\u0a36\u0a3c\u0a4d\u0a59-\u0a5b\u0a5e\u0abc\u0acd\u0b3c-\u0b3e\u0b47\u0b48"
    "\u0b4b-\u0b4d\u0b56\u0b57\u0b5c\u0b5d\u0b92-\u0b94\u0bbe\u0bc6\u0bc7\u0bca-\u0bcd\u0bd7\u0c3c\u0c46-\u0c48"
    "\u0c4d\u0c55\u0c56\u0cbc-\u0cc2\u0cc6-\u0cc8\u0cca-\u0ccd\u0cd5\u0cd6\u0d3b-\u0d3e\u0d46\u0d47\u0d4a-\u0d4d"
    "\u0d57\u0dca\u0dcf\u0dd9-\u0ddf\u0e33-\u0e3a\u0e48-\u0e4b\u0eb3-\u0eba\u0ec8-\u0ecb\u0edc\u0edd\u0f0c-\u0f43"
    "\u0f4d-\u0f69\u0f71-\u0f93\u0f9d-\u0fb9\u0fc6\u1025-\u108d\u10fc-\u11c2\u135d-\u135f\u1714\u1715\u1734"
    "\u17d2-\u17dd\u18a9\u1939-\u193b\u1a17\u1a18\u1a60-\u1a7c\u1a7f\u1ab0-\u1ace\u1b05-\u1b44\u1b6b-\u1b73"
    "\u1baa-\u1bf3\u1c37\u1cd0-\u1cf9\u1d2c-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59"
    "\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fc4\u1fc6-\u1fd3\u1fd6-\u1fdb\u1fdd-\u1fef\u1ff2-\u1ff4"
    "\u1ff6-\u1ffe\u2000-\u205f\u2070\u2071\u2074-\u208e\u2090-\u209c\u20a8\u20d0-\u20f0\u2100-\u2189"
    "\u2190-\u232a\u2460-\u2adc\u2c7c-\u2cf1\u2d6f\u2d7f\u2de0-\u2dff\u2e9f-\u2ef3\u2f00-\u2fd5\u3000-\u303a"
    "\u3046-\u3094\u3099-\u30ff\u3131-\u318e\u3192-\u319f\u3200-\u321e\u3220-\u33ff\ua66f-\ua6f1\ua770"
    "\ua7f2-\ua82c\ua8c4\ua8e0-\ua953\ua9b3-\ua9c0\uaab0-\uaac1\uaaf6\uab5c-\uab69\uabed\uac00-\ud7a3"
    "\uf900-\ufa6d\ufa70-\ufad9\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44"
    "\ufb46-\ufbb1\ufbd3-\ufd8f\ufd92-\ufdc7\ufdf0-\ufe19\ufe20-\ufe52\ufe54-\ufe66\ufe68-\ufe6b\ufe70-\ufe74"
    "\ufe76-\ufefc\uff01-\uffbe\uffc2-\uffc7\uffca-\uffcf\uffd2-\uffd7\uffda-\uffdc\uffe0-\uffe6\uffe8-\uffee"
    "\U000101fd\U000102e0\U00010376-\U0001037a\U00010781-\U00010785\U00010787-\U000107b0\U000107b2-\U000107ba"
    "\U00010a0d-\U00010a0f\U00010a38-\U00010a3a\U00010a3f\U00010ae5\U00010ae6\U00010d24-\U00010d27"
    "\U00010eab\U00010eac\U00010f46-\U00010f50\U00010f82-\U00010f85\U00011046\U00011070\U0001107f-\U000110ba"
    "\U00011100-\U00011134\U00011173\U000111c0-\U000111ca\U00011235\U00011236\U000112e9\U000112ea"
    "\U0001133b-\U0001133e\U00011347\U0001134b-\U0001134d\U00011357\U00011366-\U0001136c\U00011370-\U00011374"
    "\U00011442-\U00011446\U0001145e\U000114b0-\U000114c3\U000115af\U000115b8-\U000115c0\U0001163f"
    "\U000116b6\U000116b7\U0001172b\U00011839\U0001183a\U00011930-\U00011935\U00011938\U0001193d-\U00011943"
    "\U000119e0\U00011a34-\U00011a47\U00011a99\U00011c3f\U00011d42-\U00011d45\U00011d97\U00016af0-\U00016af4"
    "\U00016b30-\U00016b36\U00016ff0\U00016ff1\U0001bc9e\U0001d15e-\U0001d1c0\U0001d242-\U0001d244"
    "\U0001d400-\U0001d454\U0001d456-\U0001d49c\U0001d49e\U0001d49f\U0001d4a2\U0001d4a5\U0001d4a6"
    "\U0001d4a9-\U0001d4ac\U0001d4ae-\U0001d4b9\U0001d4bb\U0001d4bd-\U0001d4c3\U0001d4c5-\U0001d505"
    "\U0001d507-\U0001d50a\U0001d50d-\U0001d514\U0001d516-\U0001d51c\U0001d51e-\U0001d539\U0001d53b-\U0001d53e"
    "\U0001d540-\U0001d544\U0001d546\U0001d54a-\U0001d550\U0001d552-\U0001d6a5\U0001d6a8-\U0001d7cb"
    "\U0001d7ce-\U0001d7ff\U0001e000-\U0001e006\U0001e008-\U0001e018\U0001e01b-\U0001e021\U0001e023\U0001e024"
    "\U0001e026-\U0001e02a\U0001e130-\U0001e136\U0001e2ae\U0001e2ec-\U0001e2ef\U0001e8d0-\U0001e8d6"
    "\U0001e944-\U0001e94a\U0001ee00-\U0001ee03\U0001ee05-\U0001ee1f\U0001ee21\U0001ee22\U0001ee24\U0001ee27"
    "\U0001ee29-\U0001ee32\U0001ee34-\U0001ee37\U0001ee39\U0001ee3b\U0001ee42\U0001ee47\U0001ee49\U0001ee4b"
    "\U0001ee4d-\U0001ee4f\U0001ee51\U0001ee52\U0001ee54\U0001ee57\U0001ee59\U0001ee5b\U0001ee5d\U0001ee5f"
    "\U0001ee61\U0001ee62\U0001ee64\U0001ee67-\U0001ee6a\U0001ee6c-\U0001ee72\U0001ee74-\U0001ee77"
    "\U0001ee79-\U0001ee7c\U0001ee7e\U0001ee80-\U0001ee89\U0001ee8b-\U0001ee9b\U0001eea1-\U0001eea3"
    "\U0001eea5-\U0001eea9\U0001eeab-\U0001eebb\U0001f100-\U0001f190\U0001f200-\U0001f202\U0001f210-\U0001f23b"
    "\U0001f240-\U0001f248\U0001f250\U0001f251\U0001fbf0-\U0001fbf9\U0002f800-\U0002fa1d"
)
"""All that NFC or NFKC changes, or puts together; among it others that were assigned by then."""

LOWER: Final = (
    "\u0061-\u007a\u00b5\u00df-\u00f6\u00f8-\u0137\u013a-\u018c\u0192-\u019a\u019e-\u01a8\u01ad-\u01b9\u01bd"
    "\u01bf\u01c5-\u021f\u0223-\u0233\u023c-\u0254\u0256\u0257\u0259\u025b\u025c\u0260\u0261\u0263\u0265\u0266"
    "\u0268-\u026c\u026f\u0271\u0272\u0275\u027d\u0280\u0282\u0283\u0287-\u028c\u0292\u029d\u029e\u0345"
    "\u0371-\u0373\u0377\u037b-\u037d\u0390\u03ac-\u03f5\u03f8-\u03fb\u0430-\u0481\u048b-\u052f\u0561-\u0587"
    "\u10d0-\u10fa\u10fd-\u10ff\u13f8-\u13fd\u1c80-\u1c88\u1d79\u1d7d\u1d8e\u1e01-\u1e9b\u1ea1-\u1f15"
    "\u1f20-\u1f45\u1f50-\u1f57\u1f60-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc"
    "\u1fd0-\u1fd3\u1fd6\u1fd7\u1fe0-\u1fe7\u1ff2-\u1ff4\u1ff6-\u1ffc\u214e\u2170-\u217f\u2184\u24d0-\u24e9"
    "\u2c30-\u2c6c\u2c73\u2c76\u2c81-\u2ce3\u2cec-\u2cee\u2cf3\u2d00-\u2d25\u2d27\u2d2d\ua641-\ua66d\ua681-\ua69b"
    "\ua723-\ua72f\ua733-\ua76f\ua77a-\ua787\ua78c\ua791-\ua794\ua797-\ua7a9\ua7b5-\ua7ca\ua7d1\ua7d7-\ua7d9"
    "\ua7f6\uab53\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff41-\uff5a\U00010428-\U0001044f\U000104d8-\U000104fb"
    "\U00010597-\U000105a1\U000105a3-\U000105b1\U000105b3-\U000105b9\U000105bb\U000105bc\U00010cc0-\U00010cf2"
    "\U000118c0-\U000118df\U00016e60-\U00016e7f\U0001e922-\U0001e943"
)
"""All that has an upper case; among it the upper-case letters between."""

CASED: Final = (
    "\u0041-\u005a\u00c0-\u00d6\u00d8-\u00de\u0100-\u0136\u0139-\u018b\u018e-\u0198\u019c-\u01a9\u01ac-\u01b8\u01bc"
    "\u01c4-\u0220\u0222-\u0232\u023a-\u024e\u0370-\u0372\u0376\u037f\u0386-\u038a\u038c\u038e-\u03a1\u03a3-\u03f4"
    "\u03f7-\u03fa\u03fd-\u0480\u048a-\u052e\u0531-\u0556\u10a0-\u10c5\u10c7\u10cd\u13a0-\u13f5\u1c90-\u1cba"
    "\u1cbd-\u1cbf\u1e00-\u1e94\u1e9e\u1ea0-\u1f0f\u1f18-\u1f1d\u1f28-\u1f3f\u1f48-\u1f4d\u1f59\u1f5b\u1f5d"
    "\u1f5f-\u1f6f\u1fb8-\u1fbb\u1fc8-\u1fcb\u1fd8-\u1fdb\u1fe8-\u1fec\u1ff8-\u1ffb\u2102\u2107\u210b-\u2112\u2115"
    "\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u2130-\u2133\u213e\u213f\u2145\u2160-\u216f\u2183\u24b6-\u24cf"
    "\u2c00-\u2c70\u2c72\u2c75\u2c7e-\u2ce2\u2ceb-\u2ced\u2cf2\ua640-\ua66c\ua680-\ua69a\ua722-\ua72e\ua732-\ua76e"
    "\ua779-\ua786\ua78b-\ua78d\ua790-\ua792\ua796-\ua7ae\ua7b0-\ua7c9\ua7d0\ua7d6-\ua7d8\ua7f5\uff21-\uff3a"
    "\U00010400-\U00010427\U000104b0-\U000104d3\U00010570-\U0001057a\U0001057c-\U0001058a\U0001058c-\U00010592"
    "\U00010594\U00010595\U00010c80-\U00010cb2\U000118a0-\U000118bf\U00016e40-\U00016e5f\U0001d400-\U0001d44d"
    "\U0001d468-\U0001d49c\U0001d49e\U0001d49f\U0001d4a2\U0001d4a5\U0001d4a6\U0001d4a9-\U0001d4ac"
    "\U0001d4ae-\U0001d4b5\U0001d4d0-\U0001d505\U0001d507-\U0001d50a\U0001d50d-\U0001d514\U0001d516-\U0001d51c"
    "\U0001d538\U0001d539\U0001d53b-\U0001d53e\U0001d540-\U0001d544\U0001d546\U0001d54a-\U0001d550"
    "\U0001d56c-\U0001d689\U0001d6a8-\U0001d7ca\U0001e900-\U0001e921\U0001f130-\U0001f169\U0001f170-\U0001f189"
)
"""Upper-case letters; among them those between that folding turns into others."""

DIGITS: Final = (
    "\u0030-\u0039\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef"
    "\u0b66-\u0b6f\u0be6-\u0bef\u0c66-\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\u0de6-\u0def\u0e50-\u0e59\u0ed0-\u0ed9"
    "\u0f20-\u0f29\u1040-\u1049\u1090-\u1099\u17e0-\u17e9\u1810-\u1819\u1946-\u194f\u19d0-\u19d9\u1a80-\u1a89"
    "\u1a90-\u1a99\u1b50-\u1b59\u1bb0-\u1bb9\u1c40-\u1c49\u1c50-\u1c59\ua620-\ua629\ua8d0-\ua8d9\ua900-\ua909"
    "\ua9d0-\ua9d9\ua9f0-\ua9f9\uaa50-\uaa59\uabf0-\uabf9\uff10-\uff19\U000104a0-\U000104a9\U00010d30-\U00010d39"
    "\U00011066-\U0001106f\U000110f0-\U000110f9\U00011136-\U0001113f\U000111d0-\U000111d9\U000112f0-\U000112f9"
    "\U00011450-\U00011459\U000114d0-\U000114d9\U00011650-\U00011659\U000116c0-\U000116c9\U00011730-\U00011739"
    "\U000118e0-\U000118e9\U00011950-\U00011959\U00011c50-\U00011c59\U00011d50-\U00011d59\U00011da0-\U00011da9"
    "\U00016a60-\U00016a69\U00016ac0-\U00016ac9\U00016b50-\U00016b59\U0001d7ce-\U0001d7ff\U0001e140-\U0001e149"
    "\U0001e2f0-\U0001e2f9\U0001e950-\U0001e959\U0001fbf0-\U0001fbf9"
)
"""Decimal digits of every script."""
