"""What kerasq is measured against: small servers of the same model, each as its framework's documentation has it."""

from typing import Any

from bench.peer import Peer

_MODEL = {"PYTHONPATH": "{root}/bench/peers", "MODEL_DIR": "{root}/models/cifar10"}
_GUNICORN = ("{bin}/gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "1", "--no-control-socket")
#: Threads, and connections that are kept for as long as a client may pause.
_THREADED = (*_GUNICORN, "--worker-class", "gthread", "--keep-alive", "75", "--threads")
_TOGETHER = ("{python}", "{root}/bench/peers/together.py")


def _polling(sleep: float) -> Peer:
    return Peer(
        name=f"polling-{sleep * 1000:.0f}ms",
        folder="polling",
        # A request holds its thread until it has its answer.
        command=(*_TOGETHER, *_THREADED, "128", "web_server:app", "--and", "{python}", "model_server.py"),
        environment={**_MODEL, "REDIS_PORT": "{redis_port}", "SLEEP": str(sleep)},
        needs=("valkey",),
        path="/classify",
    )


_BENTOML: dict[str, Any] = {
    "command": ("{bin}/bentoml", "serve", "service:Service", "--host", "127.0.0.1", "--port", "{port}"),
    "environment": {**_MODEL, "BENTOML_HOME": "{work}", "BENTOML_DO_NOT_TRACK": "True"},
}

_ALL = (
    Peer(
        name="original",
        folder="original",
        command=(*_GUNICORN, "server:app"),
        environment={**_MODEL, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"},
        path="/classify",
        engine="Keras predict",
    ),
    _polling(0.01),
    _polling(0.25),
    Peer(
        name="flask-celery",
        folder="flask-celery",
        # Two processes that classify, so that one does while the other writes to Redis; each more is a model more.
        command=(
            *(*_TOGETHER, *_THREADED, "8", "web:app", "--and"),
            *("{bin}/celery", "--app", "tasks", "worker", "--concurrency", "2", "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        environment={**_MODEL, "REDIS_PORT": "{redis_port}"},
        needs=("valkey",),
        path="/classify",
        poll="/jobs/{id}",
        durable=True,
    ),
    Peer(name="bentoml", folder="bentoml", path="/classify", **_BENTOML),
    Peer(
        name="bentoml-tasks",
        folder="bentoml",
        path="/classify_later/submit",
        poll="/classify_later/get?task_id={id}",
        pending=(400,),
        **_BENTOML,
    ),
    Peer(
        name="litserve",
        folder="litserve",
        command=("{python}", "server.py"),
        environment={**_MODEL, "PORT": "{port}"},
        path="/predict",
    ),
    Peer(
        name="mosec",
        folder="mosec",
        command=("{python}", "server.py", "--address", "127.0.0.1", "--port", "{port}", "--timeout", "60000"),
        environment={**_MODEL, "MOSEC_LOG_LEVEL": "warning"},
        path="/inference",
    ),
    Peer(
        name="ray-serve",
        folder="ray-serve",
        command=("{python}", "server.py"),
        environment={
            **_MODEL,
            "PORT": "{port}",
            "RAY_USAGE_STATS_ENABLED": "0",
            # Not Linux's default: the node's own address is the loopback one, and nothing listens beyond it.
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            # What its guide to performance advises for deployments that never block their event loop.
            "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
            "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
            "RAY_SERVE_LOG_TO_STDERR": "0",
        },
        path="/",
    ),
    Peer(
        name="fastapi",
        folder="fastapi",
        command=(
            *("{bin}/uvicorn", "server:app", "--host", "127.0.0.1", "--port", "{port}"),
            *("--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "75"),
        ),
        environment=_MODEL,
        path="/classify",
    ),
    Peer(
        name="flask",
        folder="flask",
        command=(*_THREADED, "8", "server:app"),
        environment=_MODEL,
        path="/classify",
    ),
)

#: By the name that `--only` takes.
PEERS: dict[str, Peer] = {peer.name: peer for peer in _ALL}
