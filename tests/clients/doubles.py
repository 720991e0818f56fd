"""The scripted provider of the Rust tests, and their fixtures, read by the providers' own clients.

What these clients cannot read, or read otherwise than it was meant, is a fault of our double: the
gateway would be tested against something that no provider says.
"""
import json
import os

import anthropic
import groq
import ollama
import openai
from google import genai
from google.genai import errors as genai_errors
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from check import check, holds, raises, run, same

DOUBLE = os.environ["DOUBLE_URL"]
SAYS = "script: say Good day to all"
CALL = 'script: call get_weather {"city": "Bern", "days": 2}'
WANTED = ("get_weather", {"city": "Bern", "days": 2})
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
plain = {"api_key": "any", "max_retries": 0}
of_openai = openai.OpenAI(base_url=f"{DOUBLE}/v1", **plain)
of_groq = groq.Groq(base_url=DOUBLE, **plain)
of_huggingface = InferenceClient(base_url=f"{DOUBLE}/v1", api_key="any")
of_anthropic = anthropic.Anthropic(base_url=DOUBLE, **plain)
of_google = genai.Client(api_key="any", http_options={"base_url": DOUBLE, "api_version": "v1beta"})
of_ollama = ollama.Client(host=DOUBLE)


def user(text):
    return {"model": "scripted", "messages": [{"role": "user", "content": text}]}


def claude(text):
    return {**user(text), "max_tokens": 100}


def chat(client, text, **more):
    return client.chat.completions.create(**user(text), **more)


@check("openai: an answer, a stream, a call and its arguments in pieces")
def openai_scripted():
    answer = chat(of_openai, SAYS)
    same("the words", answer.choices[0].message.content, "Good day to all")
    same("tokens", (answer.usage.prompt_tokens, answer.usage.completion_tokens), (6, 4))
    with of_openai.chat.completions.stream(**user(SAYS), stream_options={"include_usage": True}) as events:
        final = events.get_final_completion()
    same("the stream's words", final.choices[0].message.content, "Good day to all")
    same("the stream's tokens", final.usage.completion_tokens, 4)
    holds("no usage unasked", all(it.usage is None for it in chat(of_openai, SAYS, stream=True)))
    for call in (
        chat(of_openai, CALL).choices[0].message.tool_calls[0],
        streamed(CALL).choices[0].message.tool_calls[0],
    ):
        same("the call", (call.function.name, json.loads(call.function.arguments)), WANTED)


def streamed(text):
    with of_openai.chat.completions.stream(**user(text)) as events:
        return events.get_final_completion()


@check("openai: responses, whole and in a stream, with calls")
def responses_scripted():
    for text in (SAYS, CALL):
        whole = of_openai.responses.create(model="scripted", input=text)
        with of_openai.responses.stream(model="scripted", input=text) as events:
            kinds = [it.type for it in events]
            final = events.get_final_response()
        same("the first and the last", (kinds[0], kinds[-1]), ("response.created", "response.completed"))
        for answer in (whole, final):
            same("state", answer.status, "completed")
            holds("when", answer.created_at)
            if text is SAYS:
                same("the words", (answer.output_text, answer.usage.output_tokens), ("Good day to all", 4))
            else:
                call = answer.output[0]
                same("the call", (call.type, call.name, json.loads(call.arguments)), ("function_call", *WANTED))


@check("openai: models and embeddings")
def openai_rest():
    same("models", [it.id for it in of_openai.models.list()], ["scripted"])
    found = of_openai.embeddings.create(model="scripted", input=["a pipe", "a valve"])
    same("vectors", [len(it.embedding) for it in found.data], [64, 64])
    holds("numbers", all(isinstance(it, float) for it in found.data[0].embedding))


