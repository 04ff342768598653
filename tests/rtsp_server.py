#!/usr/bin/python3
"""An RTSP camera for tests: sends a video file again to each client.

usage: rtsp_server.py FILE [--port N] [--user NAME:PASSWORD] [--basic] [--loss SHARE]

FILE is H.264 in .mp4 or .ts, or MJPEG in .avi; it is sent as it is, at the path /stream. --loss leaves out
that share of the packets. Prints the port that it listens on, then "connected" and "closed" as clients come and go.
Exits with 69 where GStreamer's RTSP server isn't installed.
"""

import argparse
import random
import sys

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError) as error:
    print(f"no RTSP server here: {error}", file=sys.stderr)
    sys.exit(69)

READERS = {
    ".mp4": "qtdemux ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96",
    ".ts": "tsdemux ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96",
    ".avi": "avidemux ! image/jpeg ! rtpjpegpay name=pay0 pt=26",
}


def parsed():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--port", default="0")
    parser.add_argument("--user")
    parser.add_argument("--basic", action="store_true")
    parser.add_argument("--loss", type=float, default=0)
    return parser.parse_args()


def lossy(share):
    """Drops packets before they are sent; always the same ones."""
    chance = random.Random(1)

    def drop(_pad, _info):
        return Gst.PadProbeReturn.DROP if chance.random() < share else Gst.PadProbeReturn.OK

    def configure(_factory, media):
        pad = media.get_element().get_by_name("pay0").get_static_pad("src")
        pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, drop)

    return configure


def guard(server, factory, user, basic):
    """Lets in who knows the password, and asks all others."""
    name, password = user.split(":", 1)
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(1 if basic else 2)
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "user")
    if basic:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(name, password), token)
    else:
        auth.add_digest(name, password, token)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS, True)
    permissions.add_permission_for_role("user", GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, True)
    factory.set_permissions(permissions)
    server.set_auth(auth)


def main():
    options = parsed()
    Gst.init(None)
    extension = options.file[options.file.rindex(".") :]
    for element in READERS[extension].replace("!", " ").split():
        if "=" not in element and "/" not in element and Gst.ElementFactory.find(element) is None:
            print(f"no RTSP server here: GStreamer has no {element}", file=sys.stderr)
            sys.exit(69)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{options.file}" ! {READERS[extension]} )')
    if options.loss:
        factory.connect("media-configure", lossy(options.loss))
    if options.user:
        guard(server, factory, options.user, options.basic)
    server.get_mount_points().add_factory("/stream", factory)

    def connected(_server, client):
        print("connected", flush=True)
        client.connect("teardown-request", lambda *_: print("teardown", flush=True))
        client.connect("closed", lambda _: print("closed", flush=True))

    server.connect("client-connected", connected)
    if server.attach(None) == 0:
        print(f"port {options.port} is taken", file=sys.stderr)
        sys.exit(1)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
