"""Takes up to 32 images from the list, classifies them, sets a key for each answer, sleeps."""

import base64
import json
import time

import numpy as np
from classifier import Classifier
from settings import BATCH_SIZE, IMAGE_QUEUE, SLEEP, db


def main() -> None:
    classify = Classifier()
    while True:
        queue = [json.loads(each) for each in db.lrange(IMAGE_QUEUE, 0, BATCH_SIZE - 1)]
        if queue:
            images = [np.frombuffer(base64.b64decode(each["image"]), np.uint8).reshape(32, 32, 3) for each in queue]
            for each, answer in zip(queue, classify(images), strict=True):
                db.set(each["id"], json.dumps(answer))
            db.ltrim(IMAGE_QUEUE, len(queue), -1)
        time.sleep(SLEEP)


if __name__ == "__main__":
    main()
