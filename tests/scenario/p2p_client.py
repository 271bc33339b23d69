# SPDX-License-Identifier: MPL-2.0
"""A peer made by hand, from docs/p2p-protocol.md alone: it can say what no daemon would say."""

import ctypes
import hashlib
import json
import struct
import time

import zmq
from zmq.utils import z85

from harness import SLOW

HELLO, HELLO_OK, ERROR, PING, PONG, REQUEST, REPLY, SYNC, SNAPSHOT, CHANGE, BYE = range(1, 12)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

sodium = ctypes.CDLL("libsodium.so.23")
sodium.sodium_init()


def network_key(secret):
    """The public key (Z85) of the listening sockets of a network; secret None is the open network."""
    if secret is None:
        seed = hashlib.sha256(b"rocd open network").digest()
    else:
        buffer = ctypes.create_string_buffer(32)
        failed = sodium.crypto_pwhash(buffer, ctypes.c_ulonglong(32), secret, ctypes.c_ulonglong(len(secret)),
                                      b"rocd network key", ctypes.c_ulonglong(3), ctypes.c_size_t(16 << 20), 2)
        assert not failed
        seed = buffer.raw
    public = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(public, hashlib.sha512(seed).digest()[:32])
    return z85.encode(public.raw)


def uid(tag, seed):
    number = int.from_bytes(hashlib.sha256(tag.encode() + b"\0" + seed).digest(), "little")
    digits = ""
    for _ in range(18):
        digits += LETTERS[number % 36]
        number //= 36
    return f"{digits[:6]}-{digits[6:12]}-{digits[12:]}"


def encode(kind, body, version=1):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return struct.pack("4sBBH", b"ROCD", version, kind, 0) + data


class Client:
    def __init__(self, address, secret, routing_id=None):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.public, self.private = zmq.curve_keypair()
        self.uid = uid("peer", z85.decode(self.public))
        self.socket.linger = 0
        self.socket.curve_serverkey = network_key(secret)
        self.socket.curve_publickey, self.socket.curve_secretkey = self.public, self.private
        if routing_id:
            self.socket.setsockopt(zmq.ROUTING_ID, routing_id)
        self.socket.connect("tcp://" + address)
        self.epoch = "00000000000000e1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.context.term()

    def send(self, kind, body, **kwargs):
        self.send_bytes(encode(kind, body, **kwargs))

    def send_bytes(self, data):
        self.socket.send(data)

    def receive(self, kind, timeout_s=10.0):
        """The body of the next frame of that kind; others are passed over."""
        return self.receive_any((kind,), timeout_s)[1]

    def receive_any(self, kinds, timeout_s=10.0):
        end = time.monotonic() + timeout_s * SLOW
        while True:
            left = end - time.monotonic()
            if left <= 0 or not self.socket.poll(left * 1000):
                raise AssertionError(f"no frame of type {kinds} in {timeout_s * SLOW:.0f} s")
            data = self.socket.recv()
            assert data[:5] == b"ROCD\x01", data[:16]
            if data[5] in kinds:
                return data[5], json.loads(data[8:])

    def hello(self, **fields):
        return {"uid": self.uid, "epoch": self.epoch, "session": "00000000000000aa", "display_name": "by hand",
                "challenge": "ab" * 32, "heartbeat_ms": 60000, **fields}

    def greet(self):
        self.send(HELLO, self.hello())
        answer = self.receive(HELLO_OK)
        self.check_proof(answer)
        self.send(PING, {"n": 1, "trust": "operator"})
        return answer

    def check_proof(self, answer):
        """The listener proves that it holds the key that it names."""
        proof = bytes.fromhex(answer["proof"])
        nonce, box = proof[:24], proof[24:]
        plain = ctypes.create_string_buffer(len(box) - 16)
        failed = sodium.crypto_box_open_easy(plain, box, ctypes.c_ulonglong(len(box)), nonce,
                                             z85.decode(answer["key"].encode()), z85.decode(self.private))
        assert not failed
        assert plain.raw == bytes.fromhex("ab" * 32) + answer["uid"].encode()
        assert answer["uid"] == uid("peer", z85.decode(answer["key"].encode()))
