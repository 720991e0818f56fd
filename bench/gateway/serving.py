"""A Mainstay with its gateway, for `run` and `soak`: an application folder made for the occasion, a key, a process."""
import http.client, json, os, pathlib, re, shutil, signal, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PASSWORD = "correct horse battery"
EMAIL = "bench@example.com"


def free_port():
    return int(subprocess.run([ROOT / "scripts/free-port"], capture_output=True, text=True, check=True).stdout)


def application(folder, llm=None):
    """The smallest application, in a folder of its own, with these settings of models."""
    shutil.copytree(ROOT / "bench/app", folder, dirs_exist_ok=True)
    if llm is not None:
        (folder / "config").mkdir(exist_ok=True)
        (folder / "config/llm.yaml").write_text(llm)
    return folder


class Mainstay:
    """`binary` serving `app`, with its data in `data`; `pin` are the cores it may use, `more` is said to `serve` beside that."""

    def __init__(self, binary, app, data, env=None, pin=None, more=()):
        self.binary, self.app, self.data = pathlib.Path(binary), pathlib.Path(app), pathlib.Path(data)
        self.environment = {**os.environ, "MAINSTAY_ADMIN_EMAIL": EMAIL, "MAINSTAY_ADMIN_PASSWORD": PASSWORD,
                            "LOG_LEVEL": "info", "MAINSTAY_LOG_FORMAT": "json", **(env or {})}
        self.before, self.more = ["taskset", "-c", pin] if pin else [], more
        self.log = self.data.with_suffix(".log")
        self.process = self.port = self.token = None

    def command(self, *args):
        done = subprocess.run([self.binary, *args], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"mainstay {' '.join(map(str, args))}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def migrate(self):
        self.command("migrate", "up", "--app", self.app, "--data", self.data)

    def key(self, name, scope="models"):
        """A new key: its id and its secret."""
        text = self.command("--json", "key", "create", "--app", self.app, "--data", self.data, "--name", name, "--scope", scope)
        made = json.loads(text)
        return made["id"], made["secret"]

    def start(self, port=0, patience_s=60):
        begun = time.perf_counter()
        self.process = subprocess.Popen([*self.before, self.binary, "serve", self.app, "--data", self.data, "--listen", f"127.0.0.1:{port}", *self.more],
                                        env=self.environment, stdout=subprocess.PIPE, stderr=open(self.log, "a"), text=True)
        for line in self.process.stdout:
            if line.startswith("ready "):
                break
        else:
            raise RuntimeError(f"the server did not start: {tail(self.log)}")
        self.ready_s = time.perf_counter() - begun
        self.port = int(line.strip().rsplit(":", 1)[1])
        return self

    def call(self, method, path, body=None, key=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        head = {"content-type": "application/json"}
        bearer = key or self.token
        if bearer:
            head["authorization"] = f"Bearer {bearer}"
        connection.request(method, path, json.dumps(body) if body is not None else None, head)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text) if text else None

    def sign_in(self):
        self.token = self.call("POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD})["access_token"]

    def memory_mb(self):
        return memory_mb([self.process.pid])

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(90)

    def kill(self):
        self.process.kill()
        self.process.wait(30)


def tail(path, bytes_=600):
    text = pathlib.Path(path).read_text(errors="replace")
    return text[-bytes_:]


def family(pid):
    """A process and all that it started."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        parents.setdefault(int(text.rsplit(")", 1)[1].split()[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def processor_s(pids):
    """The processor time these processes took so far."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pids):
    texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(re.search(r"VmRSS:\s+(\d+)", it)[1]) for it in texts if "VmRSS" in it) / 1024
