"""Names of units, currencies and percentages, by language.

An entry has the unit's key, its gender if numbers agree with it (``m`` by default), and its forms. The forms are
singular and plural; in Slavic languages those after one, two, five and, where it differs, a fraction. ``prefixes`` are
kilo, mega, giga, tera, peta, milli, micro and nano; ``binary`` are the powers of 1024, for which Chinese has no other
names. A key with ``+`` has the rest of the unit after a prefix; ``_`` is
a space. In ``percent``, ``persecond`` and ``times``, ``{}`` is the place of the number.
"""

from __future__ import annotations

from typing import Final

PREFIXES: Final = ("k", "M", "G", "T", "P", "m", "µ", "n")
"""Prefixes in the order of the entry ``prefixes``."""

BINARY: Final = ("Ki", "Mi", "Gi", "Ti", "Pi")
"""Prefixes in the order of the entry ``binary``."""

TABLE: Final[dict[str, str]] = {
    "en": """
prefixes: kilo/mega/giga/tera/peta/milli/micro/nano | byte: byte/bytes | bit: bit/bits
second: second/seconds | hertz: hertz | metre: meter/meters | gram: gram/grams | watt: watt/watts
volt: volt/volts | pixel: pixel/pixels | minute: minute/minutes | hour: hour/hours
degree: degree/degrees | frame: frame/frames | dollar: dollar/dollars | euro: euro/euros
pound: pound/pounds | yen: yen | real: real/reais | percent: {} percent | persecond: {} per second
times: {} times
rupee: rupee/rupees
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: cent/cents | eurocent: cent/cents | poundcent: penny/pence | request: request/requests
""",
    "es": """
prefixes: kilo/mega/giga/tera/peta/mili/micro/nano | byte: byte/bytes | bit: bit/bits
second: segundo/segundos | hertz: hercio/hercios | metre: metro/metros | gram: gramo/gramos
watt: vatio/vatios | volt: voltio/voltios | pixel: píxel/píxeles | minute: minuto/minutos
hour f: hora/horas | degree: grado/grados | frame: fotograma/fotogramas | dollar: dólar/dólares
euro: euro/euros | pound f: libra/libras | yen: yen/yenes | real: real/reales | percent: {} por ciento
persecond: {} por segundo | times f: {} veces
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: centavo/centavos | eurocent: céntimo/céntimos | request f: petición/peticiones
""",
    "fr": """
prefixes: kilo/méga/giga/téra/péta/milli/micro/nano | byte: octet/octets | bit: bit/bits
second f: seconde/secondes | hertz: hertz | metre: mètre/mètres | gram: gramme/grammes | watt: watt/watts
volt: volt/volts | pixel: pixel/pixels | minute f: minute/minutes | hour f: heure/heures
degree: degré/degrés | frame f: image/images | dollar: dollar/dollars | euro: euro/euros
pound f: livre/livres | yen: yen/yens | real: real/reals | percent: {} pour cent
persecond: {} par seconde | times f: {} fois
binary: kibi/mébi/gibi/tébi/pébi
dollarcent: cent/cents | eurocent: centime/centimes | request f: requête/requêtes
""",
    "de": """
prefixes: Kilo/Mega/Giga/Tera/Peta/Milli/Mikro/Nano | byte n: Byte | bit n: Bit
second f: Sekunde/Sekunden | hertz n: Hertz | metre: Meter | gram n: Gramm | watt n: Watt | volt n: Volt
pixel n: Pixel | minute f: Minute/Minuten | hour f: Stunde/Stunden | degree n: Grad
frame n: Bild/Bilder | dollar: Dollar | euro: Euro | pound n: Pfund | yen: Yen | real: Real
percent n: {} Prozent | persecond: {} pro Sekunde | times n: {} mal
thousand n: Tausend | million f: Million/Millionen | milliard f: Milliarde/Milliarden
binary: Kibi/Mebi/Gibi/Tebi/Pebi
dollarcent: Cent | eurocent: Cent | request f: Anfrage/Anfragen
""",
    "it": """
prefixes: chilo/mega/giga/tera/peta/milli/micro/nano | byte: byte | bit: bit | second: secondo/secondi
hertz: hertz | metre: metro/metri | gram: grammo/grammi | watt: watt | volt: volt | pixel: pixel
minute: minuto/minuti | hour f: ora/ore | degree: grado/gradi | frame: fotogramma/fotogrammi
dollar: dollaro/dollari | euro: euro | pound f: sterlina/sterline | yen: yen | real: real
percent: {} per cento | persecond: {} al secondo | times f: {} volte
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: centesimo/centesimi | eurocent: centesimo/centesimi | request f: richiesta/richieste
""",
    "pt": """
prefixes: quilo/mega/giga/tera/peta/mili/micro/nano | byte: byte/bytes | bit: bit/bits
second: segundo/segundos | second+: ssegundo/ssegundos | hertz: hertz | metre: metro/metros
gram: grama/gramas | watt: watt/watts | volt: volt/volts | pixel: pixel/pixels | minute: minuto/minutos
hour f: hora/horas | degree: grau/graus | frame: quadro/quadros | dollar: dólar/dólares
euro: euro/euros | pound f: libra/libras | yen: iene/ienes | real: real/reais | percent: {} por cento
persecond: {} por segundo | times f: {} vezes
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: centavo/centavos | eurocent: cêntimo/cêntimos | request f: requisição/requisições
""",
    "pl": """
prefixes: kilo/mega/giga/tera/peta/mili/mikro/nano | byte: bajt/bajty/bajtów/bajta
bit: bit/bity/bitów/bita | second f: sekunda/sekundy/sekund/sekundy | hertz: herc/herce/herców/herca
metre: metr/metry/metrów/metra | gram: gram/gramy/gramów/grama | watt: wat/waty/watów/wata
volt: wolt/wolty/woltów/wolta | pixel: piksel/piksele/pikseli/piksela
minute f: minuta/minuty/minut/minuty | hour f: godzina/godziny/godzin/godziny
degree: stopień/stopnie/stopni/stopnia | frame f: klatka/klatki/klatek/klatki
dollar: dolar/dolary/dolarów/dolara | euro n: euro | pound: funt/funty/funtów/funta
yen: jen/jeny/jenów/jena | real: real | percent: {} procent | persecond: {} na sekundę | times: {} razy
thousand: tysiąc/tysiące/tysięcy/tysiąca | million: milion/miliony/milionów/miliona
milliard: miliard/miliardy/miliardów/miliarda
zloty: złoty/złote/złotych/złotego
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: cent/centy/centów/centa | eurocent: cent/centy/centów/centa
request n: żądanie/żądania/żądań/żądania
""",
    "tr": """
prefixes: kilo/mega/giga/tera/peta/mili/mikro/nano | byte: bayt | bit: bit | second: saniye
hertz: hertz | metre: metre | gram: gram | watt: vat | volt: volt | pixel: piksel | minute: dakika
hour: saat | degree: derece | frame: kare | dollar: dolar | euro: avro | pound: sterlin | yen: yen
real: real | percent: yüzde {} | persecond: saniyede {} | times: {} kat
lira: lira
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: sent | eurocent: sent | request: istek
""",
    "ru": """
prefixes: кило/мега/гига/тера/пета/милли/микро/нано | byte: байт/байта/байт | bit: бит/бита/бит
second f: секунда/секунды/секунд | hertz: герц/герца/герц | metre: метр/метра/метров
gram: грамм/грамма/грамм | watt: ватт/ватта/ватт | volt: вольт/вольта/вольт
pixel: пиксель/пикселя/пикселей | minute f: минута/минуты/минут | hour: час/часа/часов
degree: градус/градуса/градусов | frame: кадр/кадра/кадров | dollar: доллар/доллара/долларов
euro m: евро | pound: фунт/фунта/фунтов | yen f: иена/иены/иен | real: реал/реала/реалов
percent: {} процент/{} процента/{} процентов | persecond: {} в секунду | times: {} раз/{} раза/{} раз
thousand f: тысяча/тысячи/тысяч | million: миллион/миллиона/миллионов
milliard: миллиард/миллиарда/миллиардов
rouble: рубль/рубля/рублей
binary: киби/меби/гиби/теби/пеби
dollarcent: цент/цента/центов | eurocent: цент/цента/центов | request: запрос/запроса/запросов
""",
    "nl": """
prefixes: kilo/mega/giga/tera/peta/milli/micro/nano | byte: byte | bit: bit | second: seconde/seconden
hertz: hertz | metre: meter | gram: gram | watt: watt | volt: volt | pixel: pixel/pixels
minute: minuut/minuten | hour: uur | degree: graad/graden | frame: beeld/beelden | dollar: dollar
euro: euro | pound: pond | yen: yen | real: real | percent: {} procent | persecond: {} per seconde
times: {} keer
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: cent | eurocent: cent | request n: verzoek/verzoeken
""",
    "cs": """
prefixes: kilo/mega/giga/tera/peta/mili/mikro/nano | byte: bajt/bajty/bajtů/bajtu
bit: bit/bity/bitů/bitu | second f: sekunda/sekundy/sekund/sekundy | hertz: hertz/hertze/hertzů/hertzu
metre: metr/metry/metrů/metru | gram: gram/gramy/gramů/gramu | watt: watt/watty/wattů/wattu
volt: volt/volty/voltů/voltu | pixel: pixel/pixely/pixelů/pixelu | minute f: minuta/minuty/minut/minuty
hour f: hodina/hodiny/hodin/hodiny | degree: stupeň/stupně/stupňů/stupně
frame: snímek/snímky/snímků/snímku | dollar: dolar/dolary/dolarů/dolaru | euro n: euro/eura/eur/eura
pound f: libra/libry/liber/libry | yen: jen/jeny/jenů/jenu | real: real
percent n: {} procento/{} procenta/{} procent/{} procenta | persecond: {} za sekundu | times: {} krát
thousand: tisíc/tisíce/tisíc/tisíce | million: milion/miliony/milionů/milionu
milliard f: miliarda/miliardy/miliard/miliardy
koruna f: koruna/koruny/korun/koruny
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: cent/centy/centů/centu | eurocent: cent/centy/centů/centu
request: požadavek/požadavky/požadavků/požadavku
""",
    "ar": """
prefixes: كيلو/ميغا/غيغا/تيرا/بيتا/ميلي/ميكرو/نانو | byte: بايت | bit: بت | second: ثانية/ثوان
second+: _ثانية/_ثوان | hertz: هرتز | metre: متر/أمتار | gram: غرام/غرامات | watt: واط | volt: فولت
pixel: بكسل | minute: دقيقة/دقائق | hour: ساعة/ساعات | degree: درجة/درجات | frame: إطار/إطارات
dollar: دولار/دولارات | euro: يورو | pound: جنيه/جنيهات | yen: ين | real: ريال | percent: {} بالمئة
persecond: {} في الثانية | times: {} مرة/{} مرات
binary: كيبي/ميبي/جيبي/تيبي/بيبي
dollarcent: سنت/سنتات | eurocent: سنت/سنتات | request: طلب/طلبات
""",
    "zh": """
prefixes: 千/兆/吉/太/拍/毫/微/纳 | byte: 字节 | bit: 比特 | second: 秒 | hertz: 赫兹 | metre: 米 | gram: 克
watt: 瓦
volt: 伏 | pixel: 像素 | minute: 分钟 | hour: 小时 | degree: 度 | frame: 帧 | dollar: 美元 | euro: 欧元 | pound: 英镑
yen: 日元 | real: 雷亚尔 | percent: 百分之{} | persecond: 每秒{} | times: {}倍
binary: 千/兆/吉/太/拍
request: 个请求
""",
    "hu": """
prefixes: kilo/mega/giga/tera/peta/milli/mikro/nano | byte: bájt | bit: bit | second: másodperc
second+: szekundum | hertz: hertz | metre: méter | gram: gramm | watt: watt | volt: volt | pixel: pixel
minute: perc | hour: óra | degree: fok | frame: képkocka | dollar: dollár | euro: euró | pound: font
yen: jen | real: real | percent: {} százalék | persecond: {} másodpercenként | times: {} alkalommal
forint: forint
binary: kibi/mebi/gibi/tebi/pebi
dollarcent: cent | eurocent: cent | request: kérés
""",
    "ko": """
prefixes: 킬로/메가/기가/테라/페타/밀리/마이크로/나노 | byte: 바이트 | bit: 비트 | second: 초 | hertz: 헤르츠
metre: 미터
gram: 그램
watt: 와트 | volt: 볼트 | pixel: 픽셀 | minute: 분 | hour: 시간 | degree: 도 | frame: 프레임 | dollar: 달러
euro: 유로
pound: 파운드 | yen: 엔 | real: 헤알 | percent: {} 퍼센트 | persecond: 초당 {} | times: {}배
binary: 키비/메비/기비/테비/페비
request: 요청
""",
    "ja": """
prefixes: キロ/メガ/ギガ/テラ/ペタ/ミリ/マイクロ/ナノ | byte: バイト | bit: ビット | second: 秒 | hertz: ヘルツ
metre: メートル
gram: グラム | watt: ワット | volt: ボルト | pixel: ピクセル | minute: 分 | hour: 時間 | degree: 度 | frame: フレーム
dollar: ドル | euro: ユーロ | pound: ポンド | yen: 円 | real: レアル | percent: {}パーセント | persecond: 毎秒{}
times: {}倍
binary: キビ/メビ/ギビ/テビ/ペビ
request: リクエスト
""",
    "hi": """
prefixes: किलो/मेगा/गीगा/टेरा/पेटा/मिली/माइक्रो/नैनो | byte: बाइट | bit: बिट | second: सेकंड
hertz: हर्ट्ज़ | metre: मीटर | gram: ग्राम | watt: वाट | volt: वोल्ट | pixel: पिक्सेल | minute: मिनट
hour: घंटा/घंटे | degree: डिग्री | frame: फ़्रेम | dollar: डॉलर | euro: यूरो | pound: पाउंड | yen: येन
real: रियाल | percent: {} प्रतिशत | persecond: {} प्रति सेकंड | times: {} गुना
rupee: रुपया/रुपये
binary: किबी/मेबी/गिबी/टेबी/पेबी
dollarcent: सेंट | eurocent: सेंट | request: अनुरोध
""",
}
