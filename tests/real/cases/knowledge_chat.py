"""Documents are asked about."""
from application import MODEL
from cases import case
from check import holds, same


def environment(_hearing):
    return {}


def prepare(app):
    made = app.post("/api/documents", {"title": "Manual", "content": app.sample("tide-gauge-manual.md").decode()}, 201)
    app.waited(f"/api/documents/{made['id']}", "state", ("ready",))
    app.kept["document"] = made["id"]


@case("assistants", "chat")
def chat(app):
    """an answer is given from a document, cites nothing that was not there, and is named and summed up by the model"""
    question = "How often must the pressure cell be calibrated?"
    with app.listening() as listening:
        said = app.post("/api/ask/once", {"question": question})
    holds("it was told the document", "pressure cell" in listening.heard[0].prompt.split("<sources>")[-1])
    same("its words", said["answer"].strip(), listening.spoken("chat")[-1].strip())
    same("who answered, citing what", (said["model_used"], said["citations"], said["quoting"]), (MODEL, [], False))
    with app.listening() as listening:
        summary = app.post(f"/api/documents/{app.kept['document']}/summary", {})["summary"]
    same("the summary", summary.split(), listening.spoken("summary")[-1].split())
