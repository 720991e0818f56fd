"""OpenAI's own client for Python: embeddings, models, errors and the responses API."""
import json
import time

import openai
from openai import OpenAI
from pydantic import BaseModel

from check import check, holds, raises, run, same

client = OpenAI()


class Ticket(BaseModel):
    subject: str
    urgent: bool


TOOL = {
    "type": "function", "name": "get_invoice", "description": "Finds an invoice.",
    "parameters": {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}}},
}


def says(text, **more):
    return {"messages": [{"role": "user", "content": f"script: {text}"}], **more}


@check("embeddings come as the client asks for them: packed by default, as numbers when told")
def embeddings():
    texts = ["report a ticket", "refund policy"]
    packed = client.embeddings.create(model="text-embedding-3-small", input=texts)
    plain = client.embeddings.create(model="real-embeddings/tiny", input=texts, encoding_format="float")
    same("how many", len(packed.data), 2)
    same("their order", [it.index for it in packed.data], [0, 1])
    for one, other in zip(packed.data, plain.data):
        holds("numbers", len(one.embedding) == 64 and isinstance(one.embedding[0], float))
        near = max(abs(a - b) for a, b in zip(one.embedding, other.embedding))
        holds(f"the same vector, to {near}", near < 1e-6)
    same("tokens", packed.usage.total_tokens, packed.usage.prompt_tokens)
    holds("tokens", packed.usage.prompt_tokens > 0)


@check("embeddings of Gemini, Ollama and Hugging Face are packed for a client that asks so")
def other_embeddings():
    for provider in ("double", "double-gemini", "double-ollama", "double-huggingface"):
        found = client.embeddings.create(model=f"{provider}/m", input=["brass gate valve", "sewer pipe"])
        same(f"{provider}: how many", [len(it.embedding) for it in found.data], [64, 64])
        length = sum(it * it for it in found.data[0].embedding)
        holds(f"{provider}: a vector of length 1, not {length}", abs(length - 1) < 1e-4)


@check("models are listed: aliases, priorities, and what the providers have")
def models():
    names = [it.id for it in client.models.list()]
    for name in ("gpt-4o", "speed", "real/tiny", "double/scripted"):
        holds(f"`{name}` in {names}", name in names)
    same("one of them", client.models.retrieve("gpt-4o").id, "gpt-4o")
    same("one with a provider", client.models.retrieve("real/tiny").owned_by, "real")


@check("a wrong key is an AuthenticationError")
def wrong_key():
    stranger = OpenAI(api_key="sk-nobody")
    error = raises(openai.AuthenticationError, lambda: stranger.chat.completions.create(model="real/tiny", **says("say")))
    same("status", error.status_code, 401)
    holds("the id of the request", error.request_id)
    holds("the key is not repeated", "sk-nobody" not in str(error))


@check("a model that is not there is a NotFoundError")
def no_model():
    error = raises(openai.NotFoundError, lambda: client.models.retrieve("nobody"))
    same("code", error.code, "model_not_found")
    error = raises(openai.NotFoundError, lambda: client.chat.completions.create(model="double/m", **says("fixture openai/error_model.json 404")))
    same("code", error.code, "model_not_found")


@check("a request that cannot be read is a BadRequestError that names the field")
def bad_request():
    error = raises(openai.BadRequestError, lambda: client.chat.completions.create(model="double-anthropic/m", messages="Hello"))
    same("the field", error.param, "messages")


@check("a question that is too long is a BadRequestError with its code")
def too_long():
    error = raises(openai.BadRequestError, lambda: client.chat.completions.create(model="double/m", **says("fixture openai/error_context.json 400")))
    same("code", error.code, "context_length_exceeded")


@check("a limit is a RateLimitError with a true wait, told at once")
def limited():
    once = client.with_options(max_retries=0)
    ask = lambda: once.chat.completions.create(model="double/limited", **says("say", max_tokens=9))
    ask()
    began = time.monotonic()
    error = raises(openai.RateLimitError, lambda: once.chat.completions.create(model="double/limited", **says("say more")))
    holds("at once", time.monotonic() - began < 3)
    wait = int(error.response.headers["retry-after"])
    holds(f"a wait of {wait} s until the minute is over", 50 <= wait <= 60)
    same("code", error.code, "too_many_requests")


@check("a provider's 429 is a RateLimitError, with its wait, and not tried again by a client that would")
def provider_limited():
    began = time.monotonic()
    error = raises(openai.RateLimitError, lambda: client.chat.completions.create(model="double/m", **says("status 429 17")))
    same("the wait", error.response.headers["retry-after"], "17")
    same("not again", error.response.headers["x-should-retry"], "false")
    holds("at once", time.monotonic() - began < 3)


