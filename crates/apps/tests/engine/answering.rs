//! Answers with their sources: what is told, in which order, and what is kept.

use std::time::Duration;

use apps::{ask::AskPlace, assistant::event::Name};
use axum::{Json as Body, Router, http::StatusCode, routing::get};
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    desk::{Desk, Otherwise, asked, hear, person},
    house::scripted,
};

const QUESTION: &str = "How often must the probe be calibrated?";

/// The last request for an answer, of all that were made.
fn last_asked(script: &Script) -> Json {
    let asked = |it: &testkit::model::Request| {
        it.path.ends_with("/chat/completions") && !it.prompt().contains("You give a chat a title")
    };
    let last = script.requests().into_iter().rev().find(asked);
    last.expect("somebody asked for an answer").body
}

/// What one side said in a request.
fn said_by(request: &Json, role: &str) -> String {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let of_role = messages.iter().filter(|it| it["role"] == role);
    of_role.filter_map(|it| it["content"].as_str()).collect::<Vec<_>>().join("\n\n")
}

testkit::on_both! {
    async fn an_answer_is_told_in_the_order_of_the_description_and_names_its_source(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let manual = desk.manual().await;
        script.answers(Reply::text("Every four weeks [1]. Use the fluid [9].").tokens(200, 12));
        script.always(|_| Reply::text("\"Probe calibration.\""));
        let heard = desk.hears(QUESTION, AskPlace::New).await;

        let order = ["rag_gate", "embeddings", "retrieval", "citations", "saved", "start", "delta", "usage", "saved", "done"];
        assert_eq!(heard.order(), order);
        let numbers: Vec<u64> = heard.events.iter().map(|it| it.seq).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        let gate = heard.stage("rag_gate");
        assert_eq!((&gate["rag_enabled"], &gate["documents_attached"]), (&json!(true), &json!(false)));
        let retrieval = heard.stage("retrieval");
        assert_eq!((&retrieval["engine"], &retrieval["top_k"]), (&json!("builtin"), &json!(6)));
        assert!(retrieval["returned"].as_u64() >= Some(1), "{retrieval}");

        assert_eq!(heard.text(), "Every four weeks [1]. Use the fluid.");
        let done = heard.ended(Name::Done);
        assert_eq!((&done["tokens_used"], &done["input_truncated"]), (&json!(212), &json!(false)));
        assert_eq!(done["full_content_len"], heard.text().chars().count());
        assert!(done["request_id"].as_str().is_some_and(|it| it.len() == 16 && it.starts_with("req_")));
        let cited = done["citations"].as_array().expect("a list");
        assert_eq!(cited.len(), 1, "{done}");
        assert_eq!(cited[0]["doc_id"], json!(manual));
        assert_eq!((&cited[0]["number"], &cited[0]["title"], &cited[0]["page"]), (&json!(1), &json!("Manual"), &json!(1)));
        let offered = heard.stage("citations");
        let first = &offered["list"][0];
        assert_eq!(first, &cited[0], "the same ids in what was offered and in what was cited");
        assert!(done["confidence"].as_f64().is_some_and(|it| it > 0.3 && it < 1.0), "{done}");

        let said = desk.said(heard.chat()).await;
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!((&said[0]["role"], &said[0]["content"]), (&json!("user"), &json!(QUESTION)));
        assert_eq!((&said[0]["id"], &said[1]["id"]), (&done["question_message_id"], &done["answer_message_id"]));
        assert_eq!((&said[1]["content"], &said[1]["state"]), (&json!(heard.text()), &json!("whole")));
        assert_eq!(said[1]["citations"], done["citations"], "the same ids in the stream and in what is kept");
        assert_eq!((&said[1]["tokens_used"], &said[1]["metadata"]["rag_enabled"]), (&json!(212), &json!(true)));

        let request = last_asked(&script);
        let (system, user) = (said_by(&request, "system"), said_by(&request, "user"));
        assert!(system.contains("Put the number of a source"), "{system}");
        assert!(user.contains("[1] (Manual, page 1)") && user.ends_with(QUESTION), "{user}");
        let began = std::time::Instant::now();
        loop {
            let chat = desk.engine.chat_get(&desk.ann, heard.chat()).await.expect("her chat");
            if chat["title"] == "Probe calibration" {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{chat}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn what_the_documents_do_not_hold_has_no_citation(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        desk.manual().await;
        script.answers(Reply::text("My sources do not say that [1][2]."));
        script.always(|_| Reply::text("Zebras"));
        let heard = desk.hears("Zebras, giraffes?", AskPlace::New).await;
        let (offered, done) = (heard.stage("citations"), heard.ended(Name::Done));
        assert_eq!((&offered["count"], &done["citations"]), (&json!(0), &json!([])), "{offered}");
        assert_eq!(heard.text(), "My sources do not say that.");
        assert_eq!(done["confidence"], 0.0);
        assert!(said_by(&last_asked(&script), "system").contains("No sources were found"));
    }

    async fn ones_own_prompt_is_obeyed_and_citations_stay(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        desk.manual().await;
        let tenant = base::TenantId::DEFAULT;
        let set = desk.engine.own_prompt_set(&desk.ann, tenant, None, " Answer in one sentence. ").await;
        assert_eq!(set.expect("it is set")["system_prompt"], "Answer in one sentence.");
        script.always(|_| Reply::text("Every four weeks [1]."));
        let heard = desk.hears(QUESTION, AskPlace::Alone).await;
        assert_eq!(heard.ended(Name::Done)["citations"].as_array().map(Vec::len), Some(1));
        let system = said_by(&last_asked(&script), "system");
        assert!(system.starts_with("Answer in one sentence."), "{system}");
        assert!(system.contains("Put the number of a source") && !system.contains("You are an expert"));

        let mut ask = asked(QUESTION, AskPlace::Alone);
        ask.system_prompt = Some("Answer in Latin.".into());
        hear(desk.asks(ask).await).await.ended(Name::Done);
        assert!(said_by(&last_asked(&script), "system").starts_with("Answer in Latin."));
        desk.engine.own_prompt_set(&desk.ann, tenant, None, "").await.expect("it is taken away");
        let found = desk.engine.own_prompt(&desk.ann, tenant, None).await.expect("none");
        assert_eq!((&found["system_prompt"], &found["is_own"]), (&Json::Null, &json!(false)));
        let long = "a".repeat(2_001);
        let refused = desk.engine.own_prompt_set(&desk.ann, tenant, None, &long).await;
        assert_eq!(refused.expect_err("too long").code(), "invalid_input");
    }

    async fn a_question_outside_of_chats_leaves_no_message(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.always(|_| Reply::text("Seldom."));
        let heard = desk.hears("How often?", AskPlace::Alone).await;
        assert_eq!((heard.chat, heard.text().as_str()), (None, "Seldom."));
        assert_eq!(desk.count("SELECT count(*) AS total FROM assistant_messages").await, 0);
        assert_eq!(desk.count("SELECT count(*) AS total FROM assistant_chats").await, 0);
    }

    async fn a_question_that_is_too_long_is_cut_at_a_word_and_says_so(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.always(|_| Reply::text("So."));
        let long = "calibrate ".repeat(1_100);
        let done = desk.hears(&long, AskPlace::New).await.ended(Name::Done);
        assert_eq!((&done["input_truncated"], &done["original_question_length"]), (&json!(true), &json!(10_999)));
        let used = done["used_question_length"].as_u64().expect("a number");
        assert!(used <= 10_000 && used % 10 == 9, "cut in a word: {used}");
    }

    async fn what_was_said_before_goes_along_without_its_markers(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        desk.manual().await;
        script.always(|_| Reply::text("Every four weeks [1]."));
        let first = desk.hears(QUESTION, AskPlace::New).await;
        desk.hears("And the seal of the pump?", AskPlace::Chat(first.chat())).await.ended(Name::Done);
        let request = last_asked(&script);
        let roles: Vec<&str> =
            request["messages"].as_array().expect("messages").iter().filter_map(|it| it["role"].as_str()).collect();
        assert_eq!(roles, ["system", "user", "assistant", "user"]);
        assert_eq!(request["messages"][1]["content"], QUESTION);
        assert_eq!(request["messages"][2]["content"], "Every four weeks.");
    }

    async fn without_a_model_it_quotes_and_says_so(db: Database) {
        let desk = Desk::with(db, models::Settings::default(), Otherwise::default()).await;
        desk.manual().await;
        let heard = desk.hears(QUESTION, AskPlace::New).await;
        let (text, done) = (heard.text(), heard.ended(Name::Done));
        assert!(text.contains("this only quotes") && text.contains("every four weeks"), "{text}");
        assert!(text.contains("[1]"), "{text}");
        assert_eq!((&done["quoting"], &done["model_used"]), (&json!(true), &json!("quotes")));
        assert_eq!(done["citations"][0]["title"], "Manual");
        assert_eq!(heard.stage("retrieval")["mode"], "lexical");
        assert!(heard.stage("retrieval")["degraded"].is_string(), "it says how it looked");
        let chat = desk.engine.chat_get(&desk.ann, heard.chat()).await.expect("her chat");
        assert_eq!(chat["title"], "How often must the probe be calibrated");
    }

    async fn without_embeddings_it_goes_on_by_words_and_says_so(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        desk.manual().await;
        (0..10).for_each(|_| { script.answers_embeddings(Reply::status(400)); });
        script.always(|_| Reply::text("Every four weeks [1]."));
        let heard = desk.hears(QUESTION, AskPlace::New).await;
        assert!(heard.stage("retrieval")["degraded"].is_string(), "{}", heard.stage("retrieval"));
        assert_eq!(heard.ended(Name::Done)["citations"].as_array().map(Vec::len), Some(1));
    }

    async fn a_model_that_refuses_is_told_with_its_cause_and_the_question_stays(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(Reply::status(401));
        script.always(|_| Reply::text("Seldom."));
        let heard = desk.hears("How often?", AskPlace::New).await;
        let failed = heard.ended(Name::Error);
        assert_eq!(failed["code"], "model_error", "{failed}");
        assert!(failed["message"].as_str().is_some_and(|it| it.contains("401")), "{failed}");
        let said = desk.said(heard.chat()).await;
        assert_eq!((said.len(), &said[0]["role"]), (1, &json!("user")));
        let again = desk.hears("", AskPlace::Again(heard.chat())).await;
        assert_eq!(again.text(), "Seldom.");
        assert_eq!(desk.said(heard.chat()).await.len(), 2);
    }

    async fn an_answer_that_breaks_off_is_kept_and_marked(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(Reply::text("Every four weeks or so").cut_after(4));
        let heard = desk.hears("How often?", AskPlace::New).await;
        let failed = heard.ended(Name::Error);
        assert_eq!(failed["code"], "model_unavailable", "{failed}");
        let said = desk.said(heard.chat()).await;
        assert_eq!((&said[1]["state"], &said[1]["content"]), (&json!("interrupted"), &json!(heard.text())));
        assert_eq!(said[1]["id"], failed["answer_message_id"]);
        assert!(heard.text().starts_with("Every four"), "{}", heard.text());
    }

    async fn results_of_the_web_come_first_and_a_failed_search_is_told_and_ignored(db: Database) {
        let script = Script::start().await;
        let found = json!({"results": [{"title": "Care of probes", "url": "https://probes.example/care",
                                        "content": "A probe is calibrated monthly."}]});
        let answers = Router::new()
            .route("/search", get(move || async move { Body(found) }))
            .route("/broken/search", get(|| async { StatusCode::BAD_GATEWAY }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, answers).await });

        let otherwise = |web: String| Otherwise { web: Some(web), ..Otherwise::default() };
        let desk = Desk::with(db.clone(), scripted(&script, true), otherwise(address.clone())).await;
        desk.manual().await;
        script.always(|_| Reply::text("Monthly [1], or every four weeks [2]."));
        let ask = || apps::ask::AssistantAsk { web: true, ..asked(QUESTION, AskPlace::Alone) };
        let heard = hear(desk.asks(ask()).await).await;
        let cited = heard.ended(Name::Done)["citations"].clone();
        assert_eq!((&cited[0]["type"], &cited[0]["url"]), (&json!("web"), &json!("https://probes.example/care")));
        assert_eq!((&cited[1]["type"], &cited[1]["title"]), (&json!("rag"), &json!("Manual")));
        let order = heard.order();
        assert_eq!(order[..3], ["rag_gate", "web_search", "embeddings"], "{order:?}");

        let broken = crate::desk::rooms_on(
            &desk.store, &desk.clock, scripted(&script, true), &crate::desk::app(),
            Some(&format!("{address}/broken")),
        ).await.0;
        let follow = broken.ask_assistant(&desk.ann, ask()).await.expect("the question is taken");
        let heard = hear(follow).await;
        let told: Vec<Json> = heard.events.iter().map(|it| it.json()).filter(|it| it["stage"] == "web_search").collect();
        assert!(told.last().is_some_and(|it| it["total_web_results"] == 0 && it["message"].as_str().is_some_and(|it| it.contains("502"))), "{told:?}");
        assert_eq!(heard.ended(Name::Done)["citations"][0]["type"], "rag");
    }

    async fn somebody_elses_documents_are_no_source(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let bob = person(base::Role::Editor);
        desk.document(&bob, "Bob's notes", &["The probe must be calibrated never."], None).await;
        script.always(|_| Reply::text("Never [1]."));
        let heard = desk.hears(QUESTION, AskPlace::Alone).await;
        assert_eq!(heard.ended(Name::Done)["citations"], json!([]));
        assert_eq!(heard.stage("rag_gate")["rag_enabled"], false);
        let prompt = last_asked(&script).to_string();
        assert!(!prompt.contains("never"), "nothing of it goes to the model");
    }
}
