"""Tells in time that training would run with something else than the shipped network was trained with.

Another Pillow draws other edges, another numpy may draw other random numbers, another torch exports another graph: the
result may be as good, but it isn't the one that the card describes.
"""
import importlib.metadata
import pathlib
import sys

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


def wanted(text):
    """{package: version} of a requirements file."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return dict(line.split("==") for line in lines if line)


def differences(packages, installed):
    """What is missing or of other first two numbers, one line each. `installed` gives a version or raises."""
    found = []
    for name, version in packages.items():
        try:
            here = installed(name)
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} is missing, {version} is wanted")
            continue
        if here.split(".")[:2] != version.split(".")[:2]:
            found.append(f"{name} is {here}, {version} is wanted")
    return found


def check():
    """Ends the program with the reason and the remedy unless all is there."""
    found = differences(wanted(REQUIREMENTS.read_text()), importlib.metadata.version)
    if found:
        sys.exit("\n".join(found) + "\nDebian 12's packages are wanted: `make model` installs them and trains with /usr/bin/python3;\n"
                 "by hand: apt install python3-torch python3-onnx python3-numpy python3-pil. --any-versions goes on without.")
