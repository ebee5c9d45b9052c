"""Who may come in: hosts, origins, tokens, paths; and what a page may do."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from web.lab_server import Lab, serving
from websockets.exceptions import InvalidStatus

from trainlab.errors import TrainlabError
from trainlab.web.guard import Binding, listen
from trainlab.web.questions import Limits

TOKEN = "a-token_of-the-lab"


@pytest.fixture(scope="module")
def lab() -> Generator[Lab]:
    with serving() as one:
        yield one


@pytest.fixture(scope="module")
def closed() -> Generator[Lab]:
    with serving(token=TOKEN) as one:
        yield one


def test_the_page_comes_with_its_policy(lab: Lab):
    page = lab.get("/")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert f"connect-src 'self' ws://{lab.host};" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-cache"
    assert "server" not in page.headers


def test_refusals_and_errors_carry_the_policy_or_nothing(lab: Lab):
    assert "default-src 'none'" in lab.get("/nothing").headers["content-security-policy"]
    assert lab.get("/", Host="evil.example").text.count("\n") == 1


def test_what_the_browser_has_is_not_sent_again(lab: Lab):
    etag = lab.get("/static/link.js").headers["etag"]
    again = lab.get("/static/link.js", If_None_Match=f'"other", W/{etag}')
    assert (again.status, again.text) == (304, "")
    assert lab.get("/static/link.js", If_None_Match='"other"').status == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_it_is_called_by_its_own_names(lab: Lab, host: str):
    assert lab.get("/", Host=f"{host}:{lab.binding.port}").status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.example:{}",
        "",
        ":{}",
        "127.0.0.1:{}@evil",
    ],
)
@pytest.mark.parametrize("path", ["/", "/schema.json", "/static/link.js"])
def test_other_names_are_refused(lab: Lab, host: str, path: str):
    assert lab.get(path, Host=host.format(lab.binding.port)).status == 403


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "https://127.0.0.1:{}", "http://127.0.0.1:1", "http://localhost:{}"],
)
def test_pages_from_elsewhere_get_no_socket(lab: Lab, origin: str):
    with pytest.raises(InvalidStatus) as refused, lab.open(origin=origin.format(lab.binding.port)):
        pass
    assert refused.value.response.status_code == 403


def test_the_labs_own_page_gets_one(lab: Lab):
    with lab.open() as page:
        page.send("?")
        assert page.header()["kind"] == "error"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/%2e%2e%2fapp.py",
        "/static//etc/passwd",
        "/static/./link.js",
        "/static/link.js%00.html",
        "/static/..\\app.py",
        "/static/%5c..%5capp.py",
        "/static/",
        "/static",
        "/../static/link.js",
        "//static/link.js",
        "/static/link.js/",
    ],
)
def test_there_is_no_way_out_of_the_folder(lab: Lab, path: str):
    found = lab.get(path)
    assert found.status in (404, 307)
    assert "import" not in found.text


def test_only_kinds_of_files_that_a_page_has_are_served(tmp_path: Path):
    for name in ("index.html", "a.js", "notes.py", ".hidden", "key.pem"):
        (tmp_path / name).write_text(name)
    (tmp_path / "out.js").symlink_to(__file__)
    with serving(static=tmp_path) as lab:
        assert lab.get("/").text == "index.html"
        assert lab.get("/static/a.js").text == "a.js"
        assert {
            lab.get(f"/static/{name}").status for name in ("notes.py", ".hidden", "key.pem", "out.js")
        } == {404}


@pytest.mark.parametrize(
    ("sender", "status"), [("same-origin", 405), ("cross-site", 403), ("same-site", 403), ("none", 403)]
)
def test_forms_come_from_the_labs_own_pages(lab: Lab, sender: str, status: int):
    connection = http.client.HTTPConnection("127.0.0.1", lab.binding.port, timeout=60)
    connection.request("POST", "/", body="x", headers={"Host": lab.host, "Sec-Fetch-Site": sender})
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize(
    "path",
    ["/", "/?token=", "/?token=a-token", "/?token=%C3%A9", "/?" + "&" * 20, f"/static/link.js?token={TOKEN}"],
)
def test_without_the_token_nobody_comes_in(closed: Lab, path: str):
    refused = closed.get(path)
    assert refused.status == 403
    assert "token" in refused.text
    assert "set-cookie" not in refused.headers


def test_the_token_is_given_once_and_kept_in_a_cookie(closed: Lab):
    page = closed.get(f"/?token={TOKEN}")
    assert page.status == 200
    cookie = page.headers["set-cookie"]
    assert re.fullmatch(rf"(trainlab-\d+={TOKEN}); Path=/; HttpOnly; SameSite=Strict", cookie)
    kept = cookie.partition(";")[0]
    assert closed.get("/static/link.js", Cookie=f"other=1; {kept}").status == 200
    assert "set-cookie" not in closed.get("/", Cookie=kept).headers
    assert "set-cookie" not in closed.get("/?token=wrong", Cookie=kept).headers
    with closed.open(Cookie=kept) as socket:
        socket.send("?")
        assert socket.header()["kind"] == "error"


@pytest.mark.parametrize(
    "cookie", ["", "trainlab-{}=wrong", "trainlab-1=" + TOKEN, "trainlab-{}", '=;="', "a=%C3%A9"]
)
def test_a_guessed_session_gets_no_socket(closed: Lab, cookie: str):
    given = cookie.format(closed.binding.port)
    assert closed.get("/", Cookie=given).status == 403
    with pytest.raises(InvalidStatus) as refused, closed.open(Cookie=given):
        pass
    assert refused.value.response.status_code == 403


def test_the_schema_is_served(lab: Lab):
    schema = lab.get("/schema.json")
    assert schema.status == 200
    assert schema.headers["content-type"] == "application/json"
    assert '"optimizer"' in schema.text


@pytest.mark.parametrize(
    ("site", "mode", "kind", "status"),
    [
        ("same-origin", "no-cors", "image", 200),
        ("none", "navigate", "document", 200),
        ("cross-site", "navigate", "document", 200),
        ("cross-site", "no-cors", "image", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("same-site", "no-cors", "image", 403),
        ("same-site", "navigate", "document", 200),
    ],
)
def test_other_sites_may_only_link_here(lab: Lab, site: str, mode: str, kind: str, status: int):
    asked = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode, "Sec_Fetch_Dest": kind}
    assert lab.get("/", **asked).status == status


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_our_own_is_told_in_a_line(capfd: pytest.CaptureFixture[str]):
    def broken(request: Request) -> Response:
        raise ZeroDivisionError

    with serving(pages=[Route("/broken", broken)]) as lab:
        found = lab.get("/broken")
    assert found.status == 500
    assert found.text == (
        "An error of trainlab's own: ZeroDivisionError. The terminal of 'trainlab serve' shows where.\n"
    )
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert capfd.readouterr().err.count("Traceback") == 1


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n"]
)
def test_a_connection_without_a_whole_request_is_closed(sent: bytes):
    with serving(limits=Limits(request_seconds=0.2)) as lab:
        host = ("127.0.0.1", lab.binding.port)
        with socket.create_connection(host, timeout=60) as half, suppress(ConnectionResetError):
            half.sendall(sent.replace(b"{host}", lab.host.encode()))
            while half.recv(65_536):
                pass
        with lab.open() as page:
            time.sleep(0.4)
            page.send("?")
            assert page.header()["kind"] == "error"


# Where the lab listens, and under which names it may be called there.


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
