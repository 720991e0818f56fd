"""A Mainstay that serves apps/knowledge-chat from a temporary folder, with the model of `words.py` behind it; and how figures
become a file in results/ and a table of README.md. Start at `open_house` and `done`."""
import argparse, contextlib, datetime, http.client, json, os, pathlib, platform, re, resource, shutil, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
# A Mainstay as a process is what the gateway is measured with, too.
sys.path.append(str(HERE.parent / "gateway"))
from serving import ROOT, TARGET, Mainstay, free_port

PEERS = pathlib.Path(os.environ.get("MAINSTAY_PEERS") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "mainstay-peers")
PYTHON = PEERS / "knowledge/bin/python"
# What the caller's own environment must not decide.
NOBODYS = ["MAINSTAY_DATABASE_URL", "POSTGRES_USER", "POSTGRES_PASSWORD", "DB_HOST", "POSTGRES_DB", "SQLITE_DB_PATH", "MODEL_PROVIDER", "MODEL_NAME",
           "OPENAI_MODEL", "OPENAI_EMBEDDING_MODEL", "ANTHROPIC_API_KEY", "WEB_SEARCH", "MILVUS_HOST", "JWT_SECRET_KEY", "PORT", "DEBUG"]


class House(Mainstay):
    """A Mainstay, and what these measures ask of it."""
    # There is something to look at: its data stays.
    is_kept = False

    def sign_up(self, email="reader@example.com"):
        asked = {"name": "Reader", "email": email, "password": "a long enough password"}
        self.token = None
        self.token = self.call("POST", "/api/auth/signup", asked)["access_token"]

    def sign_in_again(self, email="reader@example.com"):
        self.token = None
        self.token = self.call("POST", "/api/auth/login", {"email": email, "password": "a long enough password"})["access_token"]

    def metrics(self):
        """Those without labels, by name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return {name: float(value) for name, value in re.findall(r"^(\w+) ([\d.e+-]+)$", text, re.M)}

    def memory_peak_mb(self):
        """The most it has had since it began."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


class Words:
    """The model double as a process of its own."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([sys.executable, HERE / "words.py", *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.address = f"http://127.0.0.1:{self.port}/v1"

    def counts(self):
        # Answers that nobody waits for any longer may keep it busy for a while.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=180)
        connection.request("GET", "/counts")
        counts = json.loads(connection.getresponse().read())
        connection.close()
        return counts

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@contextlib.contextmanager
def open_house(options, model=(), llm="", files=None, more=()):
    """A house that is not started yet, and its model. `llm` is added to the settings of models, `files` are written into the folder of
    the application, or added to what is there. Both are gone afterwards, unless there is something to look at."""
    work = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="knowledge-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    words, house, is_well = Words(*model), None, False
    try:
        app = work / "app"
        shutil.copytree(ROOT / "apps/knowledge-chat", app, dirs_exist_ok=True)
        (app / "config/backend.yaml").write_text("limits: false\n")
        provider = f"\nproviders:\n  openai: {{base_url: \"{words.address}\", api_key: sk-double, concurrency: 8192{llm}}}\nbreaker: {{failures: 1000000}}\n"
        for name, text in {"config/llm.yaml": provider, **(files or {})}.items():
            with (app / name).open("a") as file:
                file.write(text)
        env = {**dict.fromkeys(NOBODYS, ""), "OPENAI_BASE_URL": words.address, "OPENAI_API_KEY": "sk-double", "OPENAI_EMBEDDING_MODEL": "double-embed", "LOG_LEVEL": "warn"}
        house = House(options.binary, app, work / "data", env, more=more)
        yield house, words
        is_well = True
    finally:
        if house and house.process and house.process.poll() is None:
            house.stop() if is_well else house.kill()
        words.stop()
        is_well = is_well and not house.is_kept
        if not options.keep and is_well:
            shutil.rmtree(work, ignore_errors=True)
        elif not is_well:
            print(f"the data and the log are in {work}", file=sys.stderr)


def parser(about):
    """What all of these scripts take."""
    parse = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parse.add_argument("--binary", default=TARGET / "release/mainstay")
    parse.add_argument("--small", action="store_true")
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--keep")
    return parse


def begin(parse):
    options = parse.parse_args()
    options.binary = pathlib.Path(options.binary).resolve()
    if not options.binary.exists():
        sys.exit(f"{options.binary} is not there: `make build` makes it, --binary names another")
    # A thousand readers are a thousand files, and as many to the model.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return options


def facts(options):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    version = subprocess.run([options.binary, "--version"], capture_output=True, text=True).stdout.split()[-1]
    return {"at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "version": version, "seed": options.seed, "cores": os.cpu_count(),
            "cpu": cpu[1] if cpu else platform.machine(), "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "kernel": platform.release(), "load before": round(os.getloadavg()[0], 2)}


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(it) for it in row) + " |" for row in lines)


def taken(machine):
    return (f"Taken on {machine['at'][:10]} with Mainstay {machine['version']}: {machine['cores']} cores of {machine['cpu']}, {machine['memory_gib']} GiB, "
            f"Linux {machine['kernel']}, load {machine['load before']} before.")


def keep(name, results, text, into):
    """Into results/NAME.json and, between its marks, into README.md, both of this folder."""
    (into / "results").mkdir(exist_ok=True)
    (into / f"results/{name}.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    readme, begin_, end = into / "README.md", f"<!-- {name} -->", f"<!-- /{name} -->"
    whole = readme.read_text()
    before, after = whole.split(begin_)[0], whole.split(end)[1]
    readme.write_text(f"{before}{begin_}\n{text}\n\n{taken(results['machine'])}\n{end}{after}")


def done(name, options, results, text, faults, is_kept=True, into=HERE):
    """Tells what came of it, keeps it when it is the whole measure, and ends with 1 when anything is amiss."""
    results = {**results, "faults": len(faults), "examples of faults": faults[:12]}
    print(text)
    if options.small or not is_kept:
        print("nothing is written: this was not the whole measure", file=sys.stderr)
    else:
        keep(name, results, text, into)
    for fault in faults[:12]:
        print(f"fault: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


def until(is_so, seconds, why):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(why() if callable(why) else why)
        time.sleep(0.2)


def share(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else None
