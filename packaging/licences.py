#!/usr/bin/env python3
"""The licences of the crates within the program, as their authors want them to come with it: each text once, with the crates that it
is of. Where one may choose, it isn't Apache's. Fails if there is a crate without a text.
usage: licences.py TARGET >OUT
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

PROJECT = pathlib.Path(__file__).parent.parent
TEXT = re.compile(r"(un)?licen[cs]e|copying|copyright|notice", re.IGNORECASE)
# Texts of licences for crates that come without one; `COPYRIGHT` is whose it is.
COMMON = {"MIT": "LICENSE-MIT", "Apache-2.0": "LICENSE-APACHE"}
# Crates whose text comes with another one of the same authors.
BESIDE = {"openh264": "openh264-sys2"}
# What is linked and no crate.
STANDARD_LIBRARY = ("Rust's standard library", "MIT OR Apache-2.0", "The Rust Project contributors")


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=PROJECT, check=True, capture_output=True, text=True).stdout


def linked(target):
    """The packages in the program, but for itself."""
    tree = cargo("tree", "--locked", "--target", target, "--edges", "normal", "--prefix", "none", "--format", "{p}")
    names = {tuple(line.split()[:2]) for line in tree.splitlines()}
    about = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    for package in about["packages"]:
        if package["id"] not in about["workspace_members"] and (package["name"], f"v{package['version']}") in names:
            yield package


def texts(package):
    """The files with licences, of the crate and of what it brings along, as texts."""
    folder = pathlib.Path(package["manifest_path"]).parent
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if TEXT.match(path.name) and path.is_file() and "tests" not in path.relative_to(folder).parts
    ]
    free_to_choose = "AND" not in (package["license"] or "")
    chosen = [path for path in found if free_to_choose and "apache" not in path.name.lower()]
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in chosen or found]


def common(name, licence, holders):
    """A text for who names a licence and brings none."""
    for option, path in COMMON.items():
        if option in re.split(r"[ /()]+", licence):
            terms = (PROJECT / path).read_text(encoding="utf-8").strip()
            return re.sub(r"Copyright \(c\) .*", f"Copyright (c) {holders}", terms, count=1)
    sys.exit(f"licences: {name} brings no licence, and {licence} isn't known here")


def main(target):
    crates = collections.defaultdict(list)
    name, licence, holders = STANDARD_LIBRARY
    crates[common(name, licence, holders)].append(f"{name} ({licence})")
    packages = list(linked(target))
    named = {package["name"]: package for package in packages}
    for package in packages:
        name, licence = f"{package['name']} {package['version']}", package["license"] or ""
        holders = ", ".join(re.sub(r" *<.*", "", author) for author in package["authors"]) or f"the authors of {name}"
        beside = BESIDE.get(package["name"])
        for text in texts(named[beside] if beside else package) or [common(name, licence, holders)]:
            crates[text].append(f"{name} ({licence})")
    print("What edge-cctv is made of, and the licences of it. The licence of edge-cctv itself is in `copyright`.")
    for text, names in sorted(crates.items(), key=lambda item: item[1]):
        print("\n" + "=" * 80)
        print("\n".join(names))
        print("-" * 80)
        print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
