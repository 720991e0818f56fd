"""Runs the checks of official clients, each file as a program of its own: `run.py BINARIES PACKAGES [FILE …]`.

BINARIES is the folder of `mainstay` and of `examples`, PACKAGES the one whose `node_modules` has the clients for Node.
MAINSTAY names another server program than that of BINARIES.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import house

FILES = [
    "doubles.py", "openai_chat.py", "openai_rest.py", "openai_client.mjs", "anthropic_messages.py", "anthropic_client.mjs",
    "langchain_models.py", "ledger.py",
]


def main():
    binaries, packages = (pathlib.Path(it).resolve() for it in sys.argv[1:3])
    files = sys.argv[3:] or FILES
    mainstay = os.environ.get("MAINSTAY") and pathlib.Path(os.environ["MAINSTAY"]).resolve(strict=True)
    # Node looks for packages beside the program.
    for file in house.HERE.glob("*.mjs"):
        shutil.copy(file, packages)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, house.opened(binaries, pathlib.Path(folder), mainstay) as env:
        # Nothing on the way to 127.0.0.1, and no client that reports home.
        env.update(no_proxy="127.0.0.1", NO_PROXY="127.0.0.1", LANGSMITH_TRACING="false")
        for file in files:
            print(file, flush=True)
            command = ["node", packages / file] if file.endswith(".mjs") else [sys.executable, "-W", "ignore", house.HERE / file]
            if subprocess.run(command, env={**os.environ, **env}, cwd=house.HERE).returncode != 0:
                log = pathlib.Path(folder, "mainstay.log").read_text().splitlines()[-8:]
                print("the last lines of the server's log:", *log, sep="\n  ")
                sys.exit(1)
    print(f"all true, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
