"""The ledger with voices that speak several sentences at once: which of them, with which slots, and after a loss."""

from __future__ import annotations

from helpers.supervisor.invariants import batches_are_within_their_sizes, invariants
from helpers.supervisor.simulated_workers import FRAMES_PER_CHARACTER, HEARD_STEP, World, worker_id
from voicestream.protocol.messages import AudioWritten, Ready, Speak
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS

TTS = worker_id("tts")


def speaking(world: World) -> list[tuple[str, int]]:
    return [job.row.key for job in world.ledger.speaking.jobs.of(TTS)]


def world_of(batch_size: int, *, slots: int = 64, sessions: str = "a") -> World:
    world = World(slots=slots, batch_size=batch_size)
    world.start()
    for session in sessions:
        world.open(session, target="en")
    return world


def test_a_voice_gets_the_sentence_that_is_heard_and_those_ahead_of_it_up_to_its_batch_size() -> None:
    world = world_of(3)
    for _ in range(5):
        world.find("a", "x" * 5)
    assert speaking(world) == [("a", 0), ("a", 1), ("a", 2)]
    assert [message.sentence for message in world.inbox["tts"] if isinstance(message, Speak)] == [0, 1, 2]
    assert world.ledger.in_flight(TTS) == 3
    world.end_input("a")
    world.settle()
    assert world.order == [("a", number) for number in range(5)]


def test_sessions_share_a_batch_though_the_first_one_has_enough_for_all_of_it() -> None:
    world = world_of(4, sessions="ab")
    world.ledger.worker_unavailable(TTS)
    for session in "aaaabbbb":
        world.find(session, "x")
    world.do(world.ledger.worker_available(TTS, world.now))
    assert sorted(speaking(world)) == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_sentences_ahead_join_only_with_all_of_their_slots_so_that_none_of_them_is_left_half_made() -> None:
    world = world_of(8, slots=30)
    for _ in range(8):
        world.find("a", "x" * 40)
    jobs = world.ledger.speaking.jobs.of(TTS)
    assert [len(job.row.leased) for job in jobs] == [8, 8]
    # Seven more are not reserved: enough for a sentence alone.
    assert world.ledger.state.slots.available(urgent=False) == 7


def test_a_sentence_that_lost_a_voice_has_the_next_one_for_itself() -> None:
    world = world_of(4)
    world.find("a", "x" * 5)
    world.lose("tts")
    world.find("a", "x" * 5)
    world.start()
    assert speaking(world) == [("a", 0)]
    world.end_input("a")
    world.settle()
    assert world.closed[0].exit_code == 0


def test_a_voice_that_dies_with_a_batch_gets_its_sentences_one_by_one_and_only_the_deadly_one_is_given_up() -> None:
    world = world_of(4)
    for _ in range(4):
        world.find("a", "x" * 5)
    deadly = ("a", 2)
    deaths, sizes = 0, list[int]()
    while deaths < MAX_ATTEMPTS:
        invariants(world.ledger)
        batches_are_within_their_sizes(world.ledger)
        if deadly in speaking(world):
            sizes.append(len(speaking(world)))
            world.lose("tts")
            world.start()
            deaths += 1
        world.step("tts")
        world.step("player")
    assert sizes == [4, 1, 1]
    world.end_input("a")
    world.settle()
    skipped = [(event.session, event.sentence) for event in world.events if event.event == "skipped"]
    assert skipped == [deadly]
    assert [key for key in world.order if key != deadly] == [("a", 0), ("a", 1), ("a", 3)]


def test_the_first_sentence_of_a_batch_to_fail_costs_the_others_nothing() -> None:
    world = World(slots=64, batch_size=4, poison=frozenset({"poison"}))
    world.start()
    world.open("a", target="en")
    for text in ("x" * 5, "poison", "x" * 5):
        world.find("a", text)
    world.end_input("a")
    world.settle()
    assert world.closed[0].counts.played == 2
    assert world.heard["a", 2] == list(range(0, 5 * FRAMES_PER_CHARACTER, HEARD_STEP))


def test_the_watchdog_sees_the_sentence_that_has_waited_longest_and_the_text_of_all() -> None:
    world = world_of(2)
    world.find("a", "x" * 5)
    world.now += 5.0
    world.find("a", "x" * 7)
    assert world.ledger.progress(TTS) == (0.0, 12)
    first, second = world.ledger.speaking.jobs.of(TTS)
    written = {"session": "a", "attempt": 1, "start": 0, "frames": 100}
    world.do(world.ledger.handle(TTS, AudioWritten(sentence=0, slot=first.row.leased[0], **written), world.now))
    world.now += 1.0
    message = AudioWritten(sentence=1, slot=second.row.leased[0], **written)
    assert world.ledger.busy_since(TTS, message) == 5.0
    assert world.ledger.progress(TTS)[0] == 5.0


def test_a_voice_that_takes_fewer_than_before_finishes_what_it_has() -> None:
    world = world_of(3)
    for _ in range(6):
        world.find("a", "x" * 5)
    world.batch_size = 1
    world.do(world.ledger.handle(TTS, Ready(engine="simulated", device="cpu", batch_size=1), world.now))
    assert len(speaking(world)) == 3
    most = 3
    world.end_input("a")
    while speaking(world):
        world.step("tts")
        world.step("player")
        assert len(speaking(world)) <= most
        most = max(1, min(most, len(speaking(world))))
    world.settle()
    assert len(world.order) == 6
