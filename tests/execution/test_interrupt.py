import signal
import threading

import pytest

from trainlab.execution.interrupt import held_back, interrupts


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_sets_the_event_the_second_raises() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts() as pressed:
        assert not pressed.is_set()
        press()
        assert pressed.is_set()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


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


def test_a_signal_held_back_is_not_lost() -> None:
    with interrupts() as pressed:
        with held_back():
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            assert not pressed.is_set()
        assert pressed.is_set()
