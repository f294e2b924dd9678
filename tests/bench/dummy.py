"""A server of the standard library alone, to be measured: its first argument is the port, its second what it does.

Run with `daemon` it leaves a child behind in a session of its own, whose pid it writes to the file `daemon`.
"""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"predictions": [{"label": "truck", "probability": 1.0}]}).encode()
        # One write: two small ones wait for each other's acknowledgement.
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )

    def log_message(self, form: str, *words: object) -> None:
        pass


if __name__ == "__main__":
    if "fail" in sys.argv:
        raise SystemExit("no model here")
    if "daemon" in sys.argv:
        between = (
            "import subprocess as s; print(s.Popen(['sleep', '300'], start_new_session=True, stdout=s.DEVNULL).pid)"
        )
        found = subprocess.run([sys.executable, "-c", between], stdout=subprocess.PIPE, text=True, check=True)
        Path("daemon").write_text(found.stdout)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
