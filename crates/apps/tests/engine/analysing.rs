//! Texts looked at by tasks: one at once, many as a job, each answer kept with what it cost.

use std::time::{Duration, Instant};

use apps::acts::analyses::{AnalysisAsk, AnalysisOutcome};
use base::{JobId, RecordId};
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};
use work::{Job, State};

use crate::{
    centre::Centre,
    house::{code, job_of},
};

const TEXT: &str =
    "This is the third time that I call about the same bill, and nobody does anything.";
const KEPT: &str = "SELECT count(*) AS total FROM records WHERE collection = 'analyses'";

fn feels() -> Json {
    json!({
        "overall_sentiment": "negative",
        "sentiment_score": -0.8,
        "confidence": 0.9,
        "key_phrases": [{"phrase": "the third time", "sentiment": "negative", "confidence": 0.8}],
        "emotions": {"anger": 0.7},
    })
}

fn of_text(centre: &Centre, task: &str, text: &str) -> AnalysisAsk {
    AnalysisAsk {
        tenant: centre.ours,
        task: task.into(),
        text: Some(text.into()),
        records: Vec::new(),
        priority: None,
        language: Some("en".into()),
    }
}

fn of_calls(centre: &Centre, records: &[RecordId]) -> AnalysisAsk {
    AnalysisAsk { text: None, records: records.to_vec(), ..of_text(centre, "sentiment", "") }
}

#[track_caller]
fn done(outcome: AnalysisOutcome) -> Json {
    match outcome {
        AnalysisOutcome::Done(analysis) => analysis,
        AnalysisOutcome::Accepted(job) => panic!("a job, not an answer: {job}"),
    }
}