@check("openai: the fixtures are read as they were meant")
def openai_fixtures():
    answer = chat(of_openai, "script: fixture openai/chat.json")
    holds("words", answer.choices[0].message.content)
    holds("usage", answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens)
    holds("calls", chat(of_openai, "script: fixture openai/chat_tools.json").choices[0].message.tool_calls)
    holds("words of a stream", "".join(it.choices[0].delta.content or "" for it in chat(of_openai, "script: fixture openai/chat.sse", stream=True) if it.choices))
    call = streamed("script: fixture openai/chat_tools.sse").choices[0].message.tool_calls[0]
    holds("arguments of a stream", json.loads(call.function.arguments))
    for name in ("azure", "thinking", "refusal", "groq"):
        pieces = list(chat(of_openai, f"script: fixture openai/{name}.sse", stream=True))
        holds(f"{name}: pieces", len(pieces) > 1)
    raises(openai.APIError, lambda: list(chat(of_openai, "script: fixture openai/chat_error.sse", stream=True)))
    with of_openai.responses.stream(model="scripted", input="script: fixture openai/responses.sse") as events:
        list(events)
        final = events.get_final_response()
    same("a response of a stream", final.output_text, "Hi there!")
    holds("a response", of_openai.responses.create(model="scripted", input="script: fixture openai/responses.json").output)


@check("openai: refusals have their classes, and a broken stream is an error")
def openai_errors():
    kinds = {400: openai.BadRequestError, 401: openai.AuthenticationError, 404: openai.NotFoundError,
             429: openai.RateLimitError, 500: openai.InternalServerError}
    for status, kind in kinds.items():
        raises(kind, lambda: chat(of_openai, f"script: status {status}"))
    for name, status, kind, code in (
        ("error_key", 401, openai.AuthenticationError, "invalid_api_key"),
        ("error_context", 400, openai.BadRequestError, "context_length_exceeded"),
        ("error_model", 404, openai.NotFoundError, "model_not_found"),
        ("error_quota", 429, openai.RateLimitError, "insufficient_quota"),
        ("error_rate", 429, openai.RateLimitError, "rate_limit_exceeded"),
    ):
        error = raises(kind, lambda: chat(of_openai, f"script: fixture openai/{name}.json {status}"))
        same(f"{name}: code", error.code, code)
    raises(openai.APIError, lambda: list(chat(of_openai, "script: fail 3", stream=True)))


@check("groq: an answer, a stream, a call, its fixtures and refusals")
def groq_scripted():
    same("the words", chat(of_groq, SAYS).choices[0].message.content, "Good day to all")
    same("the stream", "".join(it.choices[0].delta.content or "" for it in chat(of_groq, SAYS, stream=True) if it.choices), "Good day to all")
    call = chat(of_groq, CALL).choices[0].message.tool_calls[0]
    same("the call", (call.function.name, json.loads(call.function.arguments)), WANTED)
    last = list(chat(of_groq, "script: fixture openai/groq.sse", stream=True))[-1]
    holds("usage where groq tells it", last.x_groq.usage.total_tokens > 0)
    error = raises(groq.RateLimitError, lambda: chat(of_groq, "script: fixture openai/error_groq_rate.json 429"))
    holds("a wait in its words", "try again in" in str(error))


@check("huggingface: an answer, a stream, a call, vectors, refusals")
def huggingface_scripted():
    answer = chat(of_huggingface, SAYS)
    same("the words", answer.choices[0].message.content, "Good day to all")
    same("tokens", (answer.usage.prompt_tokens, answer.usage.completion_tokens), (6, 4))
    pieces = list(chat(of_huggingface, SAYS, stream=True, stream_options={"include_usage": True}))
    same("the stream", "".join(it.choices[0].delta.content or "" for it in pieces if it.choices), "Good day to all")
    same("its tokens", pieces[-1].usage.completion_tokens, 4)
    call = chat(of_huggingface, CALL).choices[0].message.tool_calls[0].function
    same("the call", (call.name, json.loads(call.arguments)), WANTED)
    pipeline = f"{DOUBLE}/hf-inference/models/scripted/pipeline/feature-extraction"
    same("vectors", of_huggingface.feature_extraction(["a pipe", "a valve"], model=pipeline).shape, (2, 64))
    for status in (401, 404, 429, 500):
        error = raises(HfHubHTTPError, lambda: chat(of_huggingface, f"script: status {status}"))
        same("status", error.response.status_code, status)


