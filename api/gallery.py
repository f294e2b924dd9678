"""The errors in docs/api.md, written from the errors themselves.

python -m api.gallery            # rewrite the section between the markers
"""

import re
from pathlib import Path

import api.app  # noqa: F401  (every module that defines an error)
from api.refusals import every
from contract.errors import slug

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
SECTION = re.compile(r"(?<=<!-- errors -->\n).*?(?=<!-- /errors -->)", re.DOTALL)


def section() -> str:
    rows = ["| status | title | `type` | when |", "|---|---|---|---|"]
    for kind in every():
        meaning = (kind.__doc__ or "").splitlines()[0]
        again = f" Try again after {kind.retry_after} s or what `Retry-After` says." if kind.retry_after else ""
        rows.append(f"| {kind.status} | {kind.title} | `/docs/problems#{slug(kind.title)}` | {meaning}{again} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    PAGE.write_text(SECTION.sub(lambda _: section(), PAGE.read_text()))


if __name__ == "__main__":
    main()