/// Waits until a job has ended.
async fn ended(centre: &Centre, id: JobId) -> Job {
    let began = Instant::now();
    loop {
        let get = move |db: &store::Db| work::get(db, None, id);
        let job = centre.store.read(get).await.expect("it is read").expect("the job is there");
        if job.state.is_finished() {
            return job;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "the job does not end: {job:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

testkit::on_both! {
    async fn a_text_is_looked_at_and_its_answer_kept(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        script.always(|_| Reply::json(&feels()).tokens(100, 20));
        let ask = of_text(&centre, "sentiment", TEXT);
        let told = done(centre.engine.analyse(&centre.ann, ask).await.expect("an answer"));
        assert_eq!((&told["analysis_type"], &told["result"]), (&json!("sentiment"), &feels()));
        assert_eq!((&told["text"], &told["record_id"]), (&json!(TEXT), &Json::Null));
        assert_eq!((&told["provider"], &told["model"]), (&json!("openai"), &json!("scripted")));
        assert_eq!((&told["tokens_in"], &told["tokens_out"]), (&json!(100), &json!(20)));
        assert_eq!((&told["cost_usd"], &told["language"]), (&Json::Null, &json!("en")), "no price is known");
        assert!(told["latency_ms"].is_u64() && told["id"].is_string(), "{told}");
        assert!(told["prompt_version"].is_string(), "{told}");
        assert_eq!(centre.count(KEPT).await, 1);
        let prompt = script.last_request().prompt();
        assert!(prompt.contains("You judge how somebody feels") && prompt.contains(TEXT), "{prompt}");
        assert!(prompt.contains("overall_sentiment"), "{prompt}");
    }

    async fn a_call_is_looked_at_in_its_own_language(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        let dutch = json!({
            "transcription_id": "200", "processing_date": "2026-11-20T09:00:00Z",
            "transcription": "Klant: Ik bel nu al voor de derde keer over dezelfde rekening. Medewerker: Dat vind ik heel vervelend voor u.",
        });
        let calls = centre.takes(centre.ours, vec![dutch]).await;
        script.always(|_| Reply::json(&feels()));
        let told = done(centre.engine.analyse(&centre.bob, of_calls(&centre, &calls)).await.expect("an answer"));
        assert_eq!((&told["record_id"], &told["text"], &told["language"]), (&json!(calls[0]), &Json::Null, &json!("nl")));
        assert!(script.last_request().prompt().contains("Je beoordeelt"));
        let stranger = of_calls(&centre, &calls);
        let stranger = AnalysisAsk { tenant: centre.theirs, ..stranger };
        assert_eq!(code(centre.engine.analyse(&centre.zoe, stranger).await), "record_not_found");
        assert_eq!(centre.count(KEPT).await, 1);
    }

    async fn an_answer_that_does_not_fit_is_not_kept(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        let mut wrong = feels();
        wrong["sentiment_score"] = json!(7);
        script.always(move |_| Reply::json(&wrong));
        let refused = centre.engine.analyse(&centre.ann, of_text(&centre, "sentiment", TEXT)).await;
        assert!(refused.is_err());
        assert_eq!(centre.count(KEPT).await, 0);
    }

    async fn every_analysis_of_the_application_is_answered(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        let topic = |label: &str| json!({"label": label, "weight": 0.3, "keywords": ["bill"], "description": "About it."});
        for (task, answer) in [
            ("sentiment", feels()),
            ("entities", json!({"entities": [{"text": "third time", "type": "DATE", "confidence": 0.5, "start_position": 12, "end_position": 22}]})),
            ("topics", json!({"topics": [topic("billing"), topic("service"), topic("waiting")]})),
            ("summary", json!({"executive_summary": "A customer calls again.", "key_points": [], "action_items": [{"task": "Call back", "assignee": null}], "decisions": [], "next_steps": ["Call back"]})),
            ("intent", json!({"intent": "get a bill corrected", "confidence": 0.9, "actions": ["Correct the bill."]})),
            ("emotion", json!({"emotions": {"anger": 0.8}})),
            ("enrich_call", json!({"version": "1", "sentiment": "negative", "topic": "billing", "summary": "A customer calls again."})),
        ] {
            let said = answer.clone();
            script.always(move |_| Reply::json(&said));
            let told = done(centre.engine.analyse(&centre.ann, of_text(&centre, task, TEXT)).await.expect(task));
            assert_eq!((&told["analysis_type"], &told["result"]), (&json!(task), &answer));
        }
        assert_eq!(centre.count(KEPT).await, 6, "labels of a call are not kept as an analysis");
    }

    async fn topics_of_a_tenant_are_what_its_calls_are_labelled_with(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        let labels = json!({"sentiment": "negative", "topic": "invoices", "summary": "A customer calls again."});
        script.always(move |_| Reply::json(&labels));
        let ask = || of_text(&centre, "enrich_call", TEXT);
        done(centre.engine.analyse(&centre.ann, ask()).await.expect("labels"));
        assert!(!script.last_request().prompt().contains("<topics>"));
        let (engine, now, ours) = (centre.engine.clone(), centre.clock.now(), centre.ours);
        let write = move |tx: &store::Tx| {
            let kit = engine.folder().kits().get("topics").expect("it is declared");
            for label in ["invoices", "outages"] {
                let data = kit.check(json!({"label": label})).expect("a topic");
                let new = apps::record::NewRecord { tenant: ours, parent: None, data };
                apps::record::create(tx, kit, &apps::record::Act::house(now), new).expect("it is made");
            }
            Ok::<_, store::Error>(())
        };
        centre.store.write(&base::Actor::house(), now, write).await.expect("two topics");
        done(centre.engine.analyse(&centre.ann, ask()).await.expect("labels"));
        let prompt = script.last_request().prompt();
        assert!(prompt.contains("<topics>\ninvoices\noutages\n</topics>"), "{prompt}");
        let theirs = AnalysisAsk { tenant: centre.theirs, ..ask() };
        done(centre.engine.analyse(&centre.zoe, theirs).await.expect("labels"));
        assert!(!script.last_request().prompt().contains("invoices\n"), "they are nothing to another tenant");
    }

    async fn many_calls_are_looked_at_by_a_job(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        script.always(|_| Reply::json(&feels()).tokens(10, 5));
        let mut some = centre.calls[..3].to_vec();
        some.push(RecordId::generate());
        let refused = centre.engine.analyse(&centre.ann, of_calls(&centre, &some)).await;
        assert_eq!(code(refused), "permission_missing", "to have many looked at is to spend much");
        let accepted = match centre.engine.analyse(&centre.eve, of_calls(&centre, &some)).await.expect("a job") {
            AnalysisOutcome::Accepted(job) => job,
            AnalysisOutcome::Done(analysis) => panic!("an answer, not a job: {analysis}"),
        };
        let job = ended(&centre, job_of(&accepted)).await;
        assert_eq!(job.state, State::Completed, "{job:?}");
        let result = job.result.expect("a result");
        let expected = json!({"task": "sentiment", "answered": 3, "skipped": 1, "tokens_used": 45});
        assert_eq!(result, expected);
        assert_eq!(centre.count(KEPT).await, 3);
    }

    async fn what_cannot_be_looked_at_is_refused(db: Database) {
        let centre = Centre::without_model(db).await;
        let (engine, ann) = (&centre.engine, &centre.ann);
        assert_eq!(code(engine.analyse(ann, of_text(&centre, "nothing", TEXT)).await), "not_found");
        assert_eq!(code(engine.analyse(ann, of_text(&centre, "sentiment", " \n")).await), "invalid_input");
        let both = AnalysisAsk { text: Some(TEXT.into()), ..of_calls(&centre, &centre.calls[..1]) };
        assert_eq!(code(engine.analyse(ann, both).await), "invalid_input");
        assert_eq!(code(engine.analyse(ann, of_calls(&centre, &[])).await), "invalid_input");
        assert_eq!(code(engine.analyse(ann, of_text(&centre, "sentiment", TEXT)).await), "model_unavailable");
    }
}