@check("anthropic: a message, a stream put together, a call, a count, models")
def anthropic_scripted():
    whole = of_anthropic.messages.create(**claude(SAYS))
    with of_anthropic.messages.stream(**claude(SAYS)) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    for message in (whole, final):
        same("the words", message.content[0].text, "Good day to all")
        same("tokens", (message.usage.input_tokens, message.usage.output_tokens), (6, 4))
        same("why it ended", message.stop_reason, "end_turn")
    same("the words as they came", text, "Good day to all")
    with of_anthropic.messages.stream(**claude(CALL)) as stream:
        final = stream.get_final_message()
    for message in (of_anthropic.messages.create(**claude(CALL)), final):
        same("the call", (message.content[0].name, message.content[0].input), WANTED)
        same("why it ended", message.stop_reason, "tool_use")
    same("a count", of_anthropic.messages.count_tokens(**user(SAYS)).input_tokens, 6)
    same("models", [it.id for it in of_anthropic.models.list()], ["scripted"])


@check("anthropic: the fixtures are read as they were meant, thoughts and all")
def anthropic_fixtures():
    with of_anthropic.messages.stream(**claude("script: fixture anthropic/stream.sse")) as stream:
        final = stream.get_final_message()
    kinds = [it.type for it in final.content]
    same("what it holds", kinds, ["thinking", "redacted_thinking", "text", "server_tool_use", "tool_use"])
    same("the call", final.content[-1].input, {"city": "Bern", "days": 2})
    same("tokens", (final.usage.input_tokens, final.usage.cache_read_input_tokens, final.usage.output_tokens), (12, 1000, 45))
    with of_anthropic.messages.stream(**claude("script: fixture anthropic/stream_text.sse")) as stream:
        holds("words", stream.get_final_text())
    holds("a message", of_anthropic.messages.create(**claude("script: fixture anthropic/answer.json")).content)

    def fails():
        with of_anthropic.messages.stream(**claude("script: fixture anthropic/stream_error.sse")) as stream:
            stream.get_final_message()
    try:
        fails()
        holds("an error in the stream", False)
    except anthropic.APIStatusError:
        pass


@check("anthropic: refusals have their classes")
def anthropic_errors():
    kinds = {400: anthropic.BadRequestError, 401: anthropic.AuthenticationError, 404: anthropic.NotFoundError,
             429: anthropic.RateLimitError, 500: anthropic.InternalServerError, 529: anthropic.OverloadedError}
    for status, kind in kinds.items():
        raises(kind, lambda: of_anthropic.messages.create(**claude(f"script: status {status}")))


@check("google-genai: an answer, a stream, a call, a count of tokens used, embeddings, models")
def gemini_scripted():
    models = of_google.models
    tools = genai.types.GenerateContentConfig(
        tools=[{"function_declarations": [{"name": "get_weather", "parameters_json_schema": SCHEMA}]}],
        automatic_function_calling={"disable": True},
    )
    answer = models.generate_content(model="scripted", contents=SAYS)
    same("the words", answer.text, "Good day to all")
    same("why it ended", answer.candidates[0].finish_reason.value, "STOP")
    used = answer.usage_metadata
    same("tokens", (used.prompt_token_count, used.candidates_token_count, used.total_token_count), (6, 4, 10))
    pieces = list(models.generate_content_stream(model="scripted", contents=SAYS))
    same("the stream", "".join(it.text or "" for it in pieces), "Good day to all")
    same("its tokens", pieces[-1].usage_metadata.candidates_token_count, 4)
    call = models.generate_content(model="scripted", contents=CALL, config=tools).function_calls[0]
    same("the call", (call.name, call.args), WANTED)
    call = [it for it in models.generate_content_stream(model="scripted", contents=CALL, config=tools) if it.function_calls][0].function_calls[0]
    same("the call in a stream", (call.name, call.args), WANTED)
    found = models.embed_content(model="scripted", contents=["a pipe", "a valve"])
    same("vectors", [len(it.values) for it in found.embeddings], [64, 64])
    same("models", [it.name for it in models.list()], ["models/scripted"])


