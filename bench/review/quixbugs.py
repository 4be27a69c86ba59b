#!/usr/bin/env python3
"""Reviews of QuixBugs' 40 programs (github.com/jkoppel/QuixBugs, MIT), each once with its bug and once without, in an order that says nothing.

Every program is a change of its own: the repository has what it is to do (README.md) and an empty function; the change writes it. Reviewers
see neither which of the two it is nor any test.

    quixbugs.py record QUIXBUGS WORK            runs 'godwit review' for each; answer in WORK/mail, a folder for each item
    quixbugs.py play QUIXBUGS [RECORDING]       the same by what was recorded (quixbugs.jsonl beside this script), and scores it
    quixbugs.py pack WORK                       makes that one file of what was recorded
"""
import ast
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GODWIT = HERE.parent.parent / "godwit"
RECORDING = HERE / "quixbugs.jsonl"
SEED = 20261127


def programs(root):
    names = sorted(path.stem for path in (root / "python_programs").glob("*.py") if not path.stem.endswith("_test"))
    return [name for name in names if name != "node" and (root / "correct_python_programs" / f"{name}.py").exists()]


def items(root):
    """Every program with and without its bug; the order and the numbers come from the seed."""
    both = [(name, buggy) for name in programs(root) for buggy in (True, False)]
    random.Random(SEED).shuffle(both)
    return [(f"item-{number:02}", name, buggy) for number, (name, buggy) in enumerate(both, 1)]


def parts(path):
    """A program's code, and the words that stand behind it."""
    tree = ast.parse(path.read_text())
    words = [node.value.value for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    tree.body = [node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return ast.unparse(tree) + "\n", "\n".join(word.strip() for word in words)


def stub(code):
    tree = ast.parse(code)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.body = ast.parse("raise NotImplementedError").body
    return ast.unparse(tree) + "\n"


def git(folder, *arguments):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def repository(root, name, buggy, folder):
    code, _ = parts(root / ("python_programs" if buggy else "correct_python_programs") / f"{name}.py")
    _, words = parts(root / "python_programs" / f"{name}.py")
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(f"# {name}.py\n\n{words}\n")
    node = root / "python_programs" / "node.py"
    if "Node" in code or "node" in words.lower():
        (folder / "node.py").write_text(node.read_text())
    (folder / f"{name}.py").write_text(stub(code))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say what it does")
    git(folder, "checkout", "-q", "-b", "change")
    (folder / f"{name}.py").write_text(code)
    git(folder, "commit", "-qam", f"Write {name}.py as README.md says")


def review(folder, home, *models):
    environment = dict(os.environ, GODWIT_HOME=str(home))
    done = subprocess.run([str(GODWIT), "review", "main", "change", "--timeout", "20s", "--json", *models],
                          cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not done.stdout:
        sys.exit(f"{folder.name}: {done.stderr}")
    return json.loads(done.stdout)


def record(root, work):
    for item, name, buggy in items(root):
        if (work / "cassettes" / f"{item}.done").exists():
            continue
        folder, mail, cassette = work / "repositories" / item, work / "mail" / item, work / "cassettes" / f"{item}.jsonl"
        if folder.exists():
            subprocess.run(["rm", "-rf", str(folder), str(mail), str(cassette)], check=True)
        mail.mkdir(parents=True)
        cassette.parent.mkdir(exist_ok=True)
        repository(root, name, buggy, folder)
        result = review(folder, work / "home", "--mailbox", str(mail), "--record", str(cassette))
        (work / "cassettes" / f"{item}.done").write_text(result["reason"])
        print(item, result["state"], flush=True)
    (work / "all.done").write_text("")


def pack(work):
    with RECORDING.open("w") as packed:
        for path in sorted((work / "cassettes").glob("*.jsonl")):
            packed.write(json.dumps({"item": path.stem, "replies": [json.loads(line) for line in path.read_text().splitlines()]}) + "\n")


def wilson(hits, count, z=1.96):
    if count == 0:
        return (0.0, 1.0)
    rate, square = hits / count, z * z
    middle, spread = rate + square / (2 * count), z * (rate * (1 - rate) / count + square / (4 * count * count)) ** 0.5
    return ((middle - spread) / (1 + square / count), (middle + spread) / (1 + square / count))


def play(root, recording):
    replies = {line["item"]: line["replies"] for line in map(json.loads, recording.read_text().splitlines())}
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        for item, name, buggy in items(root):
            if item not in replies:
                continue
            folder, cassette = work / item, work / f"{item}.jsonl"
            repository(root, name, buggy, folder)
            cassette.write_text("".join(json.dumps(reply, ensure_ascii=False) + "\n" for reply in replies[item]))
            findings = review(folder, work / "home", "--cassette", str(cassette))["findings"]
            urgent = [one for one in findings if one["finding"]["priority"] in ("p0", "p1")]
            rows.append((buggy, bool(urgent), any(one["blocks"] for one in findings)))
            print(item, "buggy" if buggy else "fixed", "said" if rows[-1][1] else "-", "shown" if rows[-1][2] else "-", flush=True)
    for what, column in (("what reviewers say (P0, P1)", 1), ("what was shown on clean checkouts", 2)):
        true = sum(row[0] and row[column] for row in rows)
        false = sum(not row[0] and row[column] for row in rows)
        bugs = sum(row[0] for row in rows)
        print(f"{what}: precision {true}/{true + false} {wilson(true, true + false)[0]:.2f} to {wilson(true, true + false)[1]:.2f}, "
              f"recall {true}/{bugs} {wilson(true, bugs)[0]:.2f} to {wilson(true, bugs)[1]:.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["record", root, work]:
            record(pathlib.Path(root), pathlib.Path(work).resolve())
        case ["pack", work]:
            pack(pathlib.Path(work))
        case ["play", root]:
            play(pathlib.Path(root), RECORDING)
        case ["play", root, recording]:
            play(pathlib.Path(root), pathlib.Path(recording))
        case _:
            sys.exit(__doc__)
