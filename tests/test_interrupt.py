import signal
import threading
from collections.abc import Iterator

import pytest

from trainlab import interrupt
from trainlab.interrupt import Terminated, hanging_up_terminates, held_back, interrupts, termination


@pytest.fixture(autouse=True)
def as_a_terminal_starts_it() -> Iterator[None]:
    """Signals as on a terminal: under nohup SIGHUP is ignored, and what is ignored stays so."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


EACH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


@EACH
def test_the_first_sets_the_event_the_second_raises(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupt, "TWICE", 0.0)
    before = signal.getsignal(number)
    with interrupts() as pressed:
        assert not pressed.is_set()
        signal.raise_signal(number)
        assert pressed.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_sent_to_the_command_and_to_its_group_is_one_wish(number: signal.Signals) -> None:
    with interrupts() as pressed:
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert pressed.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("number", "raised"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated), (signal.SIGHUP, Terminated)],
)
def test_termination_is_an_interrupt_that_is_known_by_name(
    number: signal.Signals, raised: type[KeyboardInterrupt]
) -> None:
    before = signal.getsignal(number)
    with termination(), pytest.raises(KeyboardInterrupt) as caught:
        signal.raise_signal(number)
    assert caught.type is raised
    assert signal.getsignal(number) is before


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts() as pressed, termination():
            signal.raise_signal(signal.SIGHUP)
            assert not pressed.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_hanging_up_can_be_told_as_termination() -> None:
    with interrupts() as pressed, hanging_up_terminates():
        signal.raise_signal(signal.SIGHUP)
        assert pressed.is_set()


def test_outside_the_main_thread_the_handler_stays() -> None:
    before = signal.getsignal(signal.SIGINT)
    inside: list[object] = []

    def work() -> None:
        with interrupts():
            inside.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [before]


@EACH
def test_a_signal_held_back_is_not_lost(number: signal.Signals) -> None:
    with interrupts() as pressed:
        with held_back():
            signal.pthread_kill(threading.get_ident(), number)
            assert not pressed.is_set()
        assert pressed.is_set()


def test_who_catches_signals_for_a_part_of_the_work_hands_them_on() -> None:
    with interrupts() as whole:
        with interrupts() as part:
            signal.raise_signal(signal.SIGINT)
        assert part.is_set()
        assert whole.is_set()
        with interrupts() as next_part:
            assert next_part.is_set()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
    with interrupts() as another:
        assert not another.is_set()
