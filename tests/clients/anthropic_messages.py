"""Anthropic's own client for Python: messages, streams, counts, tools, refusals."""
import json
import os

import anthropic
from anthropic import Anthropic, AsyncAnthropic
from pydantic import BaseModel

from check import check, holds, raises, run, same

client = Anthropic()
numbers = iter(range(1, 1000))
TOOL = {
    "name": "get_invoice", "description": "Finds an invoice.",
    "input_schema": {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}}},
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkqM9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# A name of Anthropic's, which the settings send to Anthropic's own dialect; and the same server asked as OpenAI is.
MODELS = ("claude-sonnet-4-5", "real/tiny")


class Ticket(BaseModel):
    subject: str
    urgent: bool


def ask(model):
    """A question that was not asked before."""
    return {"model": model, "max_tokens": 200, "system": "You answer.",
            "messages": [{"role": "user", "content": f"Where is delivery {next(numbers)}?"}]}


def says(text, model="double-anthropic/m"):
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": f"script: {text}"}]}


@check("a message comes whole, whatever the provider speaks")
def whole():
    for model in MODELS:
        message = client.messages.create(**ask(model))
        holds(f"{model}: words", message.content[0].text)
        same(f"{model}: whose", (message.type, message.role), ("message", "assistant"))
        holds(f"{model}: why it ended", message.stop_reason in ("end_turn", "max_tokens"))
        holds(f"{model}: tokens", message.usage.output_tokens > 0)


@check("tokens of the question are told without those that the provider had cached")
def usage():
    for model in MODELS:
        raw = client.messages.with_raw_response.create(**ask(model))
        used = raw.parse().usage
        whole = used.input_tokens + (used.cache_read_input_tokens or 0) + (used.cache_creation_input_tokens or 0)
        millionths = round(float(raw.headers["x-mainstay-cost-usd"]) * 1e6)
        same(f"{model}: the cost", millionths, whole + 2 * used.output_tokens)


@check("models are listed, and one of them is shown")
def models():
    names = [it.id for it in client.models.list()]
    holds(f"an alias among {names}", "real/tiny" in names)
    same("one", client.models.retrieve("real/tiny").id, "real/tiny")


@check("a stream is put together into the final message")
def stream():
    for model in MODELS:
        with client.messages.stream(**ask(model)) as events:
            text = "".join(events.text_stream)
            final = events.get_final_message()
        same(f"{model}: the words", final.content[0].text, text)
        holds(f"{model}: words", text)
        holds(f"{model}: why it ended", final.stop_reason in ("end_turn", "max_tokens"))
        holds(f"{model}: tokens of the answer", final.usage.output_tokens > 0)


@check("events come in Anthropic's order, each with its name")
def events():
    for model in MODELS:
        kinds = [it.type for it in client.messages.create(**ask(model), stream=True)]
        same(f"{model}: the first two", kinds[:2], ["message_start", "content_block_start"])
        same(f"{model}: the last three", kinds[-3:], ["content_block_stop", "message_delta", "message_stop"])


@check("a key may come as a bearer token, and the client's beta messages are messages")
def bearer():
    other = Anthropic(api_key=None, auth_token=os.environ["ANTHROPIC_API_KEY"])
    holds("words", other.beta.messages.create(**ask(MODELS[0]), betas=["output-128k-2025-02-19"]).content[0].text)


@check("the asynchronous client streams")
async def later():
    async with AsyncAnthropic() as many, many.messages.stream(**ask(MODELS[0])) as events:
        holds("words", await events.get_final_text())


@check("tokens are counted before a question is asked")
def count():
    for model in MODELS:
        question = {name: it for name, it in ask(model).items() if name != "max_tokens"}
        holds(model, client.messages.count_tokens(**question).input_tokens > 5)
    whole = ask(MODELS[0])
    counted = client.messages.count_tokens(**{name: it for name, it in whole.items() if name != "max_tokens"}).input_tokens
    used = client.messages.create(**whole).usage
    same("what the provider counted", counted, used.input_tokens + (used.cache_read_input_tokens or 0))


