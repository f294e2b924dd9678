"""What a user does that Playwright has no word for, and what the page then shows."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_DROP = """
(files) => {
  const transfer = new DataTransfer();
  for (const { name, type, data } of files) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const target = document.getElementById("drop");
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }
}
"""
_PASTE = """
({ name, type, data }) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
  document.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData: transfer }));
}
"""


def drop(page: Any, files: Sequence[Path]) -> None:
    page.evaluate(_DROP, [_packed(file) for file in files])


def paste(page: Any, file: Path) -> None:
    page.evaluate(_PASTE, _packed(file))


def _packed(file: Path) -> dict[str, str]:
    return {"name": file.name, "type": "image/jpeg", "data": base64.b64encode(file.read_bytes()).decode()}


def wait_for(page: Any, count: int, state: str, seconds: float = 60) -> None:
    """Until so many photos are in the state."""
    page.wait_for_function(
        "([count, state]) => document.querySelectorAll(`.tile[data-state=${state}]`).length === count",
        arg=[count, state],
        timeout=seconds * 1000,
    )


def reads(page: Any, selector: str, text: str) -> None:
    """Until the element's text is this."""
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector).innerText.trim() === text", arg=[selector, text]
    )


def overflows(page: Any) -> bool:
    """Whether the page scrolls sideways."""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
