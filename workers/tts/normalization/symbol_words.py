"""Names of symbols, by language."""

from __future__ import annotations

import functools
from typing import Final

_TABLE: Final[dict[str, str]] = {
    "en": """
dash: dash | tilde: tilde | star: star
and: and | plus: plus | minus: minus | equals: equals | multiplied: times
at: at | number: number | sharp: sharp
to: to | arrow: to | about: about | of: of | dot: dot | point: point | percent: percent | degree: degrees
less: less than | greater: greater than | most: at most | least: at least
unequal: not equal to | plusminus: plus or minus
centi: centi | euro: euros | dollar: dollars | pound: pounds
power: to the power of {} | per: per
""",
    "es": """
dash: guion | tilde: tilde | star: asterisco
and: y | plus: más | minus: menos | equals: igual a | multiplied: por
at: arroba | number: número | sharp: sharp
to: a | arrow: a | about: unos | of: de | dot: punto | point: punto | percent: por ciento | degree: grados
less: menor que | greater: mayor que | most: como máximo | least: como mínimo
unequal: distinto de | plusminus: más menos
centi: centí | euro: euros | dollar: dólares | pound: libras
power: elevado a {} | per: por
""",
    "fr": """
dash: tiret | tilde: tilde | star: étoile
and: et | plus: plus | minus: moins | equals: égale | multiplied: fois
at: arobase | number: numéro | sharp: sharp
to: à | arrow: vers | about: environ | of: sur | dot: point | point: point | percent: pour cent | degree: degrés
less: inférieur à | greater: supérieur à | most: au plus | least: au moins
unequal: différent de | plusminus: plus ou moins
centi: centi | euro: euros | dollar: dollars | pound: livres
power: puissance {} | per: par
""",
    "de": """
dash: Minus | tilde: Tilde | star: Stern
and: und | plus: plus | minus: minus | equals: gleich | multiplied: mal
at: ät | number: Nummer | sharp: sharp
to: bis | arrow: zu | about: etwa | of: von | dot: Punkt | point: Punkt | percent: Prozent | degree: Grad
less: kleiner als | greater: größer als | most: höchstens | least: mindestens
unequal: ungleich | plusminus: plus minus
centi: Zenti | euro: Euro | dollar: Dollar | pound: Pfund
power: hoch {} | per: pro
""",
    "it": """
dash: trattino | tilde: tilde | star: asterisco
and: e | plus: più | minus: meno | equals: uguale a | multiplied: per
at: chiocciola | number: numero | sharp: sharp
to: a | arrow: a | about: circa | of: su | dot: punto | point: punto | percent: per cento | degree: gradi
less: minore di | greater: maggiore di | most: al massimo | least: almeno
unequal: diverso da | plusminus: più o meno
centi: centi | euro: euro | dollar: dollari | pound: sterline
power: alla {} | per: per
""",
    "pt": """
dash: traço | tilde: til | star: asterisco
and: e | plus: mais | minus: menos | equals: igual a | multiplied: vezes
at: arroba | number: número | sharp: sharp
to: a | arrow: para | about: cerca de | of: de | dot: ponto | point: ponto | percent: por cento | degree: graus
less: menor que | greater: maior que | most: no máximo | least: no mínimo
unequal: diferente de | plusminus: mais ou menos
centi: centí | euro: euros | dollar: dólares | pound: libras
power: elevado a {} | per: por
""",
    "pl": """
dash: minus | tilde: tylda | star: gwiazdka
and: i | plus: plus | minus: minus | equals: równa się | multiplied: razy
at: małpa | number: numer | sharp: sharp
to: do | arrow: do | about: około | of: na | dot: kropka | point: kropka | percent: procent | degree: stopni
less: mniejsze niż | greater: większe niż | most: najwyżej | least: co najmniej
unequal: różne od | plusminus: plus minus
centi: centy | euro: euro | dollar: dolarów | pound: funtów
power: do potęgi {} | per: na
""",
    "tr": """
dash: tire | tilde: tilde | star: yıldız
and: ve | plus: artı | minus: eksi | equals: eşittir | multiplied: çarpı
at: et | number: numara | sharp: sharp
to: ila | arrow: , | about: yaklaşık | of: bölü | dot: nokta | point: nokta | percent: yüzde | degree: derece
less: küçüktür | greater: büyüktür | most: en fazla | least: en az
unequal: eşit değil | plusminus: artı eksi
centi: santi | euro: avro | dollar: dolar | pound: sterlin
power: üzeri {} | per: /
""",
    "ru": """
dash: дефис | tilde: тильда | star: звёздочка
and: и | plus: плюс | minus: минус | equals: равно | multiplied: умножить на
at: собака | number: номер | sharp: шарп
to: до | arrow: в | about: примерно | of: из | dot: точка | point: точка | percent: процентов | degree: градусов
less: меньше | greater: больше | most: не больше | least: не меньше
unequal: не равно | plusminus: плюс минус
centi: санти | euro: евро | dollar: долларов | pound: фунтов
power: в степени {} | per: в
""",
    "nl": """
dash: streepje | tilde: tilde | star: sterretje
and: en | plus: plus | minus: min | equals: is | multiplied: keer
at: apenstaartje | number: nummer | sharp: sharp
to: tot | arrow: naar | about: ongeveer | of: van | dot: punt | point: punt | percent: procent | degree: graden
less: kleiner dan | greater: groter dan | most: hoogstens | least: minstens
unequal: ongelijk aan | plusminus: plus of min
centi: centi | euro: euro | dollar: dollar | pound: pond
power: tot de macht {} | per: per
""",
    "cs": """
dash: pomlčka | tilde: tilda | star: hvězdička
and: a | plus: plus | minus: minus | equals: rovná se | multiplied: krát
at: zavináč | number: číslo | sharp: sharp
to: až | arrow: na | about: asi | of: z | dot: tečka | point: tečka | percent: procent | degree: stupňů
less: menší než | greater: větší než | most: nejvýše | least: nejméně
unequal: není rovno | plusminus: plus minus
centi: centi | euro: eur | dollar: dolarů | pound: liber
power: na {} | per: za
""",
    "ar": """
dash: شرطة | tilde: تيلدا | star: نجمة
and: و | plus: زائد | minus: ناقص | equals: يساوي | multiplied: ضرب
at: آت | number: رقم | sharp: شارب
to: إلى | arrow: إلى | about: حوالي | of: من | dot: نقطة | point: نقطة | percent: بالمئة | degree: درجة
less: أصغر من | greater: أكبر من | most: على الأكثر | least: على الأقل
unequal: لا يساوي | plusminus: زائد أو ناقص
centi: سنتي | euro: يورو | dollar: دولار | pound: جنيه
power: أس {} | per: لكل
""",
    "zh": """
dash: 杠 | tilde: 波浪号 | star: 星号
and: 和 | plus: 加 | minus: 负 | equals: 等于 | multiplied: 乘
at: 艾特 | number: 第 | sharp: sharp
to: 到 | arrow: 到 | about: 大约 | of: 分之 | dot: 点 | point: 点 | percent: 百分之 | degree: 度
less: 小于 | greater: 大于 | most: 不超过 | least: 至少
unequal: 不等于 | plusminus: 正负
centi: 厘 | euro: 欧元 | dollar: 美元 | pound: 英镑
power: 的{}次方 | per: 每
""",
    "hu": """
dash: kötőjel | tilde: tilde | star: csillag
and: és | plus: plusz | minus: mínusz | equals: egyenlő | multiplied: szorozva
at: kukac | number: szám | sharp: sharp
to: - | arrow: , | about: körülbelül | of: per | dot: pont | point: pont | percent: százalék | degree: fok
less: kisebb mint | greater: nagyobb mint | most: legfeljebb | least: legalább
unequal: nem egyenlő | plusminus: plusz mínusz
centi: centi | euro: euró | dollar: dollár | pound: font
power: ad {} | per: per
""",
    "ko": """
dash: 대시 | tilde: 틸드 | star: 별표
and: 그리고 | plus: 플러스 | minus: 마이너스 | equals: 이퀄 | multiplied: 곱하기
at: 골뱅이 | number: 번호 | sharp: 샵
to: 에서 | arrow: 에서 | about: 약 | of: 분의 | dot: 점 | point: 점 | percent: 퍼센트 | degree: 도
less: 미만 | greater: 초과 | most: 최대 | least: 최소
unequal: 같지 않음 | plusminus: 플러스 마이너스
centi: 센티 | euro: 유로 | dollar: 달러 | pound: 파운드
power: 의 {}승 | per: /
""",
    "ja": """
dash: ハイフン | tilde: チルダ | star: アスタリスク
and: と | plus: プラス | minus: マイナス | equals: イコール | multiplied: かける
at: アットマーク | number: ナンバー | sharp: シャープ
to: から | arrow: から | about: 約 | of: 分の | dot: ドット | point: 点 | percent: パーセント | degree: 度
less: 小なり | greater: 大なり | most: 最大 | least: 最低
unequal: ノットイコール | plusminus: プラスマイナス
centi: センチ | euro: ユーロ | dollar: ドル | pound: ポンド
power: の{}乗 | per: 毎
""",
    "hi": """
dash: डैश | tilde: टिल्ड | star: तारांकन
and: और | plus: प्लस | minus: माइनस | equals: बराबर | multiplied: गुणा
at: ऐट | number: नंबर | sharp: शार्प
to: से | arrow: से | about: लगभग | of: बटा | dot: डॉट | point: पॉइंट | percent: प्रतिशत | degree: डिग्री
less: से कम | greater: से ज़्यादा | most: अधिकतम | least: कम से कम
unequal: बराबर नहीं | plusminus: प्लस माइनस
centi: सेंटी | euro: यूरो | dollar: डॉलर | pound: पाउंड
power: की घात {} | per: प्रति
""",
}


def word(symbol: str, language: str) -> str:
    """Return the name of a symbol.

    Args:
        symbol: its name in the table above: ``and``, ``plus``, ``at`` …
        language: as for ``cardinal``.
    """
    return _words(language[:2])[symbol]


@functools.cache
def _words(language: str) -> dict[str, str]:
    entries = (entry.partition(":") for line in _TABLE[language].strip().splitlines() for entry in line.split(" | "))
    return {name.strip(): said.strip() for name, _, said in entries}
