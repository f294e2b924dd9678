"""Puts an image on a list in Redis, then sleeps and looks until its answer is there."""

import base64
import json
import time
import uuid

from classifier import decode
from flask import Flask, Response, request
from settings import IMAGE_QUEUE, SLEEP, db

app = Flask(__name__)


@app.post("/classify")
def classify() -> Response:
    pixels = decode(request.get_data())
    key = str(uuid.uuid4())
    db.rpush(IMAGE_QUEUE, json.dumps({"id": key, "image": base64.b64encode(pixels.tobytes()).decode()}))
    while (output := db.get(key)) is None:
        time.sleep(SLEEP)
    db.delete(key)
    return Response(output, mimetype="application/json")
