# SPDX-License-Identifier: MPL-2.0
"""Sends a sound from one example program to the other, and checks that it was heard."""
import array
import math
import pathlib
import subprocess
import sys
import tempfile
import wave

RATE = 44100
SECONDS = 3
LEVEL = 0.5
PATIENCE = 60


def write_tone(path):
    tone = array.array("h", (round(LEVEL * 32767 * math.sin(2 * math.pi * 440 * i / RATE))
                             for i in range(RATE * SECONDS) for _ in range(2)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone.tobytes())


def read_floats(path):
    data = path.read_bytes()
    start = data.index(b"data") + 8
    return array.array("f", data[start:start + (len(data) - start) // 4 * 4])


def main(send_wav, receive_wav):
    with tempfile.TemporaryDirectory() as folder:
        sent, heard = pathlib.Path(folder, "sent.wav"), pathlib.Path(folder, "heard.wav")
        write_tone(sent)
        receiver = subprocess.Popen([receive_wav, "-l", "100", heard, str(SECONDS), "rtp+rs8m://127.0.0.1:0",
                                     "rs8m://127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        try:
            uris = [receiver.stdout.readline().strip() for _ in range(2)]
            subprocess.run([send_wav, sent, *uris], check=True, timeout=PATIENCE)
            assert receiver.wait(PATIENCE) == 0
        finally:
            receiver.kill()
            receiver.wait()
        samples = read_floats(heard)
    loud = sum(abs(sample) > LEVEL / 2 for sample in samples)
    peak = max(map(abs, samples))
    assert abs(peak - LEVEL) < 0.01, f"the loudest sample is {peak}, not {LEVEL}"
    # A sine is above half its peak for two thirds of the time; a second of it is the least.
    assert loud > RATE * 2 * 2 / 3, f"only {loud} loud samples were heard"


main(*sys.argv[1:])
