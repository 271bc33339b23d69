# SPDX-License-Identifier: MPL-2.0
"""Bad input at every route of a real daemon: each is refused with a sentence, nothing changes, the daemon stays well."""

import json
import socket

import pytest

from harness import Network, wait_until

UNKNOWN = "zzzzzz-zzzzzz-zzzzzz"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One daemon with one endpoint of each direction and a stream between them, for all tests."""
    with Network(tmp_path_factory.mktemp("bad")) as net:
        daemon = net.daemon("studio")
        tone = daemon.post("/peers/self/endpoints", {"display_name": "Tone", "virtual": {"kind": "tone"}})
        sink = daemon.post("/peers/self/endpoints", {"display_name": "Sink", "virtual": {"kind": "null_sink"}})
        stream = daemon.post("/streams", {
            "source": {"connection_type": "endpoint", "endpoint_uri": tone["endpoint_uri"]},
            "destination": {"connection_type": "endpoint", "endpoint_uri": sink["endpoint_uri"]}})
        yield Place(daemon, tone["endpoint_uri"], stream["stream_uri"])


class Place:
    def __init__(self, daemon, endpoint, stream):
        self.daemon = daemon
        self.paths = {
            "/peers": "/peers",
            "/peers/{peer_uid}": "/peers/self",
            "/peers/{peer_uid}/endpoints": "/peers/self/endpoints",
            "/peers/{peer_uid}/endpoints/{endpoint_uid}": endpoint,
            "/streams": "/streams",
            "/streams/{stream_uid}": stream,
            "/streams/{stream_uid}/metrics": stream + "/metrics",
            "/events": "/events",
            "/openapi.json": "/openapi.json",
            "/healthz": "/healthz",
        }

    def routes(self):
        """(method, path) of every operation in the document that the daemon serves."""
        document = self.daemon.get("/openapi.json")
        return [(method.upper(), pattern) for pattern, item in document["paths"].items() for method in item]

    def writable(self):
        return [(method, self.paths[pattern]) for method, pattern in self.routes()
                if method in ("POST", "PUT", "PATCH")]

    def settings(self):
        """Everything that a request could have changed by mistake."""
        def without_live(body):
            body = {k: v for k, v in body.items() if k not in ("state", "reason", "rtt_ms", "last_seen")}
            if "virtual" in body:
                body["virtual"] = {k: v for k, v in body["virtual"].items() if k != "position_frames"}
            return body
        daemon = self.daemon
        return [[without_live(body) for body in daemon.get(path)]
                for path in ("/peers", "/peers/self/endpoints", "/streams")]

    def send(self, method, path, data=None, headers=None):
        return self.daemon.request(method, path, data=data, headers=JSON if headers is None else headers)


@pytest.fixture(autouse=True)
def unharmed(place):
    """Whatever a test sends: nothing was changed, and the daemon is well."""
    before = place.settings()
    yield
    assert place.daemon.is_running(), place.daemon.log()
    assert place.daemon.get("/healthz")["status"] == "ok"
    assert place.settings() == before


def refused(reply, status, code=None):
    statuses = status if isinstance(status, tuple) else (status,)
    assert reply.status_code in statuses, f"{reply.request.method} {reply.request.path_url}: {reply.status_code} {reply.text}"
    error = reply.json()
    assert error["error_text"] and error["error_code"], error
    if code:
        assert error["error_code"] == code, error
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-store"
    return error


def test_every_route_of_the_document_is_tried(place):
    assert {pattern for _, pattern in place.routes()} == set(place.paths)
    assert len(place.writable()) == 9


MALFORMED = [
    b"{", b"{\"a\": }", b"{'a': 1}", b"{\"a\": 1,}", b"{} {}", b"nonsense", b"\x00", b"{\"a\": 01}", b"{\"a\": NaN}",
    b"{\"a\": \"\\ud800\"}", b"{\"a\": \"\xff\xfe\"}", b"\xff\xfe{}", b"{\"a\": \"\\u0000\"}", b"{\"a\": 1e999}",
    b"{\"a\": 99999999999999999999999}", b"{\"volume\": 1, \"volume\": 0}", b"{\"a\": \"line\nbreak\"}",
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_json_is_refused(place, body):
    for method, path in place.writable():
        refused(place.send(method, path, body), 400, "invalid_args")


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b"\"text\"", b"true", b"[{}]"])
def test_what_is_no_object_is_refused(place, body):
    for method, path in place.writable():
        refused(place.send(method, path, body), 400, "invalid_args")


def test_missing_body_is_refused(place):
    for method, path in place.writable():
        reply = place.send(method, path, b"")
        if method == "PUT":
            # Clients made from upstream's document put nothing and get the resource.
            assert reply.status_code == 200
        else:
            refused(reply, 400, "invalid_args")


def test_unknown_field_is_named(place):
    for method, path in place.writable():
        error = refused(place.send(method, path, json.dumps({"volumen": 1})), 400, "invalid_args")
        assert error["field"] == "volumen"
        long = "é" * 200
        error = refused(place.send(method, path, json.dumps({long: 1}, ensure_ascii=False).encode()), 400)
        assert error["field"] and long.startswith(error["field"].rstrip("?"))


def test_deep_nesting_is_refused(place):
    for depth in (100, 1000, 50000):
        for body in (b'{"source":' * depth + b"1" + b"}" * depth, b'{"virtual":' + b"[" * depth + b"]" * depth + b"}"):
            for method, path in place.writable():
                refused(place.send(method, path, body), 400)


def test_large_body_is_refused(place):
    for method, path in place.writable():
        refused(place.send(method, path, b" " * (1024 * 1024 + 1)), 413, "too_large")
    big = json.dumps({"display_name": "x" * 900000})
    for method, path in place.writable():
        refused(place.send(method, path, big), 400)


def test_wrong_content_type_is_refused(place):
    for method, path in place.writable():
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""):
            refused(place.send(method, path, b"{}", {"Content-Type": kind}), 415, "unsupported_media_type")


ENDPOINT_FIELDS = {
    "display_name": (True, 7, [], {}, "x" * 5000, "\u0001"),
    "volume": (True, "1", [], {}, -0.1, 1.1, 1e300, -1e300, 2 ** 62),
    "muted": (0, 1, "true", [], {}),
    "sample_rate": (True, "44100", -1, 1, 1.5, 2 ** 31, 2 ** 62, -(2 ** 62), 1e300, [], {}),
    "channels": (True, "2", -1, 1000, 1.5, 2 ** 62, [], {}),
    "virtual": (True, 7, "tone", [], {"kind": "bomb"}, {"kind": 7}, {"kind": []}, {"kind": "file_player", "path": "x"},
                {"kind": "tone", "frequency_hz": -1}, {"kind": "tone", "frequency_hz": 1e300},
                {"kind": "tone", "frequency_hz": "440"}, {"kind": "tone", "level_db": 1000},
                {"kind": "tone", "path": "../x"}, {"kind": "tone", "wat": 1}),
    "endpoint_uid": (UNKNOWN, 7, [], {}),
    "endpoint_uri": ("/peers/self", 7, [], {}),
    "endpoint_type": ("system_device", 7),
    "stream_direction": ("output", 7),
    "driver": ("pipewire", 7),
    "is_default": (7, "true"),
    "delay_ms": ("1", 1e300, []),
}


@pytest.mark.parametrize("field", ENDPOINT_FIELDS)
def test_wrong_endpoint_field_is_named(place, field):
    endpoint = place.paths["/peers/{peer_uid}/endpoints/{endpoint_uid}"]
    for value in ENDPOINT_FIELDS[field]:
        error = refused(place.send("PATCH", endpoint, json.dumps({field: value})), (400, 409, 422))
        assert error.get("field", "").split(".")[0] == field, (value, error)
        if field != "virtual":
            body = {"display_name": "T", "virtual": {"kind": "tone"}, field: value}
            refused(place.send("POST", "/peers/self/endpoints", json.dumps(body)), (400, 409, 422))


PATHS = ["", "/etc/passwd", "..", "../x.wav", "a/../../x.wav", "a\u0000b", "x" * 4000, ".", "none.wav", "file:///etc/passwd",
         "a/", 7, None, {}]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_player_never_leaves_its_folder(place, path):
    for kind in ("file_player", "file_recorder"):
        if kind == "file_recorder" and path in ("none.wav", "file:///etc/passwd"):
            continue
        body = {"display_name": "P", "virtual": {"kind": kind, "path": path}}
        refused(place.send("POST", "/peers/self/endpoints", json.dumps(body)), (400, 422))


STREAM_FIELDS = {
    "source": (True, 7, "x", [], {}, {"connection_type": "endpoint"}, {"connection_type": "pigeon"},
               {"connection_type": "endpoint", "endpoint_uri": "/peers/self"},
               {"connection_type": "endpoint", "endpoint_uri": f"/peers/{UNKNOWN}/endpoints/{UNKNOWN}"},
               {"connection_type": "endpoint", "endpoint_uri": f"/peers/self/endpoints/{UNKNOWN}"},
               {"connection_type": "endpoint", "endpoint_uri": "http://example.org/"},
               {"connection_type": "endpoint", "endpoint_uri": "x" * 5000},
               {"connection_type": "endpoint", "endpoint_uri": 7},
               {"connection_type": "external", "media_uri": "gopher://x"},
               {"connection_type": "external", "media_uri": "rtp://127.0.0.1:99999", "repair_uri": "", "control_uri": ""},
               {"connection_type": "external", "media_uri": "rtp://", "repair_uri": "", "control_uri": ""},
               {"connection_type": "external", "media_uri": "x" * 5000, "repair_uri": "", "control_uri": ""},
               {"connection_type": "external", "media_uri": 7, "repair_uri": [], "control_uri": {}}),
    "display_name": (True, 7, [], "x" * 5000),
    "enabled": (7, "true", []),
    "volume": (True, "1", -1, 2, 1e300),
    "muted": (7, "true", {}),
    "transport": (True, 7, "lan", [], {"profile": "moon"}, {"packet_ms": 0}, {"packet_ms": 1e300}, {"packet_ms": "5"},
                  {"packet_ms": -5}, {"target_latency_ms": -1}, {"target_latency_ms": 1e300}, {"target_latency_ms": True},
                  {"sample_rate": 1}, {"sample_rate": 2 ** 62}, {"channels": 100000}, {"encoding": "mp3"},
                  {"encoding": 7}, {"fec": 7}, {"fec": {"scheme": "magic"}}, {"fec": {"source_packets": 0}},
                  {"fec": {"source_packets": 2 ** 62}}, {"fec": {"repair_packets": -1}}, {"fec": {"wat": 1}}, {"wat": 1}),
    "stream_uid": (UNKNOWN, 7),
    "stream_uri": (f"/streams/{UNKNOWN}", 7),
    "owner_uri": (f"/peers/{UNKNOWN}", 7),
}


@pytest.mark.parametrize("field", STREAM_FIELDS)
def test_wrong_stream_field_is_named(place, field):
    stream = place.paths["/streams/{stream_uid}"]
    whole = place.daemon.get(stream)
    good = {k: whole[k] for k in ("source", "destination")}
    for value in STREAM_FIELDS[field]:
        for method, path, body in (("PATCH", stream, {field: value}), ("PUT", stream, {**good, field: value}),
                                   ("POST", "/streams", {**good, field: value})):
            if method == "POST" and field in ("stream_uid", "stream_uri", "owner_uri"):
                continue
            if method == "PATCH" and value in ({}, {"connection_type": "endpoint"}):
                continue  # changes nothing
            error = refused(place.send(method, path, json.dumps(body)), (400, 404, 409, 422))
            assert error.get("field", "").split(".")[0] == field, (method, value, error)


def test_wrong_peer_fields_are_named(place):
    for field, values in {"display_name": (7, [], "x" * 5000), "trust": (7, "king", []), "peer_uid": (UNKNOWN, 7),
                          "is_self": (False, 7)}.items():
        for value in values:
            error = refused(place.send("PATCH", "/peers/self", json.dumps({field: value})), (400, 409, 422))
            assert error["field"] == field
    for address in (7, "", "x", "host", "host:", "host:0", "host:99999", ":4041", "x" * 5000, "a b:1", [], None, {},
                    "host:12x", "http://host:1", "é:1"):
        error = refused(place.send("POST", "/peers", json.dumps({"address": address})), 400)
        assert error["field"] == "address", (address, error)


def test_unknown_uid_is_named(place):
    other = f"/peers/{UNKNOWN}"
    tries = [("GET", other), ("PUT", other), ("PATCH", other), ("DELETE", other), ("GET", other + "/endpoints"),
             ("POST", other + "/endpoints"), ("GET", f"{other}/endpoints/{UNKNOWN}"), ("PATCH", f"{other}/endpoints/{UNKNOWN}"),
             ("DELETE", f"{other}/endpoints/{UNKNOWN}"), ("GET", f"/streams/{UNKNOWN}/metrics")]
    for path in (f"/peers/self/endpoints/{UNKNOWN}", f"/streams/{UNKNOWN}"):
        tries += [(method, path) for method in ("GET", "PUT", "PATCH", "DELETE")]
    for method, path in tries:
        error = refused(place.send(method, path, b"{}"), 404, "not_found")
        assert UNKNOWN in error["error_text"]


UIDS = ["x", "%2e%2e", "self%00", "%ff%fe", "a" * 3000, "ABCDEF-ABCDEF-ABCDEF", "aaaaaa-aaaaaa-aaaaaa-", "{peer_uid}",
        "..%2f..", "'%20or%201=1", "%0d%0aX-Header:1"]


@pytest.mark.parametrize("uid", UIDS, ids=range(len(UIDS)))
def test_strange_uid_is_not_found(place, uid):
    for path in (f"/peers/{uid}", f"/peers/{uid}/endpoints", f"/peers/self/endpoints/{uid}", f"/streams/{uid}",
                 f"/streams/{uid}/metrics", f"/{uid}"):
        reply = place.send("GET", path)
        refused(reply, 404, "not_found")
        assert "X-Header" not in reply.headers


def test_wrong_method_says_what_is_possible(place):
    patterns = {}
    for method, pattern in place.routes():
        patterns.setdefault(pattern, set()).add(method)
    for pattern, methods in patterns.items():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB"):
            if method in methods:
                continue
            reply = place.send(method, place.paths[pattern], b"{}" if method != "TRACE" else None)
            refused(reply, 405, "method_not_allowed")
            allowed = {name.strip() for name in reply.headers["Allow"].split(",")}
            assert allowed - {"HEAD"} == methods


def test_paths_of_peers_only_are_hidden(place):
    for method in ("GET", "PUT", "DELETE", "POST"):
        refused(place.send(method, f"/peers/self/halves/{UNKNOWN}", b"{}"), 404, "not_found")


def test_lost_update_is_refused(place):
    for pattern in ("/peers/{peer_uid}/endpoints/{endpoint_uid}", "/streams/{stream_uid}", "/peers/{peer_uid}"):
        path = place.paths[pattern]
        for method in ("PUT", "PATCH", "DELETE"):
            for tag in ('"0"', "x", '"' + "x" * 3000 + '"'):
                reply = place.send(method, path, json.dumps({"display_name": "Lost"}), {**JSON, "If-Match": tag})
                refused(reply, 412, "precondition_failed")


def test_other_sites_are_refused(place):
    for headers in ({"Host": "evil.example"}, {"Host": "localhost.evil.example"}, {"Origin": "http://evil.example"},
                    {"Origin": "null"}, {"Origin": "https://127.0.0.1"}):
        for path in ("/peers", "/events", "/openapi.json"):
            refused(place.send("GET", path, headers=headers), 403, "forbidden")
        refused(place.send("POST", "/streams", b"{}", {**JSON, **headers}), 403, "forbidden")


def test_wrong_event_queries_are_refused(place):
    for types in ("", "nonsense", "stream", "stream_*,", "*", "levels_*", "%ff", "x" * 3000):
        error = refused(place.send("GET", f"/events?types={types}"), 400, "invalid_args")
        assert error["field"] == "types"
    for since in ("x", "-1", "99999999999999999999999999", "%00", "1-1-1", "ffffffff-18446744073709551615"):
        with place.daemon.session.get(place.daemon.http + f"/events?types=ready&since={since}", stream=True, timeout=20) as reply:
            assert reply.status_code == 200
            lines = reply.iter_lines(chunk_size=1)
            assert any(line == b'data: {"replay":"all"}' for line in lines)


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"\x00" * 500, b"SSH-2.0-OpenSSH\r\n\r\n", b"GET\r\n\r\n",
    b"GET /peers HTTP/9.9\r\n\r\n", b"GET /peers HTTP/1.1\r\n\r\n", b"GET " + b"/x" * 60000 + b" HTTP/1.1\r\n\r\n",
    b"GET /peers HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n", b"GET /peers HTTP/1.1\r\nHost: localhost\r\n" + b"A" * 100000,
    b"POST /streams HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"POST /streams HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
    b"POST /streams HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
    b"POST /streams HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /streams HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\nGET /events HTTP/1.1\r\n",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_costs_the_connection_only(place, garbage):
    host, port = place.daemon.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.settimeout(0.3)
        try:
            client.sendall(garbage)
            while client.recv(65536):
                pass
        except OSError:
            pass


def test_many_idle_connections_leave_the_daemon_usable(place):
    host, port = place.daemon.http.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port)), timeout=20) for _ in range(100)]
    try:
        assert place.daemon.get("/healthz")["status"] == "ok"
    finally:
        for client in idle:
            client.close()
    wait_until(lambda: place.daemon.get("/healthz"), what="the daemon after many connections")
