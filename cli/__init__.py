"""The terminal: classify a folder, run the stack, look at jobs and models."""
