"""Calendars and flyers are completed by a model, and riders ask."""
import datetime
import re

from application import MODEL, fit
from cases import case
from check import holds, same
from make_tiny_gguf import WORDS

# Half of what the model can say: what it quotes stands there, or does not.
FLYER = " ".join(WORDS[: len(WORDS) // 2])


def environment(hearing):
    return {"AERC_CALENDAR_URL": f"{hearing.address}/calendar", "AERC_LIST_URL": f"{hearing.address}/list"}


def prepare(app):
    flyer = app.hearing.page("/flyer", "text/html", f"<html><body><h1>Flyer Ride</h1><p>{FLYER}</p></body></html>".encode())
    ride = {"name": "Flyer Ride", "source": "OTHER", "ride_id": "F1", "date_start": "2099-05-02", "date_end": "2099-05-02", "flyer_url": flyer}
    app.kept["ride"] = app.post("/api/collections/events", ride, 201)["id"]
    # Three rides of the sample: the first without a place that rules understand, the second without a date.
    head, first, second, third, *_ = app.sample("ride-calendar.html").decode().split('<div class="calendarRow"')
    first = re.sub(r"(<tr class=\"fix-jumpy\">\s*<td>[^<]*</td>\s*<td>)[^<]*<br", r"\1Hollow State Forest<br", first)
    second = re.sub(r"\d\d/\d\d/\d{4}", "some day", second, count=1)
    app.hearing.page("/calendar", "text/html", app.sample("ride-calendar-page.html"))
    app.hearing.page("/list", "text/html", '<div class="calendarRow"'.join([head, first, second, third]).encode())


def run(app, source):
    """A run of a source, once it is over."""
    begun = app.post(f"/api/sources/{source}/run", {}, 202)
    done = app.waited(f"/api/sources/{source}/runs/{begun['run']}", "state", ("completed", "failed"))
    same(f"how the run of {source} ended: {done}", done["state"], "completed")
    return done


def events(app):
    found = [it["data"] for it in app.get("/api/collections/events?limit=100")["items"] if it["data"]["source"] == "AERC"]
    for it in found:
        fit("an event", app.schema("event"), it)
    return {it["ride_id"]: it for it in found}


@case("tasks", "row_fallback")
def row_fallback(app):
    """a row that the rules cannot read is read by the model: kept and marked when it is an event, set aside when it is none"""
    with app.listening() as listening:
        done = run(app, "aerc")
    app.kept.update(calendar=listening, rides=events(app))
    answer = listening.answers("row_fallback")[-1]
    two = {it: ride for it, ride in app.kept["rides"].items() if not ride.get("read_by_model")}
    same("the rides that the rules read", len(two), 2)
    starts, ends = answer["date_start"], answer["date_end"]
    if is_date(starts) and is_date(ends) and starts <= ends:
        same("the mark of what the model read", app.kept["rides"][answer["ride_id"]]["read_by_model"], True)
        return "it was an event"
    why = "must not be before" if is_date(starts) and is_date(ends) else "is not a date"
    same("what is kept of a ride without a date, or one that ends before it begins", set(app.kept["rides"]), set(two))
    aside = app.get("/api/sources/aerc/aside")["items"]
    holds(f"the reason why it was set aside: {aside}", len(aside) == 1 and why in aside[0]["reason"])
    same("how many were set aside", done["counts"]["errors"], 1)
    return "its date was none"


@case("tasks", "address")
def address(app):
    """a place that the rules do not understand is read by the model, and only what was missing"""
    answer = app.kept["calendar"].answers("address")[-1]
    (ride,) = (it for it in app.kept["rides"].values() if it["location_name"] == "Hollow State Forest")
    for field in ("address", "city", "state", "zip_code"):
        same(f"its {field}", ride.get(field) or None, answer[field] or None)
    others = [it for it in app.kept["rides"].values() if it is not ride and not it.get("read_by_model")]
    holds("the others are as the calendar has them", all(it["city"] and not it.get("address") for it in others))


@case("tasks", "flyer_details")
def flyer_details(app):
    """of what the model quotes of a flyer, what does not stand on it is thrown out"""
    with app.listening() as listening:
        run(app, "websites_later")
    answer = listening.answers("flyer_details")[-1]
    details = app.get(f"/api/records/{app.kept['ride']}")["data"]["event_details"]

    def stands(entry):
        return " ".join(entry["words"].split()) in FLYER

    kept = {}
    for field in ("fees", "schedule", "amenities", "vets", "rules"):
        kept[field] = [it for it in answer[field] if stands(it)]
    for field in ("contact", "terrain"):
        kept[field] = answer[field] if answer[field] and stands(answer[field]) else None
    same("what is kept", {it: details.get(it) for it in kept}, kept)
    fit("the details", app.output("flyer_details"), {it: details.get(it) for it in kept})
    said = sum(len(it) if isinstance(it, list) else it is not None for it in answer.values())
    left = sum(len(it) if isinstance(it, list) else it is not None for it in kept.values())
    return f"{left} of {said} stand on it"


@case("tasks", "event_question")
def event_question(app):
    """a question about a ride is answered in the agreed form"""
    with app.listening() as listening:
        said = app.post("/api/tasks/event_question", {"record": app.kept["ride"], "input": {"question": "Who manages it?"}})
    holds("the model was told the ride", "Flyer Ride" in listening.heard[0].prompt)
    same("the answer", (said["answer"], said["model"]), (listening.answers("event_question")[-1], MODEL))


@case("tasks", "ride_tips")
def ride_tips(app):
    """tips for a ride are of five kinds, one at least of each"""
    with app.listening() as listening:
        said = app.post("/api/tasks/ride_tips", {"record": app.kept["ride"], "input": {"rider_experience": "beginner"}})
    same("the answer", (said["answer"], said["model"]), (listening.answers("ride_tips")[-1], MODEL))


@case("assistants", "rides")
def rides(app):
    """a question about rides is answered in words, with what could be asked next by a schema"""
    with app.listening() as listening:
        said = app.post("/api/ask/once", {"assistant": "rides", "question": "When is the Flyer Ride?"})
    words, nexts = [it for it in listening.heard if not it.schema], [it for it in listening.heard if it.schema]
    same("how many questions went to the model", (len(words), len(nexts)), (1, 1))
    same("its words, and who said them", (said["answer"].strip(), said["model_used"]), (words[0].text.strip(), MODEL))
    (answer,) = listening.by_any_schema("rides", "followups", others=words)
    holds(f"of {answer}: {said['followups']}", set(said["followups"]) <= {it.strip() for it in answer["followups"]})


def is_date(text):
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
