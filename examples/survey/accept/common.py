"""What the survey's commands share."""
import json
import os
import re
import sys

PLACE = re.compile(r"\((documents/[^\s()]+):(\d+)\)")


def files(folder, suffix):
    found = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names if name.endswith(suffix)]
    return sorted(found)


def lines(path):
    with open(path, encoding="utf-8-sig") as file:
        return file.read().split("\n")


def answers():
    """Each answer with its path; ends with one line where one isn't as it must be."""
    for path in files("answers", ".json"):
        try:
            with open(path, encoding="utf-8") as file:
                answer = json.load(file)
            answer["document"], [(claim["line"], claim["quote"], claim["says"]) for claim in answer["claims"]]
        except (ValueError, KeyError, TypeError) as wrong:
            fail(f"{path} doesn't have the form of an answer: {wrong!r}")
        yield path, answer


def claims():
    return [(answer["document"], claim["line"], claim["quote"], claim["says"]) for _, answer in answers() for claim in answer["claims"]]


def fail(words):
    sys.exit(f"error: {words}")
