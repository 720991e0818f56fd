"""A provider that keeps its own books: it counts every token of every request, and misbehaves when a request asks it to.

A request holds a text `soak {…}` with its name and the fault it wants. Each attempt gets counts that no other attempt has, so
a row of the ledger can be told to be of this attempt and no other. `told` are attempts whose counts left this process on a
connection that was open; what a gateway knows of the others it can only estimate. Start at `Double.serve`.
"""
import asyncio, contextlib, json, re, time

# Coprime: pairs of remainders repeat after 988,027 attempts.
INS, OUTS = 997, 991
WORD = "wörd→"


class Attempt:
    __slots__ = ("number", "name", "fault", "dialect", "is_stream", "tokens_in", "tokens_out", "cached", "written", "reasoning", "said", "status", "told", "began", "ended", "end")

    def __init__(self, number, name, fault, dialect, is_stream):
        self.number, self.name, self.fault, self.dialect, self.is_stream = number, name, fault, dialect, is_stream
        self.tokens_in, self.tokens_out = 20 + number % INS, 1 + number % OUTS
        self.cached, self.reasoning = self.tokens_in // 3 * (number % 4 == 0), self.tokens_out // 2 * (number % 3 == 0 and dialect == "openai")
        self.written = self.tokens_in // 5 * (number % 5 == 0 and dialect == "anthropic")
        self.said, self.status, self.told, self.began, self.ended, self.end = 0, 200, False, time.time(), None, "open"
        if dialect == "embeddings":
            self.tokens_out = self.cached = self.reasoning = 0

    def counts(self):
        return self.tokens_in, self.tokens_out, self.cached, self.written, self.reasoning

    def billed(self):
        """What a provider would bill: all that it said, whether or not anybody heard of it."""
        if self.status != 200 or self.end == "refused":
            return 0
        return self.tokens_in + (self.tokens_out if self.told or not self.is_stream else self.said)


class Gone(Exception):
    """The other side hung up."""


