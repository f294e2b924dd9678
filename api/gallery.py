"""The errors in docs/api.md, written from the errors themselves.

python -m api.gallery            # rewrite the section between the markers
"""

import re
from pathlib import Path

import api.app  # noqa: F401  (every module that defines an error)
from contract.errors import BadModel, BadSetting, KerasqError

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
SECTION = re.compile(r"(?<=<!-- errors -->\n).*?(?=<!-- /errors -->)", re.DOTALL)
#: Errors that end a process at its start and never reach a client.
AT_START = (BadSetting, BadModel)


def every(kind: type[KerasqError] = KerasqError) -> list[type[KerasqError]]:
    """The class and all below it that a client can meet, one of each title."""
    found = {} if kind in AT_START else {kind.title: kind}
    for below in kind.__subclasses__():
        for each in every(below):
            found.setdefault(each.title, each)
    return list(found.values())


def section() -> str:
    rows = ["| status | title | `type` | when |", "|---|---|---|---|"]
    for kind in sorted(every(), key=lambda each: (each.status, each.title)):
        meaning = (kind.__doc__ or "").splitlines()[0]
        again = f" Try again after {kind.retry_after} s or what `Retry-After` says." if kind.retry_after else ""
        rows.append(f"| {kind.status} | {kind.title} | `/docs/problems#{kind.slug()}` | {meaning}{again} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    PAGE.write_text(SECTION.sub(lambda _: section(), PAGE.read_text()))


if __name__ == "__main__":
    main()
