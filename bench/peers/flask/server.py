"""Flask calls the model for every request, in gunicorn's threads. No queue, no batching."""

from typing import Any

from classifier import Classifier, decode
from flask import Flask, request

app = Flask(__name__)
classifier = Classifier("THROUGHPUT")


@app.post("/classify")
def classify() -> dict[str, Any]:
    return classifier([decode(request.get_data())])[0]
