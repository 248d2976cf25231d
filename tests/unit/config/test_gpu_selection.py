"""Which card each engine gets, by what was typed."""

from __future__ import annotations

from typing import get_args

import click
import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from voicestream.cli.session import gpu_option
from voicestream.cli.session.click_options import option
from voicestream.config import gpu_selection
from voicestream.config.engine_settings import check_compute
from voicestream.errors import EXIT_USAGE, UsageError
from voicestream.protocol.messages import EngineRole, GpuIndex, Role


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ((), {}),
        (("1",), {"translation": 1, "tts": 1}),
        (("translation=0", "tts=1"), {"translation": 0, "tts": 1}),
        (("tts=3",), {"tts": 3}),
        (("tts=0", "2"), {"translation": 2, "tts": 0}),
        (("2", "tts=0"), {"translation": 2, "tts": 0}),
        ((" 07 ",), {"translation": 7, "tts": 7}),
    ],
)
def test_a_card_is_for_both_or_for_the_role_that_is_named(typed: tuple[str, ...], found: dict[str, int]) -> None:
    assert gpu_selection.parse(typed) == found


@pytest.mark.parametrize("text", ["", "=1", "-1", "tts", "tts=", "parser=0", "tts=1000", "tts:1", "cuda:1", "1.0", "١"])
def test_what_is_no_card_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(UsageError, match="not known") as caught:
        gpu_selection.parse([text])
    assert "--gpu translation=0 --gpu tts=1" in caught.value.for_people()


@pytest.mark.parametrize(
    ("typed", "words"),
    [(("0", "1"), "GPU 0 was named for both already"), (("tts=1",) * 2, "GPU 1 was named for tts already")],
)
def test_two_cards_for_one_are_refused(typed: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        gpu_selection.parse(typed)


@given(st.dictionaries(st.sampled_from(get_args(EngineRole)), st.integers(0, gpu_selection.MAX_INDEX)))
def test_what_is_written_is_read_again(found: dict[EngineRole, int]) -> None:
    assert gpu_selection.parse(gpu_selection.as_options(found)) == found


@given(st.dictionaries(st.sampled_from(get_args(EngineRole)), st.integers(0, gpu_selection.MAX_INDEX)))
def test_a_role_computes_on_its_card_and_the_others_where_compute_says(found: dict[EngineRole, int]) -> None:
    for role in get_args(Role):
        compute = gpu_selection.compute_of(role, "auto", found)
        assert compute == (f"cuda:{found[role]}" if role in found else "auto")
        check_compute(compute)


def test_a_message_takes_the_cards_that_can_be_typed() -> None:
    most = msgspec.json.decode(str(gpu_selection.MAX_INDEX), type=GpuIndex)
    assert gpu_selection.parse([f"tts={most}"]) == {"tts": most}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(str(gpu_selection.MAX_INDEX + 1), type=GpuIndex)


@pytest.mark.parametrize("compute", ["cpu", "mps", "cuda:1"])
def test_a_device_and_a_card_contradict_each_other(compute: str) -> None:
    with pytest.raises(UsageError) as caught:
        gpu_selection.check(compute, {"tts": 1})
    assert caught.value.for_people() == (
        f"--compute {compute} and --gpu tts=1 contradict each other\nLeave out one of them: type --gpu tts=1"
    )
    gpu_selection.check(compute, {})


@pytest.mark.parametrize("compute", ["auto", "cuda"])
def test_what_leaves_the_card_open_does_not(compute: str) -> None:
    gpu_selection.check(compute, {"tts": 1})


@click.command()
@option("compute")
@option("gpu")
@click.pass_context
def show(context: click.Context, **_: object) -> None:
    """Print what the options come to."""
    click.echo(" ".join(map(str, gpu_option.devices(context))))


def shown(*typed: str, **environment: str) -> str:
    done = CliRunner().invoke(show, typed, env=environment)
    if done.exception:
        raise done.exception
    return done.output.strip()


def test_what_was_typed_goes_before_what_is_in_the_environment() -> None:
    assert shown("--gpu", "1", VOICESTREAM_COMPUTE="cpu") == "auto {'translation': 1, 'tts': 1}"
    assert shown("--compute", "cpu", VOICESTREAM_GPU="1") == "cpu {}"
    assert shown("--compute", "cuda", VOICESTREAM_GPU="tts=1") == "cuda {'tts': 1}"


def test_what_is_in_the_environment_goes_before_the_users_file() -> None:
    class Mine(click.Command):
        def invoke(self, ctx: click.Context) -> object:
            ctx.params["compute"] = "cpu"
            return super().invoke(ctx)

    mine = Mine("mine", callback=show.callback, params=show.params)
    done = CliRunner().invoke(mine, [], env={"VOICESTREAM_GPU": "tts=1"})
    assert done.output.strip() == "auto {'tts': 1}"


def test_the_environment_holds_several_cards() -> None:
    assert shown(VOICESTREAM_GPU="translation=0 tts=1") == "auto {'translation': 0, 'tts': 1}"


@pytest.mark.parametrize("environment", [{}, {"VOICESTREAM_COMPUTE": "cpu", "VOICESTREAM_GPU": "1"}])
def test_one_source_that_says_both_is_refused(environment: dict[str, str]) -> None:
    typed = () if environment else ("--compute", "cpu", "--gpu", "1")
    with pytest.raises(UsageError, match="contradict") as caught:
        shown(*typed, **environment)
    assert caught.value.exit_code == EXIT_USAGE
