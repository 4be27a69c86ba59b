"""A3: notes are found by a word in title or text, whatever its case."""

from urllib.parse import quote

from server import database, require, serving

NOTES = [("Milk", "buy TWO litres"), ("Rent", "due on the first"), ("Übung", "100% of it"), ("Plain", "under_score and ab")]

with database() as db, serving(db) as server:
    for title, text in NOTES:
        server.json("POST", "/api/notes", {"title": title, "text": text}, 201)

    def found(word):
        return sorted(note["title"] for note in server.json("GET", f"/api/notes?q={quote(word)}"))

    for word, expected in [
        ("milk", ["Milk"]), ("two", ["Milk"]), ("FIRST", ["Rent"]), ("nothing", []), ("it", ["Milk", "Übung"]), ("übung", ["Übung"]),
        ("100%", ["Übung"]), ("%", ["Übung"]), ("_", ["Plain"]), ("'", []), ("due on", ["Rent"]),
    ]:
        seen = found(word)
        require(f"'{word}' finds {expected}", seen == sorted(expected), seen)
    require("an empty word finds all", len(server.json("GET", "/api/notes?q=")) == len(NOTES))
