"""A6: what is asked wrongly is answered with 400 or 404 and a JSON error, and the server goes on."""

import json
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from server import database, require, serving  # noqa: E402

with database() as db, serving(db) as server:
    good = server.json("POST", "/api/notes", {"title": "Good", "text": "note"}, 201)
    for method, path, raw, expected in [
        ("POST", "/api/notes", b"{", 400), ("POST", "/api/notes", b"[]", 400), ("POST", "/api/notes", b"", 400),
        ("POST", "/api/notes", b'{"title": 1, "text": "x"}', 400), ("POST", "/api/notes", b'{"text": "no title"}', 400),
        ("POST", "/api/notes", b'{"title": "  ", "text": ""}', 400), ("POST", "/api/notes", b"\xff\xfe", 400),
        ("PUT", f"/api/notes/{good['id']}", b"null", 400), ("PUT", "/api/notes/999", b'{"title": "t", "text": ""}', 404),
        ("GET", "/api/notes/999", None, 404), ("GET", "/api/notes/abc", None, 404), ("GET", "/api/notes/99999999999999999999", None, 404),
        ("DELETE", "/api/notes/999", None, 404), ("GET", "/nowhere", None, 404), ("GET", "/api/notes/1/2", None, 404),
    ]:
        status, text, _ = server.ask(method, path, raw=raw)
        require(f"{method} {path} with {raw!r} must answer {expected}", status == expected, f"{status} {text[:100]}")
        require(f"{method} {path} must say why in JSON", isinstance(json.loads(text).get("error"), str), text[:100])

    host, port = server.base[7:].split(":")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(b"POST /api/notes HTTP/1.1\r\nContent-Length: 50\r\n\r\n{")
    with socket.create_connection((host, int(port))) as noise:
        noise.sendall(b"\x00\x01\x02\r\n\r\n")

    wrong = []

    def write(number):
        status, text, _ = server.ask("POST", "/api/notes", {"title": f"n{number}", "text": "t"})
        if status != 201:
            wrong.append(f"{status} {text[:100]}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    require("notes that are written at once are all kept", not wrong, wrong[:2])
    require("the server goes on", len(server.json("GET", "/api/notes")) == 21)
