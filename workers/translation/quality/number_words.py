"""Number words and scale words, by language."""

from __future__ import annotations

from typing import Final

SCALES: Final[dict[str, dict[str, int]]] = {
    "en": {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "millions": 6, "billions": 9, "thousands": 3},
    "de": {
        "tausend": 3,
        "tsd": 3,
        "million": 6,
        "millionen": 6,
        "mio": 6,
        "milliarde": 9,
        "milliarden": 9,
        "mrd": 9,
        "billion": 12,
        "billionen": 12,
    },
    "es": {"mil": 3, "millón": 6, "millones": 6, "billón": 12, "billones": 12},
    "fr": {"mille": 3, "million": 6, "millions": 6, "milliard": 9, "milliards": 9, "billion": 12, "billions": 12},
    "it": {"mila": 3, "mille": 3, "milione": 6, "milioni": 6, "miliardo": 9, "miliardi": 9},
    "pt": {
        "mil": 3,
        "milhão": 6,
        "milhões": 6,
        "bilhão": 9,
        "bilhões": 9,
        "bilião": 12,
        "biliões": 12,
        "trilhão": 12,
        "trilhões": 12,
    },
    "nl": {"duizend": 3, "miljoen": 6, "miljard": 9, "biljoen": 12},
    "pl": {"tys": 3, "tysiąc*": 3, "tysięcy": 3, "milion*": 6, "mln": 6, "miliard*": 9, "mld": 9},
    "ru": {"тысяч*": 3, "тыс": 3, "миллион*": 6, "млн": 6, "миллиард*": 9, "млрд": 9},
    "uk": {"тисяч*": 3, "тис": 3, "мільйон*": 6, "млн": 6, "мільярд*": 9, "млрд": 9},
    "tr": {"bin": 3, "milyon*": 6, "milyar*": 9},
    "ar": {"ألف*": 3, "آلاف": 3, "الف": 3, "مليون*": 6, "ملايين": 6, "مليار*": 9},
    "hi": {"हज़ार": 3, "हजार": 3, "लाख": 5, "करोड़": 7, "अरब": 9, "मिलियन": 6, "बिलियन": 9},
    "th": {"พัน*": 3, "หมื่น*": 4, "แสน*": 5, "ล้าน*": 6},
    "ja": {},
    "zh": {},
    "yue": {},
    "ko": {},
}
"""Scale words after a number, by language, with their power of ten; ``*`` stands for any ending.

The numbers of a language that is not listed are compared with and without scale words.
"""

HAN_SCALES: Final = {"千": 3, "万": 4, "萬": 4, "億": 8, "亿": 8, "兆": 12, "천": 3, "만": 4, "억": 8, "조": 12}
"""Suffixes of numbers in Japanese, Chinese and Korean."""

LETTER_SCALES: Final = {"k": 3, "K": 3, "M": 6, "B": 9, "G": 9}
"""Suffixes of numbers: ``10k``; they can also be units."""

SMALL: Final[dict[str, str]] = {
    "en": "three|third|tripl four|quad five|fif six seven eight nine|nin ten eleven twelve|twelf",
    "de": "drei|dritt vier|quad fünf sechs sieb acht neun zehn elf zwölf",
    "es": """tres|terc|tripl cuatr|cuart|cuád cinco|quint seis|sext siete|séptim ocho|octav nueve|noven diez|décim
        once|undécim
        doce|duodécim""",
    "fr": """trois|tiers|tripl quatr|quart|quad cinq six sept huit neuf|neuv dix onz
        douz""",
    "it": """tre|terz|tripl quattr|quart|quad cinqu|quint sei|sest sette|settim otto|ottav nove|non dieci|decim undic
        dodic""",
    "pt": """três|terc|tripl quatr|quart|quad cinco|quint seis|sext sete|sétim oito|oitav nove|non dez|décim onze
        doze""",
    "nl": "drie|derde vier vijf zes zeven acht negen tien elf twaalf",
    "ru": """три|трёх|трех|трет|трём|трем|трое четыр|четв пят шест сем|седьм восем|восьм девят десят одиннадцат
        двенадцат""",
    "tr": "üç dört|dörd beş altı yedi sekiz dokuz on on_bir on_iki",
    "hi": "तीन|तीस चार|चौथ पाँच|पांच छह|छः|छे|छठ सात आठ नौ|नव दस ग्यारह बारह",
    "th": "สาม สี่ ห้า หก เจ็ด แปด เก้า สิบ สิบเอ็ด สิบสอง",
}
"""Prefixes of the words for 3 to 12 (cardinals, ordinals, fractions), by language.

Japanese and Chinese are read as Han numerals. 0 to 2 have too many forms: a, once, both, the dual of Arabic.
"""

LARGE: Final[dict[str, str]] = {
    "en": """thirteen fourteen fifteen sixteen seventeen eighteen nineteen twent thirt fort fift sixt sevent eight ninet
        hundred thousand million billion dozen half halv quarter doubl""",
    "de": "*zehn* *zwanzig* *dreißig* *zig* *hundert* *tausend* million milliard dutzend halb hälft viertel doppel",
    "es": """trece cator quince diec veint trein cuaren cincuen sesen seten ochen noven cien mil doc med mitad dobl
        cuart""",
    "fr": """treiz quatorz quinz seiz dix vingt trent quarant cinquant soixant cent mill douzain moiti dem quart
        doubl""",
    "it": """tredic quattord quindic sedic dici venti trent quarant cinquant sessant settant ottant novant cent mil
        dozzin met mezz quart doppi""",
    "pt": """treze cator quinze deze dezo vint trin quaren cinquen sessen seten oiten noven cem cent mil dúzi met mei
        quart dobr""",
    "ja": "*〇* *十* *百* *千* *万* *億* *半*",
    "zh": "*〇* *十* *百* *千* *万* *萬* *億* *亿* *半* *倍*",
}
"""Prefixes of the words for more than twelve, by language; between stars, substrings of them.

If the original has one, the translation may have further numbers.
"""
