"""Memos are graded, looked back upon and talked about."""
import copy

from application import MODEL, fit
from cases import case
from check import holds, same
from make_tiny_gguf import WORDS

# All that the model can say stands in it, so that some of the passages it quotes do.
MEMO = """TO: Executive Committee
SUBJECT: A second loading bay

We recommend building a second loading bay for 480,000 dollars, to be in use before the autumn season. Lorries waited 47 minutes
on average, up from 29 two years ago.

""" + " ".join(WORDS) + ".\n"


def environment(_hearing):
    return {}


def prepare(_app):
    pass


@case("tasks", "evaluate")
def evaluate(app):
    """a memo is graded by every criterion and no other, the whole is computed, and passages are marked where they stand"""
    weights = {it["key"]: it["weight"] for it in app.config("rubric")["criteria"]}
    # What the model is asked: the scores by name, and not what is computed of them.
    asked = copy.deepcopy(app.output("evaluate"))
    asked["properties"]["overall_score"] = {}
    scores = asked["properties"]["rubric_scores"]
    every = scores["additionalProperties"]
    scores.update(required=list(weights), properties={name: every for name in weights}, additionalProperties=False)
    with app.listening() as listening:
        standing = app.post("/api/results", {"task": "evaluate", "text": MEMO, "mode": "job"}, 202)
        done = app.waited(f"/api/results/{standing['id']}/status", "status", ("completed", "failed"))
    same(f"how it ended: {done['error']}", done["status"], "completed")
    answer = listening.answers("evaluate", asked)[-1]
    result = app.kept["result"] = app.get(f"/api/results/{standing['id']}")
    same("the provider and the model", f"{result['provider']}/{result['model']}", MODEL)
    same("what is kept of the answer", {name: result[name] for name in ("strengths", "opportunities", "rubric_scores")},
         {name: answer[name] for name in ("strengths", "opportunities", "rubric_scores")})
    mean = sum(result["rubric_scores"][name]["score"] * weight for name, weight in weights.items()) / sum(weights.values())
    holds(f"{result['overall_score']} is {mean}, to two decimals", abs(result["overall_score"] - mean) <= 0.005 + 1e-9)
    passages = result["segment_feedback"]
    same("the passages", [it["segment"] for it in passages], [it["segment"] for it in answer["segment_feedback"]])
    marked = [it for it in passages if it["start"] is not None]
    for it in marked:
        same("what stands where a passage is marked", MEMO[it["start"]:it["end"]].split(), it["segment"].split())
    for it in passages:
        if it not in marked:
            holds(f"{it['segment']!r} stands nowhere", " ".join(it["segment"].split()) not in " ".join(MEMO.split()))
    names = app.schema("evaluation")["properties"]
    fit("the result", app.schema("evaluation"), {name: it for name, it in result.items() if name in names})
    return f"{len(marked)} of {len(passages)} passages stand in the memo"


@case("tasks", "progress_comment")
def progress_comment(app):
    """progress is put in words by the model"""
    with app.listening() as listening:
        said = app.post("/api/progress/comment", {})
    answer = listening.answers("progress_comment")[-1]
    same("the words", said["comment"], answer["comment"])
    same("who said them, and of how many results", (said["provider"], said["model"], said["count"]), ("openai", "tiny", 1))


@case("assistants", "coach")
def coach(app):
    """the coach talks about a result, with the memo at hand"""
    with app.listening() as listening:
        said = app.post("/api/ask/once", {"assistant": "coach", "question": "What would make it better?", "record": app.kept["result"]["id"]})
    holds("it was told the memo", "A second loading bay" in listening.heard[0].prompt)
    same("its words", said["answer"].strip(), listening.spoken("coach")[-1].strip())
    same("who answered, and from which record", (said["model_used"], said["context_used"]["record"]), (MODEL, app.kept["result"]["id"]))
