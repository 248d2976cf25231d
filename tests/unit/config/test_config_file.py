"""The user's file: what may stand in it, and errors that name the line and the key."""

from __future__ import annotations

import os
import re
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.config import gpu_selection
from voicestream.config.config_file import ENVIRONMENT_VARIABLE, MAX_BYTES, OPTION_TYPES, Settings, load, parse, path
from voicestream.errors import EXIT_CONFIGURATION, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_file_is_found_through_the_environment_or_in_the_users_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "mine.toml"))
    assert path() == tmp_path / "mine.toml"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "relative.toml")
    assert path() == tmp_path / "relative.toml"
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    assert path().parts[-2:] == ("voicestream", "config.toml")


def test_no_file_is_no_error(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == Settings()


def test_a_file_is_read_as_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('to = "ja"\n[speech.replace]\n"git" = "ギット"\n', encoding="utf-8")
    assert load(file) == Settings(options={"to": "ja"}, replacements={"git": "ギット"})


def test_pauses_stand_with_what_is_said_and_are_options_of_run() -> None:
    text = "[speech]\nsentence_pause = 0.1\nparagraph_pause = 1\n[speech.replace]\na = 'b'"
    assert parse(text, "config.toml") == Settings(
        options={"sentence-pause": 0.1, "paragraph-pause": 1}, replacements={"a": "b"}
    )


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("gpu = 1", ("1",)),
        ("[gpu]\ntts = 1", ("tts=1",)),
        ("gpu = {translation = 0, tts = 999}", ("translation=0", "tts=999")),
        ("[gpu]", ()),
    ],
)
def test_cards_are_what_could_be_typed(text: str, typed: tuple[str, ...]) -> None:
    assert parse(text, "config.toml").options == {"gpu": typed}
    gpu_selection.parse(typed)


