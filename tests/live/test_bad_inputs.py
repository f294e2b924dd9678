"""Every bad input gets a clear answer naming the thing and the rule, and nothing is queued."""

import http.client
import io
import json
import socket
import struct
import zlib
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.client import Answer, call
from tests.stack import Stack

pytestmark = pytest.mark.live


def saved(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def bomb() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b"")


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8))
JSON, JPEG = "application/json", "image/jpeg"
REFUSED = {
    "no key": (b"{}", JSON, 422, "send exactly one of"),
    "missing file": (b'{"key": "unicorn.jpg"}', JSON, 404, "'unicorn.jpg' names no file in img/"),
    "outside img/": (b'{"key": "../README.md"}', JSON, 404, "'../README.md' names no file in img/"),
    "absolute path": (b'{"key": "/etc/passwd"}', JSON, 404, "'/etc/passwd' names no file in img/"),
    "key of another type": (b'{"key": 7}', JSON, 422, "key: Input should be a valid string"),
    "not JSON": (b"truck.jpg", JSON, 400, "the body cannot be read as JSON"),
    "not an object": (b"[]", JSON, 422, "send an object such as"),
    "unknown field": (b'{"file": "truck.jpg"}', JSON, 422, "file: Extra inputs are not permitted"),
    "not base64": (b'{"image": "????"}', JSON, 415, "not base64"),
    "a form": (b"key=truck.jpg", "application/x-www-form-urlencoded", 415, "Content-Type"),
    "text as an image": (b"hello, I am a cat", JPEG, 415, "not an image of a format that is taken"),
    "0 bytes": (b"", JPEG, 415, "0 bytes"),
    "truncated JPEG": (saved(NOISE, "JPEG")[:9000], JPEG, 422, "cannot be decoded"),
    "truncated PNG": (saved(NOISE)[:9000], "image/png", 422, "cannot be decoded"),
    "decompression bomb": (bomb(), "image/png", 413, "50000 x 50000 pixels; at most 50,000,000"),
    "too many bytes": (bytes(33 * 2**20), JPEG, 413, ""),
    "no multipart file": (b"--x--\r\n", "multipart/form-data; boundary=x", 400, "no image"),
}
EXIF = Image.Exif()
EXIF[0x0112] = 8
TAKEN = {
    "animated GIF": saved(NOISE.quantize(), "GIF", save_all=True, append_images=[NOISE.rotate(90).quantize()]),
    "CMYK": saved(NOISE.convert("CMYK"), "JPEG"),
    "16-bit": saved(Image.fromarray(np.arange(10_000, dtype=np.uint16).reshape(100, 100) * 6)),
    "palette with transparency": saved(NOISE.quantize(), transparency=0),
    "EXIF-rotated": saved(NOISE, "JPEG", exif=EXIF),
    "1x1 pixel": saved(Image.new("RGB", (1, 1))),
    "grey with alpha": saved(Image.new("LA", (9, 90))),
}


def assert_problem(answer: Answer, status: int, says: str) -> None:
    assert answer.status == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance"} <= answer.body.keys()
    assert answer.body["status"] == status
    assert says in answer.body["detail"]


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_input_is_refused_and_not_queued(stack: Stack, what: str) -> None:
    body, content_type, status, says = REFUSED[what]
    before = stack.client().hgetall("kerasq:flow:cifar10")
    assert_problem(call("POST", f"{stack.url}/cifar10", body, content_type), status, says)
    assert stack.client().hgetall("kerasq:flow:cifar10") == before


@pytest.mark.parametrize(
    ("length", "body", "says"),
    [
        ("Transfer-Encoding: chunked", b"ZZ\r\nabc", "the body cannot be read: Invalid chunk size"),
        ("Transfer-Encoding: chunked", b"5\r\nab", "it breaks off"),
        ("Transfer-Encoding: chunked", b"%x\r\n" % 33_600_000 + bytes(33_600_000) + b"\r\n0\r\n\r\n", "larger than"),
        ("Content-Length: 500", b"abc", "the body ends after 3 of the 500 bytes that were announced"),
    ],
    ids=["chunk without a size", "chunk cut off", "chunks over the limit", "cut off"],
)
def test_a_body_that_is_not_whole_is_refused(stack: Stack, length: str, body: bytes, says: str) -> None:
    at = urlsplit(stack.url)
    head = f"POST /cifar10 HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: image/jpeg\r\n{length}\r\n\r\n"
    with socket.create_connection((at.hostname, at.port), 20) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        detail = json.loads(answer.read())["detail"]
    assert (answer.status in (400, 413), says in detail) == (True, True), detail


def test_no_client_says_where_it_is(stack: Stack) -> None:
    moved = {"SCRIPT_NAME": "/elsewhere", "PATH_INFO": "/jobs", "X-Forwarded-Proto": "https", "X-Forwarded-For": "x"}
    assert call("GET", f"{stack.url}/healthz", **moved).status == 200


@pytest.mark.parametrize("what", TAKEN)
def test_an_odd_picture_is_classified(stack: Stack, what: str) -> None:
    answer = call("POST", f"{stack.url}/cifar10", TAKEN[what], "image/x", Prefer="wait=20")
    assert answer.status == 200, answer.content
    assert len(answer.body["results"][0]["predictions"]) == 3


def test_unknown_things_are_named(stack: Stack) -> None:
    assert_problem(call("GET", f"{stack.url}/jobs/nope"), 404, "no job has the id 'nope'")
    assert_problem(call("POST", f"{stack.url}/cats", {"key": "cat.jpg"}), 404, "'cats' is not a model here; served: ")
    assert_problem(call("GET", f"{stack.url}/no/such/page"), 404, "")
    assert_problem(call("PUT", f"{stack.url}/jobs"), 405, "")
    assert_problem(call("GET", f"{stack.url}/jobs/01000000-0000-7000-8000-000000000000"), 410, "is gone")


def test_redis_down_is_said_and_over_when_it_is_back(stack: Stack) -> None:
    stack.stop_redis()
    try:
        for method, path, body in (
            ("POST", "/cifar10", {"key": "cat.jpg"}),
            ("GET", "/jobs/x", None),
            ("GET", "/jobs", None),
        ):
            answer = call(method, stack.url + path, body)
            assert_problem(answer, 503, "Redis does not")
            assert answer.headers["Retry-After"] == "5"
        assert call("GET", f"{stack.url}/healthz").status == 200
        assert call("GET", f"{stack.url}/readyz").status == 503
    finally:
        stack.start_redis()
    answer = call("POST", f"{stack.url}/cifar10", {"key": "cat.jpg"}, Prefer="wait=30")
    assert (answer.status, answer.body["status"]) == (200, "succeeded")
