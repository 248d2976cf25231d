"""Which voice somebody means."""

from __future__ import annotations

import pytest

from voicestream.errors import UsageError
from voicestream.voices import names

KNOWN = ("Claribel Dervla", "Daisy Studious", "me")


@pytest.mark.parametrize("typed", ["Claribel Dervla", "claribel dervla", " Claribel  DERVLA ", "claribel_dervla"])
def test_case_and_spaces_do_not_matter(typed: str) -> None:
    assert names.choose(typed, KNOWN, "xtts") == "Claribel Dervla"


def test_of_two_names_that_differ_in_case_the_one_that_was_typed_is_meant() -> None:
    assert names.choose("ME", ("me", "ME"), "xtts") == "ME"


@pytest.mark.parametrize("typed", ["Claribel Derwla", "claribeldervla", "Dervla", "claribel"])
def test_a_near_miss_gets_the_name_as_it_is_to_be_typed(typed: str) -> None:
    with pytest.raises(UsageError) as error:
        names.choose(typed, KNOWN, "xtts")
    assert str(error.value) == f'xtts has no voice "{typed}"'
    assert error.value.hint == 'Did you mean --voice "Claribel Dervla"? Try: voicestream voices list'


def test_what_is_like_no_voice_gets_the_command_that_lists_them() -> None:
    with pytest.raises(UsageError) as error:
        names.choose("qqqq", KNOWN, "xtts")
    assert error.value.hint == "Try: voicestream voices list"
