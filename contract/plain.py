"""A job as JSON has it: what the API answers, and the command line prints."""

from typing import Any

from contract.jobs import NOT_RUN, Record, Result, iso


def plain(record: Record, *, results: bool = True) -> dict[str, Any]:
    """A record's fields; with `results` an entry per image, in order, once the job has ended."""
    job = record.job
    body: dict[str, Any] = {
        "id": job.id,
        "status": record.status,
        "model": job.model,
        "version": record.version,
        "images": job.images,
        "done": record.done_images,
        "position": record.position,
        "submitted_at": iso(job.submitted_at),
        "started_at": iso(record.started_at),
        "finished_at": iso(record.finished_at),
    }
    if results and record.status.settled:
        names = job.names or (None,) * job.images
        body["results"] = [plain_result(name, result) for name, result in zip(names, record.results, strict=True)]
    return body


def plain_result(name: str | None, result: Result | None) -> dict[str, Any]:
    if result is None:
        return {"name": name, "error": {"title": NOT_RUN, "detail": "the job ended before this image was run"}}
    if result.error:
        return {"name": name, "error": {"title": result.error[0], "detail": result.error[1]}}
    predictions = [
        {"label": each.label, "probability": each.probability, "percentage": each.percentage}
        for each in result.predictions
    ]
    return {"name": name, "predictions": predictions}
