"""What both servers must agree on; as it was published but for the sleeps, which were 0.25 seconds."""

import os

import redis

SLEEP = float(os.environ["SLEEP"])
IMAGE_QUEUE = "image_queue"
BATCH_SIZE = 32

db = redis.Redis(port=int(os.environ["REDIS_PORT"]))
