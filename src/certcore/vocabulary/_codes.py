"""Code tables as versioned data: the names of the codes in certificates and registers, in Chinese and English.

Tables change without notice and are never complete. So a look-up of an unknown code answers `None`, never an error,
and an evidence file records `VOCABULARY_VERSION`, by which a later reader knows which words were available then.
Nothing here decides anything: the severity of a vehicle state is a default that a policy may override.
"""

from __future__ import annotations

import re
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

VOCABULARY_VERSION: Final = "2026-11-22"
"""The day these tables were last changed, an ISO 8601 date. Any change to a table changes it."""

Language = Literal["zh", "en"]
"""The languages every term is named in (BCP 47)."""


@attrs.frozen(kw_only=True)
class Term:
    """What one code is called.

    Attributes:
        code: the code as its standard writes it: a number for plate types, letters for all else.
        zh: the name in Chinese.
        en: the name in English.
    """

    code: int | str
    zh: str
    en: str

    def name(self, lang: Language) -> str:
        """The term's name in `lang`."""
        return self.zh if lang == "zh" else self.en


class Severity(Enum):
    """What a vehicle state means for a vehicle whose certificate is in force, unless a policy says otherwise."""

    NORMAL = "normal"
    CAUTION = "caution"
    CONTRADICTION = "contradiction"
    STOP = "stop"


@attrs.frozen(kw_only=True)
class VehicleState(Term):
    """One flag of 机动车状态. A register may set several at once; `A` counts only if it stands alone.

    Attributes:
        severity: the default effect of the flag.
    """

    severity: Severity


def _terms(*rows: tuple[str, str, str]) -> Mapping[str, Term]:
    return MappingProxyType({code: Term(code=code, zh=zh, en=en) for code, zh, en in rows})


def _plate_types(*rows: tuple[int, str, str]) -> Mapping[int, Term]:
    return MappingProxyType({code: Term(code=code, zh=zh, en=en) for code, zh, en in rows})


def _states(*rows: tuple[str, Severity, str, str]) -> Mapping[str, VehicleState]:
    return MappingProxyType(
        {code: VehicleState(code=code, zh=zh, en=en, severity=severity) for code, severity, zh, en in rows}
    )


PLATE_TYPES: Final = _plate_types(
    (1, "大型汽车", "large vehicle"),
    (2, "小型汽车", "small vehicle"),
    (3, "使馆汽车", "embassy vehicle"),
    (4, "领馆汽车", "consulate vehicle"),
    (5, "境外汽车", "vehicle from abroad"),
    (6, "外籍汽车", "foreign-owned vehicle"),
    (7, "普通摩托车", "motorcycle"),
    (8, "轻便摩托车", "moped"),
    (9, "使馆摩托车", "embassy motorcycle"),
    (10, "领馆摩托车", "consulate motorcycle"),
    (11, "境外摩托车", "motorcycle from abroad"),
    (12, "外籍摩托车", "foreign-owned motorcycle"),
    (13, "低速车", "low-speed vehicle"),
    (14, "拖拉机", "tractor"),
    (15, "挂车", "trailer"),
    (16, "教练汽车", "driving-school vehicle"),
    (17, "教练摩托车", "driving-school motorcycle"),
    (18, "试验汽车", "test vehicle"),
    (19, "试验摩托车", "test motorcycle"),
    (20, "临时入境汽车", "vehicle temporarily imported"),
    (21, "临时入境摩托车", "motorcycle temporarily imported"),
    (22, "临时行驶车", "vehicle with a temporary licence"),
    (23, "警用汽车", "police vehicle"),
    (24, "警用摩托车", "police motorcycle"),
    (25, "原农机", "former agricultural machine"),
    (26, "香港入出境车", "cross-boundary vehicle, Hong Kong"),
    (27, "澳门入出境车", "cross-boundary vehicle, Macao"),
    (31, "武警车辆", "armed police vehicle"),
    (32, "军队车辆", "military vehicle"),
    (51, "大型新能源汽车", "large new-energy vehicle"),
    (52, "小型新能源汽车", "small new-energy vehicle"),
    (99, "其他", "other"),
)
"""号牌种类, GA/T 16.7 as tabled by GA/T 1400.3-2017, with 51 and 52, which came later."""