@check("a tool is called, whole and in a stream, and its result is answered")
def tools():
    for model in MODELS:
        question = {**ask(model), "tools": [TOOL]}
        first = client.messages.create(**question)
        same(f"{model}: why it ended", first.stop_reason, "tool_use")
        call = next(it for it in first.content if it.type == "tool_use")
        same(f"{model}: the tool", call.name, "get_invoice")
        holds(f"{model}: arguments", isinstance(call.input["number"], int))
        with client.messages.stream(**{**ask(model), "tools": [TOOL]}) as events:
            kinds = [it.type for it in events]
            final = events.get_final_message()
        holds(f"{model}: pieces of arguments", kinds.count("input_json") > 1)
        call_in_stream = next(it for it in final.content if it.type == "tool_use")
        holds(f"{model}: arguments of the stream", isinstance(call_in_stream.input["number"], int))
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "paid"}
        told = [*question["messages"], {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
        second = client.messages.create(**{**question, "messages": told})
        holds(f"{model}: words", second.content[0].text)


@check("OpenAI, Gemini and Ollama answer Anthropic's client too: whole, in a stream, with a tool")
def others():
    for provider in ("double", "double-gemini", "double-ollama", "double-groq"):
        model = f"{provider}/m"
        whole = client.messages.create(**says("say Good day to all", model))
        same(f"{provider}, whole", (whole.content[0].text, whole.usage.output_tokens), ("Good day to all", 4))
        with client.messages.stream(**says("say Good night to all of them", model)) as events:
            final = events.get_final_message()
        same(f"{provider}, in pieces", (final.content[0].text, final.usage.output_tokens), ("Good night to all of them", 6))
        with client.messages.stream(**says('call get_invoice {"number": 7}', model), tools=[TOOL]) as events:
            final = events.get_final_message()
        same(f"{provider}, a call", (final.content[0].name, final.content[0].input), ("get_invoice", {"number": 7}))
        same(f"{provider}, why it ended", final.stop_reason, "tool_use")


@check("a structured answer is parsed, and its schema reaches each dialect")
def parse():
    told = json.dumps({"subject": "Leak", "urgent": True})
    for provider in ("double-anthropic", "double", "double-gemini", "double-ollama"):
        answer = client.messages.parse(**says(f"say {told}", f"{provider}/m"), output_format=Ticket)
        same(f"{provider}: the ticket", answer.parsed_output, Ticket(subject="Leak", urgent=True))


@check("thoughts, signatures and calls of a provider pass through whole")
def fixture():
    with client.messages.stream(**says("fixture anthropic/stream.sse")) as events:
        final = events.get_final_message()
    same("what it holds", [it.type for it in final.content], ["thinking", "redacted_thinking", "text", "server_tool_use", "tool_use"])
    same("tokens", (final.usage.input_tokens, final.usage.cache_read_input_tokens, final.usage.output_tokens), (12, 1000, 45))


@check("a picture reaches each dialect")
def pictures():
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    parts = [{"type": "image", "source": source}, {"type": "text", "text": "script: echo"}]
    for provider in ("double-anthropic", "double", "double-gemini", "double-ollama"):
        answer = client.messages.create(model=f"{provider}/m", max_tokens=100, messages=[{"role": "user", "content": parts}])
        holds(f"{provider}: the bytes of the picture", PIXEL in answer.content[0].text)


@check("refusals have their classes, with the wait, and are not tried again here")
def refusals():
    kinds = {400: anthropic.BadRequestError, 404: anthropic.NotFoundError, 429: anthropic.RateLimitError,
             500: anthropic.InternalServerError, 529: anthropic.OverloadedError}
    for status, kind in kinds.items():
        error = raises(kind, lambda: client.messages.create(**says(f"status {status} 9")))
        holds(f"{status}: an id", error.request_id)
        if status in (429, 500, 529):
            same(f"{status}: not again", error.response.headers["x-should-retry"], "false")
        if status == 429:
            same("the wait", error.response.headers["retry-after"], "9")
    # Too busy, as Anthropic and as Groq say it: the gateway has asked again before it says so.
    for text, model in (("status 529", "double-anthropic/m"), ("status 498", "double/m")):
        error = raises(anthropic.OverloadedError, lambda: client.messages.create(**says(text, model)))
        same(f"{text}: asked", error.response.headers["x-mainstay-attempts"], "2")
        same(f"{text}: not again", error.response.headers["x-should-retry"], "false")


@check("a wrong key is an AuthenticationError, and a bad request names its field")
def wrong():
    error = raises(anthropic.AuthenticationError, lambda: Anthropic(api_key="sk-ant-nobody").messages.create(**says("say")))
    same("type", error.body["error"]["type"], "authentication_error")
    error = raises(anthropic.BadRequestError, lambda: client.messages.create(model="double/m", max_tokens=9, messages=[{"role": "user"}]))
    holds(f"the field in: {error.message}", "messages[0].content" in str(error))


@check("a stream that breaks is an error, never a final message")
def broken():
    for provider in ("double-anthropic", "double", "double-gemini"):
        for fault in ("cut 5", "end 5", "break 5", "fail 5"):
            def read():
                with client.messages.stream(**says(fault, f"{provider}/m")) as events:
                    return events.get_final_message()
            try:
                message = read()
            except anthropic.APIError as error:
                holds("words", str(error))
            else:
                same(f"{provider}, {fault}", message, "an error")


run()
