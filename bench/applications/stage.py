"""An application of this repository, served from a copy of its folder; what stands in for the network and for a model; and how figures
become a file in results/ and a table of README.md. Start at `stage` and `end`."""
import contextlib, http.client, http.server, json, os, pathlib, shutil, sys, tempfile, threading, time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
# What is measured is taken down as for documents and chats, and served as for the gateway.
sys.path += [str(HERE.parent / "knowledge"), str(HERE.parent / "gateway")]
import house
from house import begin, facts, share, table, until
from serving import EMAIL, ROOT, Mainstay

# Whatever an application asks of a password.
PASSWORD = "Correct-horse-7-battery"


class House(Mainstay):
    """A Mainstay in which the first administrator does everything."""

    def sign_in(self):
        self.token = None
        self.token = self.call("POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD})["access_token"]

    def timed(self, method, path, body=None):
        """What is answered, and after how many seconds."""
        begun = time.perf_counter()
        answer = self.raw(method, path, body)
        return answer, time.perf_counter() - begun

    def raw(self, method, path, body=None):
        """Any answer as it is: status and bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        head = {"content-type": "application/json", "authorization": f"Bearer {self.token}"}
        connection.request(method, path, json.dumps(body) if body is not None else None, head)
        answer = connection.getresponse()
        result = answer.status, answer.read()
        connection.close()
        return result

    def told(self, method, path, body=None, status=200):
        """The JSON of an answer that must have this status."""
        found, text = self.raw(method, path, body)
        if found != status:
            raise RuntimeError(f"{method} {path}: {found} {text[:300]}")
        return json.loads(text)


class Double:
    """An HTTP server in this process: `answer(method, path, query, body)` gives status, kind and bytes."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do(self):
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                path, _, query = self.path.partition("?")
                status, kind, data = answer(self.command, path, query, body)
                with contextlib.suppress(ConnectionError):
                    self.send_response(status)
                    self.send_header("content-type", kind)
                    self.send_header("content-length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            do_GET = do_POST = do

            def handle(self):
                # Whoever asks may be killed.
                with contextlib.suppress(ConnectionError):
                    super().handle()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()


def said(text):
    """A text as a model of OpenAI's dialect says it."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 300, "total_tokens": 1300}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    answer = {"id": "double", "object": "chat.completion", "created": 1, "model": "double", "choices": [choice], "usage": usage}
    return 200, "application/json", json.dumps(answer).encode()


def parser(about):
    parse = house.parser(about)
    if named := os.environ.get("MAINSTAY_BIN"):
        parse.set_defaults(binary=named)
    parse.add_argument("--database", help="the address of an empty PostgreSQL database, in the place of a SQLite file")
    return parse


@contextlib.contextmanager
def stage(options, name, env=None, changes=None, more=()):
    """A house that is not started yet. `changes` are files of the application's folder, each with what makes its text another one."""
    work = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="applications-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    app, there, is_well = work / "app", None, False
    shutil.copytree(ROOT / "apps" / name, app, dirs_exist_ok=True)
    for file, change in (changes or {}).items():
        (app / file).write_text(change((app / file).read_text() if (app / file).exists() else ""))
    environment = {**dict.fromkeys(house.NOBODYS, ""), "MAINSTAY_ADMIN_PASSWORD": PASSWORD, "MAINSTAY_ALLOW_PRIVATE_SOURCES": "1", "LOG_LEVEL": "warn", **(env or {})}
    # Said outright: an application may need the variables of PostgreSQL to start.
    environment["MAINSTAY_DATABASE_URL"] = options.database or f"sqlite:{work / 'bench.sqlite'}"
    try:
        there = House(options.binary, app, work / "data", environment, more=more)
        yield there
        is_well = True
    finally:
        if there and there.process and there.process.poll() is None:
            there.stop() if is_well else there.kill()
        if not options.keep and is_well:
            shutil.rmtree(work, ignore_errors=True)
        elif not is_well:
            print(f"the data and the log are in {work}", file=sys.stderr)


def without_limits(text):
    """`config/backend.yaml` that counts no requests."""
    return text + "\nlimits: false\n"


def changed(old, new):
    """A change of a text that must hold the old words once."""
    def change(text):
        if text.count(old) != 1:
            raise RuntimeError(f"`{old}` stands {text.count(old)} times in the application's file")
        return text.replace(old, new)
    return change


def spread(seconds):
    """Times in milliseconds: the middle and the worst."""
    return {"p50 ms": round(share(seconds, 0.5) * 1000, 1), "max ms": round(max(seconds) * 1000, 1), "times": len(seconds)}


def end(name, options, results, text, faults):
    """Tells what came of it as for documents, and ends with 1 when a goal is missed or anything is amiss."""
    if options.small or options.database:
        print(json.dumps(results, indent=1, ensure_ascii=False))
    house.done(name, options, results, text, faults, is_kept=not options.database, into=HERE)
