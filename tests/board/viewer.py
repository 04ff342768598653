#!/usr/bin/env python3
"""Watches an MJPEG stream as the integration guide describes it and keeps its pictures.
usage: viewer.py URL PICTURES SECONDS FILE.mjpeg
Takes PICTURES pictures and writes them one after another to FILE.mjpeg; with .first and .last those two alone.
Ends with an error if the stream isn't formed as described, ends, or takes longer than SECONDS."""
import http.client, sys, time, urllib.request


def line(stream):
    text = stream.readline()
    if not text.endswith(b"\r\n"):
        sys.exit(f"viewer: the stream ended, or a line without CR LF: {text[:60]!r}")
    return text[:-2].decode("ascii")


def main(url, count, seconds, path):
    end = time.monotonic() + seconds
    response = urllib.request.urlopen(url, timeout=seconds)
    kind = response.headers["Content-Type"]
    if kind != "multipart/x-mixed-replace; boundary=frame":
        sys.exit(f"viewer: Content-Type is {kind}")
    if response.headers["Cache-Control"] != "no-cache, no-store, must-revalidate":
        sys.exit(f"viewer: Cache-Control is {response.headers['Cache-Control']}")
    pictures = []
    while len(pictures) < count:
        if time.monotonic() > end:
            sys.exit(f"viewer: {len(pictures)} of {count} pictures in {seconds} s")
        if (boundary := line(response)) != "--frame":
            sys.exit(f"viewer: {boundary!r} instead of the boundary")
        headers = {}
        while text := line(response):
            key, _, value = text.partition(": ")
            headers[key.lower()] = value
        if headers.get("content-type") != "image/jpeg":
            sys.exit(f"viewer: a part with {headers}")
        picture = response.read(int(headers["content-length"]))
        if not (picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9")):
            sys.exit(f"viewer: picture {len(pictures)} is no JPEG: {picture[:4]!r} ... {picture[-4:]!r}")
        pictures.append(picture)
        if line(response):
            sys.exit("viewer: no empty line after the picture")
    with open(path, "wb") as file:
        file.writelines(pictures)
    for name, picture in ("first", pictures[0]), ("last", pictures[-1]):
        with open(f"{path}.{name}", "wb") as file:
            file.write(picture)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    try:
        main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"viewer: {error!r}")
