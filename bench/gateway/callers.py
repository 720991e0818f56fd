"""Those who call the gateway during a soak: whole and in pieces, in two dialects, with faults asked of the double, and some
who hang up. Each call has a name of its own, by which its rows in the ledger are found. Start at `Callers.run`."""
import asyncio, collections, contextlib, json, random, time

from double import text_of

# Asked of the double, with their weights.
WHOLE_FAULTS = {"r429": 2, "r429bare": 2, "quota": 1, "r400": 2, "r500": 2, "r503": 2, "r529": 1, "reset": 2, "hang": 1, "slow": 2, "error200": 2, "cut": 3, "nousage": 3}
STREAM_FAULTS = {"r429": 2, "r429bare": 1, "r500": 2, "r503": 1, "r529": 1, "reset": 2, "hang": 1, "slow": 2, "errorfirst": 2, "errormid": 3, "cutmid": 3, "cutend": 3, "stall": 1, "nousage": 3, "split": 4}
BREAKING = {"errormid", "cutmid", "stall", "cutend"}


class Call:
    """One call, and what came of it."""
    __slots__ = ("name", "body", "key", "face", "is_stream", "fault", "hangs_up", "status", "is_clean", "is_right", "has_error", "began", "ended", "cached", "code")

    def __init__(self, name, body, key, face, is_stream, fault, hangs_up):
        self.name, self.body, self.key, self.face, self.is_stream, self.fault, self.hangs_up = name, body, key, face, is_stream, fault, hangs_up
        # None: no answer at all.
        self.status = self.cached = self.code = self.ended = None
        self.is_clean = self.is_right = self.has_error = False
        self.began = time.time()


