# SPDX-License-Identifier: MPL-2.0
"""A UDP relay that loses datagrams, the same ones in every run of a seed."""

import random
import select
import socket
import threading


class Relay:
    """Takes datagrams on one port for each target and sends all of them on from one socket, because receivers know by
    the address of the sender which repair packets belong to which source packets. The first `spared` are all sent on."""

    def __init__(self, targets, loss, seed, spared=0):
        self.received = 0
        self.dropped = 0
        self._loss = loss
        self._spared = spared
        self._random = random.Random(seed)
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._out.bind(("127.0.0.1", 0))
        self._routes = {}
        for port in targets:
            door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            door.bind(("127.0.0.1", 0))
            self._routes[door] = port
        self.ports = [door.getsockname()[1] for door in self._routes]
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._is_stopping.is_set():
            ready, _, _ = select.select(list(self._routes), [], [], 0.05)
            for door in ready:
                self._pass_on(door.recv(65536), self._routes[door])

    def _pass_on(self, datagram, port):
        self.received += 1
        if self.received > self._spared and self._random.random() < self._loss:
            self.dropped += 1
            return
        try:
            self._out.sendto(datagram, ("127.0.0.1", port))
        except ConnectionError:
            pass  # the receiver is gone already

    def close(self):
        self._is_stopping.set()
        self._thread.join()
        for door in self._routes:
            door.close()
        self._out.close()
