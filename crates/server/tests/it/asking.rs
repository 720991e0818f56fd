//! Asking assistants over HTTP: in one piece and as events; cut off and resumed.

use std::time::Duration;

use base::Actor;
use futures::{StreamExt, future::join_all};
use knowledge::{Act, Sight, document::State};
use models::settings::ProviderSettings;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value as Json, json};
use server::Settings;
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::house::{Asker, House};

pub(crate) const QUESTION: &str = "How often must the probe be calibrated?";

pub(crate) async fn house(db: &Database) -> (House, Script) {
    let script = Script::start().await;
    let mut models = models::Settings::default();
    let base_url = Some(script.base_url());
    models.providers.insert("local".into(), ProviderSettings { base_url, ..Default::default() });
    let small = Some("local/small".to_owned());
    (models.priorities.balanced, models.priorities.speed) = (small.clone(), small);
    models.cache.enabled = false;
    (House::open_with_models(db, Settings::default(), models).await, script)
}

/// Puts a manual of one page in, for everybody of the first tenant. Nobody reads a file here.
pub(crate) async fn manual(house: &House) {
    let text = "The probe must be calibrated every four weeks with the reference fluid.";
    let carried = json!({
        "version": 1, "title": "Manual", "summary": null, "metadata": {}, "tags": [],
        "shared": true, "origin": "upload", "url": null, "file_name": "manual.txt",
        "file": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text),
        "verdict": null, "pages": [{"number": 1, "text": text}],
        "chunks": [{"page": 1, "start_char": 0, "end_char": text.len()}], "vectors": [],
    });
    let carried = serde_json::from_value(carried).expect("a document");
    let act = Act { sight: Sight::managing(house.here, Actor::house().who), actor: Actor::house() };
    let knowledge = &house.app.knowledge;
    let taken = knowledge.carry_in(&act, house.here, None, carried).await.expect("it is taken in");
    for _ in 0..1_000 {
        let found = knowledge.get(&act.sight, taken.id).await.expect("it is there");
        if found.state == State::Ready {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the manual does not become ready");
}

/// An answer of so many words, one after the other.
pub(crate) fn long(words: usize) -> String {
    (0..words).map(|at| format!("word{at} ")).collect()
}

pub(crate) fn paced(words: usize) -> Reply {
    Reply::text(long(words)).paced(Duration::from_millis(10))
}

/// An event as it came.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    id: String,
    name: String,
    data: Json,
}

/// Events of a response, read until enough were told or the stream ends.
async fn told(response: Response, enough: impl Fn(&[Told]) -> bool) -> Vec<Told> {
    assert_eq!(response.status(), 200, "{:?}", response.text().await);
    let (mut body, mut text, mut events) = (response.bytes_stream(), String::new(), Vec::new());
    let reading = async {
        while let Some(piece) = body.next().await {
            text.push_str(&String::from_utf8_lossy(&piece.expect("a whole piece")));
            while let Some((block, rest)) = text.split_once("\n\n") {
                events.extend(event(block));
                text = rest.to_owned();
            }
            if enough(&events) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("events come in time");
    events
}

fn event(block: &str) -> Option<Told> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|it| it.strip_prefix(name)?.strip_prefix(':')).map(|it| it.trim().to_owned())
    };
    let data = serde_json::from_str(&field("data")?).expect("each event tells JSON");
    Some(Told { id: field("id")?, name: field("event")?, data })
}

fn deltas(events: &[Told]) -> usize {
    events.iter().filter(|it| it.name == "delta").count()
}

fn words(events: &[Told]) -> String {
    let deltas = events.iter().filter(|it| it.name == "delta");
    deltas.filter_map(|it| it.data["content"].as_str()).collect()
}

/// The kinds of events in order, those of `meta` by their stage, pieces of the answer as one.
fn order(events: &[Told]) -> Vec<&str> {
    let mut order: Vec<&str> = events
        .iter()
        .map(|it| it.data["stage"].as_str().filter(|_| it.name == "meta").unwrap_or(&it.name))
        .collect();
    order.dedup();
    order
}

fn question(asker: &Asker, text: &str) -> RequestBuilder {
    asker.request(Method::POST, "/api/ask/stream").json(&json!({"question": text}))
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("the server answers")
}

