#!/usr/bin/env python3
"""Checks that the folders of every Swift module are floors: a folder names only what lies below it.

usage: scripts/check_floors.py            (from anywhere in the project)

Prints the floors of each module from the bottom up; folders of one floor have commas between them.
Where folders name each other in a circle there are no floors: says which files name what, and exits
with status 1.

A folder names another when one of its files uses a type or a function that the other declares at
the top level. What is private to its file, or declared in more than one folder, is no reason.
Members are not looked at: an extension may add to a type of a lower floor.
"""
import pathlib
import re
import sys
from collections import defaultdict

ROOT = pathlib.Path(__file__).resolve().parent.parent

DECLARATION = re.compile(
    r"^(?P<before>.*?)\b(?:struct|class|enum|protocol|actor|typealias|func)\s+`?(?P<name>\w+)",
    re.MULTILINE)
USE = re.compile(
    r"(?P<not_use>\.|\b(?:let|var|func|case)\s+)?\b(?P<name>[A-Za-z_]\w*)\b(?P<colon>\s*:)?")
STRING = re.compile(r'(#*)("""|")')


def code_of(text):
    """`text` with blanks for comments and for strings but what they interpolate."""
    kept = []
    at, end = 0, len(text)
    open_strings = []  # For each string around this place: its closing mark and the depth of `(`.

    def blank(upto):
        kept.append(re.sub(r"[^\n]", " ", text[at:upto]))
        return upto

    while at < end:
        inside = open_strings and open_strings[-1]["depth"] == 0
        if inside:
            string = open_strings[-1]
            if text.startswith(string["mark"], at):
                at = blank(at + len(string["mark"]))
                open_strings.pop()
            elif text.startswith(string["escape"] + "(", at):
                at = blank(at + len(string["escape"]) + 1)
                string["depth"] = 1
            elif text.startswith(string["escape"], at):
                at = blank(min(end, at + len(string["escape"]) + 1))
            else:
                at = blank(at + 1)
        elif text.startswith("//", at):
            line_end = text.find("\n", at)
            at = blank(end if line_end < 0 else line_end)
        elif text.startswith("/*", at):
            depth, place = 1, at + 2
            while depth and place < end:  # Swift's block comments nest.
                if text.startswith("/*", place):
                    depth, place = depth + 1, place + 2
                elif text.startswith("*/", place):
                    depth, place = depth - 1, place + 2
                else:
                    place += 1
            at = blank(place)
        elif opening := STRING.match(text, at):
            pounds, quotes = opening.groups()
            open_strings.append({"mark": quotes + pounds, "escape": "\\" + pounds, "depth": 0})
            at = blank(opening.end())
        else:
            if open_strings and text[at] in "()":
                open_strings[-1]["depth"] += 1 if text[at] == "(" else -1
            kept.append(text[at])
            at += 1
    return "".join(kept)


def top_level_of(code):
    """`code` with blanks for everything in braces."""
    kept, depth = [], 0
    for character in code:
        depth -= character == "}"
        kept.append(character if depth == 0 or character == "\n" else " ")
        depth += character == "{"
    return "".join(kept)


def names_of(code):
    """The names that `code` uses: no members, no variables it declares, no labels of arguments."""
    return {
        use["name"] for use in USE.finditer(code)
        if not use["not_use"] and not (use["colon"] and use["name"][0].islower())
    }


def arrows_of(module):
    """For each folder of `module` the folders it names, and for each of those the reasons."""
    codes = {path: code_of(path.read_text()) for path in sorted(module.rglob("*.swift"))}

    def folder(path):
        return str(path.parent.relative_to(module)).replace(".", "(no folder)")

    homes = defaultdict(set)
    for path, code in codes.items():
        for match in DECLARATION.finditer(top_level_of(code)):
            if not re.search(r"\b(?:file)?private\b", match["before"]):
                homes[match["name"]].add(folder(path))
    arrows = {folder(path): defaultdict(list) for path in codes}
    for path, code in codes.items():
        for name in sorted(names_of(code) & homes.keys()):
            if len(homes[name]) == 1 and folder(path) not in homes[name]:
                (home,) = homes[name]
                arrows[folder(path)][home].append((path.name, name))
    return arrows


def floors_of(arrows):
    """The folders floor by floor; those that are left lie in a circle or above one."""
    floors, left = [], set(arrows)
    while floor := sorted(f for f in left if not left & arrows[f].keys()):
        floors.append(floor)
        left -= set(floor)
    return floors, left


def circle_of(arrows, left):
    """The shortest circle among the folders `left`, each of which names another of them."""
    circles = []
    for start in sorted(left):
        came_from, reached = {}, [start]
        for folder in reached:  # Grows while it is walked: breadth first.
            for other in sorted(left & arrows[folder].keys()):
                if other not in came_from:
                    came_from[other] = folder
                    reached.append(other)
        if start in came_from:
            circle = [start]
            while came_from[circle[0]] != start:
                circle.insert(0, came_from[circle[0]])
            circles.append(circle[-1:] + circle[:-1])
    return min(circles, key=len)


def say_circle(arrows, circle):
    """Prints a circle and the reasons of its arrows, the arrow with the fewest first."""
    print("  a circle: " + " → ".join(circle + circle[:1]))
    pairs = list(zip(circle, circle[1:] + circle[:1]))
    for folder, other in sorted(pairs, key=lambda pair: len(arrows[pair[0]][pair[1]])):
        names = defaultdict(list)
        for file, name in arrows[folder][other]:
            names[file].append(name)
        for file in names:
            print(f"    {folder}/{file} names {', '.join(names[file])} of {other}")


def main():
    failed = False
    for module in sorted(path for path in (ROOT / "Sources").iterdir() if path.is_dir()):
        arrows = arrows_of(module)
        if not arrows:
            continue
        floors, left = floors_of(arrows)
        print(f"{module.name}: " + " < ".join(", ".join(floor) for floor in floors))
        if left:
            failed = True
            say_circle(arrows, circle_of(arrows, left))
    return 1 if failed else 0


sys.exit(main())
