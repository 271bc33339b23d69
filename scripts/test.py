#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Runs every test and ends with one line: N passed, N failed.

Stages: unit, scenario, asan, tsan, valgrind, fuzz, demo by default, and interop. Each builds what it needs in a folder of
its own. A failing test is shown with its output; the other stages still run.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
JOBS = str(min(4, os.cpu_count() or 1))
TAP_LINE = re.compile(r"^(ok|not ok) \d+ - (.*)$", re.MULTILINE)

SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:abort_on_error=0:exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": f"halt_on_error=0:exitcode=66:second_deadlock_stack=1:suppressions={ROOT}/tests/tsan.supp",
}


class Result:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def add(self, ok, name, output=""):
        if ok:
            self.passed += 1
            return
        self.failed += 1
        print(f"\nFAILED {name}\n{output}", flush=True)


def run(command, env=None, timeout=None):
    """Returns (exit code, output); a timeout is an exit code of its own."""
    try:
        done = subprocess.run([str(c) for c in command], cwd=ROOT, env={**os.environ, **(env or {})}, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\nstopped after {timeout} s"


def build(folder, options=(), env=None):
    """Configures and builds all of it; the tests of a tree that does not compile have failed."""
    path = ROOT / folder
    if not (path / "build.ninja").exists():
        code, output = run(["meson", "setup", path, *options], env)
        if code:
            return False, output
    code, output = run(["ninja", "-C", path, "-j", JOBS])
    return code == 0, output[-6000:]


def unit(result, folder="build", wrapper=(), env=None, scale=1, names=()):
    """The cmocka programs, each test function counted."""
    code, listing = run(["meson", "test", "-C", folder, "--list"])
    if code or not listing.strip():
        result.add(False, f"{folder}: list of unit tests", listing)
        return
    command = ["meson", "test", "-C", folder, "--suite", "unit", "--num-processes", JOBS,
               "--timeout-multiplier", str(scale), "--no-rebuild"]
    if wrapper:
        command += ["--wrap", " ".join(wrapper)]
    run(["ninja", "-C", folder, "-j", JOBS, "meson-test-prereq"])
    # Meson names its log after the wrapper; an old one must not be taken for this run's.
    logs = ROOT / folder / "meson-logs"
    for log in logs.glob("testlog*.json"):
        log.unlink()
    code, output = run(command + list(names), {**(env or {}), "CMOCKA_MESSAGE_OUTPUT": "TAP"}, 1800)
    programs = [json.loads(line) for log in logs.glob("testlog*.json") for line in log.read_text().splitlines()]
    for program in programs:
        add_program(result, folder, program)
    if not programs or (code != 0 and not result.failed):
        result.add(False, f"{folder}: unit tests", output[-6000:])


def add_program(result, folder, program):
    # cmocka writes TAP to stderr or stdout, by version.
    output = program.get("stdout", "") + program.get("stderr", "")
    tests = TAP_LINE.findall(output)
    failed = [name for verdict, name in tests if verdict != "ok"]
    # A program without TAP is one test, and its exit code the verdict.
    result.passed += len(tests) - len(failed) if tests else program["result"] == "OK"
    if failed or program["result"] != "OK":
        for name in failed[1:]:
            result.add(False, f"{folder}: {program['name']}: {name}")
        result.add(False, f"{folder}: {program['name']}: {(failed or [program['result']])[0]}", output[-6000:])


def scenario(result, folder="build", env=None, tests="tests/scenario"):
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch) / "junit.xml"
        program = ROOT / folder / "src" / "rocd" / "rocd"
        code, output = run([sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir", "tests",
                            f"--junitxml={report}", f"--basetemp={scratch}/tests", tests],
                           {"ROCD_BIN": str(program), **(env or {})}, 2400)
        if not report.exists():
            result.add(False, f"{folder}: scenario tests", output[-8000:])
            return
        cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
        for case in cases:
            if case.find("skipped") is not None:
                continue
            problem = case.find("failure") if case.find("failure") is not None else case.find("error")
            name = f"{folder}: {case.get('classname')}: {case.get('name')}"
            result.add(problem is None, name, "" if problem is None else (problem.text or "")[-6000:])
        if not cases:
            result.add(False, f"{folder}: scenario tests", output[-8000:])


def stage_unit(result, _):
    ok, output = build("build")
    result.add(ok, "build with gcc", output)
    if ok:
        unit(result)


def stage_scenario(result, _):
    ok, output = build("build")
    if ok:
        scenario(result)
    else:
        result.add(False, "build", output)


