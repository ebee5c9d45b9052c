"""A report must go through JSON, and then into text and a page."""

from __future__ import annotations

import json
from typing import Any

from report.page_reader import PageReader, svgs

from trainlab.diagnosis import Report
from trainlab.diagnosis.report.show import report_text
from trainlab.report import diagnosis_html


def shown(report: Report) -> tuple[dict[str, Any], str, str]:
    """Return the report as JSON gives it back, as text and as a page; the page is whole."""
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    text, page = report_text(data, details=True), diagnosis_html(data)
    PageReader(page)
    pictures = {json.dumps(one["picture"]) for one in data["findings"] if one["picture"]}
    assert len(svgs(page)) == len(pictures) + (data["picture"] is not None)
    assert text == report.details()
    return data, text, page