@check("a request larger than its budget is a RateLimitError that says so")
def budget():
    thrifty = client.with_options(default_headers={"x-mainstay-task": "thrift"}, max_retries=0)
    error = raises(openai.RateLimitError, lambda: thrifty.chat.completions.create(
        model="real/tiny", messages=[{"role": "user", "content": "report " * 200}], max_tokens=200))
    same("type and code", (error.type, error.code), ("insufficient_quota", "request_over_budget"))


@check("a provider that fails is an InternalServerError")
def failing():
    error = raises(openai.InternalServerError, lambda: client.chat.completions.create(model="double-groq/m", **says("status 500")))
    same("not again", error.response.headers["x-should-retry"], "false")


@check("a response comes whole, and its text is at hand")
def response():
    answer = client.responses.create(model="real/tiny", instructions="You answer.", input="Where is the order?", max_output_tokens=30)
    holds("words", answer.output_text)
    same("state", answer.status in ("completed", "incomplete"), True)
    same("the sum", answer.usage.total_tokens, answer.usage.input_tokens + answer.usage.output_tokens)


# The real server's own streams of responses leave out indexes that the helper needs; its messages do not.
@check("a response in a stream is put together by the helper")
def response_stream():
    with client.responses.stream(model="real-messages/tiny", input="Where is the order now?", max_output_tokens=30) as events:
        kinds = [it.type for it in events]
        final = events.get_final_response()
    same("the first", kinds[0], "response.created")
    holds(f"pieces among {set(kinds)}", kinds.count("response.output_text.delta") > 1)
    holds("words", final.output_text)
    holds("usage", final.usage.output_tokens > 0)


@check("a response calls a tool, and answers its result")
def response_tools():
    asked = [{"role": "user", "content": "Is the invoice paid?"}]
    first = client.responses.create(model="real/tiny", input=asked, tools=[TOOL])
    call = next(it for it in first.output if it.type == "function_call")
    same("the tool", call.name, "get_invoice")
    holds("arguments", "number" in json.loads(call.arguments))
    told = [*asked, call, {"type": "function_call_output", "call_id": call.call_id, "output": "paid"}]
    second = client.responses.create(model="real/tiny", input=told, tools=[TOOL], max_output_tokens=40)
    holds("words", second.output_text)


@check("a response is parsed into its schema, which reaches providers of other dialects")
def response_parse():
    told = json.dumps({"subject": "Leak", "urgent": True})
    for provider in ("double", "double-gemini", "double-ollama", "double-anthropic"):
        model = f"{provider}/m"
        answer = client.responses.parse(model=model, input=f"script: say {told}", text_format=Ticket)
        same(f"{provider}: the ticket", answer.output_parsed, Ticket(subject="Leak", urgent=True))
        form = {"type": "json_schema", "name": "ticket", "strict": True, "schema": {
            "type": "object", "required": ["urgent"], "properties": {"urgent": {"type": "boolean"}}, "additionalProperties": False}}
        seen = client.responses.create(model=model, input="script: echo", text={"format": form}).output_text
        holds(f"{provider}: the schema in {seen}", "urgent" in seen)


@check("other dialects answer as responses too, whole, in a stream, with a tool")
def response_others():
    for provider in ("double", "double-anthropic", "double-gemini", "double-ollama"):
        model = f"{provider}/m"
        whole = client.responses.create(model=model, input="script: say Good day to all")
        same(f"{provider}, whole", whole.output_text, "Good day to all")
        with client.responses.stream(model=model, input="script: say Good night to all of them") as events:
            list(events)
            final = events.get_final_response()
        same(f"{provider}, in pieces", final.output_text, "Good night to all of them")
        same(f"{provider}, tokens", final.usage.output_tokens, 6)
        with client.responses.stream(model=model, input='script: call get_invoice {"number": 7}', tools=[TOOL]) as events:
            list(events)
            final = events.get_final_response()
        call = next(it for it in final.output if it.type == "function_call")
        same(f"{provider}, a call", (call.name, json.loads(call.arguments)), ("get_invoice", {"number": 7}))


@check("a response that breaks off is an error")
def response_broken():
    def read():
        with client.responses.stream(model="double-anthropic/m", input="script: cut 5") as events:
            list(events)
            events.get_final_response()
    try:
        read()
    except (openai.APIError, RuntimeError) as error:
        return holds(f"an error ({error})", True)
    holds("an error", False)


run()
