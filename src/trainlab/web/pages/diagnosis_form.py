"""A diagnosis as a page: the JSON of ``trainlab doctor`` or ``trainlab seeds``, posted; nothing is kept."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from trainlab.draw.svg import escape
from trainlab.page.document import NOTHING, document, empty_tag, joined, paragraph, tag
from trainlab.report import diagnosis_html, seeds_html
from trainlab.web.pages.answer import UNFRAMED, links, page_answer

MAX_BYTES: Final = 2_000_000
FIELD: Final = "report"

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'self'"
)


def form_answer(problem: str = "", *, status: int = 200) -> Response:
    """Return the form, with the problem of what was sent."""
    words = paragraph(
        "Choose or drop the file that trainlab doctor --json FILE or trainlab seeds --json FILE has written, "
        "or paste its text. It is read here, shown as a page, and not kept."
    )
    area = tag(
        "textarea", name=FIELD, rows="8", cols="60", aria_label="The text of the file", required="required"
    )
    file = empty_tag("input", type="file", id="file", accept=".json,application/json")
    form = tag(
        "form",
        tag("p", tag("label", escape("File: "), file)),
        tag("p", area),
        tag("p", tag("button", escape("Read it"))),
        method="post",
        action="/diagnoses",
        enctype="text/plain",
        id="form",
    )
    wrong = tag("p", escape(problem), role="alert", class_="question") if problem else NOTHING
    body = joined(tag("h1", escape("A diagnosis as a page")), wrong, words, form, links())
    html = document("Diagnoses", body, script="/static/diagnoses.js", policy=POLICY)
    headers = {
        "content-security-policy": f"{POLICY}; {UNFRAMED}",
        # Without, browsers send a form with the origin "null".
        "referrer-policy": "same-origin",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


async def read_report(request: Request) -> Response:
    """Answer a posted report with its page; nothing is kept of it."""
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or request.headers.getlist("origin") != [f"http://{hosts[0]}"]:
        return form_answer("Only the lab's own page may send a report.", status=403)
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BYTES:
                return form_answer(f"The file is larger than {MAX_BYTES:,} bytes; no report is.", status=413)
    except ClientDisconnect:
        return Response(status_code=400)
    return await run_in_threadpool(report_answer, bytes(body))


def report_answer(body: bytes) -> Response:
    """Return the page of a posted report, or the form with one line on what is wrong with it."""
    try:
        text = body.decode("utf-8-sig").removeprefix(f"{FIELD}=")
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return form_answer("That isn't JSON. Send what --json has written, as it is.", status=400)
    if not isinstance(data, dict):
        return form_answer("That is JSON, but no report: a report is an object.", status=400)
    report = cast("dict[str, Any]", data)
    make = _maker(report)
    if make is None:
        return form_answer(
            "That is JSON, but neither of trainlab doctor --json nor of trainlab seeds --json.", status=400
        )
    try:
        return page_answer(make(report))
    except Exception:  # what else a hostile or damaged file may raise can't be listed
        return form_answer(
            "That report can't be shown: something in it is missing or damaged, or another version wrote it.",
            status=400,
        )


def _maker(report: dict[str, Any]) -> Any:
    if "findings" in report and "card" in report:
        return diagnosis_html
    return seeds_html if "way" in report and "runs" in report else None
