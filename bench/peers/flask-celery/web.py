"""Answers with a task's id, and then with its state and result to whoever asks for it."""

from typing import Any

from flask import Flask, request
from tasks import classify

app = Flask(__name__)


@app.post("/classify")
def submit() -> tuple[dict[str, Any], int]:
    return {"id": classify.delay(request.get_data()).id}, 202


@app.get("/jobs/<job>")
def follow(job: str) -> dict[str, Any]:
    result = classify.AsyncResult(job)
    if result.state != "SUCCESS":
        return {"id": job, "status": result.state}
    return {"id": job, "status": result.state, **result.result}
