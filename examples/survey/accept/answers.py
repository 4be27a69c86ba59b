"""Exits 0 where each claim of each answer stands in its document; with --all, where each document has an answer too."""
import sys

from common import answers, fail, files, lines

answered = set()
for path, answer in answers():
    document = answer["document"]
    if path != f"answers/{document.removeprefix('documents/')}.json":
        fail(f"{path} answers for {document}")
    text = lines(document)
    for claim in answer["claims"]:
        line, quote = claim["line"], claim["quote"]
        if not quote.strip() or not 1 <= line <= len(text) or quote not in text[line - 1]:
            fail(f"{path}: {document}:{line} doesn't say '{quote}'")
    answered.add(document)

missing = [document for document in files("documents", ".cs") if document not in answered] if "--all" in sys.argv else []
if missing:
    fail(f"{len(missing)} documents have no answer, such as {missing[0]}")
print(f"{len(answered)} answers")