testkit::on_both! {
    async fn what_was_thought_of_an_answer_goes_with_it(db: Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::text("Every four weeks."));
        let (editor, owner) = (house.editor().await, house.owner().await);
        let asked = editor.post("/api/ask", json!({"question": QUESTION})).await.is(200);
        let chat = asked["chat_id"].as_str().expect("a chat").to_owned();
        let said = editor.get(&format!("/api/chats/{chat}/messages")).await.is(200);
        let thought = json!({"subject": said["items"][1]["id"], "verdict": "down", "words": "No.", "share": true});
        editor.post("/api/feedback", thought).await.is(200);
        let listed = async || owner.get(&format!("/api/feedback?tenant={}", house.here)).await.is(200)["items"].clone();
        assert_eq!(listed().await.as_array().map(Vec::len), Some(1));
        editor.post(&format!("/api/chats/{chat}/again"), json!({})).await.is(200);
        assert_eq!(listed().await, json!([]), "the answer is not there any more, and its words are not either");
    }

    async fn an_answer_is_streamed_as_it_is_written_and_never_held_back(db: Database) {
        let (house, script) = house(&db).await;
        manual(&house).await;
        let text = format!("Every four weeks [1]. {}And not [7].", long(30));
        script.answers(Reply::text(&text).tokens(100, 40).paced(Duration::from_millis(10)));
        script.always(|_| Reply::text("Probes"));
        let editor = house.editor().await;
        let request = question(&editor, QUESTION).header("accept-encoding", "gzip, br, zstd");
        let response = send(request).await;
        let header = |name: &str| response.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        assert!(header("content-type").starts_with("text/event-stream"));
        assert_eq!((header("x-accel-buffering").as_str(), header("content-encoding").as_str()), ("no", ""));
        assert!(header("cache-control").contains("no-transform"), "{}", header("cache-control"));
        let events = told(response, |_| false).await;

        let expected = ["rag_gate", "embeddings", "retrieval", "citations", "saved", "start", "delta", "usage", "saved", "done"];
        assert_eq!(order(&events), expected);
        assert!(deltas(&events) > 3, "it comes in pieces");
        assert_eq!(words(&events), format!("Every four weeks [1]. {}And not.", long(30)));
        let run = events[0].id.split_once(':').expect("RUN:SEQ").0.to_owned();
        for (event, seq) in events.iter().zip(1..) {
            assert_eq!(event.id, format!("{run}:{seq}"));
        }
        let done = &events.last().expect("the end").data;
        assert_eq!((&done["citations"][0]["title"], &done["tokens_used"]), (&json!("Manual"), &json!(140)));
        let chat = done["chat_id"].as_str().expect("a chat");
        let said = editor.get(&format!("/api/chats/{chat}/messages")).await.is(200);
        assert_eq!(said["items"][1]["citations"], done["citations"], "the same ids in the stream and in JSON");
        assert_eq!(said["items"][1]["content"], words(&events).as_str());
        let run = editor.get(&format!("/api/runs/{run}")).await.is(200);
        assert_eq!((&run["state"], &run["request_id"]), (&json!("done"), &done["request_id"]));
    }

    async fn an_answer_comes_in_one_piece_with_the_ids_that_are_kept(db: Database) {
        let (house, script) = house(&db).await;
        manual(&house).await;
        script.always(|_| Reply::text("Every four weeks [1], or never [2].").tokens(50, 9));
        let editor = house.editor().await;
        let answer = editor.post("/api/ask", json!({"question": QUESTION})).await.is(200);
        assert_eq!(answer["answer_message"]["content"], "Every four weeks [1], or never.");
        assert_eq!(answer["answer_message"]["citations"], answer["citations"]);
        assert_eq!(answer["question_message"]["content"], QUESTION);
        assert_eq!((&answer["tokens_used"], &answer["quoting"]), (&json!(59), &json!(false)));
        let chat = answer["chat_id"].as_str().expect("a chat");
        let said = editor.get(&format!("/api/chats/{chat}/messages")).await.is(200);
        assert_eq!(said["items"], json!([answer["question_message"], answer["answer_message"]]));
        let again = editor.post(&format!("/api/chats/{chat}/again"), json!({})).await.is(200);
        assert_eq!(again["question_message"]["id"], answer["question_message"]["id"]);
        assert_ne!(again["answer_message"]["id"], answer["answer_message"]["id"]);

        let once = editor.post("/api/ask/once", json!({"question": QUESTION})).await.is(200);
        assert_eq!((&once["sources_used"], &once["citations"][0]["number"]), (&json!(1), &json!(1)));
        assert!(once["confidence"].as_f64().is_some_and(|it| it > 0.0), "{once}");
        assert!(once["processing_time_s"].is_number());
        let body = editor.post("/api/ask", json!({"question": "  "})).await.refused(422, "invalid_input");
        assert_eq!(body["errors"][0]["field"], "/question");
        editor.post("/api/ask", json!({})).await.refused(422, "invalid_input");
        // The title of the chat is asked for behind the first answer.
        script.until_asked(4).await;
        script.answers(Reply::status(401));
        editor.post("/api/ask/once", json!({"question": QUESTION})).await.refused(502, "model_error");
        house.key(&[base::Scope::UseModels]).await.post("/api/ask", json!({"question": QUESTION})).await
            .refused(403, "permission_missing");
    }

    async fn who_was_cut_off_goes_on_with_the_last_id(db: Database) {
        let (house, script) = house(&db).await;
        script.answers(paced(120));
        script.always(|_| Reply::text("Words"));
        let (editor, stranger) = (house.editor().await, house.editor().await);
        let mut heard = told(send(question(&editor, "Count.")).await, |it| deltas(it) >= 10).await;
        let last = heard.last().expect("something was heard").id.clone();
        let run = last.split_once(':').expect("RUN:SEQ").0.to_owned();
        let path = format!("/api/runs/{run}/events");

        let foreign = stranger.request(Method::GET, &path).header("last-event-id", &last);
        assert_eq!(send(foreign).await.status(), 404);
        let wrong = editor.request(Method::GET, &path).header("last-event-id", "nonsense");
        assert_eq!(send(wrong).await.status(), 422);

        // Either way, as often as it takes.
        let cut = send(question(&editor, "Count.").header("last-event-id", &last)).await;
        let more = told(cut, |it| deltas(it) >= 3).await;
        heard.extend(more);
        let last = heard.last().expect("something was heard").id.clone();
        let rest = editor.request(Method::GET, &path).header("last-event-id", &last);
        heard.extend(told(send(rest).await, |_| false).await);
        assert_eq!(words(&heard), long(120));
        assert_eq!(heard.last().map(|it| it.name.as_str()), Some("done"));
        let all = told(send(editor.request(Method::GET, &path)).await, |_| false).await;
        assert_eq!(all, heard, "the log tells the same again");
        script.until_asked(2).await;
        assert_eq!(script.requests().iter().filter(|it| it.prompt().contains("Count.")).count(), 2, "one answer and one title");
    }

    async fn many_connections_are_cut_at_random_and_every_text_comes_exactly_once(db: Database) {
        let (house, script) = house(&db).await;
        script.answers(paced(200));
        script.always(|_| Reply::text("Words"));
        let editor = house.editor().await;
        let first = send(question(&editor, "Count.")).await;
        let begun = told(first, |it| !it.is_empty()).await;
        let run = begun[0].id.split_once(':').expect("RUN:SEQ").0.to_owned();
        let path = format!("/api/runs/{run}/events");
        let readers = (0..200_usize).map(|at| {
            let (editor, path) = (editor.clone(), path.clone());
            async move {
                let mut heard: Vec<Told> = Vec::new();
                // Half of them are cut, each at another place, up to three times.
                for cut in 0..if at % 2 == 0 { 4 } else { 1 } {
                    let mut request = editor.request(Method::GET, &path);
                    if let Some(last) = heard.last() {
                        request = request.header("last-event-id", &last.id);
                    }
                    let is_last = at % 2 == 1 || cut == 3;
                    let enough = (at * 7 + cut * 13) % 17 + 1;
                    let more = told(send(request).await, |it| !is_last && it.len() >= enough).await;
                    heard.extend(more);
                    if heard.last().is_some_and(|it| it.name == "done") {
                        break;
                    }
                }
                heard
            }
        });
        let all = join_all(readers).await;
        for heard in &all {
            assert_eq!(words(heard), long(200));
            assert_eq!(heard, &all[0]);
        }
    }

    async fn an_answer_is_stopped_and_marked(db: Database) {
        let (house, script) = house(&db).await;
        script.answers(paced(2_000));
        let editor = house.editor().await;
        let heard = told(send(question(&editor, "Count.")).await, |it| deltas(it) >= 2).await;
        let run = heard[0].id.split_once(':').expect("RUN:SEQ").0.to_owned();
        let stopped = editor.post(&format!("/api/runs/{run}/stop"), json!({})).await.is(200);
        assert_eq!(stopped["state"], "cancelled");
        let all = told(send(editor.request(Method::GET, &format!("/api/runs/{run}/events"))).await, |_| false).await;
        let last = all.last().expect("the end");
        assert_eq!((last.name.as_str(), &last.data["code"], &last.data["status_code"]), ("error", &json!("cancelled"), &json!(409)));
        let chat = stopped["chat_id"].as_str().expect("a chat");
        let said = editor.get(&format!("/api/chats/{chat}/messages")).await.is(200);
        assert_eq!(said["items"][1]["state"], "interrupted");
    }

    async fn a_reader_who_leaves_for_good_stops_the_model(db: Database) {
        let (house, script) = house(&db).await;
        script.answers(paced(2_000));
        let editor = house.editor().await;
        // The tiny application waits for three seconds.
        let heard = told(send(question(&editor, "Count.")).await, |it| deltas(it) >= 2).await;
        script.until_hung_up(1).await;
        let run = heard[0].id.split_once(':').expect("RUN:SEQ").0;
        // The model is let go first, then that is written down.
        let path = format!("/api/runs/{run}");
        while editor.get(&path).await.is(200)["state"] == "running" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(editor.get(&path).await.is(200)["error"], "cancelled");
    }

    async fn a_document_that_is_put_into_a_chat_is_of_its_tenant(db: Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::text("So."));
        let owner = house.owner().await;
        let question = json!({"question": "How?", "tenant": house.here});
        let chat = owner.post("/api/ask", question).await.is(200)["chat_id"].clone();
        let mut text = json!({"content": "The seal is changed once a year.", "chat": chat});
        text["tenant"] = json!(house.there);
        let refused = owner.post("/api/documents", text.clone()).await.refused(422, "invalid_input");
        assert_eq!(refused["errors"][0]["field"], "/tenant");
        text["tenant"] = Json::Null;
        owner.post("/api/documents", text).await.is(201);
        let path = format!("/api/documents?chat={}&tenant={}", chat.as_str().expect("an id"), house.here);
        assert_eq!(owner.get(&path).await.is(200)["items"].as_array().map(Vec::len), Some(1));
    }

    async fn who_hangs_up_before_the_whole_answer_is_there_stops_the_model_too(db: Database) {
        let (house, script) = house(&db).await;
        script.always(|_| paced(2_000));
        let editor = house.editor().await;
        for (before, path) in ["/api/ask/once", "/api/ask"].into_iter().enumerate() {
            let asks = editor.request(Method::POST, path).json(&json!({"question": "Count."}));
            tokio::select! {
                _ = asks.send() => panic!("{path} answered before the model did"),
                () = script.until_asked(before + 1) => {}
            }
            script.until_hung_up(before + 1).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_on_which_nothing_is_said_for_a_while_is_kept_alive() {
    testkit::install_tls();
    let db = Database::sqlite();
    let (house, script) = house(&db).await;
    // The model thinks for longer than two beats are apart.
    script.answers(Reply::text("Every four weeks.").delayed(Duration::from_secs(17)));
    script.always(|_| Reply::text("Probes"));
    let response = send(question(&house.editor().await, QUESTION)).await;
    let whole = tokio::time::timeout(Duration::from_secs(60), response.text()).await;
    let whole = whole.expect("the stream ends").expect("a whole stream");
    let before = whole.find("delta").expect("the model speaks in the end");
    assert!(whole[..before].contains("still here"), "nothing was said meanwhile: {whole}");
    assert!(whole.contains("event: done") || whole.contains("event:done"), "{whole}");
}
