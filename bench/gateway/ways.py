"""The ways to a model that are measured: directly, through Mainstay, through others. Each starter gives a `Way`."""
import json, os, pathlib, re, subprocess, time, urllib.request

from serving import Mainstay, application, family, free_port, tail

PEERS = pathlib.Path(os.environ.get("MAINSTAY_PEERS") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "mainstay-peers")
LOAD_CORE, GATEWAY_CORE = "0", "1"

# About 200 bytes of a request, 530 of an answer.
MODEL = "gpt-4o-mini"
QUESTION = json.dumps({"model": MODEL, "messages": [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "Say hello to the people who keep this machine running."}],
                       "max_tokens": 64, "temperature": 0.7}, separators=(",", ":"))
ANSWER = json.dumps({"id": "chatcmpl-9x8y7z6w5v4u3t2s1r", "object": "chat.completion", "created": 1790000000, "model": MODEL,
                     "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello to all of you who keep the lights on: " + "thank you. " * 5, "refusal": None},
                                  "logprobs": None, "finish_reason": "stop"}],
                     "usage": {"prompt_tokens": 31, "completion_tokens": 22, "total_tokens": 53, "prompt_tokens_details": {"cached_tokens": 0},
                               "completion_tokens_details": {"reasoning_tokens": 0}}, "system_fingerprint": "fp_0123456789"}, separators=(",", ":"))

# First word after ms, another each ms, words. In rounds, and once more with all streams at once.
ALONE, SOME, MANY = "paced-5-5-20", "paced-20-20-50", "paced-50-100-60"
PACES = [ALONE, SOME, MANY]


def stream_of(pace):
    return json.dumps({"model": pace, "messages": [{"role": "user", "content": "Count."}], "stream": True}, separators=(",", ":"))


class Way:
    """A way to the models: directly, or through a gateway."""
    whole_headers, stream_headers, processes = {}, {}, ()
    is_pausable = False

    def __init__(self, name, version=None):
        self.name, self.version, self.cannot = name, version, {}

    def address(self, port):
        return f"http://127.0.0.1:{port}{self.path}"

    path = "/v1/chat/completions"

    def pids(self):
        return [pid for process in self.processes for pid in family(process.pid)]

    def move_to(self, core):
        """All its threads, also those to come, to another core."""
        for pid in self.pids():
            subprocess.run(["taskset", "-a", "-p", "-c", core, str(pid)], check=True, stdout=subprocess.DEVNULL)

    def pause(self, signal_):
        if self.is_pausable:
            for pid in self.pids():
                os.kill(pid, signal_)


def direct(bench):
    way = Way("direct")
    way.whole_port, way.stream_port = bench.whole, bench.streams
    return way


def relay(bench):
    """Not a gateway: two sockets and bytes copied between them. What it adds, anything in between adds here."""
    way, ports = Way("relay"), []
    for name, to in (("relay-whole", bench.whole), ("relay-streams", bench.streams)):
        way.processes = [*way.processes, bench.spawn(name, [bench.pace_binary, "relay", to], GATEWAY_CORE)]
        log = bench.work / f"{name}.log"
        until(lambda: log.read_text().endswith("\n"), 10, "the relay did not start")
        port = int(log.read_text().strip().rsplit(":", 1)[1])
        ports.append(port)
    way.whole_port, way.stream_port = ports
    way.is_pausable = True
    return way


def mainstay(bench):
    binary = pathlib.Path(bench.options.binary)
    way = Way("mainstay", subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.split()[-1])
    way.path = "/llm/v1/chat/completions"
    aliases = "".join(f"  {pace}: paced/{pace}\n" for pace in PACES)
    llm = f"""
providers:
  mock: {{kind: openai, base_url: "http://127.0.0.1:{bench.whole}/v1", api_key: sk-mock, concurrency: 4096}}
  paced: {{kind: openai, base_url: "http://127.0.0.1:{bench.streams}/v1", api_key: sk-mock, concurrency: 4096}}
aliases:
  {MODEL}: mock/{MODEL}
{aliases}
prices:
  - {{model: "{MODEL}", input_per_million_usd: 0.15, output_per_million_usd: 0.60, cached_per_million_usd: 0.075}}
  - {{model: "paced/*", input_per_million_usd: 2.5, output_per_million_usd: 10}}
limits:
  - {{per: key, requests_per_minute: 100000000, tokens_per_minute: 1000000000000, concurrency: 4096}}
  - {{per: tenant, requests_per_minute: 100000000, tokens_per_minute: 1000000000000, concurrency: 4096}}
  - {{per: provider, requests_per_minute: 100000000, tokens_per_minute: 1000000000000}}
  - {{per: model, requests_per_minute: 100000000, tokens_per_minute: 1000000000000}}
budgets:
  - {{name: house, scope: whole, period: month, limit_usd: 1000000}}
  - {{name: tenants, scope: tenant, period: day, limit_usd: 500000}}
  - {{name: keys, scope: key, period: month, limit_tokens: 1000000000000000}}
cache: {{enabled: false}}
"""
    server = Mainstay(binary, application(bench.work / "app", llm), bench.work / "gateway", pin=GATEWAY_CORE)
    server.migrate()
    _, secret = server.key("bench")
    server.start().stop()  # the first start makes an administrator, which takes 19 MiB for a moment
    server.start()
    bench.started.append(server.process)
    way.server, way.processes = server, [server.process]
    way.whole_port = way.stream_port = server.port
    way.whole_headers = way.stream_headers = {"authorization": f"Bearer {secret}"}
    return way


