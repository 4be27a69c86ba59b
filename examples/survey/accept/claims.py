"""Lists what the answers say, or only what mentions a name: place, quote, sentence. 'others NAME...' lists what mentions none of them."""
import sys

from common import claims

names = sys.argv[1:]
for document, line, quote, says in claims():
    if names[:1] == ["others"]:
        wanted = not any(f"new {name}(" in quote + "(" for name in names[1:])
    else:
        wanted = not names or f"new {names[0]}(" in quote + "("
    if wanted:
        print(f"{document}:{line}\t{quote}\t{says}")
