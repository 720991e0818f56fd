"""What stands between Mainstay and the model server and writes down what is said; for applications that read pages of others,
it holds those pages too. It changes nothing: the model behind it is real.
"""
import contextlib
import http.client
import http.server
import json
import threading


class Heard:
    """One question and its answer, as they went over the wire."""

    def __init__(self, asked, status, said):
        self.asked, self.status, self.said = asked, status, said

    @property
    def schema(self):
        """The schema that the answer was asked to follow, or none."""
        form = self.asked.get("response_format") or {}
        return form["json_schema"]["schema"] if form.get("type") == "json_schema" else None

    @property
    def text(self):
        return self.said["choices"][0]["message"]["content"] or ""

    @property
    def ended(self):
        return self.said["choices"][0]["finish_reason"]

    @property
    def prompt(self):
        return "\n".join(str(it["content"]) for it in self.asked["messages"])


class Hearing:
    def __init__(self, model, wild):
        self.model, self.wild, self.heard, self.pages, self.address = model, wild, [], {}, None

    @contextlib.contextmanager
    def to(self, model):
        """Lets another model answer meanwhile."""
        before, self.model = self.model, model
        try:
            yield
        finally:
            self.model = before

    def page(self, path, kind, body):
        """Holds a page from now on, and says where."""
        self.pages[path] = kind, body
        return self.address + path


def joined(stream):
    """A stream's whole answer, in the form of one that came in one piece."""
    lines = [it.removeprefix("data:").strip() for it in stream.decode().splitlines() if it.startswith("data:")]
    parts = [json.loads(it) for it in lines if it != "[DONE]"]
    choices = [it["choices"][0] for it in parts if it.get("choices")]
    text = "".join(it["delta"].get("content") or "" for it in choices)
    ended = next((it["finish_reason"] for it in reversed(choices) if it.get("finish_reason")), None)
    usage = next((it["usage"] for it in reversed(parts) if it.get("usage")), None)
    return {"choices": [{"message": {"content": text}, "finish_reason": ended}], "usage": usage}


@contextlib.contextmanager
def between(model, wild):
    """Opens it before the model server at this address. `wild` is another one, for cases that ask for it."""
    hearing = Hearing(model, wild)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            kind, body = hearing.pages.get(self.path.partition("?")[0], ("text/plain", None))
            self.answer(404 if body is None else 200, kind, body or b"nothing is here")

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path != "/v1/chat/completions":
                return self.do_GET()
            asked = json.loads(body)
            connection = http.client.HTTPConnection(hearing.model.removeprefix("http://"), timeout=300)
            with contextlib.closing(connection):
                headers = {it: self.headers[it] for it in ("content-type", "authorization") if it in self.headers}
                connection.request("POST", self.path, body, headers)
                answer = connection.getresponse()
                said, kind = answer.read(), answer.getheader("content-type", "")
            is_stream = kind.startswith("text/event-stream")
            hearing.heard.append(Heard(asked, answer.status, joined(said) if is_stream else json.loads(said)))
            self.answer(answer.status, kind, said)

        def answer(self, status, kind, body):
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hearing.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hearing
    finally:
        server.shutdown()
        server.server_close()
