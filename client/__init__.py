"""A Python client of the HTTP API: the standard library, and kerasq's own records and errors."""

from client.client import Client
from client.problems import Unreachable
from client.records import Job, Queue

__all__ = ["Client", "Job", "Queue", "Unreachable"]