USAGES: Final = _terms(
    ("A", "非营运", "private"),
    ("B", "公路客运", "road passenger transport"),
    ("C", "公交客运", "public bus"),
    ("D", "出租客运", "taxi"),
    ("E", "旅游客运", "tourist coach"),
    ("F", "货运", "freight"),
    ("G", "租赁", "rental"),
    ("H", "警用", "police"),
    ("I", "消防", "fire service"),
    ("J", "救护", "ambulance"),
    ("K", "工程救险", "engineering rescue"),
    ("L", "营转非", "formerly commercial, now private"),
    ("M", "出租转非", "formerly a taxi, now private"),
    ("N", "教练", "driving school"),
    ("O", "幼儿校车", "kindergarten bus"),
    ("P", "小学生校车", "primary-school bus"),
    ("Q", "其他校车", "other school bus"),
    ("R", "危化品运输", "transport of dangerous chemicals"),
    ("S", "中小学生校车", "primary and secondary school bus"),
    ("Z", "其他", "other"),
)
"""使用性质, GA/T 16.3."""

_STOP, _CAUTION = Severity.STOP, Severity.CAUTION
VEHICLE_STATES: Final = _states(
    ("A", Severity.NORMAL, "正常", "normal"),
    ("B", _CAUTION, "转出", "transferred to another office"),
    ("C", _STOP, "被盗抢", "stolen or robbed"),
    ("D", _CAUTION, "停驶", "laid up"),
    ("E", _STOP, "注销", "deregistered"),
    ("G", _CAUTION, "违法未处理", "violations not settled"),
    ("H", _CAUTION, "海关监管", "under customs supervision"),
    ("I", _CAUTION, "事故未处理", "accident not settled"),
    ("J", _STOP, "嫌疑车", "suspect vehicle"),
    ("K", _STOP, "查封", "sealed by order"),
    ("L", _STOP, "暂扣", "impounded"),
    ("M", _STOP, "强制注销", "deregistered by force"),
    ("N", _STOP, "事故逃逸", "left the scene of an accident"),
    ("O", _CAUTION, "锁定", "locked by the registry"),
    ("P", _STOP, "达到报废标准公告牌证作废", "due for scrapping, plates and papers declared void"),
    ("Q", Severity.CONTRADICTION, "逾期未检验", "inspection overdue"),
    ("Z", _CAUTION, "其他", "other"),
)
"""机动车状态, as four independent registers write it. There is no F."""

PROVINCES: Final = _terms(
    ("京", "北京", "Beijing"),
    ("津", "天津", "Tianjin"),
    ("冀", "河北", "Hebei"),
    ("晋", "山西", "Shanxi"),
    ("蒙", "内蒙古", "Inner Mongolia"),
    ("辽", "辽宁", "Liaoning"),
    ("吉", "吉林", "Jilin"),
    ("黑", "黑龙江", "Heilongjiang"),
    ("沪", "上海", "Shanghai"),
    ("苏", "江苏", "Jiangsu"),
    ("浙", "浙江", "Zhejiang"),
    ("皖", "安徽", "Anhui"),
    ("闽", "福建", "Fujian"),
    ("赣", "江西", "Jiangxi"),
    ("鲁", "山东", "Shandong"),
    ("豫", "河南", "Henan"),
    ("鄂", "湖北", "Hubei"),
    ("湘", "湖南", "Hunan"),
    ("粤", "广东", "Guangdong"),
    ("桂", "广西", "Guangxi"),
    ("琼", "海南", "Hainan"),
    ("渝", "重庆", "Chongqing"),
    ("川", "四川", "Sichuan"),
    ("贵", "贵州", "Guizhou"),
    ("云", "云南", "Yunnan"),
    ("藏", "西藏", "Tibet"),
    ("陕", "陕西", "Shaanxi"),
    ("甘", "甘肃", "Gansu"),
    ("青", "青海", "Qinghai"),
    ("宁", "宁夏", "Ningxia"),
    ("新", "新疆", "Xinjiang"),
)
"""The 31 characters that open a plate of mainland China (GA 36), each with its province."""

