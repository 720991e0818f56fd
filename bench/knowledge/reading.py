"""Somebody who reads an answer as it is written (SSE) and knows each event by its number: one that is there twice, or missing, is a fault.
Start at `Reader.read`."""
import asyncio, json, time

from words import text_of


class Refused(Exception):
    """The server said something else than a stream."""


class Reader:
    """Somebody who reads one answer, and what they heard of it."""
    numbers = 0

    def __init__(self, house, pace):
        Reader.numbers += 1
        self.house, self.name, self.pace = house, f"r{Reader.numbers}", pace
        self.expected = text_of(self.name, pace[0])
        self.question = f"Please say {self.name} {pace[0]} {pace[1]}"
        self.text, self.last, self.seq, self.chat, self.end = "", None, 0, None, None
        self.cuts, self.tries, self.faults = 0, 0, []
        self.asked = self.first_s = self.took_s = None

    async def read(self, cut_after=None):
        """Asks, or goes on after the last event; until the end, or until so many bytes came. True when it has ended."""
        path, method, body = "/api/chat/ask/stream", "POST", json.dumps({"question": self.question}).encode()
        self.tries += 1
        if self.last and self.tries % 2:
            # Both ways lead back: the answer itself, and the same question once more.
            path, method, body = f"/api/chat/runs/{self.last.split(':')[0]}/events", "GET", b""
        return await self.hear(method, path, body, cut_after)

    async def hear(self, method, path, body, cut_after=None):
        head = f"{method} {path} HTTP/1.1\r\nhost: house\r\nauthorization: Bearer {self.house.token}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        if self.last:
            head += f"last-event-id: {self.last}\r\n"
        self.asked = self.asked or time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.house.port)
        try:
            writer.write(f"{head}connection: close\r\n\r\n".encode() + body)
            status = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if " 200 " not in status.split("\r\n")[0]:
                raise Refused(f"{status.splitlines()[0]} {(await reader.read(300)).decode(errors='replace')}")
            seen, text = 0, b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                piece = (await reader.readexactly(size + 2))[:-2]
                if cut_after is not None and self.seq and seen + size > cut_after:
                    # In the middle of what is being said: what is not whole was not heard.
                    piece = piece[:max(0, cut_after - seen)]
                seen += size
                text += piece
                while b"\n\n" in text:
                    block, text = text.split(b"\n\n", 1)
                    self.take(block.decode())
                if self.end:
                    return True
                if cut_after is not None and self.seq and seen > cut_after:
                    self.cuts += 1
                    writer.transport.abort()
                    return False
            return self.end is not None
        finally:
            writer.transport.abort()

    def take(self, block):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "id" not in fields:
            return
        run, number = fields["id"].rsplit(":", 1)
        if int(number) != self.seq + 1 or (self.last and not self.last.startswith(run)):
            self.faults.append(f"{self.name} heard {fields['id']} after {self.last}")
        self.last, self.seq = fields["id"], int(number)
        data = json.loads(fields["data"])
        self.chat = self.chat or data.get("chat_id")
        if fields["event"] == "delta":
            self.first_s = self.first_s or time.monotonic() - self.asked
            self.text += data["content"]
        elif fields["event"] in ("done", "error"):
            self.end, self.took_s = (fields["event"], data.get("code")), time.monotonic() - self.asked

    async def to_the_end(self, patience_s=90):
        """Goes on until the end, whatever happens to the server."""
        until = time.monotonic() + patience_s
        while not self.end:
            heard = self.seq
            try:
                await self.read()
            except Refused as why:
                # A server that stops or has just begun may say so; another answer is told at the end.
                if time.monotonic() > until or " 503 " not in str(why):
                    raise
            except (OSError, EOFError, ValueError):
                pass
            if not self.end:
                if time.monotonic() > until:
                    return
                self.cuts += self.seq > heard
                await asyncio.sleep(0.2)

    def judge(self, may_be_interrupted=False):
        """Is it what the model said, to the letter?"""
        faults = list(self.faults)
        if self.end is None:
            faults.append(f"{self.name} never ended, after {self.seq} events")
        elif self.end[0] == "done" and self.text != self.expected:
            faults.append(f"{self.name} is not what was said: {len(self.text)} letters instead of {len(self.expected)}, {self.cuts} cuts")
        elif self.end[0] == "error" and not (may_be_interrupted and self.end[1] == "interrupted" and self.expected.startswith(self.text)):
            faults.append(f"{self.name} ended with {self.end[1]}, {len(self.text)} letters of {len(self.expected)}")
        return faults


async def at_once(tasks):
    """All of them; what one of them raises is its fault, and no other's."""
    faults = []
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(found, Exception):
            faults.append(f"{type(found).__name__}: {found}")
    return faults
