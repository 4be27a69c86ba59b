"""A1: notes are created, read, changed, listed and deleted over HTTP."""

from server import database, require, serving

with database() as db, serving(db) as server:
    require("there are no notes at first", server.json("GET", "/api/notes") == [])
    first = server.json("POST", "/api/notes", {"title": "Milk", "text": "two litres"}, 201)
    second = server.json("POST", "/api/notes", {"title": "Größe", "text": "naïve\nsecond line"}, 201)
    require("notes have ids of their own", first["id"] != second["id"], (first, second))
    require("a note says when it was created", first.get("created"), first)
    read = server.json("GET", f"/api/notes/{second['id']}")
    require("a note is read as it was written", (read["title"], read["text"]) == ("Größe", "naïve\nsecond line"), read)
    listed = [note["title"] for note in server.json("GET", "/api/notes")]
    require("the newest note is first", listed == ["Größe", "Milk"], listed)
    changed = server.json("PUT", f"/api/notes/{first['id']}", {"title": "Milk", "text": "three litres"})
    require("a note is changed", changed["text"] == "three litres" and changed["created"] == first["created"], changed)
    require("DELETE answers nothing", server.json("DELETE", f"/api/notes/{second['id']}", status=204) is None)
    left = server.json("GET", "/api/notes")
    require("a deleted note is gone", [note["text"] for note in left] == ["three litres"], left)
