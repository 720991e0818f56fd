"""An application of this repository, served over a real model: what it answers, what its model was asked, what the ledger says."""
import contextlib
import http.client
import json
import os
import sys
import time

import yaml
from check import holds, same
from fits import faults
from house import ROOT, process

EMAIL, PASSWORD = "admin@example.com", "A-long-odd-passw0rd"
MODEL = "openai/tiny"


class Application:
    def __init__(self, folder, address, hearing):
        self.folder, self.address, self.hearing = folder, address, hearing
        self.token = self.tenant = None
        # What one case leaves to the next ones.
        self.kept = {}

    def ask(self, method, path, body=None, status=200):
        """What the server answers, when it answers with this status."""
        got, answer = self.tried(method, path, body)
        if got != status:
            raise RuntimeError(f"{method} {path} with {json.dumps(body):.500}: {got} {json.dumps(answer):.1500}")
        return answer

    def tried(self, method, path, body=None):
        """With which status the server answers, and what."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=120)
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {self.token}"} if self.token else {})}
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        return answer.status, json.loads(text) if text else None

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body, status=200):
        return self.ask("POST", path, body, status)

    def sign_in(self):
        self.token = self.post("/api/auth/login", {"email": EMAIL, "password": PASSWORD})["access_token"]
        self.tenant = next((it["id"] for it in self.get("/api/tenants")["items"]), None)

    def waited(self, path, field, ends, seconds=60):
        """What `path` answers once its `field` is one of these."""
        until = time.monotonic() + seconds
        while True:
            found = self.get(path)
            if found[field] in ends:
                return found
            if time.monotonic() > until:
                raise RuntimeError(f"GET {path}: still {found[field]} after {seconds} s")
            time.sleep(0.05)

    def job(self, accepted):
        """The result of a job that was accepted, once it is completed."""
        done = self.waited(f"/api/jobs/{accepted['job']}", "state", ("completed", "failed", "cancelled"))
        same(f"the job {done['engine_kind']}: {done['error']}", done["state"], "completed")
        return done["result"]

    def description(self):
        return yaml.safe_load((self.folder / "app.yaml").read_text())

    def config(self, name):
        return yaml.safe_load((self.folder / f"config/{name}.yaml").read_text())

    def schema(self, file):
        return json.loads((self.folder / f"schemas/{file}.json").read_text())

    def sample(self, name):
        return (self.folder / "data/samples" / name).read_bytes()

    def output(self, task):
        """The schema of a task's answers."""
        return json.loads((self.folder / self.description()["tasks"][task]["output"]).read_text())

    @contextlib.contextmanager
    def listening(self):
        """Listens to what the model is asked meanwhile."""
        listening = Listening(self)
        yield listening
        listening.end = len(self.hearing.heard)

    def usage(self, operation):
        """What the ledger says of an operation, the oldest first."""
        return self.get(f"/api/usage?operation={operation}&limit=100")["items"][::-1]


