"""Calling back: POST a job that has ended to the address its submitter named, until that takes it."""

import contextlib
import hashlib
import hmac
import http.client
import logging
import socket
import ssl
import threading
import time

import orjson

from api.addresses import Target, resolve
from api.bodies import job_body
from contract.errors import InvalidRequest, JobGone, UnknownJob
from contract.outbox import Outbox
from contract.settings import Settings
from contract.store import Store

log = logging.getLogger("kerasq.callbacks")
SIGNATURE = "Kerasq-Signature"
#: Callers in one API process, so that a slow receiver holds up few others.
CALLERS = 4
#: How often a caller looks for one that is due, and how long it waits for a receiver, in seconds.
LOOK, PATIENCE = 1.0, 10.0
#: Longest time that one call may take in all, in seconds; less than the outbox's lease.
DEADLINE = 30.0


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over "timestamp.body", as Stripe signs webhooks (https://docs.stripe.com/webhooks#verify-manually)."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Refused(Exception):
    """The receiver of a callback did not take it."""


class Pinned(http.client.HTTPConnection):
    """A connection to the first address that was checked and takes one, under the name that was asked for.

    Follows no redirect.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=PATIENCE)
        self._target = target

    def connect(self) -> None:
        self.sock = self._reached()
        self.sock.settimeout(PATIENCE)
        if self._target.scheme == "https":
            tls = ssl.create_default_context()
            # The handshake apart, so that `cut` can reach it.
            self.sock = tls.wrap_socket(self.sock, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def _reached(self) -> socket.socket:
        refusal = OSError("the host has no address")
        for address in self._target.addresses:
            try:
                return socket.create_connection((address, self._target.port), PATIENCE / len(self._target.addresses))
            except OSError as error:
                refusal = error
        raise refusal

    def cut(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class Caller:
    def __init__(self, store: Store, outbox: Outbox, settings: Settings) -> None:
        self._store, self._outbox, self._settings = store, outbox, settings

    def start(self) -> None:
        for number in range(CALLERS):
            threading.Thread(target=self._run_forever, name=f"callbacks-{number}", daemon=True).start()

    def _run_forever(self) -> None:
        while True:
            try:
                idle = not self.call_one()
            except Exception as error:  # a caller must outlive whatever one callback meets
                log.warning("a callback comes again: %s", error)
                idle = True
            if idle:
                time.sleep(LOOK)

    def call_one(self) -> bool:
        """Call about one job that is due; False if there is none."""
        if (claimed := self._outbox.claim()) is None:
            return False
        job_id, tries = claimed
        try:
            self._post(job_id)
        except (UnknownJob, JobGone) as error:
            log.info("nothing to tell: %s", error)
        except (OSError, http.client.HTTPException, InvalidRequest, Refused) as error:
            if tries < self._settings.callback_tries:
                self._outbox.put_off(job_id, time.time() + 2.0 ** (tries - 1))
                return True
            log.warning("job %s: the callback is given up after %d tries: %s", job_id, tries, error)
        self._outbox.drop(job_id)
        return True

    def _post(self, job_id: str) -> None:
        record = self._store.get(job_id)
        target = resolve(record.job.callback_url or "", allow_private=self._settings.callback_private)
        body = orjson.dumps(job_body(record))
        signature = sign(self._settings.callback_secret, int(time.time()), body)
        headers = {"Content-Type": "application/json", "User-Agent": "kerasq", SIGNATURE: signature}
        connection = Pinned(target)
        # PATIENCE is for each read; one that gives a byte at a time is cut off here.
        deadline = threading.Timer(DEADLINE, connection.cut)
        deadline.start()
        try:
            connection.request("POST", target.path, body, headers)
            status = connection.getresponse().status
        finally:
            deadline.cancel()
            connection.close()
        if not 200 <= status < 300:
            raise Refused(f"the receiver answered {status}")
