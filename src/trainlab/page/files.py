"""What all pages share: a style sheet, a script, and the policy that lets nothing else run or be fetched."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path


@cache
def page_style() -> str:
    """Return the style sheet, without the palette."""
    return _read("page.css")


@cache
def page_script() -> str:
    """Return the script: it sorts and filters tables and says what scrolls. Pages read whole without it."""
    return _read("page.js")


@cache
def security_policy(script: str = "", *, images: str = "data:") -> str:
    """Return the content security policy: no request at all, and no script but this, known by its hash.

    Without a `script`, it is the one that all pages share.
    """
    digest = b64encode(sha256((script or page_script()).encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src {images}; "
        "base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
