#!/usr/bin/env python3
"""Python packages that a test takes, pinned by hash, in a virtual environment that is kept.

usage: pinned.py HOME_FOLDER REQUIREMENTS_FILE; exit status 77 where the package index cannot be reached.
"""

import pathlib
import subprocess
import sys
import venv

SKIPPED = 77


def install(home, requirements):
    """Installs what the text `requirements` pins into `home`, unless it is there. Ends the program with SKIPPED where
    the package index cannot be reached, and with the reason where a hash is another one."""
    kept = home / "requirements.txt"
    if kept.exists() and kept.read_text(encoding="utf-8") == requirements:
        return
    venv.create(home, clear=True, with_pip=True)
    wanted = home / "wanted.txt"
    wanted.write_text(requirements, encoding="utf-8")
    done = subprocess.run([home / "bin/pip", "install", "--no-deps", "--only-binary=:all:", "--require-hashes",
                           "-r", wanted], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        wanted.rename(kept)
        return
    if "hash" in done.stderr.lower():
        sys.exit(done.stderr)
    names = ", ".join(line.split("==")[0] for line in requirements.splitlines() if "==" in line)
    print(f"skipped: {names} cannot be installed here: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    sys.exit(SKIPPED)


if __name__ == "__main__":
    install(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