class Listening:
    def __init__(self, app):
        self.app, self.begin, self.end = app, len(app.hearing.heard), None

    @property
    def heard(self):
        return self.app.hearing.heard[self.begin:self.end]

    def answers(self, task, schema=None):
        """The answers of a model to a task, as JSON: it was asked to follow the task's own schema, each was taken that fits
        it and no other, and the ledger has all of them, with the tokens that the model server counted.
        """
        wanted = bare(schema or self.app.output(task))
        return self.by(task, [it for it in self.heard if it.schema and bare(it.schema) == wanted])

    def refused(self, task):
        """How often a model was asked whose answers all break the task's schema: none was taken, and the ledger has all."""
        heard = [it for it in self.heard if it.schema]
        same("answers that fit", self.by(task, heard, ends="invalid"), [])
        return len(heard)

    def by_any_schema(self, operation, marker, others=()):
        """The same for what the engine itself wants to know: the schema is its own, and has this field. `others` are questions
        of the same operation that asked for words.
        """
        return self.by(operation, [it for it in self.heard if it.schema and marker in it.schema.get("properties", {})], others)

    def by(self, operation, heard, others=(), ends="ok"):
        holds(f"a model was asked by the schema of {operation}; it heard {len(self.heard)} questions", heard)
        rows, good = [counted(it, "ok") for it in others], []
        for it in heard:
            same("the status of the model server", it.status, 200)
            # Nothing was cut: what does not fit does not fit by itself.
            same(f"why the answer ends: {it.text[-200:]}", it.ended, "stop")
            answer = json.loads(it.text)
            wrong = faults(it.schema, answer)
            if not wrong:
                good.append(answer)
            rows.append(counted(it, "invalid" if wrong else "ok"))
        same("whether the last answer fits the schema it was asked for", rows[-1][2], ends)
        self.told(operation, rows)
        return good

    def spoken(self, operation):
        """What a model said in words to an operation that asks without a schema."""
        heard = [it for it in self.heard if it.schema is None]
        holds(f"a model was asked for {operation}", heard)
        for it in heard:
            same("the status of the model server", it.status, 200)
        self.told(operation, [counted(it, "ok") for it in heard])
        return [it.text for it in heard]

    def told(self, operation, rows):
        """The ledger's last lines of this operation are these. It is written behind the answer."""
        until = time.monotonic() + 10
        while True:
            lines = self.app.usage(operation)
            last = lines[len(lines) - len(rows):] if len(lines) >= len(rows) else lines
            got = sorted((it["tokens_in"], it["tokens_out"], it["outcome"]) for it in last)
            if got == sorted(rows) or time.monotonic() > until:
                break
            time.sleep(0.1)
        same(f"what the ledger says of {operation}", got, sorted(rows))
        for it in last:
            same("who answered", (f"{it['provider']}/{it['model']}", it["estimated"]), (MODEL, False))
            holds(f"tokens of {it}", it["tokens_in"] > 0 and it["tokens_out"] > 0)


def counted(heard, outcome):
    """A line of the ledger as the model server would write it."""
    usage = heard.said["usage"]
    return usage["prompt_tokens"], usage["completion_tokens"], outcome


def bare(schema):
    """A schema as it is compared: its references put in, and without what only says how to read it."""
    def whole(it):
        if isinstance(it, list):
            return [whole(part) for part in it]
        if not isinstance(it, dict):
            return it
        if "$ref" in it:
            return whole(schema["$defs"][it["$ref"].removeprefix("#/$defs/")])
        return {name: whole(part) for name, part in it.items() if name not in ("$schema", "$defs")}
    return whole(schema)


def fit(what, schema, value):
    """This value fits the schema."""
    same(f"what does not fit in {what}: {json.dumps(value):.600}", faults(schema, value), [])


@contextlib.contextmanager
def served(name, binaries, hearing, work, environment):
    """`apps/NAME` over what `hearing` stands before, with an administrator signed in."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    plain |= {
        "OPENAI_BASE_URL": f"{hearing.address}/v1", "OPENAI_API_KEY": "upstream-key", "MODEL_PROVIDER": "openai", "MODEL_NAME": "tiny",
        "MAINSTAY_ADMIN_EMAIL": EMAIL, "MAINSTAY_ADMIN_PASSWORD": PASSWORD, "MAINSTAY_DATABASE_URL": f"sqlite:{work / 'data.db'}",
        "MAINSTAY_LOG_FORMAT": "json",
        # The pages that sources read are held here, at an address of this machine.
        "MAINSTAY_ALLOW_PRIVATE_SOURCES": "true",
        **environment,
    }
    folder = ROOT / "apps" / name
    command = [binaries / "mainstay", "serve", folder, "--data", work / "data", "--listen", "127.0.0.1:0"]
    with process("mainstay", command, work, plain) as running:
        app = Application(folder, running.address(), hearing)
        try:
            app.sign_in()
            yield app
        except BaseException:
            print("the last lines of the server's log:", *running.log.read_text().splitlines()[-8:], sep="\n  ", file=sys.stdout)
            raise
