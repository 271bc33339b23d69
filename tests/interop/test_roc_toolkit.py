# SPDX-License-Identifier: MPL-2.0
"""Sound between libroc and the programs of Roc Toolkit, over loopback and in real time, compared sample by sample.

Runs where the environment names programs of Roc Toolkit 0.4 (ROC_SEND, ROC_RECV) and the folder of our examples
(ROC_EXAMPLES, by default build/examples), and skips itself elsewhere.
"""

import os
import pathlib
import shlex
import socket
import subprocess
import time

import pytest

import sound
from relay import Relay

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = pathlib.Path(os.environ.get("ROC_EXAMPLES", ROOT / "build" / "examples"))
FRAMES = 2 * sound.RATE
PACKET = 221  # frames in a packet of 5 ms
FRAME_BYTES = 4  # stereo, 16 bits
MAX_SKIPPED = 40  # packets: the target latency
LOSS = 0.05
SEED = 20240
BLOCK_PACKETS = 18
BLOCK_DATAGRAMS = 28
PATIENCE = 20

needs_roc_send = pytest.mark.skipif("ROC_SEND" not in os.environ, reason="ROC_SEND names no roc-send")
needs_roc_recv = pytest.mark.skipif("ROC_RECV" not in os.environ, reason="ROC_RECV names no roc-recv")


def program(variable):
    return shlex.split(os.environ[variable])


def free_ports(count):
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def is_bound(port):
    text = pathlib.Path("/proc/net/udp").read_text(encoding="ascii")
    return any(line.split()[1].endswith(f":{port:04X}") for line in text.splitlines()[1:])


def wait_until(condition, what):
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, f"{what} did not happen"
        time.sleep(0.02)


def uris(ports, fec="rs8m"):
    """Source alone, or source and repair."""
    if len(ports) == 1:
        return [f"rtp://127.0.0.1:{ports[0]}"]
    return [f"rtp+{fec}://127.0.0.1:{ports[0]}", f"{fec}://127.0.0.1:{ports[1]}"]


def as_options(endpoints):
    return [word for pair in zip(("-s", "-r"), endpoints) for word in pair]


def check_same(sent, got, block_packets=1):
    """What was recorded is what was sent, from its first packets to the last full block, without a gap."""
    silence = (len(got) - len(got.lstrip(b"\0"))) // FRAME_BYTES * FRAME_BYTES
    assert silence < len(got), "nothing was recorded"
    # A receiver may leave out the first packets to reach its latency.
    start = next((i for i in range(0, MAX_SKIPPED * PACKET * FRAME_BYTES, FRAME_BYTES)
                  if sent[i:i + 400] == got[silence:silence + 400]), None)
    assert start is not None, "what was recorded does not begin as what was sent"
    block_bytes = block_packets * PACKET * FRAME_BYTES
    expected = sent[start:len(sent) // block_bytes * block_bytes]
    compared = got[silence:silence + len(expected)]
    assert compared == expected, f"differs {first_difference(compared, expected)} frames after its beginning"
    print(f"{len(expected) // FRAME_BYTES} frames are equal, from frame {start // FRAME_BYTES} on")


def first_difference(a, b):
    return next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b))) // FRAME_BYTES


