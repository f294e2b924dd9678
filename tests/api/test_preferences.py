import pytest

from api.preferences import Preferences


@pytest.mark.parametrize(
    ("header", "wait", "respond_async"),
    [
        ("", 0, False),
        ("wait=5", 5, False),
        ("wait=500", 60, False),
        ('Wait="7"', 7, False),
        ("respond-async", 0, True),
        ("respond-async, wait=5", 5, True),
        ("wait=5, wait=9", 5, False),
        ("wait=5; why=not, handling=lenient", 5, False),
        ("return=minimal,wait = 3", 3, False),
        ("wait=x", 0, False),
        ("wait=-1", 0, False),
        ("wait=٣", 0, False),
        ("wait=" + "9" * 5000, 60, False),
        ("wait", 0, False),
    ],
)
def test_prefer(header, wait, respond_async):
    assert Preferences.read(header, 60.0) == Preferences(wait=float(wait), respond_async=respond_async)
