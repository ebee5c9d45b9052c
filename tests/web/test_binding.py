"""Where the lab listens, and under which names it may be called there."""

import pytest

from trainlab.errors import TrainlabError
from trainlab.web.binding import Binding, listen

EVERYWHERE = Binding(host="0.0.0.0", address="0.0.0.0", port=8144)


@pytest.mark.parametrize(
    ("host", "address", "is_local"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("127.0.0.2", "127.0.0.2", True),
        ("0.0.0.0", "0.0.0.0", False),
        ("::", "::", False),
        ("lab.example", "192.0.2.7", False),
    ],
)
def test_only_this_machine_can_reach_a_loopback_address(host: str, address: str, is_local: bool):
    assert Binding(host=host, address=address, port=1).is_local is is_local


@pytest.mark.parametrize("host", ["192.0.2.7:8144", "[2001:db8::1]:8144", "localhost:8144", "127.0.0.1:8144"])
def test_listening_everywhere_any_address_will_do(host: str):
    assert EVERYWHERE.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8144",
        "192.0.2.7",
        "192.0.2.7:80",
        "1.2.3.4.evil.example:8144",
        "",
        ":8144",
        "[]:8144",
        "[fe80::1%x;script-src *]:8144",
    ],
)
def test_but_no_foreign_name(host: str):
    assert not EVERYWHERE.allows(host)


def test_a_name_that_was_given_is_one():
    named = Binding(host="Lab.example", address="192.0.2.7", port=8144)
    assert named.allows("lab.example:8144")
    assert named.allows("192.0.2.7:8144")
    assert not named.allows("192.0.2.8:8144")
    assert not named.allows("localhost:8144")


def test_browsers_leave_port_80_out():
    plain = Binding(host="127.0.0.1", address="127.0.0.1", port=80)
    assert plain.allows("localhost")
    assert plain.allows("[::1]")
    assert plain.allows("127.0.0.1:80")


def test_the_address_to_open():
    assert Binding(host="::1", address="::1", port=8144).url(None) == "http://[::1]:8144/"
    assert Binding(host="127.0.0.1", address="127.0.0.1", port=1).url("t") == "http://127.0.0.1:1/?token=t"
    assert "0.0.0.0" not in EVERYWHERE.url("t")


def test_port_0_is_a_free_one():
    listening, binding = listen("127.0.0.1", 0)
    with listening:
        assert binding.port == listening.getsockname()[1] > 0
        with pytest.raises(TrainlabError, match="something listens there already"):
            listen("127.0.0.1", binding.port)