@pytest.fixture(name="roc_recv")
def fixture_roc_recv(tmp_path):
    """Starts roc-recv on ports; stopping it gives what it recorded."""
    running = []

    def start(ports, fec="rs8m"):
        path = tmp_path / "received.wav"
        process = subprocess.Popen(
            program("ROC_RECV") + ["-o", f"file:{path}", "--latency-profile", "intact", "--target-latency", "200ms",
                                   *as_options(uris(ports, fec))],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        running.append(process)
        wait_until(lambda: all(is_bound(port) for port in ports) or process.poll() is not None, "binding")

        def stop():
            time.sleep(0.5)  # the target latency, and then some
            assert process.poll() is None, process.stdout.read().decode(errors="replace")
            process.terminate()  # it knows no gentler end, and its file may lack the last samples and a proper header
            process.communicate(timeout=PATIENCE)
            return sound.read_16_bit(path)

        return stop

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(name="receive_wav")
def fixture_receive_wav(tmp_path):
    """Starts our receiver; gives its ports and a function that waits for what it recorded."""
    running = []

    def start(interfaces, seconds, fec="rs8m"):
        path = tmp_path / "received.wav"
        process = subprocess.Popen([EXAMPLES / "receive_wav", "-i", path, str(seconds), *uris([0] * interfaces, fec)],
                                   stdout=subprocess.PIPE, text=True)
        running.append(process)
        ports = [int(process.stdout.readline().rpartition(":")[2]) for _ in range(interfaces)]

        def stop():
            assert process.wait(seconds + PATIENCE) == 0
            return sound.read_16_bit(path)

        return ports, stop

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(name="lossy")
def fixture_lossy():
    relays = []

    def start(ports):
        # roc-recv may leave out the first packet to reach its latency, and repairs no block that it did not see begin.
        relays.append(Relay(ports, LOSS, SEED, spared=BLOCK_DATAGRAMS))
        return relays[0]

    yield start
    for relay in relays:
        relay.close()
        print(f"seed {SEED}: {relay.dropped} of {relay.received} datagrams dropped")


def send_wav(path, ports, fec="rs8m"):
    subprocess.run([EXAMPLES / "send_wav", path, *uris(ports, fec)], check=True, timeout=PATIENCE)


def roc_send(path, ports, *options, fec="rs8m"):
    subprocess.run(program("ROC_SEND") + ["-i", f"file:{path}", *as_options(uris(ports, fec)), *options], check=True,
                   timeout=PATIENCE)


@needs_roc_recv
@pytest.mark.parametrize("interfaces, fec", [(1, "none"), (2, "rs8m"), (2, "ldpc")], ids=["rtp", "rs8m", "ldpc"])
def test_roc_recv_hears_our_sender_bit_exact(tmp_path, roc_recv, interfaces, fec):
    sent = sound.write_noise(tmp_path / "sent.wav", FRAMES, 2, SEED)
    ports = free_ports(interfaces)
    stop = roc_recv(ports, fec)
    send_wav(tmp_path / "sent.wav", ports, fec)
    check_same(sent, stop())


@needs_roc_recv
@pytest.mark.parametrize("fec", ["rs8m", "ldpc"])
def test_roc_recv_repairs_what_our_sender_lost(tmp_path, roc_recv, lossy, fec):
    sent = sound.write_noise(tmp_path / "sent.wav", FRAMES, 2, SEED)
    ports = free_ports(2)
    stop = roc_recv(ports, fec)
    relay = lossy(ports)
    send_wav(tmp_path / "sent.wav", relay.ports, fec)
    check_same(sent, stop(), block_packets=BLOCK_PACKETS)
    assert relay.dropped > 0


INTERLEAVED = ["--interleaving", "--nbsrc", "10"]


@needs_roc_send
@pytest.mark.parametrize("interfaces, fec, options", [
    (1, "none", []),
    (2, "rs8m", []),
    (2, "ldpc", []),
    (2, "ldpc", ["--nbsrc", "30", "--nbrpr", "15"]),
    (2, "rs8m", [*INTERLEAVED, "--nbrpr", "5"]),
    (2, "ldpc", [*INTERLEAVED, "--nbrpr", "8"]),
], ids=["rtp", "rs8m", "ldpc", "ldpc-30", "rs8m-interleaved", "ldpc-interleaved"])
def test_our_receiver_hears_roc_send_bit_exact(tmp_path, receive_wav, interfaces, fec, options):
    sent = sound.write_noise(tmp_path / "sent.wav", FRAMES, 2, SEED)
    ports, stop = receive_wav(interfaces, 4, fec)
    roc_send(tmp_path / "sent.wav", ports, *options, fec=fec)
    check_same(sent, stop(), block_packets=10 if "--interleaving" in options else 1)


@needs_roc_send
@pytest.mark.parametrize("fec", ["rs8m", "ldpc"])
def test_our_receiver_repairs_what_roc_send_lost(tmp_path, receive_wav, lossy, fec):
    sent = sound.write_noise(tmp_path / "sent.wav", FRAMES, 2, SEED)
    ports, stop = receive_wav(2, 4, fec)
    relay = lossy(ports)
    roc_send(tmp_path / "sent.wav", relay.ports, fec=fec)
    check_same(sent, stop(), block_packets=BLOCK_PACKETS)
    assert relay.dropped > 0
