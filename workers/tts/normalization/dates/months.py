"""Names of months in the form used after a day."""

from __future__ import annotations

from typing import Final

MONTHS: Final[dict[str, tuple[str, ...]]] = {
    language: tuple(names.split())
    for language, names in {
        "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "en": "January February March April May June July August September October November December",
        "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
        "hu": "január február március április május június július augusztus szeptember október november december",
        "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "nl": "januari februari maart april mei juni juli augustus september oktober november december",
        "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    }.items()
}
"""Names of months; Chinese, Japanese and Korean number them."""

ABBREVIATED: Final[dict[str, int]] = dict(
    zip("Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec".split(), (0, 1, 2, 3, 5, 6, 7, 8, 8, 9, 10, 11), strict=True)
)
"""English abbreviations of months."""

DATE: Final = {
    "ar": "{day} {month} {year}",
    "cs": "{day} {month} {year}",
    "de": "{day} {month} {year}",
    "en": "{month} {day}, {year}",
    "es": "{day} de {month} de {year}",
    "fr": "{day} {month} {year}",
    "hi": "{day} {month} {year}",
    "hu": "{year} {month} {day}",
    "it": "{day} {month} {year}",
    "ja": "{year}年{month}月{day}日",
    "ko": "{year}년 {month}월 {day}일",
    "nl": "{day} {month} {year}",
    "pl": "{day} {month} {year} roku",
    "pt": "{day} de {month} de {year}",
    "ru": "{day} {month} {year} года",
    "tr": "{day} {month} {year}",
    "zh": "{year}年{month}月{day}日",
}
"""Spoken order of a date."""
