"""Exits 0 where all that sections and report say names a claim, each claim stands in one section, and the numbers add up."""
import os
import re
from collections import Counter

from common import PLACE, claims, fail, files, lines

known = {(document, line) for document, line, _, _ in claims()}
cited = Counter()
for path in [*files("sections", ".md"), "report.md"]:
    if not os.path.exists(path):
        fail(f"{path} is missing")
    for number, text in enumerate(lines(path), 1):
        places = [(document, int(line)) for document, line in PLACE.findall(text)]
        if text.startswith("- ") and not places:
            fail(f"{path}:{number} names no place: {text}")
        for place in places:
            if place not in known:
                fail(f"{path}:{number} names {place[0]}:{place[1]}, and no answer says anything of it")
            cited[place] += path != "report.md"

for (document, line) in sorted(known):
    if cited[document, line] != 1:
        fail(f"{document}:{line} stands in {cited[document, line]} sections")

total = re.search(r"^(\d+) documents, (\d+) claims\b", "\n".join(lines("report.md")), re.MULTILINE)
counted = (len(files("documents", ".cs")), len(known))
if not total or tuple(map(int, total.groups())) != counted:
    fail(f"report.md must say '{counted[0]} documents, {counted[1]} claims'")
print(f"{len(known)} claims, each with its place")
