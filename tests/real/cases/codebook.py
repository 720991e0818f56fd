"""Lists are imported, coded, improved and refactored."""
import re

from application import MODEL, fit
from cases import case
from check import holds, same

# Of the words that the model says most: it names some of these, and never the last two.
LABELS = ["good", "low", "day", "must", "time", "year", "not", "order", "create", "6\" DIP CL350", "8\" PVC SDR 26"]
OWN_CODE = "KEPT-1"


def environment(_hearing):
    return {}


def prepare(app):
    app.tenant = app.post("/api/tenants", {"name": "Acme Civil"}, 201)["id"]


def items(app, version):
    """The items of a version by their labels, each as the collection wants it."""
    found = app.get(f"/api/versions/{version}/records?limit=100")["items"]
    for it in found:
        fit("an item", app.schema("item"), it["data"])
        holds(f"a code of {it['data']}", it["data"]["code"].strip())
    same("codes that are there twice", len({it["data"]["code"] for it in found}), len(found))
    return {it["data"]["original_label"]: it for it in found}


def named(answers, key, known):
    """What the answers say of each of the known, and how many entries name none of them or one again."""
    said, stray = {}, 0
    for entry in (it for answer in answers for it in answer["items"]):
        name = entry[key].strip()
        if name in known and name not in said:
            said[name] = entry
        else:
            stray += 1
    return said, stray


def reported(result, code):
    """The number in the line of an import's report with this code; 0 without one."""
    lines = [it["message"] for it in result["report"] if it["code"] == code]
    return sum(int(re.search(r"\d+", it)[0]) for it in lines)


@case("tasks", "initial_analysis")
def initial_analysis(app):
    """what the model says of an item is taken, rules answer for the others, what names no item is left out, own codes stay"""
    rows = [{"original_label": it} for it in LABELS]
    rows[0]["code"] = OWN_CODE
    with app.listening() as listening:
        accepted = app.post("/api/collections/codebooks/import", {"tenant": app.tenant, "name": "Pipes", "type": "material", "items": rows}, 202)
        result = app.job(accepted)
    answers = listening.answers("initial_analysis")
    said, stray = named(answers, "original_label", LABELS)
    app.kept.update(book=result["record"], version=result["version"], imported=listening)
    there = items(app, result["version"])
    same("the items", set(there), set(LABELS))
    same("the code that was there before", there[LABELS[0]]["data"]["code"], OWN_CODE)
    same("who answered", result["produced_by"], MODEL)
    same("how many rules answered for", reported(result, "completed_by_rules"), len(LABELS) - len(said))
    same("how many entries name no item", reported(result, "stray_answer"), stray)
    for label, entry in said.items():
        text = entry.get("description")
        if text and text.strip():
            same(f"the description of {label}", there[label]["data"]["description"].strip(), text.strip())
    return f"the model named {len(said)} of {len(LABELS)}, and {stray} that are none"


def proposals(app, task, answers):
    """What is proposed for the version: all that the answers say of the whole or of an item that is there, and nothing else."""
    ids = {it["id"] for it in items(app, app.kept["version"]).values()}
    entries = [it for answer in answers for it in answer["recommendations"]]
    # A name that is no item's is made up: what is said of it is worth nothing.
    good = {(it["item_id"], it["category"], it["suggestion"].strip()) for it in entries if it["item_id"] is None or it["item_id"].strip() in ids}
    good = {it for it in good if it[2]}
    found = app.get(f"/api/versions/{app.kept['version']}/proposals?limit=100")["items"]
    got = {(it["record"], it["category"], it["suggestion"]) for it in found}
    holds(f"{task} proposed {good}; there are {got}", good <= got)
    for it in found:
        same(f"who proposed {it}, about what", (it["produced_by"], it["record"] in ids | {None}), (MODEL, True))
    return len(good), len(entries), got