class Callers:
    def __init__(self, ports, keys, poor, seed, rate):
        self.ports, self.keys, self.poor, self.rate = ports, keys, poor, rate
        self.random, self.calls, self.number = random.Random(seed), [], 0
        self.under_way, self.recent = 0, collections.deque(maxlen=50)
        self.lost_words = self.false_ends = 0
        self.examples = []

    async def run(self, until):
        """Calls at a rate until then, whatever comes back; a second group spends one small budget after the other."""
        poor = asyncio.create_task(self.spend(until))
        tasks, next_at = set(), time.monotonic()
        while time.monotonic() < until:
            next_at += self.random.expovariate(self.rate)
            await asyncio.sleep(max(0, next_at - time.monotonic()))
            next_at = max(next_at, time.monotonic() - 0.5)
            if self.under_way < 150:
                task = asyncio.create_task(self.act())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        await poor

    async def act(self):
        dice = self.random.random()
        key = self.keys["drain"] if self.random.random() < 0.15 else self.keys["main"]
        if dice < 0.05 and self.recent:
            # What was asked before: from the cache, if it still knows.
            before = self.random.choice(self.recent)
            await self.call(before.body, key, before.face, before.is_stream, None, None, wish=before.wish)
        elif dice < 0.08:
            # The same twice at once.
            made = self.make(key)
            await asyncio.gather(self.call(**made), self.call(**made))
        else:
            await self.call(**self.make(key))

    def make(self, key, with_faults=True):
        pick, number = self.random, self.number
        self.number += 1
        face = pick.choices(["openai", "anthropic", "embeddings"], [70, 20, 10])[0]
        is_stream = face != "embeddings" and pick.random() < 0.55
        fault = hangs_up = None
        if with_faults and pick.random() < 0.28:
            faults = STREAM_FAULTS if is_stream else {"r500": 1, "r429": 1, "reset": 1, "nousage": 1} if face == "embeddings" else WHOLE_FAULTS
            fault = pick.choices(list(faults), list(faults.values()))[0]
        elif is_stream and pick.random() < 0.12:
            hangs_up = pick.choice([0, 1, 3, 5])
        words = pick.randint(4, 12)
        wish = {"id": f"b{number}", "fault": fault, "times": pick.choice([1, 1, 2, 9]), "words": words, "at": pick.randint(1, 3), "wait": pick.choice([0, 0.005, 0.05, 0.3]), "gap": pick.choice([0, 0.005, 0.02])}
        question = f"soak {json.dumps(wish)}"
        if face == "embeddings":
            body = {"model": "one/soak-e", "input": question}
        else:
            # Spoken as they are to those who speak so, and told anew to the others.
            model = pick.choices(["chat", "claude/soak-c", "two/soak-b", "two/soak-unpriced"], [55, 25, 15, 5])[0]
            body = {"model": model, "messages": [{"role": "user", "content": question}]}
            if face == "anthropic" or pick.random() < 0.5:
                body["max_tokens"] = 1000
            if is_stream:
                body["stream"] = True
                if face == "openai" and pick.random() < 0.5:
                    body["stream_options"] = {"include_usage": True}
        return {"body": body, "key": key, "face": face, "is_stream": is_stream, "fault": fault, "hangs_up": hangs_up, "wish": wish}

    async def spend(self, until):
        """Sixteen at once on one key after the other, each until its budget is used up."""
        pause = max(1.0, (until - time.monotonic()) / len(self.poor))
        for key in self.poor:
            begun, refused = time.monotonic(), [0]

            async def one(key=key, refused=refused):
                while refused[0] < 40 and time.monotonic() < until:
                    call = await self.call(**self.make(key, with_faults=self.random.random() < 0.3))
                    refused[0] += call.code in ("budget_exceeded", "request_over_budget")
                    if call.status is None or call.status >= 500:
                        await asyncio.sleep(0.2)

            await asyncio.gather(*(one() for _ in range(16)))
            await asyncio.sleep(max(0, min(begun + pause, until) - time.monotonic()))

    async def call(self, body, key, face, is_stream, fault, hangs_up, wish):
        call = Call(f"c{len(self.calls)}", wish["id"], key, face, is_stream, fault, hangs_up)
        self.calls.append(call)
        self.under_way += 1
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError):
                await asyncio.wait_for(self.exchange(call, body, wish), 60)
        finally:
            call.ended = time.time()
            self.under_way -= 1
        if call.status == 200 and call.is_clean and not call.is_right and call.face != "embeddings":
            self.lost_words += 1
            self.examples.append(f"lost words: {call.name}/{call.body} {call.face} stream={is_stream} fault={fault}")
        if call.is_clean and call.has_error:
            self.false_ends += 1
            self.examples.append(f"an error and a clean end: {call.name}/{call.body} {call.face} fault={fault}")
        if call.is_right and fault is None and hangs_up is None:
            kept = type("Kept", (), {"body": body, "wish": wish, "face": face, "is_stream": is_stream})
            self.recent.append(kept)
        return call

    async def exchange(self, call, body, wish):
        path = {"openai": "/llm/v1/chat/completions", "anthropic": "/llm/anthropic/v1/messages", "embeddings": "/llm/v1/embeddings"}[call.face]
        key = {"anthropic": f"x-api-key: {call.key[1]}"}.get(call.face, f"authorization: Bearer {call.key[1]}")
        data = json.dumps(body).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.random.choice(self.ports))
        try:
            writer.write(f"POST {path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\nconnection: close\r\n{key}\r\nx-mainstay-operation: soak.{call.name}\r\n"
                         f"content-length: {len(data)}\r\n\r\n".encode() + data)
            await writer.drain()
            if call.hangs_up == 0:
                await asyncio.sleep(self.random.random() * 0.05)
                return
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            call.status = int(head[9:12])
            call.cached = "x-mainstay-cache: hit" in head
            if "transfer-encoding: chunked" in head:
                text = await self.chunks(reader, call)
            else:
                text = await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
            if text is not None:
                judge(call, text.decode(), text_of(wish["id"], wish["words"]))
        finally:
            writer.transport.abort() if call.hangs_up is not None else writer.close()

    @staticmethod
    async def chunks(reader, call):
        text, pieces = b"", 0
        while size := int(await reader.readuntil(b"\r\n"), 16):
            text += (await reader.readexactly(size + 2))[:-2]
            pieces += 1
            if call.hangs_up and pieces >= call.hangs_up:
                return None
        await reader.readline()
        return text


def judge(call, text, expected):
    """Reads an answer as a client does: what was said, and whether it ended well."""
    if call.status != 200:
        with contextlib.suppress(ValueError, AttributeError):
            error = json.loads(text)["error"]
            call.code = error.get("code") or error.get("type")
            # Anthropic's envelope has no place for a code.
            if call.face == "anthropic" and "budget" in error.get("message", ""):
                call.code = "budget_exceeded" if call.status == 429 else "budget_unknown"
        return
    if not call.is_stream:
        answer = json.loads(text)
        said = "" if call.face == "embeddings" else answer["content"][0]["text"] if call.face == "anthropic" else answer["choices"][0]["message"]["content"]
        call.is_clean, call.is_right = True, said == expected
        return
    said = ""
    for line in text.split("\n"):
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            call.is_clean = True
            continue
        event = json.loads(data)
        if event.get("error"):
            call.has_error = True
        elif event.get("type") == "message_stop":
            call.is_clean = True
        elif event.get("type") == "content_block_delta":
            said += event["delta"].get("text", "")
        elif event.get("choices"):
            said += event["choices"][0]["delta"].get("content") or ""
    call.is_right = said == expected
