"""A2: notes outlive a restart of the server."""

from server import database, require, serving

with database() as db:
    with serving(db) as server:
        note = server.json("POST", "/api/notes", {"title": "Kept", "text": "for long"}, 201)
    with serving(db) as server:
        require("the note is there after a restart", server.json("GET", f"/api/notes/{note['id']}") == note, note)
        later = server.json("POST", "/api/notes", {"title": "Later", "text": ""}, 201)
        require("a later note has a later id", later["id"] > note["id"], later)
