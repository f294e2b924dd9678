"""A demo as many begin: Flask calls `model.predict`, one request after the other."""

import keras
from classifier import MODEL, answers, decode
from flask import Flask, request

app = Flask(__name__)
model = keras.saving.load_model(MODEL / "model.keras", compile=False)


@app.post("/classify")
def classify() -> dict:
    return answers(model.predict(decode(request.get_data())[None], verbose=0))[0]
