#!/usr/bin/env python3
"""Writes what the Yocto layer repeats of this project: the list of crates, versions, and ONNX Runtime's checksums.
usage: yocto-crates.py [--check]        --check changes nothing, and fails where something would change
Run it when Cargo.lock, Cargo.toml's version or packaging/onnxruntime.lock changed. Of ONNX Runtime it
can't tell WHEEL_SUM, the wheels' place: bitbake finds nothing there until that is changed by hand.
"""

import pathlib
import re
import sys
import tomllib

project = pathlib.Path(__file__).resolve().parent.parent
layer = project / "yocto/meta-edge-cctv"


def crates():
    """As cargo-update-recipe-crates.bbclass would write it. All of Cargo.lock: cargo resolves it as a whole."""
    packages = tomllib.loads((project / "Cargo.lock").read_text())["package"]
    registry = [package for package in packages if "source" in package]
    foreign = [package["name"] for package in registry if not package["source"].endswith("/crates.io-index")]
    if foreign:
        sys.exit(f"yocto-crates: the recipe can't fetch {', '.join(foreign)}, which no registry has")
    lines = ["# Written by packaging/yocto-crates.py from Cargo.lock.", 'SRC_URI += "\\']
    lines += [f"    crate://crates.io/{package['name']}/{package['version']} \\" for package in registry]
    lines += ['"', ""]
    for package in registry:
        lines.append(f'SRC_URI[{package["name"]}-{package["version"]}.sha256sum] = "{package["checksum"]}"')
    return "\n".join(lines) + "\n"


def recipe(folder, name, version):
    """The recipe's present path, and the one that the version asks for."""
    [there] = (layer / folder).glob(f"{name}_*.bb")
    return there, there.with_name(f"{name}_{version}.bb")


def set_value(text, variable, value):
    changed, count = re.subn(rf'^({re.escape(variable)} = ")[^"]*', rf"\g<1>{value}", text, flags=re.MULTILINE)
    if count != 1:
        sys.exit(f"yocto-crates: {variable} is set {count} times, and not once")
    return changed


def wanted():
    """Each file with what shall be in it, and the path that it has now."""
    version = tomllib.loads((project / "Cargo.toml").read_text())["package"]["version"]
    there, path = recipe("recipes-cctv/edge-cctv", "edge-cctv", version)
    yield there, path, there.read_text()

    appliance = layer / "conf/edge-cctv-appliance.conf"
    yield appliance, appliance, set_value(appliance.read_text(), "EDGE_CCTV_VERSION", version)

    listed = layer / "recipes-cctv/edge-cctv/edge-cctv-crates.inc"
    yield listed, listed, crates()

    lock = (project / "packaging/onnxruntime.lock").read_text()
    there, path = recipe(
        "recipes-cctv/onnxruntime", "edge-cctv-onnxruntime", re.search(r"^onnxruntime==(\S+)", lock, re.MULTILINE)[1]
    )
    # Which wheel each is, the lock's comment says.
    arm, intel = re.findall(r"--hash=sha256:([0-9a-f]{64})", lock)
    text = set_value(there.read_text(), "SRC_URI[aarch64.sha256sum]", arm)
    yield there, path, set_value(text, "SRC_URI[x86_64.sha256sum]", intel)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    stale = []
    for there, path, text in wanted():
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path.relative_to(project)))
        if not check:
            path.write_text(text)
            if there != path:
                there.unlink()
    if check and stale:
        sys.exit("yocto-crates: run packaging/yocto-crates.py: stale or missing: " + ", ".join(stale))
    if stale:
        print("yocto-crates: wrote " + ", ".join(stale), file=sys.stderr)


if __name__ == "__main__":
    main()
