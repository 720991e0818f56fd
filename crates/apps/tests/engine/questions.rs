//! Questions over data: what is asked of a model, what is told, what is kept, and who may read it.

use apps::{
    acts::questions::{CommentAsk, FollowUps},
    question::{self, QuestionAsk, performance},
};
use base::{ChatId, PageRequest};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::Dialect;
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    centre::{
        ANSWER, Centre, MARK, NEXT, Wanted, asked_for, conversation_of, said, usual, wanted, writes,
    },
    house::code,
};

const COUNT: &str = "SELECT count(*) AS calls FROM calls";
const QUESTION: &str = "How many calls were there?";

/// What the model was told, each time it was asked for one thing.
fn prompts(script: &Script, what: Wanted) -> Vec<String> {
    asked_for(script, what).iter().map(testkit::model::Request::prompt).collect()
}

/// How many follow-up questions there are, and how many of them differ.
#[track_caller]
fn are_three(told: &Json) {
    let all = told["followups"].as_array().expect("a list");
    let mut all: Vec<&str> = all.iter().filter_map(Json::as_str).collect();
    assert!(all.iter().all(|it| !it.trim().is_empty()), "{all:?}");
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 3, "{told}");
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

testkit::on_both! {
    async fn a_question_is_answered_from_the_callers_own_calls(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        let told = centre.told(&centre.ann, QUESTION, None).await;
        assert_eq!((&told["answered"], &told["answer"]), (&json!(true), &json!(ANSWER)));
        assert_eq!(told["followups"], json!(NEXT));
        let result = json!({"columns": ["calls"], "rows": [[6]], "row_count": 1, "is_cut": false});
        assert_eq!(told["result"], result);
        assert_eq!((&told["language"], &told["category"]), (&json!("en"), &json!("call_analysis")));
        assert_eq!((&told["from_cache"], &told["is_phrased"]), (&json!(false), &json!(true)));
        assert!(told["tokens_used"].as_u64() > Some(0), "{told}");
        assert_eq!(centre.fared().await, (true, None, false));

        let query = &prompts(&script, Wanted::Query)[0];
        assert!(query.contains("from 2026-09-21 up to and including 2026-11-21"), "{query}");
        assert!(query.contains("older than 2026-01-25"), "{query}");
        assert!(query.contains("duration_secs") && !query.contains("telephone_number"), "{query}");
        assert!(prompts(&script, Wanted::Answer)[0].contains("calls: 6"));
        for request in script.requests() {
            assert!(!request.prompt().contains(MARK), "{}", request.prompt());
        }
        let theirs = centre.told(&centre.zoe, QUESTION, None).await;
        assert_eq!(theirs["result"]["rows"], json!([[5]]));
    }

    async fn words_are_cleaned_and_types_are_those_of_columns(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        let month = match centre.store.dialect() {
            Dialect::Sqlite => "strftime('%Y-%m', call_date)",
            Dialect::Postgres => "to_char(call_date, 'YYYY-MM')",
        };
        let by_month = format!(
            "SELECT {month} AS month, sum(duration_secs) AS seconds FROM calls GROUP BY 1 ORDER BY 1"
        );
        for (question, query, rows) in [
            (
                "Which topics came up?",
                "SELECT topic, count(*) AS calls FROM calls WHERE topic IS NOT NULL
                  GROUP BY topic ORDER BY calls DESC, topic",
                json!([["billing", 2], ["outage", 2], ["moving house", 1]]),
            ),
            (
                "How did customers feel?",
                "SELECT sentiment, count(*) AS calls FROM calls WHERE sentiment IS NOT NULL
                  GROUP BY sentiment ORDER BY sentiment",
                json!([["negative", 2], ["neutral", 2], ["positive", 1]]),
            ),
            (
                "Who called whom?",
                "SELECT direction, count(*) AS calls FROM calls GROUP BY direction ORDER BY direction",
                json!([["in", 3], ["out", 3]]),
            ),
            (
                "How many calls were about invoices or outages, and long?",
                "WITH long AS (SELECT topic FROM calls WHERE duration_secs >= 100)
                 SELECT count(*) AS calls FROM long WHERE topic LIKE '%outage%' OR topic LIKE '%bill%'",
                json!([[3]]),
            ),
        ] {
            writes(&script, query);
            let told = centre.told(&centre.ann, question, None).await;
            assert_eq!(told["result"]["rows"], rows, "{query}: {told}");
        }
        writes(&script, &by_month);
        let told = centre.told(&centre.ann, "How long were they, by month?", None).await;
        let rows = told["result"]["rows"].as_array().expect("rows");
        let seconds: Vec<f64> = rows.iter().filter_map(|it| it[1].as_f64()).collect();
        assert_eq!((rows[0][0].as_str(), seconds), (Some("2026-09"), vec![40.0, 300.0, 480.0]));
    }

    async fn more_than_ten_rows_are_told_as_the_top_ten(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, "SELECT a.call_id AS one, b.call_id AS other FROM calls a CROSS JOIN calls b ORDER BY 1, 2");
        let told = centre.told(&centre.ann, "Which calls are there?", None).await;
        assert_eq!((&told["result"]["row_count"], &told["answered"]), (&json!(36), &json!(true)));
        let prompt = &prompts(&script, Wanted::Answer)[0];
        assert!(prompt.contains("1. one: 101, other: 101\n2. one: 101, other: 102"), "{prompt}");
        assert!(prompt.contains("10. one: 102, other: 104\n(top 10 of 36)"), "{prompt}");
    }

    async fn a_known_answer_is_given_again_for_a_week(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        let first = centre.told(&centre.ann, QUESTION, None).await;
        let again = centre.told(&centre.bob, "  how many CALLS\nwere there? ", None).await;
        assert_eq!((&again["from_cache"], &again["answer"]), (&json!(true), &first["answer"]));
        assert_eq!((&again["followups"], &again["result"]), (&first["followups"], &first["result"]));
        assert_eq!(centre.fared().await, (true, None, true));
        assert_eq!(prompts(&script, Wanted::Query).len(), 1);

        // In a conversation, what was asked in it before counts, and nothing else.
        let within = Some(conversation_of(&again));
        let other = centre.told(&centre.bob, "And how many of them were about outages?", within).await;
        assert_eq!(other["from_cache"], false);
        let repeated = centre.told(&centre.bob, QUESTION, within).await;
        assert_eq!((&repeated["from_cache"], &repeated["answer"]), (&json!(true), &first["answer"]));
        let begun = centre.told(&centre.ann, "Which topics came up?", None).await;
        let there = centre.told(&centre.ann, QUESTION, Some(conversation_of(&begun))).await;
        assert_eq!(there["from_cache"], false, "it was never asked in this conversation");

        let theirs = centre.told(&centre.zoe, QUESTION, None).await;
        assert_eq!(theirs["from_cache"], false, "what one tenant was told is nothing to another");
        centre.clock.advance(days(8));
        let later = centre.told(&centre.ann, QUESTION, None).await;
        assert_eq!(later["from_cache"], false, "it is a week old");
    }

    async fn an_answer_in_one_language_is_not_given_to_who_is_answered_in_another(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        // A question that is in no language is answered in that of the one who asks.
        let asks = async |language: &str| {
            let ask = QuestionAsk {
                tenant: centre.ours,
                questions: None,
                question: "101?".into(),
                conversation: None,
                language: Some(language.into()),
            };
            let told = centre.engine.question_ask(&centre.ann, ask).await.expect("it is told");
            (told["language"].clone(), told["from_cache"].clone())
        };
        assert_eq!(asks("en").await, (json!("en"), json!(false)));
        assert_eq!(asks("nl").await, (json!("nl"), json!(false)), "that answer is English");
        assert_eq!(asks("en").await, (json!("en"), json!(true)), "neither takes the other's place");
        assert_eq!(asks("nl").await, (json!("nl"), json!(true)));
    }

    async fn calls_like_the_question_are_those_of_the_last_months(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        let call = |number: &str, at: &str, about: &str| json!({
            "transcription_id": number, "processing_date": at, "transcription": "Customer: hello.",
            "summary": format!("About parcels, {about}."), "needs_labels": false,
        });
        let calls = vec![call("301", "2026-11-01T09:00:00Z", "lately"), call("302", "2026-03-01T09:00:00Z", "long ago")];
        centre.takes(centre.ours, calls).await;
        writes(&script, COUNT);
        centre.told(&centre.ann, "What about parcels?", None).await;
        let prompt = &prompts(&script, Wanted::Query)[0];
        assert!(prompt.contains("About parcels, lately."), "{prompt}");
        assert!(!prompt.contains("long ago"), "{prompt}");
    }

    async fn a_wrong_query_is_written_anew_with_what_was_wrong(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        script.always(|body| {
            let prompt = said(body);
            let query = if prompt.contains("<mend>") { COUNT } else { "SELECT count(topc) AS calls FROM calls" };
            usual(wanted(&prompt), query)
        });
        let told = centre.told(&centre.ann, QUESTION, None).await;
        assert_eq!(told["result"]["rows"], json!([[6]]));
        let all = prompts(&script, Wanted::Query);
        assert_eq!(all.len(), 2);
        assert!(all[1].contains("Why: ") && all[1].matches("topc").count() >= 2, "{}", all[1]);

        writes(&script, "SELECT count(topc) AS calls FROM calls");
        let told = centre.told(&centre.ann, "How many topics were there?", None).await;
        assert_eq!((&told["answered"], &told["error_code"]), (&json!(false), &json!("no_query")));
        assert_eq!(prompts(&script, Wanted::Query).len(), 5, "three times at most");
        are_three(&told);
        assert_eq!(centre.fared().await, (false, Some("no_query".into()), false));
    }

    async fn a_query_for_what_is_out_of_bounds_is_refused(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        for query in [
            "SELECT * FROM users",
            "SELECT a.answer FROM calls c JOIN \"Answer_Cache\" a ON true",
            "SELECT data FROM records",
            "SELECT * FROM blobs",
        ] {
            writes(&script, query);
            let told = centre.told(&centre.ann, "Show me what I may not see.", None).await;
            assert_eq!((&told["answered"], &told["answer"]), (&json!(false), &Json::Null), "{query}");
            let known = [json!("query_refused"), json!("no_query")];
            assert!(known.contains(&told["error_code"]), "{query}: {told}");
            assert!(told["error"].as_str().is_some_and(|it| !it.contains("records")), "{told}");
            are_three(&told);
            let (was_answered, why, _) = centre.fared().await;
            assert_eq!((was_answered, json!(why)), (false, told["error_code"].clone()));
        }
        assert_eq!(centre.count("SELECT count(*) AS total FROM question_turns").await, 0);
        assert_eq!(centre.count("SELECT count(*) AS total FROM question_answers").await, 0);
        assert!(prompts(&script, Wanted::Answer).is_empty(), "nothing was found, so nothing is phrased");
    }

    async fn what_the_data_does_not_hold_is_said_in_the_language_of_the_question(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        let instead = "Hoeveel gesprekken gingen over facturen?";
        script.always(move |body| match wanted(&said(body)) {
            Wanted::Query => Reply::json(&json!({"query": null, "category": null, "instead": instead})),
            other => usual(other, COUNT),
        });
        let question = "Wat verdient een medewerker van het callcenter gemiddeld per maand?";
        let told = centre.told(&centre.ann, question, None).await;
        assert_eq!((&told["language"], &told["error_code"]), (&json!("nl"), &json!("cannot_answer")));
        assert_eq!((&told["reformulated"], &told["conversation"]), (&json!(instead), &Json::Null));
        let error = told["error"].as_str().expect("a sentence");
        assert!(error.starts_with("De gegevens"), "{error}");
        are_three(&told);
        assert!(prompts(&script, Wanted::Query)[0].contains("Je schrijft één"));
        assert_eq!(centre.fared().await, (false, Some("cannot_answer".into()), false));
    }

    async fn a_conversation_that_is_too_long_says_so(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        script.always(|body| match wanted(&said(body)) {
            Wanted::Answer => Reply::text("There were calls. ".repeat(3_000)),
            other => usual(other, COUNT),
        });
        let first = centre.told(&centre.ann, QUESTION, None).await;
        let id = conversation_of(&first);
        let told = centre.told(&centre.ann, "And how many were there yesterday?", Some(id)).await;
        assert_eq!((&told["context_exceeded"], &told["error_code"]), (&json!(true), &json!("context_exceeded")));
        assert_eq!((&told["answered"], &told["conversation"]), (&json!(false), &json!(id)));
        are_three(&told);
        assert_eq!(prompts(&script, Wanted::Query).len(), 1, "nobody was asked for a second query");
        assert_eq!(centre.count("SELECT count(*) AS total FROM question_turns").await, 1);

        let too_long = json!({"error": {
            "message": "This model's maximum context length is 8192 tokens.",
            "type": "invalid_request_error", "code": "context_length_exceeded",
        }});
        script.always(move |body| match wanted(&said(body)) {
            Wanted::Query => Reply::body(400, too_long.to_string()),
            other => usual(other, COUNT),
        });
        let told = centre.told(&centre.ann, "How many calls came in?", None).await;
        assert_eq!(told["context_exceeded"], true, "{told}");
    }

    async fn an_answer_has_no_words_of_a_database(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        script.always(|body| {
            let prompt = said(body);
            match wanted(&prompt) {
                Wanted::Answer if prompt.contains("Do not use these words: sql, query") => Reply::text(ANSWER),
                Wanted::Answer => Reply::text("The SQL query found six calls."),
                other => usual(other, COUNT),
            }
        });
        let told = centre.told(&centre.ann, QUESTION, None).await;
        assert_eq!((&told["answer"], &told["is_phrased"]), (&json!(ANSWER), &json!(true)));

        script.always(|body| match wanted(&said(body)) {
            Wanted::Answer => Reply::text("The SQL query found six calls."),
            other => usual(other, COUNT),
        });
        for _ in 0..2 {
            let told = centre.told(&centre.ann, "How many calls came in?", None).await;
            assert_eq!((&told["answer"], &told["is_phrased"]), (&json!("calls: 6"), &json!(false)));
            assert_eq!(told["from_cache"], false, "what nobody put into words is not kept");
        }
    }

    async fn a_model_that_does_not_answer_is_noted(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        script.always(|body| match wanted(&said(body)) {
            what @ Wanted::Query => usual(what, COUNT),
            _ => Reply::status(500),
        });
        let told = centre.told(&centre.ann, QUESTION, None).await;
        assert_eq!((&told["answer"], &told["is_phrased"]), (&json!("calls: 6"), &json!(false)));
        are_three(&told);

        script.always(|_| Reply::status(500));
        let refused = centre.ask(&centre.ann, "How many calls came in?", None).await;
        let code = code(refused);
        assert!(code.starts_with("model"), "{code}");
        let (was_answered, why, _) = centre.fared().await;
        assert!(!was_answered && why.is_some(), "{why:?}");

        let page = PageRequest::first(10);
        let filter = performance::Filter { tenant: Some(centre.ours), was_answered: Some(false) };
        let noted = centre.engine.question_performance(&centre.eve, filter, &page).await.expect("a list");
        assert_eq!(noted.items.len(), 1);
        assert_eq!((&noted.items[0]["question"], &noted.items[0]["was_answered"]), (&json!("How many calls came in?"), &json!(false)));
        let filter = performance::Filter { tenant: Some(centre.ours), was_answered: None };
        let strange = centre.engine.question_performance(&centre.zoe, filter, &page).await;
        assert!(strange.is_err(), "it is nothing to another tenant");
    }

    async fn a_conversation_is_its_owners_alone(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        let question = "How many calls were there in all of the last two months, please?";
        let told = centre.told(&centre.ann, question, None).await;
        let id: ChatId = conversation_of(&told);
        let page = PageRequest::first(10);
        let engine = &centre.engine;
        let mine = engine.conversations_list(&centre.ann, centre.ours, None, &page, true).await.expect("a list");
        assert_eq!((mine.items.len(), mine.total), (1, Some(1)));
        let title: String = question.chars().take(50).collect();
        assert_eq!(mine.items[0]["title"], json!(format!("{title}...")));
        let turns = engine.conversation_turns(&centre.ann, id, &page, false).await.expect("they are hers").items;
        assert_eq!((turns.len(), &turns[0]["question"], &turns[0]["answer"]), (1, &json!(question), &json!(ANSWER)));
        assert_eq!((&turns[0]["followups"], &turns[0]["id"]), (&json!(NEXT), &told["turn"]));

        for other in [&centre.bob, &centre.eve, &centre.zoe] {
            assert_eq!(code(engine.conversation_turns(other, id, &page, false).await), "conversation_not_found");
            assert_eq!(code(engine.conversation_delete(other, id).await), "conversation_not_found");
            assert_eq!(code(centre.ask(other, QUESTION, Some(id)).await), "conversation_not_found");
            let tenant = other.tenant().expect("they are of one");
            let list = engine.conversations_list(other, tenant, None, &page, false).await.expect("a list");
            assert!(list.items.is_empty());
        }
        engine.conversation_delete(&centre.ann, id).await.expect("it is hers");
        assert_eq!(code(engine.conversation_turns(&centre.ann, id, &page, false).await), "conversation_not_found");
        assert_eq!(centre.count("SELECT count(*) AS total FROM question_turns").await, 0);
    }

    async fn a_conversation_goes_when_it_was_quiet_for_thirty_days(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        let told = centre.told(&centre.ann, QUESTION, None).await;
        let id = conversation_of(&told);
        let page = PageRequest::first(10);
        centre.clock.advance(days(29));
        centre.told(&centre.ann, "And how many were there yesterday?", Some(id)).await;
        centre.clock.advance(days(29));
        let turns = centre.engine.conversation_turns(&centre.ann, id, &page, false).await.expect("it goes on");
        assert_eq!(turns.items.len(), 2);
        centre.clock.advance(days(2));
        assert_eq!(code(centre.engine.conversation_turns(&centre.ann, id, &page, false).await), "conversation_not_found");
        let now = centre.clock.now();
        let sweep = move |tx: &store::Tx| question::sweep(tx, now);
        centre.store.bookkeep("sweep", sweep).await.expect("it is swept");
        for sql in [
            "SELECT count(*) AS total FROM question_turns",
            "SELECT count(*) AS total FROM question_conversations",
            "SELECT count(*) AS total FROM question_answers",
        ] {
            assert_eq!(centre.count(sql).await, 0, "{sql}");
        }
        assert_eq!(centre.count("SELECT count(*) AS total FROM question_runs").await, 2, "for a year");
    }

    async fn the_last_ten_turns_are_what_a_question_is_asked_in(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        let mut within = None;
        for day in 1..=12 {
            let question = format!("How many calls were there on day {day} of this month?");
            let told = centre.told(&centre.ann, &question, within).await;
            within = Some(conversation_of(&told));
        }
        let all = prompts(&script, Wanted::Query);
        let last = all.last().expect("it was asked for");
        assert!(!last.contains("on day 1 of") && last.contains("on day 2 of"), "{last}");
        assert!(last.contains("on day 11 of") && last.contains(ANSWER), "{last}");
    }

    async fn calls_like_the_question_are_examples_for_the_query(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        centre.told(&centre.ann, "What do customers say about moving house?", None).await;
        let prompt = &prompts(&script, Wanted::Query)[0];
        assert!(prompt.contains("<examples>") && prompt.contains("asked about moving house"), "{prompt}");
        assert!(!prompt.contains(MARK), "{prompt}");
    }

    async fn follow_ups_are_three_whatever_the_model_says(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        let given = FollowUps {
            tenant: centre.ours,
            questions: None,
            kind: Some("billing".into()),
            asked: vec![QUESTION.into()],
            answered: vec![ANSWER.into()],
            language: Some("en".into()),
        };
        let told = centre.engine.question_followups(&centre.ann, given.clone()).await.expect("three");
        assert_eq!(told["followups"], json!(NEXT));
        script.always(|_| Reply::prose());
        let told = centre.engine.question_followups(&centre.ann, given.clone()).await.expect("three");
        are_three(&told);
        assert_eq!(told["followups"][0], "What do customers call about most?");
        // One of two is what was asked already, and two are too few.
        script.always(|_| Reply::json(&json!({"followups": [QUESTION, "Which were negative?", "Which were negative?"]})));
        let told = centre.engine.question_followups(&centre.ann, given.clone()).await.expect("three");
        are_three(&told);
        assert_eq!(told["followups"][0], "Which were negative?");
        let nothing = FollowUps { asked: vec![" ".into()], ..given.clone() };
        assert_eq!(code(centre.engine.question_followups(&centre.ann, nothing).await), "invalid_input");
        assert!(centre.engine.question_followups(&centre.zoe, given).await.is_err());
    }

    async fn an_answer_is_commented_on_beside_a_call_of_ones_own(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        let told = centre.told(&centre.ann, QUESTION, None).await;
        let ask = CommentAsk {
            tenant: centre.ours,
            questions: None,
            record: "101".into(),
            question: "call_analysis/1".into(),
            response: "Most of them were about billing.".into(),
            language: Some("en".into()),
        };
        let comment = centre.engine.question_comment(&centre.ann, ask.clone()).await.expect("a comment");
        assert_eq!((&comment["comment"], &comment["record"]), (&json!("The answer fits the call."), &json!(centre.calls[0])));
        let prompt = &prompts(&script, Wanted::Comment)[0];
        assert!(prompt.contains("What were the five longest calls") && prompt.contains("this is call 101"), "{prompt}");
        let by_turn = CommentAsk {
            record: centre.calls[1].to_string(),
            question: told["turn"].as_str().expect("an id").into(),
            ..ask.clone()
        };
        centre.engine.question_comment(&centre.ann, by_turn.clone()).await.expect("her own question");
        assert_eq!(code(centre.engine.question_comment(&centre.bob, by_turn).await), "question_not_found");
        for (record, question, response, expected) in [
            ("999", "call_analysis/1", "x", "record_not_found"),
            ("zzmarkzz-900", "call_analysis/1", "x", "record_not_found"),
            ("101", "call_analysis/9", "x", "question_not_found"),
            ("101", "nothing", "x", "question_not_found"),
            ("", "call_analysis/1", "x", "invalid_input"),
            ("101", "call_analysis/1", " ", "invalid_input"),
        ] {
            let ask = CommentAsk {
                record: record.into(),
                question: question.into(),
                response: response.into(),
                ..ask.clone()
            };
            assert_eq!(code(centre.engine.question_comment(&centre.ann, ask).await), expected, "{record} {question}");
        }
    }

    async fn questions_to_begin_with_come_in_the_language_of_the_caller(db: Database) {
        let centre = Centre::without_model(db).await;
        for (given, language, first) in [
            (Some("nl"), "nl", "Waar bellen klanten het meest over?"),
            (Some("en-GB"), "en", "What do customers call about most?"),
            (None, "nl", "Waar bellen klanten het meest over?"),
            (Some("fr"), "nl", "Waar bellen klanten het meest over?"),
        ] {
            let told = centre.engine.question_initial(None, given).expect("they are declared");
            assert_eq!(told["language"], language);
            let categories = told["categories"].as_object().expect("by name");
            assert_eq!(categories.len(), 6);
            assert!(categories.values().all(|it| it["questions"].as_array().map(Vec::len) == Some(5)));
            assert_eq!(categories["trending_topics"]["questions"][0], first);
        }
    }

    async fn what_was_asked_goes_with_the_tenant(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        writes(&script, COUNT);
        centre.told(&centre.ann, QUESTION, None).await;
        centre.told(&centre.zoe, QUESTION, None).await;
        let gone = centre.theirs;
        let erase = move |tx: &store::Tx| question::erase(tx, gone);
        centre.store.bookkeep("erase", erase).await.expect("it is erased");
        for sql in [
            "SELECT count(*) AS total FROM question_turns",
            "SELECT count(*) AS total FROM question_conversations",
            "SELECT count(*) AS total FROM question_answers",
            "SELECT count(*) AS total FROM question_runs",
        ] {
            assert_eq!(centre.count(sql).await, 1, "{sql}");
        }
    }

    async fn a_question_must_have_words_and_not_too_many(db: Database) {
        let centre = Centre::without_model(db).await;
        assert_eq!(code(centre.ask(&centre.ann, " \n ", None).await), "invalid_input");
        assert_eq!(code(centre.ask(&centre.ann, &"why ".repeat(600), None).await), "invalid_input");
        let unknown = Some(ChatId::generate());
        assert_eq!(code(centre.ask(&centre.ann, QUESTION, unknown).await), "conversation_not_found");
        assert_eq!(centre.engine.questions(Some("nothing")).err().map(|it| it.code().to_owned()).as_deref(), Some("questions_not_found"));
    }
}