class Double:
    def __init__(self):
        self.attempts, self.open, self.stop = [], 0, asyncio.Event()
        self.seen = {}

    async def serve(self, port=0):
        server = await asyncio.start_server(self.connection, "127.0.0.1", port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def connection(self, reader, writer):
        with contextlib.suppress(Gone, ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"content-length: *(\d+)", head, re.I)
                body = json.loads(await reader.readexactly(int(length[1]))) if length else {}
                if not await self.answer(reader, writer, head.split(" ", 2)[1], body):
                    break
        writer.close()

    async def answer(self, reader, writer, path, body):
        """Answers one request; false when the connection is not to be used again."""
        dialect = "anthropic" if path.endswith("/messages") else "embeddings" if path.endswith("/embeddings") else "openai"
        wish = json.loads(re.search(r"soak (\{.*?\})", wishes(body))[1])
        # A fault is for the first `times` attempts; then it goes well.
        count = self.seen[wish["id"]] = self.seen.get(wish["id"], 0) + 1
        fault = wish.get("fault") if count <= wish.get("times", 1) else None
        attempt = Attempt(len(self.attempts), wish["id"], fault, dialect, bool(body.get("stream")))
        self.attempts.append(attempt)
        self.open += 1
        try:
            go_on = await (self.refuse(writer, attempt) if fault in REFUSALS else self.whole(reader, writer, attempt, wish) if not attempt.is_stream else self.stream(reader, writer, attempt, wish, body))
            attempt.end = "whole" if attempt.end == "open" else attempt.end
            return go_on
        except (Gone, ConnectionError):
            attempt.end = "gone"
            raise Gone from None
        finally:
            attempt.ended = time.time()
            self.open -= 1

    async def refuse(self, writer, attempt):
        attempt.status, kind, headers = REFUSALS[attempt.fault]
        attempt.end = "refused"
        error = {"message": f"the double refuses with {attempt.status}", "type": kind}
        error = {"type": "error", "error": error} if attempt.dialect == "anthropic" else {"error": {**error, "code": kind, "param": None}}
        await send(writer, attempt.status, json.dumps(error), headers)
        return True

    async def whole(self, reader, writer, attempt, wish):
        fault = attempt.fault
        await self.pause(reader, wish.get("wait", 0.005))
        if fault == "reset":
            attempt.end = "refused"
            return False
        if fault == "hang":
            attempt.end = "silent"
            await self.pause(reader, 30)
            return False
        if fault == "slow":
            await self.pause(reader, 1)
        if fault == "error200":
            attempt.end = "refused"
            await send(writer, 200, json.dumps({"error": {"message": "the double fails with a success", "type": "server_error", "code": None}}))
            return True
        text = text_of(attempt.name, wish.get("words", 5))
        answer = ANSWERS[attempt.dialect](attempt, text)
        if fault == "nousage":
            attempt.end = "silent"
            answer.pop("usage")
        body = json.dumps(answer)
        if fault == "cut":
            attempt.end = "cut"
            await send(writer, 200, body, cut=len(body) // 3)
            return False
        self.listening(reader)
        await send(writer, 200, body)
        attempt.told = fault != "nousage"
        return True

    async def stream(self, reader, writer, attempt, wish, body):
        fault, at = attempt.fault, wish.get("at", 3)
        with_usage = attempt.dialect == "anthropic" or (body.get("stream_options") or {}).get("include_usage")
        await self.pause(reader, wish.get("wait", 0.005))
        if fault == "reset":
            attempt.end = "refused"
            return False
        if fault == "hang":
            attempt.end = "silent"
            await self.pause(reader, 30)
            return False
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        speech = SPEECHES[attempt.dialect](attempt)
        if fault == "errorfirst":
            attempt.end = "refused"
            await chunk(writer, speech.error())
            writer.write(b"0\r\n\r\n")
            return True
        await chunk(writer, speech.begin())
        for number, word in enumerate(words_of(attempt.name, wish.get("words", 8))):
            if number == at and fault in ("cutmid", "errormid", "stall"):
                attempt.end = "cut"
                if fault == "errormid":
                    await chunk(writer, speech.error())
                    writer.write(b"0\r\n\r\n")
                    return True
                if fault == "stall":
                    await self.pause(reader, 30)
                return False
            await self.pause(reader, 0.5 if fault == "slow" and number == at else wish.get("gap", 0.01))
            data = speech.word(word)
            if fault == "split":
                # Within a letter of several bytes.
                half = data.index("ö".encode()) + 1
                await chunk(writer, data[:half])
                await asyncio.sleep(0.002)
                data = data[half:]
            await chunk(writer, data)
            attempt.said += 1
        self.listening(reader)
        with_usage = with_usage and fault != "nousage"
        await chunk(writer, speech.end(with_usage))
        # An exact count of a question and half of an answer's is no count of an answer.
        attempt.told = bool(with_usage)
        if not with_usage:
            attempt.end = "silent"
        if fault == "cutend":
            return False
        await chunk(writer, speech.done())
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def pause(self, reader, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.stop.is_set():
            self.listening(reader)
            await asyncio.sleep(min(left, 0.05))
        self.listening(reader)

    @staticmethod
    def listening(reader):
        if reader.at_eof() or reader.exception():
            raise Gone


REFUSALS = {
    "r429": (429, "rate_limit_exceeded", {"retry-after-ms": "60"}), "r429bare": (429, "rate_limit_exceeded", {}), "quota": (429, "insufficient_quota", {}),
    "r400": (400, "invalid_request_error", {}), "r500": (500, "server_error", {}), "r503": (503, "overloaded", {"retry-after": "0"}), "r529": (529, "overloaded_error", {}),
}


def wishes(body):
    """All texts of a request, whatever its dialect."""
    return json.dumps([body.get("messages"), body.get("input"), body.get("system")], ensure_ascii=False).replace("\\\"", '"')


def words_of(name, count):
    return [f"{name}.{number}.{WORD} " for number in range(count)]


def text_of(name, count):
    return "".join(words_of(name, count))


async def send(writer, status, body, headers=None, cut=None):
    data = body.encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    writer.write(f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{lines}content-length: {len(data)}\r\n\r\n".encode() + data[:cut])
    await writer.drain()


async def chunk(writer, data):
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


def openai_usage(it):
    return {"prompt_tokens": it.tokens_in, "completion_tokens": it.tokens_out, "total_tokens": it.tokens_in + it.tokens_out,
            "prompt_tokens_details": {"cached_tokens": it.cached}, "completion_tokens_details": {"reasoning_tokens": it.reasoning}}


def anthropic_usage(it, tokens_out):
    return {"input_tokens": it.tokens_in - it.cached - it.written, "cache_read_input_tokens": it.cached, "cache_creation_input_tokens": it.written, "output_tokens": tokens_out}


ANSWERS = {
    "openai": lambda it, text: {"id": f"chatcmpl-{it.number}", "object": "chat.completion", "created": 1, "model": "double", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}], "usage": openai_usage(it)},
    "anthropic": lambda it, text: {"id": f"msg_{it.number}", "type": "message", "role": "assistant", "model": "double", "content": [{"type": "text", "text": text}],
                                   "stop_reason": "end_turn", "stop_sequence": None, "usage": anthropic_usage(it, it.tokens_out)},
    "embeddings": lambda it, text: {"object": "list", "model": "double", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25, 0.125]}],
                                    "usage": {"prompt_tokens": it.tokens_in, "total_tokens": it.tokens_in}},
}


class OpenaiSpeech:
    def __init__(self, attempt):
        self.attempt = attempt

    def frame(self, delta=None, finish=None, **more):
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        data = {"id": f"chatcmpl-{self.attempt.number}", "object": "chat.completion.chunk", "created": 1, "model": "double", "choices": choices, **more}
        return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()

    def begin(self):
        return self.frame({"role": "assistant", "content": ""})

    def word(self, text):
        return self.frame({"content": text})

    def error(self):
        return b'data: {"error": {"message": "the double fails on the way", "type": "server_error", "code": null}}\n\n'

    def end(self, with_usage):
        return self.frame({}, "stop") + (self.frame(usage=openai_usage(self.attempt)) if with_usage else b"")

    def done(self):
        return b"data: [DONE]\n\n"


class AnthropicSpeech:
    def __init__(self, attempt):
        self.attempt = attempt

    @staticmethod
    def event(kind, **data):
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **data}, ensure_ascii=False)}\n\n".encode()

    def begin(self):
        message = {"id": f"msg_{self.attempt.number}", "type": "message", "role": "assistant", "model": "double", "content": [], "stop_reason": None, "stop_sequence": None,
                   "usage": anthropic_usage(self.attempt, 1)}
        return self.event("message_start", message=message) + self.event("content_block_start", index=0, content_block={"type": "text", "text": ""}) + self.event("ping")

    def word(self, text):
        return self.event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def error(self):
        return self.event("error", error={"type": "overloaded_error", "message": "the double fails on the way"})

    def end(self, with_usage):
        usage = {"output_tokens": self.attempt.tokens_out} if with_usage else {}
        return self.event("content_block_stop", index=0) + self.event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=usage)

    def done(self):
        return self.event("message_stop")


SPEECHES = {"openai": OpenaiSpeech, "anthropic": AnthropicSpeech}
