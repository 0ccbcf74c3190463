"""What scripts/prove_arm64's machine runs, as root in /src: run.py [NAME...]; by default all tests below, then the story.

The tests are those whose code meets the architecture: system calls, processes, descriptors, pictures, bytes. A test knows its
deadline, not the pace of an emulated machine: one that fails runs once more, alone, and is named as slow if it passes then.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

BUILD = pathlib.Path("build/arm64/dev")
SECONDS = 3600  # the longest that one program may take

# Program -> what of it cannot pass on this machine, and why not.
PROGRAMS = {
    "base_test": {},
    "handler_test": {},
    "handler_process_test": {},
    "handler_keeper_test": {
        "KeeperTest.TellTheCpuTimeOfAProgramThatTheyHaveWaitedForOnce": "it bounds CPU time, of which emulation makes a multiple",
        "PersistentTest.TellTheCpuTimeOfEachJobAlone": "as above",
    },
    "handler_cpu_limit_test": {},
    "command_test": {},
    "evil_command_test": {
        "EvilCommand.ThatForksWithoutEndIsEnded": "it bounds how long an end takes, of which emulation makes a multiple",
    },
    "frames_worker_test": {},
    "worker_frames_test": {},
    "pdf_info_test": {},
    "pdf_handler_test": {},
    "pdf_executor_test": {},
    "ocr_handler_test": {},
    "ocr_executor_test": {},
    "simulate_test": {},
    "queue_test": {},
    "engine_test": {},
    "sqlite_store_test": {},
    "http_unit_test": {},
    "http_test": {},
    "evil_commands_test": {
        "*ThatTakeTooMuchAreRefusedIt/*": "its last program is to fill its memory within 2 s, which takes emulation longer",
    },
    "stop_test": {},
    "integration_test": {},
}
# Once more, with programs in namespaces of their own, as tests/unit/command/CMakeLists.txt has them.
NAMESPACED = ["command_test", "evil_command_test", "frames_worker_test"]


def run(program, tests, environment):
    """Names of the tests that failed, and counts of those that ran and that were skipped."""
    report = pathlib.Path("/tmp/tests.json")
    report.unlink(missing_ok=True)
    command = [program, "--gtest_brief=1", "--gtest_color=no", f"--gtest_filter={tests}", f"--gtest_output=json:{report}"]
    try:
        subprocess.run(command, env={**os.environ, "OMP_THREAD_LIMIT": "1", **environment}, stdin=subprocess.DEVNULL,
                       timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        print(f"run: {program.name} took longer than {SECONDS} s", flush=True)
    if not report.is_file():  # a crash, or no end
        return [tests], 0, 0
    cases = [case for suite in json.loads(report.read_text())["testsuites"] for case in suite["testsuite"]]
    names = {f'{case["classname"]}.{case["name"]}': case for case in cases if case["status"] == "RUN"}
    skipped = sum(case["result"] == "SKIPPED" for case in names.values())
    return [name for name, case in names.items() if case.get("failures")], len(names), skipped


def test(name, environment):
    found = list((BUILD / "tests").rglob(name))
    if not found:
        print(f"run: {name} was not built", flush=True)
        return False
    begin = time.monotonic()
    left_out = PROGRAMS[name]
    failed, count, skipped = run(found[0], "*" + ("-" + ":".join(left_out) if left_out else ""), environment)
    for reason in left_out.items():
        print(f"run: left out: {': '.join(reason)}", flush=True)
    still = [one for one in failed if run(found[0], one, environment)[0]]
    slow = [one for one in failed if one not in still]
    told = {"failed": still, "slow": slow}
    words = "".join(f"; {what}: {' '.join(names)}" for what, names in told.items() if names)
    title = " ".join([name, *(f"{key}={value}" for key, value in environment.items())])
    print(f"run: {title}: {count} tests, {skipped} skipped, {time.monotonic() - begin:.0f} s{words}", flush=True)
    return not still


def story():
    command = [sys.executable, "tests/arm64/story.py", BUILD / "src/app/headrace", "tests/data/sample.pdf", "out"]
    return subprocess.run(command, check=False).returncode == 0


def main():
    names = sys.argv[1:] or [*PROGRAMS, "story"]
    unknown = [name for name in names if name != "story" and name not in PROGRAMS]
    if unknown:
        sys.exit(f"run: unknown: {' '.join(unknown)}; there are story {' '.join(PROGRAMS)}")
    good = [test(name, {}) for name in names if name != "story"]
    good += [test(name, {"HEADRACE_TEST_NAMESPACES": "1"}) for name in NAMESPACED if name in names]
    if "story" in names:
        good.append(story())
    print(f"run: {'all as it should be' if all(good) else 'FAILED'}", flush=True)
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
