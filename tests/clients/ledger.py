"""At the end: what the ledger says was used is what the real servers counted, to the token and to the cent."""
import os
import time

from check import check, holds, run, same
from house import get

HOUSE, KEY = os.environ["MAINSTAY_URL"], os.environ["MAINSTAY_ADMIN_KEY"]


def counted(address):
    """What a model server counted by itself: tokens of questions, of them those it had cached, of answers."""
    lines = get(address, "/metrics", os.environ["UPSTREAM_KEY"], str).splitlines()
    values = dict(it.split() for it in lines if it and not it.startswith("#"))
    fresh, cached, out = (int(float(values[f"llamacpp:{it}"])) for it in ("prompt_tokens_total", "prompt_tokens_cached_total", "tokens_predicted_total"))
    return {"in": fresh + cached, "cached": cached, "out": out}


def entries():
    rows, cursor = [], ""
    while cursor is not None:
        page = get(HOUSE, f"/api/usage?limit=100{cursor and f'&cursor={cursor}'}", KEY)
        rows += page["items"]
        cursor = page["next_cursor"]
    return rows


def settled():
    """All rows, once no more come: they are written in groups, a moment after the answer."""
    before, rows = -1, entries()
    while len(rows) != before:
        before = len(rows)
        time.sleep(0.6)
        rows = entries()
    return rows


rows = settled()
chat, vectors = counted(os.environ["REAL_URL"]), counted(os.environ["EMBEDDINGS_URL"])


def used(*providers):
    mine = [it for it in rows if it["provider"] in providers]
    return {"in": sum(it["tokens_in"] for it in mine), "cached": sum(it["tokens_cached"] for it in mine),
            "out": sum(it["tokens_out"] for it in mine)}


@check(f"the ledger holds the {len(rows)} attempts of the clients; none at the real servers is estimated")
def attempts():
    holds("as many as were made", len(rows) > 100)
    same("estimated", [it["operation"] for it in rows if it["provider"].startswith("real") and it["estimated"]], [])


@check(f"the chat server counted {chat['in']} tokens of questions, {chat['cached']} of them cached, and {chat['out']} of answers: so does the ledger")
def chat_tokens():
    same("tokens", used("real", "real-messages"), chat)


@check(f"the embeddings server counted {vectors['in']} tokens: so does the ledger")
def embeddings_tokens():
    same("tokens", used("real-embeddings")["in"], vectors["in"])


@check("who hung up is in it: exact where the rest was read, estimated where the provider was stopped")
def hung_up():
    drained = [it for it in rows if it["operation"] == "drained"]
    same("drained", [(it["tokens_out"], it["estimated"]) for it in drained], [(300, False)])
    stopped = [it for it in rows if it["model"] == "hung-up"]
    same("stopped", [(it["outcome"], it["estimated"]) for it in stopped], [("abandoned", True)])


@check("the cost is what these tokens cost, to the millionth of a dollar; without a price it is unknown")
def cost():
    real = [it for it in rows if it["provider"] in ("real", "real-messages", "real-embeddings")]
    sums = used("real", "real-messages", "real-embeddings")
    same("the cost", round(sum(it["cost_usd"] for it in real) * 1e6), sums["in"] + 2 * sums["out"])
    # A kept answer used no token and costs nothing: that is known.
    answered = [it for it in rows if it["provider"].startswith("double") and it["tokens_total"]]
    same("what has no price", {it["cost_usd"] for it in answered}, {None})


@check("the summary says the same as the rows")
def summary():
    told = get(HOUSE, "/api/usage/summary?group_by=model", KEY)["summary"]
    same("tokens", (told["tokens_in"], told["tokens_out"]), (sum(it["tokens_in"] for it in rows), sum(it["tokens_out"] for it in rows)))
    same("attempts", told["attempts_count"], len(rows))


run()
