"""A model that speaks OpenAI's dialect, for measures of documents and chats: `python words.py [--embed-ms A B] [--damage SEED]` prints its port.

A question that holds `say NAME COUNT GAP_MS` is answered with the words `NAME.0 NAME.1 …`, one each GAP_MS; whatever else is asked gets a
short answer. Vectors are made from the hash of a text: the same text, the same vector. With --damage whole streams are damaged on the way,
each in another way, from a seed. `GET /counts` tells what was asked. Start at `Model.connection`."""
import argparse, asyncio, collections, contextlib, hashlib, json, random, re, time

DIMENSIONS = 64


def words_of(name, count):
    """An answer, word by word; together they are the whole of it."""
    return [f"{name}.{number}" + (" " if number + 1 < count else "") for number in range(count)]


def text_of(name, count):
    return "".join(words_of(name, count))


class Model:
    def __init__(self, options):
        self.embed_s = [it / 1000 for it in options.embed_ms]
        self.random = random.Random(options.damage if options.damage is not None else 1)
        self.damages = options.damage is not None
        self.counts = collections.Counter()
        self.texts = collections.Counter()
        self.open = self.open_most = 0

    async def connection(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"content-length: *(\d+)", head, re.I)
                body = json.loads(await reader.readexactly(int(length[1]))) if length else {}
                path = head.split(" ", 2)[1]
                if path.endswith("/counts"):
                    await whole(writer, {**self.counts, "texts": sum(self.texts.values()), "texts that differ": len(self.texts), "streams at once": self.open_most})
                elif path.endswith("/embeddings"):
                    await self.embed(writer, body)
                elif path.endswith("/chat/completions") and body.get("stream"):
                    if not await self.speak(reader, writer, body):
                        break
                elif path.endswith("/chat/completions"):
                    self.counts["whole answers"] += 1
                    choice = {"index": 0, "message": {"role": "assistant", "content": "Some words"}, "finish_reason": "stop"}
                    await whole(writer, {"id": "c", "object": "chat.completion", "created": 1, "model": "double", "choices": [choice], "usage": used(5, 2)})
                else:
                    await whole(writer, {"object": "list", "data": [{"id": "double", "object": "model", "created": 1, "owned_by": "bench"}]})
        writer.close()

    async def embed(self, writer, body):
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        self.counts["embedding requests"] += 1
        self.texts.update(hashlib.sha256(it.encode()).hexdigest() for it in texts)
        await asyncio.sleep(self.random.uniform(*self.embed_s))
        data = [{"object": "embedding", "index": at, "embedding": vector_of(it)} for at, it in enumerate(texts)]
        await whole(writer, {"object": "list", "model": "double-embed", "data": data, "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)}})

    async def speak(self, reader, writer, body):
        self.counts["streams"] += 1
        asked = re.search(r"say (\S+) (\d+) (\d+)", json.dumps(body["messages"][-1]))
        # A damaged question may wish for millions.
        words, gap = (words_of(asked[1], min(int(asked[2]), 10_000)), min(int(asked[3]), 1_000) / 1000) if asked else (["So ", "it ", "is."], 0)
        self.open += 1
        self.open_most = max(self.open_most, self.open)
        try:
            if self.damages:
                return await self.damaged(writer, words)
            writer.write(HEAD)
            await chunk(writer, frame({"role": "assistant", "content": ""}))
            began = time.monotonic()
            for number, word in enumerate(words):
                # By the clock, so that being late once does not make all the rest late.
                await asyncio.sleep(max(0, began + number * gap - time.monotonic()))
                if reader.at_eof():
                    self.counts["left early"] += 1
                    return False
                await chunk(writer, frame({"content": word}))
            await chunk(writer, frame({}, "stop") + event({"choices": [], "usage": used(20, len(words))}) + b"data: [DONE]\n\n")
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            self.counts["streams to the end"] += 1
            return True
        finally:
            self.open -= 1

    async def damaged(self, writer, words):
        """The bytes of a stream, changed, in pieces that end anywhere."""
        pick = self.random
        text = frame({"role": "assistant", "content": ""}) + b"".join(frame({"content": it}) for it in words) + frame({}, "stop") + event({"choices": [], "usage": used(20, 3)}) + b"data: [DONE]\n\n"
        text = damage(text, pick, MARKS, 3)
        self.counts["streams still whole"] += is_whole(text)
        writer.write(HEAD)
        while text:
            size = min(len(text), pick.choice([1, 7, 50, 4096]))
            await chunk(writer, text[:size])
            text = text[size:]
        end = pick.random()
        if end < 0.7:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return end < 0.7


def is_whole(text):
    """Would somebody who is strict still read it to its end?"""
    for line in re.split(rb"\r\n|\r|\n", text):
        if line.startswith(b"data:"):
            data = line[5:].strip()
            if data == b"[DONE]":
                return True
            try:
                said = json.loads(data.decode())
            except (ValueError, RecursionError):
                return False
            if not isinstance(said, dict) or "error" in said:
                return False
    return False


# What frames are made of, put where it does not belong.
MARKS = [b"data:", b"data: {", b"\n", b"\n\n", b"\r", b"\r\n\r\n", b": ", b"event: error\n", b"[DONE]", b"id: 1\n", b"\xff\xfe", b"\xc3", b"\0", b'"', b"}}", b"{\"error\":", b"null",
         b"1e999", b"[" * 400, b"x" * 5000, b"retry: -1\n", "\N{ZERO WIDTH NO-BREAK SPACE}".encode()]


def damage(data, pick, marks=(b"<", b"(", b"[", b"{", b'"', b"\n", b"\0", b"\xff", b"9"), most=7):
    """A few changes: bytes, cuts, repetitions, what does not belong there."""
    data = bytearray(data)
    for _ in range(pick.randint(1, most)):
        at, other = pick.randint(0, len(data)), pick.randint(0, len(data))
        begin, end = min(at, other), max(at, other)
        act = pick.randrange(7)
        if act == 0:
            # Not always, or nothing long is ever read.
            del data[max(at, len(data) // 2):]
        elif act == 1 and at < len(data):
            data[at] = pick.randrange(256)
        elif act == 2 and at < len(data):
            data[at] ^= 1 << pick.randrange(8)
        elif act == 3:
            data[begin:begin] = bytes(data[begin:min(end, begin + 64)]) * pick.choice([1, 2, 8, 300])
        elif act == 4:
            del data[begin:min(end, begin + 32)]
        elif act == 5:
            data[at:at] = pick.choice(marks) * pick.choice([1, 1, 3, 50])
        else:
            # A number becomes another one.
            numbers = list(re.finditer(rb"\d+", bytes(data[begin:begin + 4000])))
            if numbers:
                it = pick.choice(numbers)
                data[begin + it.start():begin + it.end()] = pick.choice([b"0", b"-1", b"4294967296", b"99999999999999999999", b"1e308", b"65535"])
    return bytes(data)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def vector_of(text):
    made = hashlib.shake_256(text.encode()).digest(DIMENSIONS)
    return [it / 127.5 - 1 for it in made]


def used(asked, said):
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def event(data):
    return f"data: {json.dumps({'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'double', **data})}\n\n".encode()


def frame(delta, finish=None):
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


async def chunk(writer, data):
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


async def whole(writer, answer):
    data = json.dumps(answer).encode()
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data)
    await writer.drain()


async def main():
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--embed-ms", nargs=2, type=float, default=[1, 5])
    parse.add_argument("--damage", type=int)
    model = Model(parse.parse_args())
    server = await asyncio.start_server(model.connection, "127.0.0.1", 0, backlog=4096, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