@case("tasks", "recommendation")
def recommendation(app):
    """what is proposed about items that are not there is left out, of an import and of a run of its own"""
    good, all_of_them, got = proposals(app, "recommendation", app.kept["imported"].answers("recommendation"))
    same("how many there are", len(got), good)
    with app.listening() as listening:
        result = app.job(app.post("/api/tasks/recommendation", {"record": app.kept["book"], "input": {"focus_areas": ["csi_mapping"]}}, 202))
    answers = listening.answers("recommendation")
    once_more, entries, now = proposals(app, "recommendation", answers)
    same("how many were new, and known", (result["proposal_count"], result["known_before"]), (len(now - got), once_more - len(now - got)))
    app.kept["proposed"] = now
    return f"{good + once_more} of {all_of_them + entries} are about something that is there"


@case("tasks", "csi_mapping")
def csi_mapping(app):
    """a division is proposed only for items that are there"""
    with app.listening() as listening:
        result = app.job(app.post("/api/tasks/csi_mapping", {"record": app.kept["book"]}, 202))
    good, entries, now = proposals(app, "csi_mapping", listening.answers("csi_mapping"))
    same("how many were new", result["proposal_count"], len(now - app.kept["proposed"]))
    same("who proposed them", result["produced_by"], MODEL)
    return f"{good} of {entries}"


@case("tasks", "refactor")
def refactor(app):
    """a new version waits for approval, with every item; rules code those that the model did not name"""
    before = items(app, app.kept["version"])
    with app.listening() as listening:
        result = app.job(app.post("/api/tasks/refactor", {"record": app.kept["book"], "input": {"label": "anew"}}, 202))
    said, _ = named(listening.answers("refactor"), "item_id", {it["id"] for it in before.values()})
    after = items(app, result["version"])
    same("the items", {it["lineage"] for it in after.values()}, {it["lineage"] for it in before.values()})
    left_out = [it for it in result["warnings"] if "left" in it and "rules answered" in it]
    same("how many rules answered for", sum(int(re.search(r"\d+", it)[0]) for it in left_out), len(before) - len(said))
    version = app.get(f"/api/versions/{result['version']}")
    same("who made it, and whether it is in use", (version["produced_by"], version["is_active"]), (MODEL, False))
    return f"the model named {len(said)} of {len(before)}"


@case("tasks", "code_generation")
def code_generation(app):
    """items that come later get codes, and those that bring one keep it"""
    known = items(app, app.kept["version"])
    rows = [{"original_label": it} for it in ("retry", "region", "cost", "read")] + [{"original_label": "write", "code": "OWN-2"}]
    with app.listening() as listening:
        result = app.job(app.post(f"/api/records/{app.kept['book']}/change", {"items": rows}, 202))
    said, _ = named(listening.answers("code_generation"), "original_label", [it["original_label"] for it in rows])
    there = items(app, result["version"])
    same("the items", set(there), set(known) | {it["original_label"] for it in rows})
    same("a code that an item brought", there["write"]["data"]["code"], "OWN-2")
    same("codes that were there before", {it: there[it]["data"]["code"] for it in known}, {it: known[it]["data"]["code"] for it in known})
    return f"the model named {len(said)} of {len(rows)}"


@case("tasks", "rules_from_feedback")
def rules_from_feedback(app):
    """changed rules are shown to be confirmed, and none are in force before"""
    rules = f"/api/collections/rules?tenant={app.tenant}&limit=100"
    before = app.get(rules)["items"]
    with app.listening() as listening:
        said = app.post("/api/tasks/rules_from_feedback", {"record": app.kept["book"], "input": {"text": "Separate the parts with a dot."}})
    answer = listening.answers("rules_from_feedback")[-1]
    same("the answer", (said["answer"], said["model"]), (answer, MODEL))
    same("the rules that are in force", app.get(rules)["items"], before)
    # Confirmed all the same, rules that make no code are refused.
    app.post(f"/api/collections/rules?tenant={app.tenant}", {"name": "By the model", "rules_json": answer["rules_json"]}, 422)
