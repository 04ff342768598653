"""Completes the list of crates that cargo-cyclonedx made, and takes out of it what differs from machine to machine.
usage: sbom.py TARGET CRATES.json <CARGO_TREE >COMPLETE.json, in the project's folder
"""

import base64
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys


def licence(expression):
    return [{"expression": expression}]


def npm_packages():
    """What the page embeds: all that isn't for development alone."""
    with open("web/package-lock.json") as file:
        packages = json.load(file)["packages"]
    for place, package in packages.items():
        if not place or package.get("dev"):
            continue
        name = place.rpartition("node_modules/")[2]
        algorithm, _, value = package["integrity"].partition("-")
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": package["version"],
            "scope": "required",
            "hashes": [{"alg": {"sha512": "SHA-512"}[algorithm], "content": base64.b64decode(value).hex()}],
            "licenses": licence(package["license"]),
            "purl": purl,
            "properties": [{"name": "edge-cctv:part", "value": "page"}],
        }


def onnxruntime(target):
    """Loaded when the program runs, if it is there."""
    arch = target.partition("-")[0]
    with open("packaging/onnxruntime.lock") as file:
        version = re.search(r"^onnxruntime==(\S+)", file.read(), re.MULTILINE)[1]
    with open("packaging/onnxruntime.sha256") as file:
        content = re.search(rf"^([0-9a-f]{{64}})  {arch}/", file.read(), re.MULTILINE)[1]
    purl = f"pkg:pypi/onnxruntime@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "supplier": {"name": "Microsoft"},
        "name": "onnxruntime",
        "version": version,
        "description": "libonnxruntime.so, taken out of the wheel; the hash is the library's",
        "scope": "optional",
        "hashes": [{"alg": "SHA-256", "content": content}],
        "licenses": licence("MIT"),
        "purl": purl,
    }


def openh264(crates):
    """The C++ library that the crate compiles: weaknesses are told by its version and not by the crate's."""
    [crate] = [crate for crate in crates if crate["name"] == "openh264-sys2"]
    metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--locked", "--format-version", "1"]))
    [package] = [
        package
        for package in metadata["packages"]
        if (package["name"], package["version"]) == (crate["name"], crate["version"])
    ]
    folder = os.path.dirname(package["manifest_path"])
    with open(f"{folder}/upstream/codec/api/wels/codec_ver.h") as file:
        parts = dict(re.findall(r"#define OPENH264_(MAJOR|MINOR|REVISION) \((\d+)\)", file.read()))
    version = ".".join(parts[part] for part in ("MAJOR", "MINOR", "REVISION"))
    purl = f"pkg:github/cisco/openh264@v{version}"
    return crate, {
        "type": "library",
        "bom-ref": purl,
        "supplier": {"name": "Cisco"},
        "name": "openh264",
        "version": version,
        "scope": "required",
        "licenses": licence("BSD-2-Clause"),
        "purl": purl,
    }


def network(program):
    with open("models/anomaly.onnx", "rb") as file:
        content = hashlib.sha256(file.read()).hexdigest()
    return {
        "type": "machine-learning-model",
        "bom-ref": "anomaly.onnx",
        "name": "anomaly.onnx",
        "version": program["version"],
        "hashes": [{"alg": "SHA-256", "content": content}],
        "licenses": program["licenses"],
    }


def missing(crates, tree):
    """Crates that are linked by cargo's own account and that the list lacks."""
    listed = {(crate["name"], crate["version"]) for crate in crates}
    linked = {tuple(line.split()[:2]) for line in tree if line.strip()}
    return sorted(f"{name} {version}" for name, version in linked if (name, version.removeprefix("v")) not in listed)


def main():
    target, crates_file = sys.argv[1:]
    with open(crates_file) as file:
        bom = json.load(file)
    program = bom["metadata"]["component"]
    # Where the sources lie is nobody's business.
    own = program["bom-ref"]
    text = json.dumps(bom).replace(own, f"{program['name']}@{program['version']}")
    bom = json.loads(re.sub(r"\?download_url=[^\"#]*", "", text))
    program = bom["metadata"]["component"]
    crates = bom["components"]

    lacks = missing([program, *crates], sys.stdin)
    if lacks:
        sys.exit(f"sbom: these are linked and not listed: {', '.join(lacks)}")

    crate, library = openh264(crates)
    parts = [*npm_packages(), onnxruntime(target), network(program)]
    bom["components"] = sorted([*crates, library, *parts], key=lambda part: part["bom-ref"])
    edges = {edge["ref"]: edge.get("dependsOn", []) for edge in bom["dependencies"]}
    edges[program["bom-ref"]] += [part["bom-ref"] for part in parts]
    edges[crate["bom-ref"]] = [*edges.get(crate["bom-ref"], []), library["bom-ref"]]
    for part in [library, *parts]:
        edges.setdefault(part["bom-ref"], [])
    bom["dependencies"] = [{"ref": ref, "dependsOn": sorted(edges[ref])} for ref in sorted(edges)]

    bom.pop("serialNumber", None)
    bom["metadata"].pop("timestamp", None)
    if "SOURCE_DATE_EPOCH" in os.environ:
        time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
        bom["metadata"]["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    json.dump(bom, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
