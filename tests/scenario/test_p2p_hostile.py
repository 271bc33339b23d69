# SPDX-License-Identifier: MPL-2.0
"""What strangers and misbehaving peers can do to a daemon: lose their own session, and nothing else."""

import json
import os
import random
import socket
import struct

import pytest
import requests
import zmq

from harness import SLOW, wait_until
from p2p_client import (BYE, CHANGE, ERROR, HELLO, HELLO_OK, PING, PONG, REPLY, REQUEST, SNAPSHOT, SYNC, Client, encode,
                        network_key)


def secret_of(net):
    return net.secret_file.read_text().strip().encode()


@pytest.fixture
def studio(net):
    """A daemon with an honest peer, which must not notice anything of what happens to the first."""
    daemon = net.daemon("studio")
    net.daemon("kitchen", peers=[daemon])
    net.wait_online()
    yield daemon
    net.wait_online()
    assert daemon.get("/healthz")
    assert "kitchen" not in "".join(line for line in daemon.log().splitlines() if "offline" in line)


def refused(options, address):
    """Connects with these socket options; returns how the handshake ended."""
    context = zmq.Context()
    with context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        for name, value in options.items():
            setattr(dealer, name, value)
        monitor = dealer.get_monitor_socket()
        dealer.connect("tcp://" + address)
        dealer.send(encode(HELLO, {}))
        answered = dealer.poll(1500 * SLOW)
        events = []
        while monitor.poll(0):
            events.append(struct.unpack("=HI", monitor.recv_multipart()[0])[0])
        dealer.disable_monitor()
        monitor.close()
    context.term()
    return not answered and zmq.EVENT_HANDSHAKE_SUCCEEDED not in events


def test_null_peer_is_refused(studio):
    assert refused({}, studio.p2p_address)


def test_plain_peer_is_refused(studio):
    assert refused({"plain_username": b"admin", "plain_password": b"admin"}, studio.p2p_address)


def test_wrong_network_key_is_refused(studio):
    public, private = zmq.curve_keypair()
    for key in (network_key(None), network_key(b"a guess at the secret"), public):
        assert refused({"curve_serverkey": key, "curve_publickey": public, "curve_secretkey": private},
                       studio.p2p_address)
    assert [p for p in studio.get("/peers") if p["display_name"] not in ("studio", "kitchen")] == []


def test_peer_made_from_the_specification_is_accepted(net, studio):
    with Client(studio.p2p_address, secret_of(net)) as client:
        client.greet()
        client.receive(SYNC)
        client.send(SNAPSHOT, {"epoch": client.epoch, "seq": 0, "first": True, "last": True, "resources": []})
        wait_until(lambda: studio.get(f"/peers/{client.uid}")["state"] == "online")
        client.send(SYNC, {})
        snapshot = client.receive(SNAPSHOT)
        assert snapshot["first"] and snapshot["last"]
        client.send(REQUEST, {"id": 1, "method": "GET", "path": "/peers/self"})
        reply = client.receive(REPLY)
        assert reply["status"] == 200 and reply["body"]["display_name"] == "studio"
        client.send(BYE, {"reason": "stopping"})
        wait_until(lambda: studio.get(f"/peers/{client.uid}")["state"] == "offline")


def test_same_request_twice_is_carried_out_once(net, studio):
    with Client(studio.p2p_address, secret_of(net)) as client:
        client.greet()
        body = {"display_name": "Tone", "virtual": {"kind": "tone"}}
        replies = []
        for _ in range(2):
            client.send(REQUEST, {"id": 1, "method": "POST", "path": "/peers/self/endpoints", "body": body})
            replies.append(client.receive(REPLY))
        assert replies[0]["status"] == 201 and replies[0] == replies[1]
        tones = [e for e in studio.get("/peers/self/endpoints") if e["display_name"] == "Tone"]
        assert len(tones) == 1


def test_stranger_on_an_open_network_can_only_introduce_itself(net):
    daemon = net.daemon("open", secret=False)
    with Client(daemon.p2p_address, None) as client:
        client.greet()
        wait_until(lambda: daemon.get(f"/peers/{client.uid}")["trust"] == "none")
        client.send(REQUEST, {"id": 1, "method": "GET", "path": "/peers"})
        assert client.receive(REPLY)["status"] == 403
        client.send(SYNC, {})
        client.send(PING, {"n": 2})
        assert client.receive(PONG)["n"] in (1, 2)
        daemon.patch(f"/peers/{client.uid}", {"trust": "viewer"})
        client.send(REQUEST, {"id": 2, "method": "GET", "path": "/peers"})
        assert client.receive(REPLY)["status"] == 200
        client.send(REQUEST, {"id": 3, "method": "POST", "path": "/streams", "body": {}})
        assert client.receive(REPLY)["status"] == 403
        client.send(SYNC, {})
        client.receive(SNAPSHOT)


def greets(daemon):
    with Client(daemon.p2p_address, None) as client:
        client.send(HELLO, client.hello())
        return client.receive_any((HELLO_OK, ERROR))[0] == HELLO_OK


