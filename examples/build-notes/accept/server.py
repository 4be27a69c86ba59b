"""Starts the service for the acceptance and talks to it; nothing of the service is imported."""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def fail(message):
    print(f"error: {message}")
    sys.exit(1)


def require(what, holds, seen=""):
    if not holds:
        fail(f"{what}; seen: {seen!r}")


class Server:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"

    def ask(self, method, path, body=None, raw=None):
        """The status, the body as text, and the headers."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers
        except (urllib.error.URLError, OSError) as error:
            fail(f"{method} {path} got no answer: {error}")

    def json(self, method, path, body=None, status=200):
        seen, text, _ = self.ask(method, path, body)
        require(f"{method} {path} must answer {status}", seen == status, f"{seen} {text[:200]}")
        try:
            return json.loads(text) if text else None
        except ValueError:
            fail(f"{method} {path} answers no JSON: {text[:200]!r}")


@contextlib.contextmanager
def serving(db):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "notes", "serve", "--port", str(port), "--db", str(db)], cwd=ROOT, stdout=log, stderr=log)
    try:
        for _ in range(100):
            if process.poll() is not None:
                log.seek(0)
                fail(f"the server ended with exit code {process.returncode}: {log.read()[-400:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        else:
            fail("the server doesn't listen after 5 s")
        yield Server(port)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            fail("the server doesn't end within 5 s of SIGTERM")


@contextlib.contextmanager
def database():
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder) / "notes.db"
