"""Every error that a client can meet, as the docs list them."""

from contract.errors import BadModel, BadSetting, KerasqError, UnknownApiKey

#: These stop a process when it starts, or are the command line's; no client meets them.
ELSEWHERE = (BadSetting, BadModel, UnknownApiKey)


def every(kind: type[KerasqError] = KerasqError) -> list[type[KerasqError]]:
    """The class and all below it that a client can meet, one of each title, by status."""
    found = {} if kind in ELSEWHERE else {kind.title: kind}
    for below in kind.__subclasses__():
        for each in every(below):
            found.setdefault(each.title, each)
    return sorted(found.values(), key=lambda each: (each.status, each.title))
