# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Renews requirements.lock: the newest of everything that the files requirements*.txt allow.

    python3 -m tests.tools.lock        leaves the file as it is when a package index does not answer

The packages are installed together into an environment of their own below .build, so what is locked goes together.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from .runs import BUILD, ROOT

LOCK = ROOT / "requirements.lock"
FILES = ("requirements.txt", "requirements-test.txt", "requirements-kerberos.txt")
HEAD = (
    "# What our own environment and continuous integration install, renewed by `make lock`; not what users need: "
    "requirements.txt.\n"
)


def main() -> int:
    """Renew the lock file; returns the exit status of pip."""
    environment = BUILD / "venv-lock"
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    wanted = [part for name in FILES for part in ("-r", str(ROOT / name))]
    options = ["-qq", "--only-binary", ":all:", "--no-binary", "gssapi,krb5,pykerberos"]
    status = subprocess.run([*pip, "install", *options, *wanted], check=False).returncode
    if not status:
        frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
        LOCK.write_text(HEAD + frozen, encoding="utf-8")
    shutil.rmtree(environment)
    return status


if __name__ == "__main__":
    sys.exit(main())
