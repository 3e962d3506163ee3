#!/usr/bin/env python3
"""Checks what neither swift-format nor a compiler does: long lines, and links that lead nowhere.

usage: scripts/check_style.py             (from anywhere in the project)

* No line is longer than 100 columns; of Swift the comments, as swift-format sees to the code.
* Every link of the documentation to a file of the project leads to one, and to a heading of it
  where it names one.
* README.md fits a few screens.

Names each fault with its file and line, and exits with status 1 if there is one.
"""
import pathlib
import re
import subprocess
import sys
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parent.parent

COLUMNS = 100
CODE_FOLDERS = ["Sources", "Tests", "Benchmarks", "scripts"]
CODE_SUFFIXES = {".swift", ".c", ".h", ".inc", ".py", ".sh"}

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md"]
README_LINES = 120

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)")


def faults_of_lines():
    """Lines that are too long, in files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *CODE_FOLDERS],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in sorted(set(listed)):
        path = ROOT / name
        if path.suffix not in CODE_SUFFIXES or not path.exists():
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if path.suffix == ".swift" and not line.lstrip().startswith("//"):
                continue
            if len(line) > COLUMNS:
                yield f"{name}:{number}: {len(line)} columns, expected at most {COLUMNS}"


def text_lines(document):
    """The lines of a document outside blocks of code, with their numbers."""
    fence = None
    for number, line in enumerate(document.read_text().splitlines(), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = None
        elif mark:
            fence = mark[1]
        else:
            yield number, line


def anchors_of(document):
    """The anchors of a document's headings as GitHub makes them, and those set by hand."""
    anchors, seen = set(), Counter()
    for _, line in text_lines(document):
        anchors.update(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", line))
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
        anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        anchors.add(anchor + (f"-{seen[anchor]}" if seen[anchor] else ""))
        seen[anchor] += 1
    return anchors


def faults_of_links():
    """Links to files or headings that are not there."""
    for document in sorted(path for pattern in DOCUMENTS for path in ROOT.glob(pattern)):
        for number, line in text_lines(document):
            for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
                link = match[1] or match[2]
                if re.match(r"[a-z][a-z+.-]*:", link):
                    continue
                name, _, anchor = link.partition("#")
                target = (document.parent / name).resolve() if name else document
                where = f"{document.relative_to(ROOT)}:{number}: {link}"
                if not target.is_relative_to(ROOT) or not target.exists():
                    yield f"{where}: no such file"
                elif anchor and (target.suffix != ".md" or anchor not in anchors_of(target)):
                    yield f"{where}: no such heading"


def faults_of_length():
    """A README that has become a manual."""
    lines = len((ROOT / "README.md").read_text().splitlines())
    if lines > README_LINES:
        yield f"README.md: {lines} lines, expected at most {README_LINES}; docs/ has room for more"


def main():
    faults = [*faults_of_lines(), *faults_of_links(), *faults_of_length()]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
