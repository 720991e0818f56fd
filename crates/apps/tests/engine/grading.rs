//! Texts handed in and graded: in time, too late, twice at once, again, in another language, by workers
//! that die; and who sees what.

use std::time::Duration;

use apps::{
    acts::{
        feedback::FeedbackAsk,
        results::{ResultOutcome, ResultsOf},
    },
    error::EngineError,
    feedback::{Filter, Verdict},
};
use base::{PageRequest, TenantId};
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    house::code,
    panel::{MEMO, Panel, always, grades, id_of},
};

const SPANISH: &str = "Proponemos abrir una clínica en el norte porque es más barata que la antigua y \
     el contrato de alquiler termina en marzo.";

testkit::on_both! {
    async fn a_memo_is_graded_and_the_score_is_ours(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [3, 4, 4, 4], "it's cheaper than the old one");
        let told = panel.graded(&panel.ann, MEMO).await;
        assert_eq!((&told["status"], &told["progress"], &told["version"]), (&json!("completed"), &json!(100), &json!(1)));
        assert_eq!(told["overall_score"], 3.75, "the model said 5");
        assert_eq!(told["scores"]["structure"]["score"], 3);
        let (start, end) = (told["passages"][0]["start"].as_u64(), told["passages"][0]["end"].as_u64());
        let (start, end) = (start.expect("a start") as usize, end.expect("an end") as usize);
        let marked: String = MEMO.chars().skip(start).take(end - start).collect();
        assert_eq!(marked, "it\u{2019}s cheaper than the old one", "the quote is another one, and found");
        assert_eq!((&told["text"], &told["task"]), (&json!(MEMO), &json!("grade")));
        assert_eq!(told["language_detection"]["detected_language"], "en");
        assert_eq!(told["language_detection"]["fallback_used"], false);
        assert_eq!((&told["provider"], &told["model"]), (&json!("openai"), &json!("scripted")));
        assert_eq!((&told["tokens_in"], &told["tokens_out"]), (&json!(100), &json!(20)));
        assert!(told["prompt_version"].as_str().is_some_and(|it| it.starts_with("grade@")), "{told}");
        assert!(told["processing_time_s"].is_f64() && told["completed_at"].is_string(), "{told}");
        let again = panel.engine.result_get(&panel.ann, id_of(&told)).await.expect("it is kept");
        assert_eq!(again, told);
    }

    async fn a_question_is_composed_of_its_parts(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [3, 3, 3, 3], "We propose");
        panel.graded(&panel.ann, MEMO).await;
        let asked = script.last_request().prompt();
        assert!(asked.contains("You coach people who write memos. Answer in English"), "{asked}");
        assert!(asked.contains("Grade this memo by 4 criteria:\n- structure: Structure (25)\n- evidence"), "{asked}");
        let between: Vec<&str> = asked.split("TEXT-").collect();
        assert_eq!(between.len(), 3, "two marks stand around the memo: {asked}");
        assert!(between[1].contains(MEMO));
        let schema = script.last_request().body["response_format"]["json_schema"]["schema"].clone();
        let required = schema["properties"]["scores"]["required"].clone();
        assert_eq!(required, json!(["structure", "evidence", "strategy", "risks"]));
        assert!(!schema["required"].as_array().expect("a list").contains(&json!("overall_score")));
    }

    async fn a_memo_in_spanish_is_answered_in_spanish(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [4, 4, 4, 4], "más barata que la antigua");
        let told = panel.graded(&panel.ann, SPANISH).await;
        assert_eq!(told["language_detection"]["detected_language"], "es");
        assert_eq!(told["overall_score"], 4.0);
        let asked = script.last_request().prompt();
        assert!(asked.contains("Usted acompaña") && asked.contains("Answer in Spanish"), "{asked}");
        assert!(asked.contains("Evalúe este memorando según 4 criterios"), "{asked}");
        let start = told["passages"][0]["start"].as_u64().expect("it stands there") as usize;
        let found: String = SPANISH.chars().skip(start).take(10).collect();
        assert_eq!(found, "más barata", "places count characters, not bytes");
    }

    async fn a_passage_that_is_not_in_the_memo_keeps_no_place(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [1, 1, 1, 1], "We propose to close everything.");
        let told = panel.graded(&panel.ann, MEMO).await;
        let passage = &told["passages"][0];
        assert_eq!(passage["segment"], "We propose to close everything.");
        assert_eq!((&passage["start"], &passage["end"]), (&Json::Null, &Json::Null), "what the model said of it counts for nothing");
    }

    async fn a_model_that_leaves_a_criterion_out_is_asked_again(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let mut less = grades([5, 5, 5, 5], "We propose");
        less["scores"].as_object_mut().expect("scores").shift_remove("risks");
        let mut more = grades([5, 5, 5, 5], "We propose");
        more["scores"]["charm"] = json!({"score": 5, "reason": "It smiles."});
        script.answers(Reply::json(&less)).answers(Reply::json(&more));
        always(&script, [2, 2, 2, 2], "We propose");
        let told = panel.graded(&panel.ann, MEMO).await;
        assert_eq!((script.requests().len(), &told["overall_score"]), (3, &json!(2.0)));
        assert!(told["scores"].get("charm").is_none(), "{told}");
    }

    async fn a_result_that_takes_too_long_goes_on_and_nobody_is_asked_twice(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        script.always(|_| Reply::json(&grades([5, 4, 3, 2], "We propose")).delayed(Duration::from_secs(5)));
        let late = panel.hands_in(&panel.ann, MEMO, None, true).await;
        let id = match late {
            Err(EngineError::Late { result, after_s: 3 }) => result,
            other => panic!("it came in time, or otherwise: {other:?}"),
        };
        let early = panel.engine.result_get(&panel.ann, id).await;
        assert_eq!(code(early), "not_ready");
        let now = panel.engine.result_status(&panel.ann, id).await.expect("it is on its way");
        assert_eq!(now["status"], "processing");
        assert!(now["progress"].as_u64().is_some_and(|it| it < 100) && now["message"].is_string(), "{now}");
        assert!(now["estimated_completion"].is_string(), "{now}");
        panel.until(&panel.ann, id, "completed").await;
        let told = panel.engine.result_get(&panel.ann, id).await.expect("nothing is lost");
        assert_eq!(told["overall_score"], 3.6);
        assert_eq!(script.requests().len(), 1, "the same question was answered, only later");
    }

    async fn who_does_not_wait_is_told_where_it_stands(db: Database) {
        let script = Script::start().await;
        let mut panel = Panel::idle(db, &script).await;
        always(&script, [4, 4, 4, 4], "We propose");
        let standing = match panel.hands_in(&panel.ann, MEMO, None, false).await.expect("it is taken") {
            ResultOutcome::Accepted(standing) => standing,
            ResultOutcome::Done(result) => panic!("nobody works yet: {result}"),
        };
        assert_eq!((&standing["status"], &standing["progress"]), (&json!("queued"), &json!(0)));
        assert_eq!(script.requests().len(), 0);
        panel.hire();
        panel.until(&panel.ann, id_of(&standing), "completed").await;
    }

    async fn two_at_once_do_not_disturb_each_other(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        script.always(|body| {
            let is_first = body.to_string().contains("in the north");
            let four = if is_first { [1, 1, 1, 1] } else { [5, 5, 5, 5] };
            Reply::json(&grades(four, "We propose")).delayed(Duration::from_millis(200))
        });
        let other = MEMO.replace("north", "south");
        let (one, two) = tokio::join!(panel.graded(&panel.ann, MEMO), panel.graded(&panel.bob, &other));
        assert_eq!((&one["overall_score"], &two["overall_score"]), (&json!(1.0), &json!(5.0)));
        assert_ne!(one["id"], two["id"]);
        assert_eq!(panel.count("SELECT count(*) AS total FROM records WHERE collection = 'grades'").await, 2);
    }

    async fn the_same_memo_again_is_another_version_and_costs_nothing(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [3, 3, 3, 3], "We propose");
        let first = panel.graded(&panel.ann, MEMO).await;
        let second = panel.graded(&panel.ann, MEMO).await;
        assert_eq!((&first["version"], &second["version"]), (&json!(1), &json!(2)));
        assert_eq!((&second["tokens_in"], &second["tokens_out"]), (&json!(0), &json!(0)));
        assert_eq!(second["overall_score"], first["overall_score"]);
        assert_eq!(script.requests().len(), 1, "what was kept is given again");
        let others = panel.graded(&panel.bob, MEMO).await;
        assert_eq!(others["version"], 1, "it is the first of this person");
        let better = MEMO.replace("March", "May");
        let third = panel.hands_in(&panel.ann, &better, Some(id_of(&first)), true).await;
        let ResultOutcome::Done(third) = third.expect("a result") else { panic!("it is waited for") };
        assert_eq!(third["version"], 3, "a memo that names an older version comes after the last one");
        assert_eq!(script.requests().len(), 2);
        let stolen = panel.hands_in(&panel.bob, &better, Some(id_of(&first)), true).await;
        assert_eq!(code(stolen), "record_not_found", "nobody goes on with another one's memo");
    }

    async fn a_result_whose_worker_dies_is_made_by_another(db: Database) {
        const AT_WORK: &str = "SELECT count(*) AS total FROM jobs WHERE state = 'running'";
        let script = Script::start().await;
        let mut panel = Panel::idle(db, &script).await;
        script.answers(Reply::json(&grades([1, 1, 1, 1], "We propose")).delayed(Duration::from_secs(30)));
        always(&script, [4, 4, 4, 4], "We propose");
        let doomed = panel.hire_elsewhere(&script).await;
        let standing = panel.hands_in(&panel.ann, MEMO, None, false).await.expect("it is taken");
        let ResultOutcome::Accepted(standing) = standing else { panic!("nobody waited") };
        let id = id_of(&standing);
        while script.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        doomed.kill();
        panel.clock.advance(jiff::SignedDuration::from_secs(120));
        panel.hire();
        for _ in 0..600 {
            let now = panel.engine.result_status(&panel.ann, id).await.expect("it is not lost");
            if now["status"] == "completed" {
                break;
            }
            // It may be put off for a moment. While somebody is at it, its lease must not run out.
            if panel.count(AT_WORK).await == 0 { panel.clock.advance(jiff::SignedDuration::from_secs(1)); }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let told = panel.engine.result_get(&panel.ann, id).await.expect("it is made");
        assert_eq!(told["overall_score"], 4.0);
        assert_eq!(panel.count("SELECT count(*) AS total FROM records WHERE collection = 'grades'").await, 1);
    }

    async fn a_model_that_refuses_spoils_the_result_and_says_why(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        script.always(|_| Reply::status(400));
        let spoiled = panel.hands_in(&panel.ann, MEMO, None, true).await;
        let id = match &spoiled {
            Err(EngineError::Spoiled { result, .. }) => *result,
            other => panic!("it was made: {other:?}"),
        };
        assert_eq!(code(spoiled), "model_error");
        let told = panel.engine.result_get(&panel.ann, id).await.expect("it says what happened");
        assert_eq!((&told["status"], &told["error"]["code"]), (&json!("failed"), &json!("model_error")));
    }

    async fn a_text_that_does_not_fit_is_not_taken(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        for text in ["", "  \n", "too short", &"x".repeat(10_001)] {
            assert_eq!(code(panel.hands_in(&panel.ann, text, None, true).await), "invalid_input");
        }
        assert_eq!(panel.count("SELECT count(*) AS total FROM records").await, 0);
        assert_eq!(panel.count("SELECT count(*) AS total FROM jobs").await, 0);
    }

    async fn a_result_is_seen_by_whoever_it_is_of(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [3, 3, 3, 3], "We propose");
        let hers = panel.graded(&panel.ann, MEMO).await;
        let id = id_of(&hers);
        assert_eq!(code(panel.engine.result_get(&panel.bob, id).await), "record_not_found");
        assert_eq!(code(panel.engine.result_status(&panel.bob, id).await), "record_not_found");
        panel.engine.result_get(&panel.eve, id).await.expect("she may see what is private");
        let page = PageRequest::first(10);
        let list = |of| panel.engine.result_list(&panel.bob, TenantId::DEFAULT, None, of, &page);
        assert!(list(ResultsOf::Me).await.expect("his own").items.is_empty());
        assert_eq!(code(list(ResultsOf::All).await), "permission_missing");
        assert!(list(ResultsOf::One(panel.bob.actor.to_string())).await.expect("his own").items.is_empty());
        assert_eq!(code(list(ResultsOf::One(panel.ann.actor.to_string())).await), "permission_missing");
        panel.graded(&panel.ann, MEMO).await;
        panel.graded(&panel.bob, MEMO).await;
        let list = |of| panel.engine.result_list(&panel.eve, TenantId::DEFAULT, None, of, &page);
        assert_eq!(list(ResultsOf::All).await.expect("all").items.len(), 3);
        let hers = list(ResultsOf::One(panel.ann.actor.to_string())).await.expect("hers").items;
        assert_eq!(hers.len(), 2);
        let last = list(ResultsOf::LastOfEach).await.expect("the last").items;
        let whose: Vec<&Json> = last.iter().map(|it| &it["created_by"]).collect();
        assert_eq!(whose, [&json!(panel.bob.actor.to_string()), &json!(panel.ann.actor.to_string())]);
        let words = "SELECT count(*) AS total FROM audit_log WHERE CAST(after AS TEXT) LIKE '%clinic%' OR summary LIKE '%clinic%'";
        assert_eq!(panel.count(words).await, 0, "the audit log holds no word of a private memo");
    }

    async fn what_goes_over_the_wire_is_kept_in_debug_mode_alone(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [3, 3, 3, 3], "We propose");
        let plain = panel.graded(&panel.ann, MEMO).await;
        assert_eq!(plain["debug_enabled"], false);
        assert_eq!(code(panel.engine.result_raw(&panel.eve, id_of(&plain)).await), "nothing_to_do");
        let tenant = TenantId::DEFAULT;
        assert_eq!(code(panel.engine.set_debug_mode(&panel.ann, tenant, true).await), "permission_missing");
        let on = panel.engine.set_debug_mode(&panel.eve, tenant, true).await.expect("she may");
        assert_eq!(on["enabled"], true);
        let other = MEMO.replace("north", "south");
        let watched = panel.graded(&panel.ann, &other).await;
        assert_eq!(watched["debug_enabled"], true);
        assert!(watched.get("raw_prompt").is_none(), "it is not in the result");
        let id = id_of(&watched);
        assert_eq!(code(panel.engine.result_raw(&panel.ann, id).await), "permission_missing", "not even her own");
        let raw = panel.engine.result_raw(&panel.eve, id).await.expect("it was kept");
        assert!(raw["raw_prompt"]["user"].as_str().is_some_and(|it| it.contains(&other)), "{raw}");
        assert!(raw["raw_response"].as_str().is_some_and(|it| it.contains("overall_score")), "{raw}");
        panel.engine.set_debug_mode(&panel.eve, tenant, false).await.expect("she may");
        assert_eq!(panel.engine.debug_mode(&panel.eve, tenant).await.expect("its state")["enabled"], false);
    }

    async fn feedback_becomes_a_test_set(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        always(&script, [3, 3, 3, 3], "We propose");
        let told = panel.graded(&panel.ann, MEMO).await;
        let ask = |verdict, words: Option<&str>| FeedbackAsk {
            subject: id_of(&told).to_string(),
            verdict,
            words: words.map(str::to_owned),
            shares: false,
        };
        let first = panel.engine.feedback_give(&panel.ann, ask(Verdict::Down, Some(" Too kind. "))).await;
        assert_eq!(first.expect("it is noted")["words"], "Too kind.");
        panel.engine.feedback_give(&panel.ann, ask(Verdict::Up, None)).await.expect("she thinks again");
        panel.engine.feedback_give(&panel.eve, ask(Verdict::Down, Some("No."))).await.expect("she may see it");
        assert_eq!(code(panel.engine.feedback_give(&panel.bob, ask(Verdict::Up, None)).await), "record_not_found");
        let engine = &panel.engine;
        assert_eq!(code(engine.feedback_summary(&panel.ann, None, Filter::default()).await), "permission_missing");
        let summary = engine.feedback_summary(&panel.eve, None, Filter::default()).await.expect("a summary");
        let of_task = &summary["tasks"][0];
        assert_eq!((&of_task["task"], &of_task["up"], &of_task["down"]), (&json!("grade"), &json!(1), &json!(1)));
        assert_eq!(of_task["prompt_version"], told["prompt_version"]);
        let bad = Filter { verdict: Some(Verdict::Down), ..Filter::default() };
        let page = PageRequest::first(10);
        let listed = engine.feedback_list(&panel.eve, None, bad.clone(), &page).await.expect("a list").items;
        assert_eq!((listed.len(), &listed[0]["words"]), (1, &json!("No.")));
        let file = engine.feedback_export(&panel.eve, None, bad).await.expect("a test set");
        let line: Json = serde_json::from_slice(file.bytes.trim_ascii_end()).expect("one line of JSON");
        assert_eq!((&line["input"]["text"], &line["input"]["language"]), (&json!(MEMO), &json!("en")));
        assert_eq!((&line["output"]["overall_score"], &line["verdict"]), (&json!(3.0), &json!("down")));
    }
}