VEHICLE_CATEGORIES: Final = _terms(
    # GA/T 16.4, the commonest of about a hundred.
    ("K11", "大型普通客车", "large bus"),
    ("K21", "中型普通客车", "medium bus"),
    ("K31", "小型普通客车", "small passenger vehicle"),
    ("K32", "小型越野客车", "small off-road passenger vehicle"),
    ("K33", "小型轿车", "saloon car"),
    ("K41", "微型普通客车", "mini passenger vehicle"),
    ("K43", "微型轿车", "mini car"),
    ("H11", "重型普通货车", "heavy lorry"),
    ("H21", "中型普通货车", "medium lorry"),
    ("H31", "轻型普通货车", "light lorry"),
    ("Q11", "重型半挂牵引车", "heavy semi-trailer tractor"),
    ("M21", "普通二轮摩托车", "two-wheeled motorcycle"),
    ("M22", "轻便二轮摩托车", "two-wheeled moped"),
    # Regulation (EU) 2018/858, article 4.
    ("M1", "至多八个乘客座位的载客汽车", "passenger vehicle, up to 8 passenger seats"),
    ("M2", "八个以上乘客座位、不超过5吨的载客汽车", "bus up to 5 t"),
    ("M3", "八个以上乘客座位、超过5吨的载客汽车", "bus above 5 t"),
    ("N1", "不超过3.5吨的载货汽车", "goods vehicle up to 3.5 t"),
    ("N2", "超过3.5吨至12吨的载货汽车", "goods vehicle above 3.5 t, up to 12 t"),
    ("N3", "超过12吨的载货汽车", "goods vehicle above 12 t"),
    ("O1", "不超过0.75吨的挂车", "trailer up to 0.75 t"),
    ("O2", "超过0.75吨至3.5吨的挂车", "trailer above 0.75 t, up to 3.5 t"),
    ("O3", "超过3.5吨至10吨的挂车", "trailer above 3.5 t, up to 10 t"),
    ("O4", "超过10吨的挂车", "trailer above 10 t"),
    # Regulation (EU) 168/2013, article 4.
    ("L1e", "轻型两轮机动车", "light two-wheel powered vehicle"),
    ("L2e", "三轮轻便摩托车", "three-wheel moped"),
    ("L3e", "两轮摩托车", "two-wheel motorcycle"),
    ("L4e", "带边车的两轮摩托车", "two-wheel motorcycle with side-car"),
    ("L5e", "机动三轮车", "powered tricycle"),
    ("L6e", "轻型四轮车", "light quadricycle"),
    ("L7e", "重型四轮车", "heavy quadricycle"),
    # Regulation (EU) 167/2013, article 4: one term for all classes of a letter.
    ("T", "轮式拖拉机", "wheeled tractor"),
    ("C", "履带拖拉机", "track-laying tractor"),
    ("R", "农用挂车", "agricultural trailer"),
    ("S", "可更换的牵引设备", "interchangeable towed equipment"),
)
"""Vehicle categories by class. Variants of an EU class (M1G, L3e-A1, T4.1b) are found by `vehicle_category`."""

_EU_VARIANT: Final = re.compile(
    r"(?P<road>[MN][1-3])G?"
    r"|(?P<trailer>O[1-4])"
    r"|(?P<light>L[1-7]e)(?:-[A-Z0-9]{1,3})?"
    r"|(?P<farm>[TC](?=[1-5])|R(?=[1-4])|S(?=[12]))[1-5](?:\.[1-3])?[ab]?"
)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def plate_type(code: int) -> Term | None:
    """What a 号牌种类 code (GA/T 16.7) is called; `None` if this version of the table does not know it."""
    return PLATE_TYPES.get(code)


def usage(code: str) -> Term | None:
    """What a 使用性质 letter (GA/T 16.3) is called; `None` if this version of the table does not know it."""
    return USAGES.get(code)


def vehicle_state(code: str) -> VehicleState | None:
    """What a 机动车状态 letter is called and how severe it is; `None` if this version of the table does not know it."""
    return VEHICLE_STATES.get(code)


def province(character: str) -> Term | None:
    """Which province the first character of a Chinese plate or authority stands for; `None` if it is none of the 31."""
    return PROVINCES.get(character)


def vehicle_category(code: str) -> Term | None:
    """What a vehicle category is called: a GA/T 16.4 code or an EU class, variants by their class; `None` if unknown.

    The term's own code is the class (M1 for M1G, T for T4.1b). Not checked: whether that variant was ever defined.
    """
    variant = _EU_VARIANT.fullmatch(code)
    return VEHICLE_CATEGORIES.get(variant[variant.lastgroup or 0] if variant else code)


def is_country_code(text: str) -> bool:
    """Whether `text` has the form of an ISO 3166-1 alpha-2 code: exactly two ASCII upper-case letters.

    Not checked: whether the code is assigned. Countries change, and a verifier must not need an update for it.
    """
    return _COUNTRY.fullmatch(text) is not None
