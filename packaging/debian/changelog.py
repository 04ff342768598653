"""Writes Debian's form of CHANGELOG.md to standard output.

usage: changelog.py VERSION TIME        the newest part is VERSION's, of the time TIME (Unix seconds)

Older parts have headings such as "## 1.2.0 (2026-12-01)".
"""

import re
import sys
import textwrap
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path

MAINTAINER = "The edge-cctv maintainers <maintainers@edge-cctv.example>"
HEADING = re.compile(r"## (?:Unreleased|(?P<version>\S+) \((?P<day>\d{4}-\d\d-\d\d)\))$")


def parts(text):
    """Version (None: the unreleased part), time and items of each part, the newest first."""
    found = []
    for line in text.splitlines():
        if line.startswith("## "):
            heading = HEADING.match(line)
            if not heading:
                sys.exit(f"changelog: {line!r} is neither '## Unreleased' nor '## 1.2.3 (2026-12-01)'")
            day = heading["day"]
            time = day and datetime.fromisoformat(day).replace(hour=12, tzinfo=timezone.utc)
            found.append((heading["version"], time, []))
        elif line.startswith("- "):
            found[-1][2].append(line[2:])
        elif line.strip() and found:
            found[-1][2][-1] += f" {line.strip()}"
    return found


def main():
    version, time = sys.argv[1], datetime.fromtimestamp(int(sys.argv[2]), timezone.utc)
    text = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
    for number, (old, day, items) in enumerate(parts(text)):
        print(f"edge-cctv ({old if number else version}) stable; urgency=medium\n")
        for item in items:
            print(textwrap.fill(item, 78, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False))
        print(f"\n -- {MAINTAINER}  {format_datetime(day if number else time)}\n")


main()
