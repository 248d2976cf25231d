"""What the player plays next."""

from __future__ import annotations

import pytest

from voicestream.protocol.messages import Play
from voicestream.workers.player.playlist import Playlist

HERE, THERE = object(), object()


def stretch(sentence: int, frame: int = 0, *, session: str = "s", last: bool = True) -> Play:
    return Play(
        session=session,
        sentence=sentence,
        serial=sentence + 1,
        position=0,
        frame=frame,
        slot=0,
        start=0,
        frames=10,
        last=last,
    )


def taken(playlist: Playlist) -> list[tuple[str, int, int]]:
    """All that may go to outputs now."""
    found: list[tuple[str, int, int]] = []
    while (play := playlist.next_segment()) is not None:
        found.append((play.session, play.sentence, play.frame))
    return found


def test_stretches_of_one_output_go_out_in_order_without_waiting_for_the_end() -> None:
    playlist = Playlist()
    for play in (stretch(0, 0, last=False), stretch(0, 10), stretch(1)):
        playlist.add(play, HERE)
    assert taken(playlist) == [("s", 0, 0), ("s", 0, 10), ("s", 1, 0)]


def test_the_next_sentence_waits_for_the_rest_of_the_one_before() -> None:
    playlist = Playlist()
    playlist.add(stretch(0, 0, last=False), HERE)
    playlist.add(stretch(1, session="t"), HERE)
    assert taken(playlist) == [("s", 0, 0)]


def test_another_output_waits_until_all_before_it_was_heard() -> None:
    playlist = Playlist()
    playlist.add(stretch(0), HERE)
    playlist.add(stretch(1, session="t"), THERE)
    playlist.add(stretch(2), HERE)
    assert taken(playlist) == [("s", 0, 0)]
    playlist.finished("s", 0)
    assert taken(playlist) == [("t", 1, 0)]
    playlist.finished("t", 1)
    assert taken(playlist) == [("s", 2, 0)]
    playlist.finished("s", 2)
    assert len(playlist) == 0


def test_nothing_goes_out_while_paused() -> None:
    playlist = Playlist()
    playlist.pause()
    playlist.add(stretch(0), HERE)
    assert playlist.paused
    assert taken(playlist) == []
    playlist.resume()
    assert taken(playlist) == [("s", 0, 0)]


@pytest.mark.parametrize(("sentence", "left"), [(1, [("s", 0, 0), ("t", 1, 0), ("s", 2, 0)]), (None, [("t", 1, 0)])])
def test_what_is_dropped_holds_up_nothing(sentence: int | None, left: list[tuple[str, int, int]]) -> None:
    playlist = Playlist()
    playlist.add(stretch(0), HERE)
    playlist.add(stretch(1, last=False), HERE)
    playlist.add(stretch(1, session="t"), HERE)
    playlist.add(stretch(2), HERE)
    playlist.drop("s", sentence)
    playlist.drop("nobody", None)
    assert taken(playlist) == left


def test_a_dropped_sentence_may_come_again() -> None:
    playlist = Playlist()
    playlist.add(stretch(0), HERE)
    assert taken(playlist) == [("s", 0, 0)]
    playlist.drop("s", 0)
    playlist.add(stretch(0), HERE)
    assert taken(playlist) == [("s", 0, 0)]