def bare_memory(bench):
    """The same binary serving the same application without any provider, after a while of nothing."""
    server = Mainstay(bench.options.binary, application(bench.work / "bare-app"), bench.work / "bare", pin=GATEWAY_CORE)
    server.start().stop()
    server.start()
    time.sleep(bench.options.idle)
    megabytes = server.memory_mb()
    server.stop()
    return megabytes


def litellm(bench):
    way = Way("litellm", version_of(PEERS / "litellm", "litellm"))
    key, port = "sk-" + "bench0123456789abcdef" * 2, free_port()
    models = [(MODEL, bench.whole), *((pace, bench.streams) for pace in PACES)]
    (bench.work / "litellm.yaml").write_text("model_list:\n" + "".join(
        f"  - {{model_name: {name}, litellm_params: {{model: openai/{name}, api_base: 'http://127.0.0.1:{at}/v1', api_key: sk-mock}}}}\n" for name, at in models))
    process = bench.spawn("litellm", [PEERS / "litellm/bin/litellm", "--config", bench.work / "litellm.yaml", "--host", "127.0.0.1", "--port", port, "--num_workers", "1"],
                          GATEWAY_CORE, {"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": f"{PEERS / 'litellm/bin'}:{os.environ['PATH']}"})
    until(lambda: get(port, "/health/liveliness") is not None, 180, lambda: f"litellm did not start: {tail(bench.work / 'litellm.log')}")
    way.processes, way.is_pausable = [process], True
    way.whole_port = way.stream_port = port
    way.whole_headers = way.stream_headers = {"authorization": f"Bearer {key}"}
    return way


def vllm_router(bench):
    way = Way("vllm-router", version_of(PEERS / "vllm", "vllm-router"))
    processes, ports = [], []
    for name, model in (("vllm-whole", bench.whole), ("vllm-streams", bench.streams)):
        port = free_port()
        processes.append(bench.spawn(name, [PEERS / "vllm/bin/vllm-router", "--host", "127.0.0.1", "--port", port, "--worker-urls", f"http://127.0.0.1:{model}", "--policy", "round_robin",
                                            "--prometheus-port", free_port(), "--max-concurrent-requests", "4096"], GATEWAY_CORE))
        ports.append(port)
        until(lambda: get(port, "/health") is not None, 60, lambda: f"vllm-router did not start: {tail(bench.work / f'{name}.log')}")
    way.processes, way.is_pausable = processes, True
    way.whole_port, way.stream_port = ports
    return way


def crabllm(bench):
    way = Way("crabllm", "0.0.25")
    port, key = free_port(), "sk-bench-0123456789"
    names = ", ".join(f'"{pace}"' for pace in PACES)
    (bench.work / "crabllm.toml").write_text(f"""
listen = "127.0.0.1:{port}"
openapi = false
[[keys]]
name = "bench"
key = "{key}"
models = ["*"]
rate_limit = {{ requests_per_minute = 100000000, tokens_per_minute = 1000000000000 }}
[providers.mock]
kind = "openai"
api_key = "sk-mock"
base_url = "http://127.0.0.1:{bench.whole}/v1"
models = ["{MODEL}"]
[providers.paced]
kind = "openai"
api_key = "sk-mock"
base_url = "http://127.0.0.1:{bench.streams}/v1"
models = [{names}]
[extensions]
rate_limit = {{ requests_per_minute = 100000000, tokens_per_minute = 1000000000000 }}
usage = {{}}
budget = {{ default_budget = 1000000.0 }}
logging = {{}}
""")
    process = bench.spawn("crabllm", [PEERS / "crabllm/bin/crabllm", "serve", "--config", bench.work / "crabllm.toml"], GATEWAY_CORE, {"RUST_LOG": "info"})
    until(lambda: get(port, "/v1/models", key) is not None, 30, lambda: f"crabllm did not start: {tail(bench.work / 'crabllm.log')}")
    way.processes, way.is_pausable = [process], True
    way.whole_port = way.stream_port = port
    way.whole_headers = way.stream_headers = {"authorization": f"Bearer {key}"}
    return way


def portkey(bench):
    gateway = PEERS / "portkey/node_modules/@portkey-ai/gateway"
    way = Way("portkey", json.loads((gateway / "package.json").read_text())["version"])
    port = free_port()
    process = bench.spawn("portkey", ["node", gateway / "build/start-server.js", "--headless", f"--port={port}"], GATEWAY_CORE, {"TRUSTED_CUSTOM_HOSTS": "localhost,127.0.0.1"})
    until(lambda: get(port, "/") is not None, 30, lambda: f"portkey did not start: {tail(bench.work / 'portkey.log')}")
    way.processes, way.is_pausable = [process], True
    way.whole_port = way.stream_port = port
    headers = lambda at: {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{at}/v1", "authorization": "Bearer sk-mock"}
    way.whole_headers, way.stream_headers = headers(bench.whole), headers(bench.streams)
    return way


WAYS = {"relay": relay, "mainstay": mainstay, "vllm-router": vllm_router, "crabllm": crabllm, "litellm": litellm, "portkey": portkey}


def get(port, path, key=None):
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"authorization": f"Bearer {key}"} if key else {})
        with urllib.request.urlopen(request, timeout=2) as answer:
            return answer.read()
    except OSError:
        return None


def until(is_so, seconds, why):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(why() if callable(why) else why)
        time.sleep(0.2)


def version_of(folder, package):
    text = subprocess.run([folder / "bin/pip", "show", package], capture_output=True, text=True).stdout
    return re.search(r"^Version: (.*)$", text, re.M)[1]
