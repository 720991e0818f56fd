"""LangChain's chat models and embeddings, which read streams and usage in ways of their own."""
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from check import check, holds, run, same

numbers = iter(range(1, 1000))
openai = ChatOpenAI(model="real/tiny", stream_usage=True)
anthropic = ChatAnthropic(model="claude-sonnet-4-5", max_tokens=200)
both = (openai, anthropic)


class Ticket(BaseModel):
    """A ticket."""
    subject: str
    urgent: bool


@tool
def get_invoice(number: int) -> str:
    """Finds an invoice."""
    return f"invoice {number} is paid"


def ask():
    return f"What of report {next(numbers)}?"


def name(model):
    return type(model).__name__


@check("a question is answered, with the tokens it used")
def invoke():
    for model in both:
        answer = model.invoke(ask())
        holds(f"{name(model)}: words", answer.text)
        used = answer.usage_metadata
        same(f"{name(model)}: the sum", used["total_tokens"], used["input_tokens"] + used["output_tokens"])


@check("a stream adds up to the answer and its tokens")
def stream():
    for model in both:
        pieces = list(model.stream(ask()))
        whole = pieces[0]
        for piece in pieces[1:]:
            whole = whole + piece
        holds(f"{name(model)}: pieces", len(pieces) > 2)
        holds(f"{name(model)}: words", whole.text)
        holds(f"{name(model)}: tokens", whole.usage_metadata["output_tokens"] > 0)


@check("an agent's round: a tool is called, its result is answered")
def tools():
    for model in both:
        bound = model.bind_tools([get_invoice])
        asked = [HumanMessage(ask())]
        first = bound.invoke(asked)
        call = first.tool_calls[0]
        same(f"{name(model)}: the tool", call["name"], "get_invoice")
        result = get_invoice.invoke(call)
        holds(f"{name(model)}: a result", isinstance(result, ToolMessage))
        second = bound.invoke([*asked, first, result])
        holds(f"{name(model)}: words", second.text)


@check("a tool is called in a stream")
def tools_stream():
    for model in both:
        pieces = list(model.bind_tools([get_invoice]).stream(ask()))
        whole = pieces[0]
        for piece in pieces[1:]:
            whole = whole + piece
        same(f"{name(model)}: the tool", [it["name"] for it in whole.tool_calls], ["get_invoice"])
        holds(f"{name(model)}: arguments", isinstance(whole.tool_calls[0]["args"]["number"], int))


@check("a structured answer is what was declared")
def structured():
    for model, method in ((openai, "json_schema"), (openai, "function_calling"), (anthropic, "function_calling")):
        answer = model.with_structured_output(Ticket, method=method).invoke(ask())
        holds(f"{name(model)}, {method}: {answer!r}", isinstance(answer, Ticket))


@check("the responses API serves it as well")
def responses():
    model = ChatOpenAI(model="real-messages/tiny", use_responses_api=True)
    pieces = list(model.stream(ask()))
    holds("words", "".join(it.text for it in pieces))
    called = model.bind_tools([get_invoice]).invoke(ask())
    same("the tool", [it["name"] for it in called.tool_calls], ["get_invoice"])


@check("each piece of a batch is answered")
def batch():
    for model in both:
        same(name(model), len(model.batch([ask() for _ in range(5)])), 5)


@check("documents become vectors")
def embeddings():
    # Without a check of lengths the client sends texts; with it, tokens of OpenAI's own models.
    vectors = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
    same("how many", [len(it) for it in vectors.embed_documents(["a release", "a backup"])], [64, 64])
    same("a question", len(vectors.embed_query("what changed")), 64)


run()
