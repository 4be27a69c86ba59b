"""A5: all notes as JSON lines, the oldest first."""

import json
import subprocess
import sys

from server import ROOT, database, require, serving


def export(db):
    done = subprocess.run([sys.executable, "-m", "notes", "export", "--db", str(db)], cwd=ROOT, capture_output=True, timeout=10)
    require("export exits 0", done.returncode == 0, done.stderr.decode()[-300:])
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


with database() as db:
    require("nothing is exported where nothing is", export(db) == [])
    with serving(db) as server:
        notes = [server.json("POST", "/api/notes", {"title": f"Größe {number}", "text": "a\nb"}, 201) for number in range(3)]
        require("export works beside the server, the oldest note first", export(db) == notes, export(db))
