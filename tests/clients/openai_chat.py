"""OpenAI's own client for Python: chat completions."""
import itertools
import json
import time

import openai
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from check import check, holds, raises, run, same

client = OpenAI()
numbers = itertools.count(1)
TOOL = {
    "type": "function",
    "function": {
        "name": "get_invoice", "description": "Finds an invoice.",
        "parameters": {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}}},
    },
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Ticket(BaseModel):
    subject: str
    urgent: bool


def ask():
    """A question that was not asked before: nothing comes from the cache but where that is the matter."""
    question = f"Where is invoice {next(numbers)}?"
    return [{"role": "system", "content": "You answer."}, {"role": "user", "content": question}]


def says(text):
    return [{"role": "user", "content": f"script: {text}"}]


@check("a chat completion comes whole, with what it used")
def whole():
    answer = client.chat.completions.create(model="real/tiny", messages=ask(), max_completion_tokens=30)
    holds("words", answer.choices[0].message.content)
    holds("why it ended", answer.choices[0].finish_reason in ("stop", "length"))
    used = answer.usage
    holds("the question has tokens", used.prompt_tokens > 10)
    same("the sum", used.total_tokens, used.prompt_tokens + used.completion_tokens)


@check("an alias is a model, and the same question in other words of delivery is one question")
def alias():
    options = {"model": "gpt-4o", "messages": ask(), "max_tokens": 20, "seed": 11, "temperature": 0}
    first = client.chat.completions.with_raw_response.create(**options)
    again = client.chat.completions.with_raw_response.create(**options)
    same("the first", first.headers["x-mainstay-cache"], "miss")
    same("the second", again.headers["x-mainstay-cache"], "hit")
    same("the words", again.parse().choices[0].message.content, first.parse().choices[0].message.content)


@check("headers tell the id, the model, the attempts and the cost to the billionth of a dollar")
def headers():
    raw = client.chat.completions.with_raw_response.create(model="real/tiny", messages=ask(), max_tokens=7)
    used = raw.parse().usage
    same("the client's request id", raw.request_id, raw.headers["x-request-id"])
    same("the provider", raw.headers["x-mainstay-provider"], "real")
    same("the model", raw.headers["x-mainstay-model"], "tiny")
    same("the attempts", raw.headers["x-mainstay-attempts"], "1")
    millionths = round(float(raw.headers["x-mainstay-cost-usd"]) * 1e6)
    same("the cost", millionths, used.prompt_tokens + 2 * used.completion_tokens)


@check("a stream comes in pieces and ends, without a frame about usage that nobody asked for")
def stream():
    pieces = list(client.chat.completions.create(model="real/tiny", messages=ask(), max_tokens=30, stream=True))
    holds("several pieces", len(pieces) > 3)
    holds("every piece has a choice", all(it.choices for it in pieces))
    holds("no usage", all(it.usage is None for it in pieces))
    holds("an end", pieces[-1].choices[0].finish_reason in ("stop", "length"))


@check("a stream that is asked for usage tells it once, at its end")
def stream_usage():
    asked = {"include_usage": True}
    pieces = list(client.chat.completions.create(model="real/tiny", messages=ask(), max_tokens=30, stream=True, stream_options=asked))
    told = [it.usage for it in pieces if it.usage]
    same("how often", len(told), 1)
    same("where", (pieces[-1].usage, pieces[-1].choices), (told[0], []))
    holds("tokens", told[0].completion_tokens > 0)


@check("the stream helper puts the pieces together")
def helper():
    with client.chat.completions.stream(
        model="real/tiny", messages=ask(), stream_options={"include_usage": True},
    ) as events:
        kinds = {it.type for it in events}
        final = events.get_final_completion()
    holds(f"events of text among {kinds}", "content.delta" in kinds and "content.done" in kinds)
    holds("words", final.choices[0].message.content)
    holds("usage", final.usage.total_tokens > 0)


@check("the asynchronous client streams several answers at once")
async def together():
    import asyncio
    async with AsyncOpenAI() as many:
        async def one(number):
            text = ""
            asked = [{"role": "user", "content": f"Order {number}?"}]
            async for piece in await many.chat.completions.create(model="real/tiny", messages=asked, max_tokens=20, stream=True):
                text += piece.choices[0].delta.content or ""
            return text
        texts = await asyncio.gather(*[one(it) for it in range(8)])
    holds("words in each", all(texts))


@check("the first piece is there long before the last")
def soon():
    began = time.monotonic()
    times = []
    for _ in client.chat.completions.create(model="double/tiny", messages=says("slow 60"), stream=True):
        times.append(time.monotonic() - began)
    holds(f"the first after {times[0]:.2f} s, the last after {times[-1]:.2f} s", times[-1] - times[0] > 0.3)


@check("a tool is called, and its result is answered in words")
def tools():
    asked = ask()
    first = client.chat.completions.create(model="real/tiny", messages=asked, tools=[TOOL])
    message = first.choices[0].message
    same("why it ended", first.choices[0].finish_reason, "tool_calls")
    call = message.tool_calls[0]
    same("the tool", call.function.name, "get_invoice")
    same("its arguments", list(json.loads(call.function.arguments)), ["number"])
    result = {"role": "tool", "tool_call_id": call.id, "content": "paid"}
    second = client.chat.completions.create(model="real/tiny", messages=[*asked, message, result], tools=[TOOL], max_tokens=40)
    same("no second call", second.choices[0].message.tool_calls, None)
    holds("words", second.choices[0].message.content)


