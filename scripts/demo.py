#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The demonstration of `make demo`: two daemons on this machine, one REST call, sound arrives.

Peer "studio" has a file player, peer "kitchen" a file recorder. Both are created, and connected, through the REST API
of the kitchen alone. With LOSS=5 the network between them drops 5 % of the packets.
"""

import argparse
import array
import ctypes
import ctypes.util
import json
import math
import os
import pathlib
import random
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import wave

RATE = 44100
START_TIMEOUT_S = 20


class DemoError(Exception):
    """Something to tell the user in one sentence."""


class UsageError(DemoError):
    """The user asked for what cannot be: there is nothing to keep for a closer look."""


def say(text=""):
    print(text, flush=True)


# ---- the daemons -----------------------------------------------------------------------------------------------


class Daemon:
    def __init__(self, daemons, program, folder, name, secret_file, peers=(), args=()):
        self.name = name
        self.http = self.p2p = self.uid = None
        self.media = folder / name / "media"
        self.media.mkdir(parents=True)
        self.log_path = folder / name / "log.txt"
        command = [program, "--name", name, "--state-dir", folder / name / "state", "--media-dir", self.media,
                   "--http", "127.0.0.1:0", "--p2p", "127.0.0.1:0", "--secret-file", secret_file]
        for peer in peers:
            command += ["--peer", peer.p2p.removeprefix("tcp://")]
        with open(self.log_path, "wb") as log:
            # A session of its own, so that Ctrl-C reaches only this program, which then stops the daemons in order.
            self.process = subprocess.Popen([str(c) for c in command + list(args)], stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        daemons.append(self)  # From here on it is stopped, whatever happens.
        ready = self._read_ready_line()
        self.http, self.p2p, self.uid = ready["http"], ready["p2p"], ready["peer_uid"]

    def _read_ready_line(self):
        if not select.select([self.process.stdout], [], [], START_TIMEOUT_S)[0]:
            raise DemoError(f"{self.name} did not start in {START_TIMEOUT_S} s; see {self.log_path}")
        line = self.process.stdout.readline()
        if not line:
            raise DemoError(f"{self.name} did not start: {self.last_log_line()}")
        return json.loads(line)

    def last_log_line(self):
        lines = self.log_path.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it wrote nothing to its log"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.http + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                text = reply.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["error_text"]
            except (ValueError, KeyError):
                pass
            raise DemoError(f"{self.name} answered {error.code} to {method} {path}: {text}") from None
        except OSError as error:
            raise DemoError(f"{self.name} does not answer ({error}); see {self.log_path}") from None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise DemoError(f"{self.name} did not stop by itself and was killed; see {self.log_path}") from None
        # One that is stopped while it starts may not have come to handling signals yet.
        is_early = self.http is None and self.process.returncode == -signal.SIGTERM
        if self.process.returncode != 0 and not is_early:
            raise DemoError(f"{self.name} ended with code {self.process.returncode}; see {self.log_path}")


# ---- sound -----------------------------------------------------------------------------------------------------


def progress(text, share):
    if sys.stdout.isatty():
        width = 30
        filled = int(width * share)
        print(f"\r{text} [{'#' * filled}{'.' * (width - filled)}] {share * 100:3.0f} %", end="", flush=True)


def synthesise(path, seconds):
    """A slow chord progression of plucked strings (Karplus-Strong), panned, 16-bit stereo."""
    text = f"Synthesising {seconds:.0f} s of music"
    rng = random.Random(7)
    frames = int(seconds * RATE)
    left, right = array.array("d", bytes(8 * frames)), array.array("d", bytes(8 * frames))
    chords = [(110.0, 220.0, 277.2, 329.6), (87.3, 174.6, 220.0, 261.6), (130.8, 196.0, 261.6, 329.6),
              (98.0, 196.0, 246.9, 293.7)]
    step = int(0.22 * RATE)
    for index, start in enumerate(range(0, frames, step)):
        chord = chords[index // 8 % len(chords)]
        pan = rng.uniform(0.25, 0.75)
        pluck(left, right, start, chord[(index * 3) % 4] * (2 if index % 8 == 5 else 1), pan, rng)
        progress(text, start / frames)
    peak = max(max(map(abs, left)), max(map(abs, right)), 1e-9)
    pcm = array.array("h", bytes(4 * frames))
    pcm[0::2] = array.array("h", (int(26000 * x / peak) for x in left))
    pcm[1::2] = array.array("h", (int(26000 * x / peak) for x in right))
    if sys.byteorder == "big":
        pcm.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm.tobytes())
    progress(text, 1.0)
    say("" if sys.stdout.isatty() else text)


def pluck(left, right, start, frequency, pan, rng):
    length = min(int(0.9 * RATE), len(left) - start)
    line = [rng.uniform(-1, 1) for _ in range(int(RATE / frequency))]
    size, position, last = len(line), 0, 0.0
    for i in range(start, start + length):
        value = line[position]
        line[position] = 0.498 * (value + last)
        last = value
        position = position + 1 if position + 1 < size else 0
        left[i] += value * (1 - pan)
        right[i] += value * pan


class SoundFile(ctypes.Structure):
    _fields_ = [("frames", ctypes.c_int64), ("samplerate", ctypes.c_int), ("channels", ctypes.c_int),
                ("format", ctypes.c_int), ("sections", ctypes.c_int), ("seekable", ctypes.c_int)]


def open_sound(path):
    """(libsndfile, open file, what is in it); whoever opens closes."""
    library = ctypes.CDLL(ctypes.util.find_library("sndfile") or "libsndfile.so.1")
    library.sf_open.restype = ctypes.c_void_p
    library.sf_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(SoundFile)]
    library.sf_readf_float.restype = ctypes.c_int64
    library.sf_readf_float.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_float), ctypes.c_int64]
    library.sf_close.argtypes = [ctypes.c_void_p]
    info = SoundFile()
    file = library.sf_open(os.fsencode(path), 0x10, ctypes.byref(info))
    if not file or info.frames <= 0:
        raise UsageError(f"{path} holds no sound that can be read; give a WAV, FLAC or OGG file: make demo WAV=song.wav")
    return library, file, info


def check_sound(path):
    if not path.is_file():
        raise UsageError(f"there is no file {path}; give one that exists: make demo WAV=song.wav")
    library, file, _ = open_sound(path)
    library.sf_close(file)


def read_as_sent(path):
    """(rate, channels, exact, 16-bit PCM) of an audio file, as L16 carries it: truncated where the file has more bits."""
    library, file, info = open_sound(path)
    pcm = array.array("h")
    block = (ctypes.c_float * (65536 * info.channels))()
    while True:
        count = library.sf_readf_float(file, block, 65536)
        if count <= 0:
            break
        pcm.extend(max(-32768, min(32767, int(x * 32768.0))) for x in block[:count * info.channels])
    library.sf_close(file)
    return info.samplerate, info.channels, info.format & 0xffff == 0x0002, pcm.tobytes()


def compare(sent_path, received_path):
    """Says how many samples arrived; returns whether all of them are bit-exact."""
    rate, channels, is_16_bit, sent = read_as_sent(sent_path)
    with wave.open(str(received_path), "rb") as file:
        received = file.readframes(file.getnframes())
        if (file.getframerate(), file.getnchannels()) != (rate, channels):
            raise DemoError(f"the recording has {file.getframerate()} Hz and {file.getnchannels()} channels "
                            f"instead of {rate} Hz and {channels}")
    count = len(sent) // 2
    note = "" if is_16_bit else " (as 16-bit samples, which is what travels; the file itself is not 16-bit)"
    if sent and received.find(sent) >= 0:
        say(f"{count:,} samples were sent and {count:,} arrived: bit-exact{note}.")
        return True
    frame = 2 * channels
    offset = received.find(sent[:frame * 2000])
    if offset < 0:
        say(f"{count:,} samples were sent; the beginning did not arrive whole, so the recording is NOT exact.")
        return False
    got = received[offset:offset + len(sent)]
    differing = sum(1 for i in range(0, len(sent), frame) if sent[i:i + frame] != got[i:i + frame])
    say(f"{count:,} samples were sent; {differing * channels:,} of them did not arrive as they were: NOT bit-exact.")
    return False


# ---- the story -------------------------------------------------------------------------------------------------


def wait_for_peer(daemon, other):
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        for peer in daemon.call("GET", "/peers"):
            if peer["peer_uid"] == other.uid and peer["state"] == "online":
                return peer
        time.sleep(0.05)
    raise DemoError(f"{daemon.name} and {other.name} did not find each other; see {daemon.log_path}")


def clock_text(frames, rate):
    seconds = int(frames / rate) if rate else 0
    return f"{seconds // 60}:{seconds % 60:02d}"


def live_line(metrics, player, rate, is_last=False):
    """Packets of sound only: repair packets are told at the end."""
    receiver, sender = metrics.get("receiver") or {}, metrics.get("sender") or {}
    virtual = player["virtual"]
    lost, repaired = receiver.get("packets_lost", 0), receiver.get("packets_recovered", 0)
    if is_last and not receiver.get("frames_concealed", 0):
        # A packet is repaired when its turn to play comes; no gap was played, so what is not repaired is not due yet.
        lost = repaired
    line = (f"  {clock_text(virtual.get('position_frames', 0), rate)} / {clock_text(virtual.get('length_frames', 0), rate)}"
            f"   packets {sender.get('packets_sent', 0):,}   lost {lost:,}   repaired {repaired:,}"
            f"   latency {receiver.get('queue_latency_ms', 0.0):.0f} ms")
    if sys.stdout.isatty():
        print("\r" + line + "\x1b[K", end="\n" if is_last else "", flush=True)
    elif is_last:
        say(line)
    if is_last:
        say_repair(sender, receiver, lost, repaired)


def say_repair(sender, receiver, lost, repaired):
    say()
    if not receiver.get("packets_received", 0):
        say("Not one packet arrived.")
    elif lost == repaired:
        say(f"{sender.get('repair_packets_sent', 0):,} repair packets went along, "
            + ("and every lost packet was rebuilt from them." if lost else "and none was needed: nothing was lost."))
    else:
        say(f"{lost - repaired:,} packets could not be rebuilt: more was lost at once than the repair packets make good.")


def play(studio, kitchen, stream, player, rate):
    """Shows the live line until the file was played and its last samples had the time to arrive."""
    path = stream["stream_uri"]
    finished_at = None
    while True:
        metrics = kitchen.call("GET", path + "/metrics")
        now = studio.call("GET", player["endpoint_uri"])
        done = finished_at is not None and time.monotonic() > finished_at + 1.0
        live_line(metrics, now, rate, done)
        if done:
            return
        state = kitchen.call("GET", path)
        if state["state"] == "failed":
            raise DemoError(f"the stream failed: {state.get('reason')}")
        if finished_at is None and now["virtual"].get("finished"):
            finished_at = time.monotonic()
        time.sleep(0.2)


def demo(options, folder, daemons):
    source = folder / "sent.wav"
    if options.wav:
        wav = pathlib.Path(options.wav)
        check_sound(wav)
        source = folder / ("sent" + wav.suffix)
        shutil.copyfile(wav, source)
    else:
        synthesise(source, float(os.environ.get("DEMO_SECONDS", "12")))
    secret = folder / "secret"
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_hex(24) + "\n")

    program = pathlib.Path(options.bin) / "rocd"
    impair = ["--impair", f"loss={options.loss:g}%"] if options.loss else []
    studio = Daemon(daemons, program, folder, "studio", secret, args=impair)
    say(f"Peer studio  runs: {studio.http}")
    kitchen = Daemon(daemons, program, folder, "kitchen", secret, peers=[studio])
    say(f"Peer kitchen runs: {kitchen.http}, and was told only the address of studio")
    wait_for_peer(kitchen, studio)
    wait_for_peer(studio, kitchen)
    say("They found each other and trust each other, because both hold the same network secret.")

    name = source.name
    shutil.copyfile(source, studio.media / name)
    player = kitchen.call("POST", f"/peers/{studio.uid}/endpoints",
                          {"display_name": "Music", "virtual": {"kind": "file_player", "path": name}})
    recorder = kitchen.call("POST", "/peers/self/endpoints",
                            {"display_name": "Tape", "virtual": {"kind": "file_recorder", "path": "received.wav"}})
    say("studio has a file player now, kitchen a file recorder.")
    if options.loss:
        say(f"The network from studio drops {options.loss:g} % of all packets, at random.")
    say()
    say("One REST call to the kitchen connects them:")
    body = {"source": {"connection_type": "endpoint", "endpoint_uri": player["endpoint_uri"]},
            "destination": {"connection_type": "endpoint", "endpoint_uri": recorder["endpoint_uri"]}}
    say(f"  curl -X POST {kitchen.http}/streams -H 'Content-Type: application/json' -d '{json.dumps(body)}'")
    say()
    stream = kitchen.call("POST", "/streams", body)
    rate = studio.call("GET", player["endpoint_uri"]).get("sample_rate") or RATE
    play(studio, kitchen, stream, player, rate)
    file = kitchen.call("GET", recorder["endpoint_uri"])["virtual"].get("file") or "received.wav"
    kitchen.call("DELETE", stream["stream_uri"])
    return source, kitchen.media / file


def stop_all(daemons):
    problems = []
    while daemons:
        try:
            daemons.pop().stop()
        except DemoError as problem:
            problems.append(str(problem))
    return problems


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def percent(text):
    try:
        value = float(text.strip().removesuffix("%") or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        sys.exit(f"demo: the loss '{text}' is not a percentage from 0 to 100, such as LOSS=5")
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/bin", help="folder with rocd (default build/bin)")
    parser.add_argument("--wav", default="", help="file to play: WAV, FLAC or OGG (default: a piece made here)")
    parser.add_argument("--loss", type=percent, default=0.0, help="percent of packets that the network drops")
    parser.add_argument("--keep", metavar="DIR", help="keep recording and logs in this folder")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)

    folder = pathlib.Path(tempfile.mkdtemp(prefix="rocd-demo-"))
    daemons, problems, exact = [], [], False
    try:
        sent, received = demo(options, folder, daemons)
        problems += stop_all(daemons)
        exact = not problems and compare(sent, received)
    except UsageError as error:
        sys.exit(f"demo: {error}")
    except DemoError as error:
        problems.append(str(error))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stopped = "Both daemons stopped cleanly." if len(daemons) == 2 else "Stopped."
        problems += stop_all(daemons)
        say("\n" + ("\n".join(problems) or stopped))
        return 130
    finally:
        problems += stop_all(daemons)
        if options.keep:
            shutil.copytree(folder, options.keep, dirs_exist_ok=True)
        if not problems:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    if not problems:
        say("Both daemons stopped cleanly.")
    return 0 if exact and not problems else 1


if __name__ == "__main__":
    sys.exit(main())