def test_open_network_remembers_few_strangers(net):
    daemon = net.daemon("open", secret=False)
    for _ in range(80):
        greets(daemon)
    assert 10 < len(daemon.get("/peers")) <= 65
    # Those that are gone make room for one that is there.
    wait_until(lambda: greets(daemon), what="room for a newcomer")
    assert len(daemon.get("/peers")) <= 65


BAD_FRAMES = {
    "empty": b"",
    "garbage": bytes(range(256)),
    "header only": b"ROCD\x01\x04\0\0",
    "no json": encode(PING, b"{"),
    "array": encode(PING, b"[]"),
    "deep": encode(PING, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "crowded": encode(PING, b'{"a":[' + b"{}," * 100000 + b"0]}"),
    "not utf-8": encode(PING, b'{"n":"\xff\xfe"}'),
    "zero in text": encode(PING, b'{"n":"\\u0000"}'),
    "other version": encode(PING, {"n": 1}, version=2),
    "huge number": encode(PING, b'{"n":' + b"9" * 400 + b"}"),
    "float": encode(PING, {"n": 1e300}),
    "greeting again": encode(HELLO_OK, {}),
    "foreign change": encode(CHANGE, {"epoch": "0" * 16, "seq": 1, "op": "remove", "uri": "/peers/x"}),
    "request without id": encode(REQUEST, {"method": "GET", "path": "/peers"}),
    "snapshot of nothing": encode(SNAPSHOT, {"epoch": "0" * 16}),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_bad_frame_costs_that_session_only(net, studio, name):
    with Client(studio.p2p_address, secret_of(net)) as client:
        client.greet()
        client.receive(SYNC)
        client.send_bytes(BAD_FRAMES[name])
        assert client.receive(ERROR)["code"] == "protocol"
        assert studio.get(f"/peers/{client.uid}")["state"] == "offline"
        client.send(HELLO, client.hello())
        assert client.receive(ERROR)["code"] == "try_later"


def test_huge_frame_costs_the_connection_only(net, studio):
    with Client(studio.p2p_address, secret_of(net)) as client:
        client.greet()
        monitor = client.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        client.send_bytes(b"ROCD\x01\x04\0\0" + b" " * (8 << 20))
        assert monitor.poll(10000 * SLOW)
        client.socket.disable_monitor()
        monitor.close()


def test_out_of_order_frames_are_harmless(net, studio):
    with Client(studio.p2p_address, secret_of(net)) as client:
        client.send(PING, {"n": 1})
        assert client.receive(ERROR)["code"] == "no_session"
        client.greet()
        client.send(REPLY, {"id": 77, "status": 200})
        client.send(PONG, {"n": 77})
        client.send(CHANGE, {"epoch": client.epoch, "seq": 9, "op": "remove", "uri": "/streams/aaaaaa-bbbbbb-cccccc"})
        client.send(SNAPSHOT, {"epoch": client.epoch, "seq": 9, "first": False, "last": True, "resources": []})
        client.send(PING, {"n": 2})
        while client.receive(PONG)["n"] != 2:
            pass
        client.send(HELLO, client.hello(session="00000000000000bb"))
        assert client.receive(HELLO_OK)["session"] == "00000000000000bb"


def test_chosen_routing_id_gets_no_answer(net, studio):
    with Client(studio.p2p_address, secret_of(net), routing_id=b"kitchen") as client:
        client.send(HELLO, client.hello())
        assert not client.socket.poll(500)


def test_forged_endpoint_is_not_shown(net, studio):
    uri = f"/peers/{studio.uid}/endpoints/aaaaaa-bbbbbb-cccccc"
    with Client(studio.p2p_address, secret_of(net)) as client:
        client.greet()
        client.receive(SYNC)
        client.send(SNAPSHOT, {"epoch": client.epoch, "seq": 0, "first": True, "last": True, "resources": [
            {"uri": uri, "body": {"endpoint_uri": uri, "endpoint_uid": "aaaaaa-bbbbbb-cccccc"}}]})
        assert client.receive(ERROR)["code"] == "protocol"
    assert studio.request("GET", uri).status_code == 404


def test_flood_of_pings_does_not_stop_the_daemon(net, studio):
    with Client(studio.p2p_address, secret_of(net)) as client:
        client.greet()
        frame = encode(PING, {"n": 3})
        for _ in range(20000):
            try:
                client.socket.send(frame, zmq.DONTWAIT)
            except zmq.Again:
                client.socket.poll(1)
            while client.socket.poll(0):
                client.socket.recv()
        assert studio.get("/healthz")


def test_random_bytes_on_the_wire_do_not_stop_the_daemon(studio):
    seed = int.from_bytes(os.urandom(4), "little")
    print(f"seed {seed}")
    rng = random.Random(seed)
    host, port = studio.p2p_address.rsplit(":", 1)
    for _ in range(50):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            try:
                if rng.random() < 0.5:
                    connection.sendall(b"\xff\0\0\0\0\0\0\0\1\x7f\3\0CURVE".ljust(64, b"\0"))
                connection.sendall(rng.randbytes(rng.randrange(1, 2000)))
            except OSError:
                pass
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET /peers HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(requests.RequestException):
        requests.get(f"http://{host}:{port}/", timeout=2)
