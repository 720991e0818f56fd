"""Calls are labelled and looked at, and asked about."""
import json

from application import MODEL, fit
from cases import case
from check import holds, same


def environment(hearing):
    # Where the database is, is said otherwise; it does not start without these.
    return {
        "POSTGRES_USER": "tasks", "POSTGRES_PASSWORD": "tasks", "DB_HOST": "127.0.0.1", "POSTGRES_DB": "tasks",
        "JWT_SECRET_KEY": "a-signing-key-of-these-tasks-alone", "AI_ANALYZER_OPENAI_API_KEY": "upstream-key",
        "URL": f"{hearing.address}/calls", "API_KEY": "calls-key",
    }


def prepare(app):
    app.kept["calls"] = []
    for line in app.sample("call-records.jsonl").splitlines()[:2]:
        call = json.loads(line)
        record = {"transcription_id": str(call["id"]), "processing_date": call["processtime"].replace(" ", "T") + "Z", "transcription": call["transcription"]}
        app.kept["calls"].append(app.post(f"/api/collections/call_records?tenant={app.tenant}", record, 201)["id"])


def looked(app, task):
    """What a task says of a call, and what of it is kept."""
    call = app.kept["calls"][0]
    with app.listening() as listening:
        said = app.post("/api/analyses", {"tenant": app.tenant, "task": task, "record": call})
    answer = listening.answers(task)[-1]
    same("the answer", said["result"], answer)
    fit(f"the answer of {task}", app.output(task), said["result"])
    same("who answered, about what", (said["provider"], said["model"], said["record_id"]), ("openai", "tiny", call))
    return said


def kept(app, task):
    """The same, when answers are kept as records."""
    said = looked(app, task)
    record = app.get(f"/api/records/{said['id']}")["data"]
    same("what is kept", (record["analysis_type"], record["result"], record["model"]), (task, said["result"], "tiny"))
    fit("the record", app.schema("analysis"), record)


@case("tasks", "enrich_call")
def enrich_call(app):
    """a call gets a summary, a topic and a sentiment"""
    holds("it is kept nowhere", "id" not in looked(app, "enrich_call"))


@case("tasks", "sentiment")
def sentiment(app):
    """a sentiment has its score between -1 and 1; of a model that says no such number nothing is kept, and that is said"""
    kept(app, "sentiment")
    before = app.get("/api/collections/analyses?limit=100")["items"]
    with app.hearing.to(app.hearing.wild), app.listening() as listening:
        status, said = app.tried("POST", "/api/analyses", {"tenant": app.tenant, "task": "sentiment", "record": app.kept["calls"][0]})
    same(f"what is said: {said}", (status, said["code"]), (502, "model_error"))
    same("how often it was asked", listening.refused("sentiment"), 3)
    same("what is kept", app.get("/api/collections/analyses?limit=100")["items"], before)


@case("tasks", "entities")
def entities(app):
    """entities are of the known kinds"""
    kept(app, "entities")


@case("tasks", "topics")
def topics(app):
    """three to five topics have weights"""
    kept(app, "topics")


@case("tasks", "summary")
def summary(app):
    """what was said, decided and left to do is kept"""
    kept(app, "summary")


@case("tasks", "intent")
def intent(app):
    """an intent is kept, of one call and of many in a job"""
    kept(app, "intent")
    with app.listening() as listening:
        result = app.job(app.post("/api/analyses", {"tenant": app.tenant, "task": "intent", "records": app.kept["calls"]}, 202))
    same("how many were answered", (result["answered"], result["skipped"]), (2, 0))
    answers = listening.answers("intent")
    records = [it["data"] for it in app.get("/api/collections/analyses?limit=2&filter.analysis_type=intent")["items"]]
    same("what is kept", sorted(map(json.dumps, (it["result"] for it in records))), sorted(map(json.dumps, answers)))


@case("tasks", "emotion")
def emotion(app):
    """emotions have a strength between 0 and 1"""
    kept(app, "emotion")


@case("questions", "calls")
def calls(app):
    """a query that is none reaches no data and says so; what to ask next and a comment come from the model"""
    ask = {"tenant": app.tenant, "language": "en"}
    with app.listening() as listening:
        said = app.post("/api/questions/ask", {**ask, "question": "How many calls were there?"})
    query = listening.by_any_schema("question_query", "query")[-1]["query"]
    # Chance writes no SQL.
    same(f"what comes of {query!r}", (said["answered"], said["answer"], said["result"]), (False, None, None))
    holds("a reason in words and as a code", said["error"] and said["error_code"])
    next_ones = listening.by_any_schema("question_followups", "followups")[-1]["followups"]
    holds(f"of {next_ones}: {said['followups']}", set(said["followups"]) <= {it.strip() for it in next_ones})
    with app.listening() as listening:
        more = app.post("/api/questions/followups", {**ask, "questions": ["How many calls were there?"], "responses": ["Two."]})
    next_ones = listening.by_any_schema("question_followups", "followups")[-1]["followups"]
    holds(f"of {next_ones}: {more['followups']}", set(more["followups"]) <= {it.strip() for it in next_ones})
    with app.listening() as listening:
        comment = app.post("/api/questions/comment", {**ask, "record": app.kept["calls"][0], "question": "trending_topics/1", "response": "Bills."})
    same("the comment", comment["comment"].strip(), listening.spoken("question_comment")[-1].strip())
    same("who answered", (said["model_used"], more["model_used"], comment["model_used"]), (MODEL,) * 3)
