import signal
import threading

import pytest

from trainlab.interrupt import Terminated, held_back, interrupts, termination

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@BOTH
def test_the_first_sets_the_event_the_second_raises(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with interrupts() as pressed:
        assert not pressed.is_set()
        signal.raise_signal(number)
        assert pressed.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_termination_is_an_interrupt_that_is_known_by_name() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with termination(), pytest.raises(Terminated):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


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


@BOTH
def test_a_signal_held_back_is_not_lost(number: signal.Signals) -> None:
    with interrupts() as pressed:
        with held_back():
            signal.pthread_kill(threading.get_ident(), number)
            assert not pressed.is_set()
        assert pressed.is_set()