def sanitizer(result, folder, kind, left_out=()):
    ok, output = build(folder, ["-Db_sanitize=" + kind, "-Db_lundef=false", "-Dbench=false"])
    result.add(ok, f"{folder}: build", output)
    if ok:
        unit(result, folder, env=SANITIZER_ENV, scale=5, names=unit_names(folder, left_out))
        scenario(result, folder, {**SANITIZER_ENV, "ROCD_TEST_SLOW": "4"})


def stage_asan(result, _):
    sanitizer(result, "build-asan", "address,undefined")


def stage_tsan(result, _):
    sanitizer(result, "build-tsan", "thread", TSAN_LEFT_OUT)


# Hours of simulated sound in one thread: minutes here, and nothing that a race could be in.
TSAN_LEFT_OUT = {"session_latency"}
# Minutes under memcheck, for what the sanitizers see as well: simulated sound, key derivation at every start.
VALGRIND_LEFT_OUT = {"captures", "concealment", "fec_stream", "latency_tuner", "p2p", "p2p_raw", "reconciler", "reporters",
                     "resampler", "ring", "session_latency"}


def unit_names(folder, left_out):
    _, listing = run(["meson", "test", "-C", folder, "--suite", "unit", "--no-rebuild", "--list"])
    names = [line.split(" / ")[-1].strip() for line in listing.splitlines() if line and ":" not in line.split()[0]]
    return [name for name in names if name not in left_out]


def stage_valgrind(result, _):
    """Unit tests again under memcheck, which sees reads of uninitialised memory that sanitizers do not."""
    ok, output = build("build")
    if not ok:
        result.add(False, "build", output)
        return
    wrapper = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
               "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect",
               f"--suppressions={ROOT}/tests/valgrind.supp"]
    unit(result, wrapper=wrapper, scale=10, names=unit_names("build", VALGRIND_LEFT_OUT))


def stage_fuzz(result, options):
    """Each libFuzzer target for a short time, from the seeds in tests/fuzz/seeds/NAME where there are any."""
    ok, output = build("build-fuzz", ["-Dfuzz=true", "-Dtests=false", "-Dbench=false", "-Db_lundef=false",
                                      "-Db_sanitize=address,undefined"], {"CC": "clang"})
    result.add(ok, "build-fuzz: build with clang", output)
    if not ok:
        return
    targets = sorted(p for p in (ROOT / "build-fuzz" / "tests" / "fuzz").glob("fuzz_*") if p.is_file())
    if not targets:
        result.add(False, "fuzz targets", "none was built")
    for target in targets:
        with tempfile.TemporaryDirectory() as corpus:
            seeds = ROOT / "tests" / "fuzz" / "seeds" / target.name.removeprefix("fuzz_")
            folders = [corpus] + ([str(seeds)] if seeds.is_dir() else [])
            code, output = run([target, f"-max_total_time={options.fuzz_seconds}", "-timeout=10", "-rss_limit_mb=2048",
                                "-max_len=4096", "-verbosity=0", f"-artifact_prefix={ROOT}/build-fuzz/", *folders],
                               SANITIZER_ENV, options.fuzz_seconds + 120)
            result.add(code == 0, target.name, output[-6000:])


def stage_interop(result, _):
    """Against the programs of Roc Toolkit, where $ROC_SEND and $ROC_RECV name them; not among the default stages."""
    ok, output = build("build")
    if ok:
        scenario(result, tests="tests/interop")
    else:
        result.add(False, "build", output)


def stage_demo(result, _):
    """The README's demonstration as a user would run it, with and without loss."""
    for loss in ("0", "5"):
        code, output = run(["make", "--no-print-directory", "demo", f"LOSS={loss}"], {"DEMO_SECONDS": "6"}, 300)
        result.add(code == 0 and "bit-exact" in output, f"make demo LOSS={loss}", output[-6000:])


STAGES = {"unit": stage_unit, "scenario": stage_scenario, "asan": stage_asan, "tsan": stage_tsan,
          "valgrind": stage_valgrind, "fuzz": stage_fuzz, "demo": stage_demo, "interop": stage_interop}
DEFAULT_STAGES = [name for name in STAGES if name != "interop"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(STAGES)}")
    parser.add_argument("--fuzz-seconds", type=int, default=5, help="for each fuzz target (default 5)")
    options = parser.parse_args()
    unknown = [name for name in options.stages if name not in STAGES]
    if unknown:
        parser.error(f"unknown stage {unknown[0]}; there are {', '.join(STAGES)}")
    if not shutil.which("meson"):
        parser.error("meson is missing; run `make test`, which installs what is needed")

    result = Result()
    for name in options.stages or DEFAULT_STAGES:
        started, passed, failed = time.monotonic(), result.passed, result.failed
        print(f"{name}: ...", flush=True)
        STAGES[name](result, options)
        print(f"{name}: {result.passed - passed} passed, {result.failed - failed} failed "
              f"in {time.monotonic() - started:.0f} s", flush=True)
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