@pytest.mark.parametrize("content", [b'to = "\xff"\n', None], ids=["no UTF-8", "a directory"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "config.toml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"cannot read .*config\.toml") as caught:
        load(file)
    assert caught.value.exit_code == EXIT_CONFIGURATION


def test_every_option_may_stand_in_the_file() -> None:
    example = {str: '"text"', int: "2", float: "1.5", bool: "true"}
    for key, kinds in OPTION_TYPES.items():
        for kind in kinds:
            found = parse(f"{key} = {example[kind]}", "config.toml")
            assert type(found.options[key]) is kind
            assert found.replacements == {}


def test_replacements_can_be_written_in_every_way_that_toml_has() -> None:
    expected = Settings(replacements={"kubectl": "kube control"})
    for text in (
        '[speech.replace]\nkubectl = "kube control"',
        '[speech]\nreplace = {kubectl = "kube control"}',
        'speech.replace.kubectl = "kube control"',
        'speech = {replace = {"kubectl" = "kube control"}}',
        "[ speech . replace ]\n'kubectl' = '''kube control'''",
    ):
        assert parse(text, "config.toml") == expected
    assert parse("[speech]\n", "config.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ('\n# a comment\nto = "de"\nvioce = "anna"', 4, "vioce", "is not known; known are format, only, "),
        ("speed = true", 1, "speed", "must be a number, is True"),
        ('speed = "fast"', 1, "speed", "must be a number, is 'fast'"),
        ('from = "en"\nto = 7', 2, "to", "must be a text in quotes, is 7"),
        ("captions = 1", 1, "captions", "must be true or false, is 1"),
        ('captions = "yes"', 1, "captions", "must be true or false"),
        ("keep-alive = [\n  1,\n  2,\n]", 1, "keep-alive", "must be a number"),
        ('from = "en"\n\nvoice = """\nspeed = 1\n"""\nspeed = "x"', 6, "speed", "must be a number"),
        ("\n[to]\nx = 1", 2, "to", "must be a text in quotes"),
        ('"quiet" = 3', 1, "quiet", "must be true or false"),
        ("[sounds]\nanna = 1", 1, "sounds", "is not known"),
        ("[voices]\nanna = 'x'", 2, "anna", "is not a language voicestream knows"),
        ("[voices]\nen = 1", 2, "en", "must name an engine or a voice in quotes, is 1"),
        ("[workers]\nidle = -1", 2, "idle", "must be a number of seconds, is -1"),
        ("[workers]\nidle = 5\nmemory = 4", 3, "memory", "must be an amount of memory in quotes, is 4"),
        ("[workers]\nsleep = 4", 2, "sleep", "is not known in [workers]"),
        ("speech = 3", 1, "speech", "must be a table: [speech]"),
        ('\ngpu = "1"', 2, "gpu", "must be the number of an NVIDIA GPU, is '1': gpu = 1"),
        ("gpu = true", 1, "gpu", "must be the number of an NVIDIA GPU"),
        ("gpu = -1", 1, "gpu", "must be the number of an NVIDIA GPU"),
        ("[gpu]\ntts = 1000", 2, "tts", "must be the number of an NVIDIA GPU, is 1000: tts = 1"),
        ("[gpu]\ntts = 1\nvoice = 0", 3, "voice", "is not known in [gpu]; known are translation and tts"),
        ("[speech]\n\nreplace = 3", 3, "replace", "must be a table: [speech.replace]"),
        (
            "[speech.replac]\na = 'b'",
            1,
            "replac",
            "is not known in [speech]; known are sentence_pause, paragraph_pause and",
        ),
        (
            "[speech]\nsentence_pause = 'x'",
            2,
            "sentence_pause",
            "must be a number of seconds, is 'x': sentence_pause =",
        ),
        ("[speech]\nparagraph_pause = true", 2, "paragraph_pause", "must be a number of seconds, is True"),
        ("[speech]\nspeed = 2", 2, "speed", "is not known in [speech]"),
        ('speed = 1\n[speech]\nspeed = "x"', 3, "speed", "is not known in [speech]"),
        ('to = "de"\n[speech.replace]\na = "b"\nto = 3', 4, "to", "must be a text in quotes, is 3"),
        ("[speech.replace]\nc++ = 'x'", 2, "", ""),
        ("[speech.replace]\n'c++' = 3", 2, "c++", "must be a text in quotes"),
        ("speech.replace.git = 3", 1, "git", "must be a text in quotes, is 3: git = "),
        ('[speech]\nreplace = { a = "b", git = 3 }', 2, "git", "must be a text in quotes"),
        ("[speech.replace]\na = 'b'\n\" \" = 'x'", 3, " ", "must not be empty"),
        ("[speech.replace]\n\"\" = 'x'", 2, '""', "must not be empty"),
        ("[speech.replace]\r\na = 'b'\r\ngit = 3\r\n", 3, "git", "must be a text in quotes"),
        ("translate = 3", 1, "translate", "must be a table: [translate]"),
        ("[translate]\nkept = []", 2, "kept", "is not known in [translate]; known are keep and [translate.glossary]"),
        ('[translate]\nkeep = "git"', 2, "keep", "must be a list of words, is 'git'"),
        ('[translate]\nkeep = ["git", 3]', 2, "keep", "must be a list of words"),
        ('[translate]\nkeep = ["git", " "]', 2, "keep", "must be a list of words"),
        ("[translate]\nglossary = 3", 2, "glossary", "must be a table: [translate.glossary]"),
        ("[translate.glossary]\na = 'b'\ngit = 3", 3, "git", "must be a text in quotes, is 3: git = "),
        ("[translate.glossary]\n' ' = 'b'", 2, " ", "must not be empty"),
        ("[translate.glossary]\na = 'b'\n[translate.glossary.ja]\na = 'b'\ngit = 3", 5, "git", "must be a text"),
        ("[translate.glossary.ja]\n'' = 'b'", 2, '""', "must not be empty"),
        ("[translate.glossary.jp]\na = 'b'", 1, "jp", "is not a language voicestream knows"),
        ("[translate.glossary.pt-BR]\n[translate.glossary.pt_br]", 2, "pt_br", "stands for pt-BR, which is set"),
        ('voice = "a\u2028b"\nspeed = "x"', 2, "speed", "must be a number"),
    ],
)
def test_every_error_names_file_line_and_key(text: str, line: int, key: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "config.toml")
    message = str(caught.value)
    if key:
        assert message.startswith(f"config.toml, line {line}: {key} {words}")
    else:
        assert "config.toml" in message, "what is no TOML has no key"
        assert f"line {line}" in message


def test_what_is_no_toml_is_said_with_its_line() -> None:
    with pytest.raises(ConfigurationError, match=r"config.toml: .*line 2"):
        parse('to = "de"\nspeed = = 2', "config.toml")
    with pytest.raises(ConfigurationError, match=r"config.toml: .*line 2"):
        parse('to = "de"\nto = "fr"\n', "config.toml")


@given(before=st.integers(0, 5), after=st.integers(0, 5), key=st.sampled_from(sorted(OPTION_TYPES)))
def test_the_line_is_right_wherever_the_key_stands(before: int, after: int, key: str) -> None:
    other = "[speech.replace]\n" + "".join(f"x{number} = '{key} = 1'\n" for number in range(after)) + f"{key} = 'x'\n"
    text = "# a comment\n" * before + f"{key} = [] # {key}\n" + other
    with pytest.raises(ConfigurationError, match=f"line {before + 1}: {key} "):
        parse(text, "config.toml")


def test_the_example_in_the_docstring_is_right() -> None:
    from voicestream.config import config_file

    assert config_file.__doc__ is not None
    example = textwrap.dedent(config_file.__doc__.split("::\n", 1)[1])
    found = parse(example, "docstring")
    pauses = {"sentence-pause": 0.25, "paragraph-pause": 0.6}
    assert found.options == {"from": "en", "to": "ja", "speed": 1.1, "gpu": ("translation=0", "tts=1"), **pauses}
    assert found.replacements == {"kubectl": "kube control"}
    assert found.keep == ["voicestream"]
    assert found.glossary == {"": {"pull request": "PR"}, "ja": {"pull request": "プルリクエスト"}}
    assert found.voices == {"en": "kokoro:af_heart"}
    assert (found.idle_seconds, found.memory_bytes) == (600.0, 4 << 30)


def test_a_language_nobody_knows_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse('[translate.glossary.jp]\n"pull request" = "PR"', "config.toml")
    assert 'Did you mean "ja" (Japanese)?' in caught.value.hint


def test_a_glossary_is_found_under_every_spelling_of_its_language() -> None:
    for key in ("pt-BR", "pt_br", "PT-br", "por-BR"):
        assert parse(f'[translate.glossary.{key}]\nbug = "erro"', "config.toml").glossary == {"pt-BR": {"bug": "erro"}}


def test_a_languages_own_word_goes_before_the_word_for_all_and_a_regions_before_both() -> None:
    # The region first: the order in the file must not matter.
    config_file = parse(
        """
        [translate.glossary.pt-BR]
        bug = "erro"
        [translate.glossary]
        bug = "bug"
        branch = "branch"
        commit = "commit"
        [translate.glossary.pt]
        bug = "falha"
        branch = "ramo"
        """,
        "config.toml",
    )
    assert config_file.glossary_for("pt-BR") == {"bug": "erro", "branch": "ramo", "commit": "commit"}
    assert config_file.glossary_for("pt") == {"bug": "falha", "branch": "ramo", "commit": "commit"}
    assert config_file.glossary_for("pt-PT")["bug"] == "falha"
    assert config_file.glossary_for("ja")["bug"] == "bug"
    assert Settings().glossary_for("ja") == {}


def test_a_glossary_does_not_hold_for_another_script() -> None:
    config_file = parse(
        """
        [translate.glossary.zh]
        branch = "分支（简）"
        commit = "提交"
        [translate.glossary.zh-Hant]
        branch = "分支（繁）"
        """,
        "config.toml",
    )
    assert config_file.glossary_for("zh-TW") == {"branch": "分支（繁）"}
    assert config_file.glossary_for("zh") == {"branch": "分支（简）", "commit": "提交"}


def test_a_byte_order_mark_before_the_text_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbfspeed = 1.1\n")
    assert load(tmp_path / "config.toml").options == {"speed": 1.1}


def test_the_null_device_is_an_empty_file() -> None:
    assert load(Path(os.devnull)) == Settings()


def _fifo(file: Path) -> None:
    os.mkfifo(file)


def _device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def _directory(file: Path) -> None:
    file.mkdir()


def _too_large(file: Path) -> None:
    file.write_bytes(b"#" * (MAX_BYTES + 1))


def _utf_16(file: Path) -> None:
    file.write_text("speed = 1.1", encoding="utf-16")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_fifo, "not a regular file"),
        (_device, "not a regular file"),
        (_directory, "Is a directory"),
        (_too_large, "larger than"),
        (_utf_16, "byte 1 is not UTF-8"),
    ],
)
def test_what_cannot_be_a_file_of_settings_is_named_at_once(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    make(tmp_path / "config.toml")
    with pytest.raises(ConfigurationError, match=re.escape(f"cannot read {tmp_path}/config.toml: ")) as caught:
        load(tmp_path / "config.toml")
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        f"speed = {'9' * 5000}",
        f"speed = {'9' * 4000}",
        f"speed = -{'9' * 400}",
        f"speed = 0x{'f' * 6000}",
        f"quiet = 0x{'f' * 6000}",
        f"gpu = 0x{'f' * 6000}",
        "speed = nan",
        "[speech]\nsentence_pause = nan",
        f"[speech]\nsentence_pause = 0x{'f' * 6000}",
        f"[speech.replace]\na = 0x{'f' * 6000}",
        f"x = {'[' * 5000}",
        f"quiet = {'[' * 300}{']' * 300}",
        f"[translate]\nkeep = {'[' * 300}{']' * 300}",
        f"quiet = '{'x' * 100_000}'",
        f"{'a.' * 5000}b = 1",
        'output = "a\\u0000b"',
    ],
)
def test_values_that_nobody_means_are_an_error_of_a_few_words(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^config.toml") as caught:
        parse(text, "config.toml")
    assert len(str(caught.value)) < 1000


def test_the_line_of_a_mistake_in_a_long_file_is_found_soon() -> None:
    begin = time.process_time()
    terms = "\n".join(f'"term {number}" = "word"' for number in range(5000))
    with pytest.raises(ConfigurationError, match=r"line 5003: "):
        parse(f"[translate.glossary]\n{terms}\n[speech]\nwrong = 1\n# the end", "config.toml")
    with pytest.raises(ConfigurationError, match=r"line \d+: "):
        parse(f"wrong = 1\nkeep = [\n{'1,' * 10}\n" + "1,\n" * 3000 + "]\n", "config.toml")
    assert time.process_time() - begin < 30


def test_a_key_may_have_underscores_and_some_options_take_numbers() -> None:
    found = parse('lead_in = 500\ndevice = 2\nkeep_alive = 7\nturn-signal = "name"\n', "c.toml")
    assert found.options == {"lead-in": 500, "device": 2, "keep-alive": 7, "turn-signal": "name"}
    assert found.place_of("keep-alive") == "c.toml, line 3"
    with pytest.raises(ConfigurationError, match="line 2: keep_alive"):
        parse("keep-alive = 7\nkeep_alive = 8\n", "c.toml")
    with pytest.raises(ConfigurationError, match="device must be a text in quotes or a whole number, is True"):
        parse("device = true\n", "c.toml")