@check("a tool is called in a stream, its arguments in pieces")
def tools_stream():
    with client.chat.completions.stream(model="real/tiny", messages=ask(), tools=[TOOL]) as events:
        kinds = [it.type for it in events]
        call = events.get_final_completion().choices[0].message.tool_calls[0]
    holds(f"pieces of arguments among {set(kinds)}", kinds.count("tool_calls.function.arguments.delta") > 1)
    same("the tool", call.function.name, "get_invoice")
    holds("arguments", isinstance(json.loads(call.function.arguments)["number"], int))


@check("a structured answer fits its schema")
def parse():
    answer = client.chat.completions.parse(model="real/tiny", messages=ask(), response_format=Ticket)
    holds("a ticket", isinstance(answer.choices[0].message.parsed, Ticket))


@check("a structured answer in a stream fits its schema")
def parse_stream():
    with client.chat.completions.stream(model="real/tiny", messages=ask(), response_format=Ticket) as events:
        final = events.get_final_completion()
    holds("a ticket", isinstance(final.choices[0].message.parsed, Ticket))


@check("Anthropic, Gemini and Ollama answer OpenAI's client too: whole, in a stream, with a tool")
def others():
    for provider in ("double-anthropic", "double-gemini", "double-ollama", "double-groq"):
        model = f"{provider}/m"
        whole = client.chat.completions.create(model=model, messages=says("say Good day to all"), max_tokens=50)
        same(f"{provider}, whole", whole.choices[0].message.content, "Good day to all")
        same(f"{provider}, tokens", whole.usage.completion_tokens, 4)
        asked = {"include_usage": True}
        with client.chat.completions.stream(model=model, messages=says("say Good night to all of them"), stream_options=asked) as events:
            final = events.get_final_completion()
        same(f"{provider}, in pieces", final.choices[0].message.content, "Good night to all of them")
        same(f"{provider}, tokens of the stream", final.usage.completion_tokens, 6)
        called = says('call get_invoice {"number": 7}')
        final = client.chat.completions.create(model=model, messages=called, tools=[TOOL])
        call = final.choices[0].message.tool_calls[0]
        same(f"{provider}, a call", (call.function.name, json.loads(call.function.arguments)), ("get_invoice", {"number": 7}))
        same(f"{provider}, why it ended", final.choices[0].finish_reason, "tool_calls")
        with client.chat.completions.stream(model=model, messages=called, tools=[TOOL]) as events:
            call = events.get_final_completion().choices[0].message.tool_calls[0]
        same(f"{provider}, a call in pieces", json.loads(call.function.arguments), {"number": 7})


@check("the real server's messages of Anthropic answer OpenAI's client")
def crossed():
    asked = {"include_usage": True}
    with client.chat.completions.stream(model="real-messages/tiny", messages=ask(), stream_options=asked) as events:
        final = events.get_final_completion()
    holds("words", final.choices[0].message.content)
    holds("tokens", final.usage.prompt_tokens > 10 and final.usage.completion_tokens > 0)


@check("a picture reaches each dialect")
def pictures():
    url = f"data:image/png;base64,{PIXEL}"
    parts = [{"type": "text", "text": "script: echo"}, {"type": "image_url", "image_url": {"url": url}}]
    for provider in ("double", "double-anthropic", "double-gemini", "double-ollama"):
        answer = client.chat.completions.create(model=f"{provider}/m", messages=[{"role": "user", "content": parts}])
        holds(f"{provider}: the bytes of the picture", PIXEL in answer.choices[0].message.content)


@check("fields that nobody knows go on untouched, the house's key does not")
def unknown_fields():
    extra = {"top_k": 40, "brand_new": {"exact": 1.10}}
    answer = client.chat.completions.create(model="double/m", messages=says("echo"), extra_body=extra)
    seen = json.loads(answer.choices[0].message.content)
    same("top_k", seen["top_k"], 40)
    same("brand_new", seen["brand_new"], {"exact": 1.10})
    same("the model's own name", seen["model"], "m")


@check("a provider that is down is passed over for the next")
def fallback():
    raw = client.chat.completions.with_raw_response.create(model="sturdy", messages=ask(), max_tokens=12)
    same("who answered", raw.headers["x-mainstay-provider"], "real")
    same("a fallback", raw.headers["x-mainstay-fallback"], "true")
    holds("words", raw.parse().choices[0].message.content)


@check("a caller who hangs up stops the provider, or lets it finish where the settings say so; the ledger looks at both")
def hang_up():
    with client.chat.completions.create(model="double/hung-up", messages=says("slow 30"), stream=True) as pieces:
        holds("a first piece", next(iter(pieces)).choices)
    with client.responses.create(model="real/tiny", input="Where is the order?", stream=True, max_output_tokens=300,
                                 extra_body={"ignore_eos": True}, extra_headers={"x-mainstay-operation": "drained"}) as pieces:
        holds("a first piece", next(iter(pieces)).type)


@check("a stream that breaks ends with an error, never with a clean end")
def broken():
    for fault in ("cut 3", "end 3", "break 3", "fail 3"):
        pieces = []

        def read():
            for piece in client.chat.completions.create(model="double/m", messages=says(fault), stream=True):
                pieces.append(piece)
        error = raises(openai.APIError, read)
        holds(f"{fault}: pieces before the error ({error})", pieces)


run()
