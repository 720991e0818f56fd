"""The servers that the clients talk to: a real model server, the scripted provider, and Mainstay over both.

All listen on free ports of 127.0.0.1. `opened(...)` gives the environment that a client needs, and stops
what it started, each by its own process id.
"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "tests/clients"
UPSTREAM_KEY = "upstream-key"


@contextlib.contextmanager
def opened(target, work, mainstay=None):
    """`target` holds the programs, of which `mainstay` may be another one; `work` takes data and logs."""
    with contextlib.ExitStack() as running:
        gguf = work / "tiny.gguf"
        subprocess.run([sys.executable, ROOT / "tests/real/make_tiny_gguf.py", gguf], check=True, stdout=subprocess.DEVNULL)
        server = [sys.executable, ROOT / "tests/real/llm_server.py", "--model", gguf, "--port", "0", "--alias", "tiny", "--api-key", UPSTREAM_KEY, "--seed", "7"]
        started = [
            running.enter_context(process("real", server, work)),
            running.enter_context(process("embeddings", [*server, "--embedding"], work)),
            running.enter_context(process("double", [target / "examples/provider", ROOT / "crates/models/tests/fixtures"], work)),
        ]
        real, embeddings, double = [it.address() for it in started]
        app = work / "app"
        shutil.copytree(HERE / "app", app)
        settings = app / "config/llm.yaml"
        text = settings.read_text()
        for name, address in (("real", real), ("embeddings", embeddings), ("double", double)):
            text = text.replace("{" + name + "}", address)
        settings.write_text(text)
        # Nothing of the caller's environment may configure a model here.
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        plain["MAINSTAY_LOG_FORMAT"] = "json"
        mainstay = mainstay or target / "mainstay"
        folder = ["--data", work / "data"]
        house = running.enter_context(process("mainstay", [mainstay, "serve", app, *folder, "--listen", "127.0.0.1:0"], work, plain)).address()

        def key(scope, name):
            command = [mainstay, "key", "create", "--app", app, *folder, "--scope", scope, "--name", name, "--json"]
            made = subprocess.run(command, env=plain, cwd=work, check=True, capture_output=True, text=True)
            return json.loads(made.stdout)["secret"]

        yield {
            "MAINSTAY_URL": house, "MAINSTAY_ADMIN_KEY": key("admin", "the checks"),
            "REAL_URL": real, "EMBEDDINGS_URL": embeddings, "DOUBLE_URL": double, "UPSTREAM_KEY": UPSTREAM_KEY,
            # The only thing a client is told: its own variables.
            "OPENAI_BASE_URL": f"{house}/llm/v1", "OPENAI_API_KEY": (client := key("models", "the clients")),
            "ANTHROPIC_BASE_URL": f"{house}/llm/anthropic", "ANTHROPIC_API_KEY": client,
        }


class Running:
    def __init__(self, name, popen, log):
        self.name, self.popen, self.log = name, popen, log

    def address(self):
        for line in self.popen.stdout:
            if line.startswith("ready "):
                # Whatever it still says must not fill the pipe.
                threading.Thread(target=self.popen.stdout.read, daemon=True).start()
                return line.split()[1]
        sys.exit(f"{self.name} did not start:\n{self.log.read_text()[-3000:]}")


@contextlib.contextmanager
def process(name, command, work, env=None):
    log = work / f"{name}.log"
    with open(log, "w") as sink:
        popen = subprocess.Popen([str(it) for it in command], stdout=subprocess.PIPE, stderr=sink, text=True, env=env, cwd=work)
    try:
        yield Running(name, popen, log)
    finally:
        popen.terminate()
        try:
            popen.wait(20)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()


def get(address, path, key=None, kind=json.loads):
    """What a GET answers; for the checks that look behind the clients."""
    host = address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", path, headers={"authorization": f"Bearer {key}"} if key else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        raise RuntimeError(f"GET {path}: {answer.status} {text[:500]}")
    return kind(text)
