"""The worker: messages in, predictions out."""