@check("google-genai: the fixtures are read as they were meant")
def gemini_fixtures():
    models = of_google.models
    pieces = list(models.generate_content_stream(model="scripted", contents="script: fixture gemini/stream_text.sse"))
    same("the words", "".join(it.text or "" for it in pieces), "Grüezi!")
    holds("a stream with calls", [it for it in models.generate_content_stream(model="scripted", contents="script: fixture gemini/stream.sse") if it.function_calls])
    holds("an answer", models.generate_content(model="scripted", contents="script: fixture gemini/answer.json").candidates)
    blocked = models.generate_content(model="scripted", contents="script: fixture gemini/blocked.json")
    holds("a blocked question", blocked.prompt_feedback.block_reason)


@check("google-genai: refusals have their classes")
def gemini_errors():
    for wish, kind, code in (
        ("status 400", genai_errors.ClientError, 400), ("status 429", genai_errors.ClientError, 429), ("status 503", genai_errors.ServerError, 503),
        ("fixture gemini/refused_for_a_minute.json 429", genai_errors.ClientError, 429),
        ("fixture gemini/refused_for_the_day.json 429", genai_errors.ClientError, 429),
    ):
        error = raises(kind, lambda: of_google.models.generate_content(model="scripted", contents=f"script: {wish}"))
        same(wish, error.code, code)


@check("ollama: an answer, a stream, a call, embeddings, models")
def ollama_scripted():
    answer = of_ollama.chat(**user(SAYS))
    same("the words", answer.message.content, "Good day to all")
    same("tokens", (answer.prompt_eval_count, answer.eval_count, answer.done, answer.done_reason), (6, 4, True, "stop"))
    lines = list(of_ollama.chat(**user(SAYS), stream=True))
    same("the stream", "".join(it.message.content or "" for it in lines), "Good day to all")
    same("its tokens", (lines[-1].done, lines[-1].eval_count), (True, 4))
    call = of_ollama.chat(**user(CALL), tools=[TOOL]).message.tool_calls[0].function
    same("the call", (call.name, call.arguments), WANTED)
    calls = [it.message.tool_calls for it in of_ollama.chat(**user(CALL), tools=[TOOL], stream=True) if it.message.tool_calls]
    same("the call in a stream, once", [(it.function.name, it.function.arguments) for all in calls for it in all], [WANTED])
    found = of_ollama.embed(model="scripted", input=["a pipe", "a valve"])
    same("vectors", [len(it) for it in found.embeddings], [64, 64])
    same("models", [it.model for it in of_ollama.list().models], ["scripted"])


@check("ollama: the fixtures are read as they were meant, and its refusals")
def ollama_rest():
    lines = list(of_ollama.chat(**user("script: fixture ollama/stream_text.ndjson"), stream=True))
    same("the words", "".join(it.message.content or "" for it in lines), "Grüezi!")
    holds("a stream with calls", [it for it in of_ollama.chat(**user("script: fixture ollama/stream.ndjson"), stream=True) if it.message.tool_calls])
    holds("an answer", of_ollama.chat(**user("script: fixture ollama/answer.json")).message)
    raises(ollama.ResponseError, lambda: list(of_ollama.chat(**user("script: fixture ollama/stream_error.ndjson"), stream=True)))
    error = raises(ollama.ResponseError, lambda: of_ollama.chat(**user("script: status 404")))
    same("status and words", (error.status_code, error.error), (404, "scripted status 404"))


run()
