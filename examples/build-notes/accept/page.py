"""A4: a page that lists the notes and lets one be written; what stands in a note can't become markup."""

import html.parser

from server import database, require, serving


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.fields = [], "", set()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in ("input", "textarea", "form"):
            self.fields.add(tag)

    def handle_data(self, data):
        self.text += data


def page(server):
    status, text, headers = server.ask("GET", "/")
    require("GET / answers 200", status == 200, status)
    require("GET / is HTML in UTF-8", headers["Content-Type"].lower().replace(" ", "") == "text/html;charset=utf-8", headers["Content-Type"])
    parsed = Page()
    parsed.feed(text)
    return parsed


with database() as db, serving(db) as server:
    empty = page(server)
    require("there is a form with a title and a text", {"form", "input", "textarea"} <= empty.fields, empty.fields)
    evil = '<script>alert("1")</script> & <b>bold</b>'
    server.json("POST", "/api/notes", {"title": "Größe", "text": "plain"}, 201)
    server.json("POST", "/api/notes", {"title": evil, "text": evil}, 201)
    full = page(server)
    require("the page shows the notes", "Größe" in full.text and "plain" in full.text, full.text[-400:])
    require("a note's text is shown as text", full.text.count(evil) == 2, full.text[-400:])
    require("a note can't become markup", full.tags.count("script") == empty.tags.count("script") and "b" not in full.tags, full.tags)
    status, _, headers = server.ask("POST", "/", raw=b"title=From+the+page&text=100%25+written")
    require("the form is answered with the page", status in (200, 303), status)
    require("what the form sends is a note", "100% written" in page(server).text)
