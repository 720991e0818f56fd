"""Runs the checks of official clients, each file as a program of its own: `run.py TARGET [FILE …]`."""
import os
import pathlib
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
    target, files = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:] or FILES
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, house.opened(target, pathlib.Path(folder)) as env:
        for file in files:
            print(file, flush=True)
            program = ["node"] if file.endswith(".mjs") else [sys.executable, "-W", "ignore"]
            # Nothing on the way to 127.0.0.1, and no client that reports home.
            env.update(no_proxy="127.0.0.1", NO_PROXY="127.0.0.1", LANGSMITH_TRACING="false")
            done = subprocess.run([*program, house.HERE / file], env={**os.environ, **env}, cwd=house.HERE)
            if done.returncode != 0:
                log = pathlib.Path(folder, "mainstay.log").read_text().splitlines()[-8:]
                print("the last lines of the server's log:", *log, sep="\n  ")
                sys.exit(1)
    print(f"all true, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
