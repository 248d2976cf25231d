"""Speech that has nothing wrong with it passes what is done to the sound of a voice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.sounds import Engine, quiet
from voicestream.config.engine_settings import EngineSettings
from voicestream.workers.engines.espeak import synthesizer
from voicestream.workers.text.duration_bounds import DurationBounds
from voicestream.workers.tts.postprocessing.postprocess import postprocess

if TYPE_CHECKING:
    from voicestream.workers.engines.espeak.synthesizer import EspeakSynthesizer

TEXTS = [
    ("en", "OK."),
    ("en", "Would you like me to?"),
    ("en", "First, the fifth of six thick sheets; then half of the shelf, with both."),
    ("en", "HTTP 404, 3.11.2 and 1,234,567 bytes."),
    ("de", "Zuerst habe ich die Datei gelesen, dann die Tests gestartet: alle 42 sind grün."),
    ("es", "La compilación falló porque faltaba un archivo, así que lo añadí y repetí las pruebas."),
    ("fr", "J'ai d'abord lu le fichier, puis j'ai lancé les tests."),
    ("tr", "Önce dosyayı okudum, sonra testleri çalıştırdım."),
    ("ja", "てすとをぜんぶじっこうしました。"),
    ("zh", "构建失败是因为缺少一个文件。"),
    ("ko", "파일이 없어서 빌드에 실패했습니다."),
    ("ru", "Сборка не удалась, потому что не хватало файла."),
    ("ar", "فشل البناء لأن ملفا كان مفقودا فأضفته."),
    ("hi", "फ़ाइल न होने से बिल्ड विफल हुआ।"),
    ("pl", "Najpierw przeczytałem plik, a potem uruchomiłem testy."),
    ("hu", "Először elolvastam a fájlt, aztán lefuttattam a teszteket."),
    ("cs", "Nejdřív jsem přečetl soubor a pak jsem spustil testy."),
]


@pytest.fixture(scope="module")
def voice() -> EspeakSynthesizer:
    return synthesizer.load(EngineSettings(), lambda _stage, _progress: None)


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.6])
@pytest.mark.parametrize(("language", "text"), TEXTS, ids=[f"{language} {text[:12]}" for language, text in TEXTS])
def test_a_sentence_is_neither_cut_nor_made_again_and_a_run_on_behind_it_is_not_heard(
    voice: EspeakSynthesizer, language: str, text: str, speed: float
) -> None:
    said = np.concatenate(list(voice.synthesize(text, language, "", 7, speed=speed)))
    bounds = DurationBounds.of(text, language, speed)
    rate = voice.sample_rate
    assert bounds.minimum * 1.1 < len(said) / rate < bounds.maximum / 1.1

    told: list[str] = []
    run_on = np.concatenate((said, quiet(0.8, 0.0005, rate=rate), said))
    for sound, spare in ((said, 0.0), (run_on, 0.2)):
        engine = Engine(sound)
        heard = np.concatenate(list(postprocess(engine.make, 7, sample_rate=rate, bounds=bounds, report=told.append)))
        assert len(engine.seeds) == 1
        assert told == []
        assert len(heard) / rate == pytest.approx(len(said) / rate + spare, abs=0.06)
