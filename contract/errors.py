"""The errors that users see. A class knows its HTTP status and title; its message names the thing and the rule."""

from collections.abc import Sequence

#: The exit code of a process whose settings or models are wrong: starting it anew does not help.
MISCONFIGURED = 2


class KerasqError(Exception):
    """Something went wrong here that is not the client's doing; the log says what."""

    status: int = 500
    title: str = "Internal error"
    #: Seconds after which trying again makes sense; None where nobody says so.
    retry_after: int | None = None
    #: The title and detail of each image's own error, where it is about several.
    errors: Sequence[tuple[str, str]] = ()


class BadRequest(KerasqError):
    """The request cannot be understood."""

    status, title = 400, "Bad request"


class InvalidRequest(KerasqError):
    """The request is understood, but a value in it is not of its type or range."""

    status, title = 422, "Invalid request"


class Unauthorized(KerasqError):
    """The request has no API key, or one that is not known."""

    status, title = 401, "Unauthorized"


class NotFound(KerasqError):
    """There is nothing at this address."""

    status, title = 404, "Not found"


class UnknownModel(KerasqError):
    """No model of that name is served here."""

    status, title = 404, "Unknown model"


class UnknownKey(KerasqError):
    """The key names no file in the image folder."""

    status, title = 404, "Unknown key"


class UnknownJob(KerasqError):
    """No job has this id."""

    status, title = 404, "Unknown job"


class MethodNotAllowed(KerasqError):
    """The address is there, but not for this method; `Allow` says for which."""

    status, title = 405, "Method not allowed"


class JobGone(KerasqError):
    """The job is older than results are kept."""

    status, title = 410, "Job gone"


class JobSettled(KerasqError):
    """The job has ended and can no longer change."""

    status, title = 409, "Job settled"


class TooLarge(KerasqError):
    """The body, the picture or the number of images is over the limit."""

    status, title = 413, "Too large"


class UnsupportedMediaType(KerasqError):
    """The body is of a `Content-Type`, or in a `Content-Encoding`, that is not taken."""

    status, title = 415, "Unsupported media type"


class NotAnImage(KerasqError):
    """The bytes are not an image of a format that is taken."""

    status, title = 415, "Not an image"


class UnusableImage(KerasqError):
    """The bytes begin like an image but cannot be decoded."""

    status, title = 422, "Unusable image"


class NoUsableImage(UnusableImage):
    """None of the request's images can be used."""

    title = "No usable image"


class KeyReused(KerasqError):
    """The Idempotency-Key was used before with another request."""

    status, title = 422, "Idempotency key reused"


class TooManyRequests(KerasqError):
    """More was submitted than the rate limit allows."""

    status, title, retry_after = 429, "Too many requests", 1


class QueueFull(KerasqError):
    """As many images wait as the queue may hold, or Redis has hardly any memory left."""

    status, title, retry_after = 503, "Queue full", 5


class QueueUnavailable(KerasqError):
    """Redis does not answer, or takes no writes."""

    status, title, retry_after = 503, "Queue unavailable", 5

    # What is given beside the sentence is why, which is for the operator and not for strangers.
    def __str__(self) -> str:
        return ": ".join(map(str, self.args))


class NotInTime(KerasqError):
    """The answer did not come while the request could be held."""

    status, title, retry_after = 504, "Not in time", 5


#: What may go away by itself, so that trying again makes sense.
TRY_AGAIN = (QueueFull, QueueUnavailable, TooManyRequests)


class EngineError(KerasqError):
    """The model could not run on these images."""

    title = "Engine error"


class UnknownApiKey(KerasqError):
    """No API key has this id."""

    status, title = 404, "Unknown API key"


class BadSetting(KerasqError):
    """A setting's value is not of its type or range."""

    title = "Bad setting"


class BadModel(KerasqError):
    """A model's folder does not hold what its card says."""

    title = "Bad model"


def slug(title: str) -> str:
    """An error's stable name in a problem's `type`: its title in kebab case."""
    return title.lower().replace(" ", "-")
