"""A report that is posted becomes a page; what isn't one, or comes from elsewhere, is refused in a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from diagnosis.report.test_show import finding, report
from diagnosis.seeds.made import population, run
from web.pages.made_store import HOST, HOSTILE, client

from trainlab.web.pages.diagnosis_form import MAX_BYTES, POLICY

OWN = {"origin": f"http://{HOST}"}


def post(tmp_path: Path, body: bytes | str, headers: dict[str, str] = OWN) -> Any:
    return client(tmp_path).post("/diagnoses", content=body, headers=headers)


def problem(answer: Any) -> str:
    (words,) = re.findall(r'role="alert"[^>]*>(.*?)</p>|<p[^>]*role="alert"[^>]*>(.*?)</p>', answer.text)
    return words[0] or words[1]


def test_the_form_has_a_file_a_text_and_a_script_of_the_server(tmp_path: Path) -> None:
    answer = client(tmp_path).get("/diagnoses")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'"
    # Otherwise browsers would send the form without saying where it comes from.
    assert answer.headers["referrer-policy"] == "same-origin"
    assert '<input type="file"' in answer.text
    assert '<textarea name="report"' in answer.text
    assert 'src="/static/diagnoses.js"' in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize("origin", [{}, {"origin": "null"}, {"origin": "http://elsewhere"}])
def test_a_report_from_another_page_is_refused(tmp_path: Path, origin: dict[str, str]) -> None:
    answer = post(tmp_path, "{}", origin)
    assert answer.status_code == 403
    assert problem(answer) == "Only the lab&#x27;s own page may send a report."


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "isn&#x27;t JSON"),
        (b"report=", 400, "isn&#x27;t JSON"),
        (b"\xff\xfe\x00", 400, "isn&#x27;t JSON"),
        (b"report=" + b"[" * 100_000, 400, "isn&#x27;t JSON"),
        (b"report=[1]", 400, "no report: a report is an object"),
        (b"report={}", 400, "neither of trainlab doctor --json nor of trainlab seeds --json"),
        (b'report={"findings": 1, "card": 2}', 400, "something in it is missing or damaged"),
        (b'report={"way": 1, "runs": 2}', 400, "something in it is missing or damaged"),
        (b" " * (MAX_BYTES + 1), 413, "larger than 2,000,000 bytes"),
    ],
)
def test_what_is_no_report_is_told_in_a_line(tmp_path: Path, body: bytes, status: int, words: str) -> None:
    answer = post(tmp_path, body)
    assert answer.status_code == status
    assert words in problem(answer)


def test_a_report_becomes_its_page_and_its_words_are_not_believed(tmp_path: Path) -> None:
    found = finding("missing_zero_grad", where=HOSTILE, evidence=(HOSTILE,))
    answer = post(tmp_path, f"report={report(found).to_json()}\r\n")
    assert answer.status_code == 200
    assert "missing_zero_grad" in answer.text
    assert "alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_seeds_become_their_page(tmp_path: Path) -> None:
    answer = post(tmp_path, population(run(0), run(1)).to_json())
    assert answer.status_code == 200
    assert "Was it the seed?" in answer.text
