"""FastAPI calls the model for every request, in its pool of threads. No batching."""

from typing import Annotated, Any

from classifier import Classifier, decode
from fastapi import Body, FastAPI

app = FastAPI()
classifier = Classifier("THROUGHPUT")


@app.post("/classify")
def classify(image: Annotated[bytes, Body(media_type="image/png")]) -> dict[str, Any]:
    return classifier([decode(image)])[0]
