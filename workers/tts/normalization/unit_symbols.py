"""Symbols of units and currencies, with their names in ``unit_words``."""

from __future__ import annotations

from typing import Final

SYMBOLS: Final = {
    "B": "byte",
    "bit": "bit",
    "bits": "bit",
    "s": "second",
    "sec": "second",
    "secs": "second",
    "Hz": "hertz",
    "hz": "hertz",
    "m": "metre",
    "g": "gram",
    "W": "watt",
    "V": "volt",
    "px": "pixel",
    "min": "minute",
    "mins": "minute",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
}
WITH_PREFIX: Final = {
    "B": "kMGTP",
    "b": "kMGTP",
    "bit": "kMGT",
    "s": "mµn",
    "Hz": "kMGT",
    "m": "kmµn",
    "g": "kmµ",
    "W": "kMGm",
    "V": "km",
}
"""SI prefixes in use, by unit."""
BINARY_SUFFIXES: Final = ("B", "")
"""Of a binary prefix: ``MiB``, and ``Mi`` as in quantities of Kubernetes."""
OTHERS: Final = {
    "us": "µs",
    "cm": "cm",
    "Kbps": "kbit/s",
    "kbps": "kbit/s",
    "Mbps": "Mbit/s",
    "Gbps": "Gbit/s",
    "req/s": "request/s",
    "reqs/s": "request/s",
    "rps": "request/s",
    "RPS": "request/s",
    "fps": "frame/s",
    "FPS": "frame/s",
}
CURRENCIES: Final = {
    "R$": "real",
    "$": "dollar",
    "US$": "dollar",
    "€": "euro",
    "£": "pound",
    "¥": "yen",
    "円": "yen",
    "₹": "rupee",
}
CODES: Final = {"USD": "dollar", "EUR": "euro", "GBP": "pound", "JPY": "yen"}
LOCAL: Final[dict[str, dict[str, str]]] = {
    "cs": {"tis.": "thousand", "mil.": "million", "mld.": "milliard", "hod": "h", "Kč": "koruna"},
    "de": {
        "Std": "h",
        "Sek": "s",
        "Min": "min",
        "Tsd.": "thousand",
        "Mio": "million",
        "Mio.": "million",
        "Mrd": "milliard",
        "Mrd.": "milliard",
    },
    "fr": {"o": "B", "ko": "kB", "Ko": "kB", "Mo": "MB", "Go": "GB", "To": "TB"},
    "hu": {"mp": "s", "Ft": "forint"},
    "pl": {"godz": "h", "sek": "s", "tys.": "thousand", "mln": "million", "mld": "milliard", "zł": "zloty"},
    "ru": {
        "с": "s",
        "сек": "s",
        "мс": "ms",
        "мкс": "µs",
        "нс": "ns",
        "мин": "min",
        "ч": "h",
        "Б": "B",
        "КБ": "kB",
        "Кб": "kB",
        "МБ": "MB",
        "Мб": "MB",
        "ГБ": "GB",
        "Гб": "GB",
        "ТБ": "TB",
        "Тб": "TB",
        "Гц": "Hz",
        "кГц": "kHz",
        "МГц": "MHz",
        "ГГц": "GHz",
        "м": "m",
        "км": "km",
        "см": "cm",
        "мм": "mm",
        "г": "g",
        "кг": "kg",
        "Вт": "W",
        "кВт": "kW",
        "₽": "rouble",
        "руб.": "rouble",
        "руб": "rouble",
        "тыс": "thousand",
        "тыс.": "thousand",
        "млн": "million",
        "млрд": "milliard",
    },
    "tr": {"₺": "lira", "TL": "lira", "sn": "s", "dk": "min", "sa": "h"},
}
"""Symbols of units that are specific to a language."""

COUNTED: Final = {
    "conn": "connections",
    "conns": "connections",
    "msg": "messages",
    "msgs": "messages",
    "op": "operations",
    "ops": "operations",
    "req": "requests",
    "reqs": "requests",
    "tok": "tokens",
    "tx": "transactions",
    "txn": "transactions",
    "txns": "transactions",
}
"""English abbreviations of what is counted by time: ``300 msg/s``."""
PERIODS: Final = {"hr": "hour", "h": "hour", "min": "minute", "sec": "s"}
