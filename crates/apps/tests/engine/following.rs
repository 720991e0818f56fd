//! What could be asked next: proposed behind an answer, from its sources, and never at its cost.

use std::time::{Duration, Instant};

use apps::{ask::AskPlace, assistant::event::Name};
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Request, Script},
};

use crate::{
    desk::{Desk, Heard, Otherwise, asked, hear},
    house::scripted,
};

pub(crate) const QUESTION: &str = "How often must the probe be calibrated?";
pub(crate) const ANSWER: &str = "Every four weeks [1].";

/// The application proposes two questions with each answer.
pub(crate) const PROPOSES: (&str, &str) =
    ("    messages: 200\n", "    messages: 200\n    followups: {count: 2}\n");

/// The script answers and gives titles; `next` proposes.
pub(crate) fn plays(script: &Script, mut next: impl FnMut() -> Reply + Send + 'static) {
    script.always(move |body| {
        let body = body.to_string();
        if body.contains("could ask next") {
            next()
        } else if body.contains("You give a chat a title") {
            Reply::text("Probes")
        } else {
            Reply::text(ANSWER).tokens(200, 12)
        }
    });
}

fn proposed(questions: &[&str]) -> Reply {
    Reply::json(&json!({"followups": questions})).tokens(90, 10)
}

/// The requests for proposals.
pub(crate) fn asked_for(script: &Script) -> Vec<Request> {
    let all = script.requests().into_iter();
    all.filter(|it| it.prompt().contains("could ask next")).collect()
}

/// What was proposed, which must be told once, behind the answer and before its end.
#[track_caller]
pub(crate) fn told(heard: &Heard) -> Json {
    let order = heard.order();
    let place = |name: &str| order.iter().position(|it| it == name);
    assert!(place("delta") < place("followups") && place("followups") < place("done"), "{order:?}");
    let told: Vec<Json> = heard
        .events
        .iter()
        .filter(|it| it.name == Name::Followups)
        .map(|it| it.json()["followups"].clone())
        .collect();
    assert_eq!(told.len(), 1, "{order:?}");
    assert_eq!(heard.ended(Name::Done)["followups"], told[0]);
    told[0].clone()
}

testkit::on_both! {
    async fn proposals_come_behind_the_answer_and_stay_with_it(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        desk.manual().await;
        plays(&script, || proposed(&["When is  the seal\n changed?", "Whom to call?"]));
        let heard = desk.hears(QUESTION, AskPlace::New).await;
        let order = heard.order();
        assert_eq!(order[order.len() - 5..], ["delta", "followups", "usage", "saved", "done"], "{order:?}");
        let two = json!(["When is the seal changed?", "Whom to call?"]);
        assert_eq!((heard.text().as_str(), told(&heard)), (ANSWER, two.clone()));
        assert_eq!(heard.ended(Name::Done)["tokens_used"], 312, "what they took counts too");
        let said = desk.said(heard.chat()).await;
        assert_eq!((&said[0]["followups"], &said[1]["followups"]), (&json!([]), &two));

        let asked = asked_for(&script);
        assert_eq!(asked.len(), 1);
        let prompt = asked[0].prompt();
        for words in ["at most 2", "every four weeks with the reference fluid", QUESTION, "<answer>\nEvery four weeks.\n</answer>"] {
            assert!(prompt.contains(words), "{words} is not in {prompt}");
        }
        assert!(!prompt.contains("<asked_before>"), "{prompt}");

        // Nothing is proposed that was asked already, with whatever capitals.
        plays(&script, || proposed(&["HOW often must the probe be calibrated?", "Whom to call?"]));
        let heard = desk.hears("When is the seal changed?", AskPlace::Chat(heard.chat())).await;
        assert_eq!(told(&heard), json!(["Whom to call?"]));
        let prompt = asked_for(&script).pop().expect("a request").prompt();
        assert!(prompt.contains(&format!("<asked_before>\n{QUESTION}\n</asked_before>")), "{prompt}");

        // Another answer to the same question has proposals of its own.
        plays(&script, || proposed(&["Which fluid?"]));
        let again = desk.hears("", AskPlace::Again(heard.chat())).await;
        assert_eq!(told(&again), json!(["Which fluid?"]));
        assert_eq!(desk.said(heard.chat()).await[3]["followups"], json!(["Which fluid?"]));
    }

    async fn whoever_comes_back_hears_them_once(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        plays(&script, || proposed(&["Which fluid?"]));
        let heard = desk.hears(QUESTION, AskPlace::Alone).await;
        let at = heard.events.iter().find(|it| it.name == Name::Followups).expect("they are told").seq;
        for after in [0, at - 1, at] {
            let follow = desk.engine.follow(&desk.ann, heard.run, after).await.expect("her run");
            let rest = hear(follow).await;
            assert_eq!(rest.events, heard.events[usize::try_from(after).unwrap()..]);
            let count = rest.events.iter().filter(|it| it.name == Name::Followups).count();
            assert_eq!(count, usize::from(after < at));
        }
    }

    async fn an_answer_is_whole_whatever_becomes_of_its_proposals(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        desk.manual().await;
        let nonsense = || Reply::json(&json!({"followups": "Which fluid?"}));
        let bad: [fn() -> Reply; 4] =
            [Reply::prose, nonsense, || proposed(&["One?", "Two?", "Three?"]), || Reply::status(400)];
        for reply in bad {
            plays(&script, reply);
            let heard = desk.hears(QUESTION, AskPlace::New).await;
            assert_eq!((heard.text().as_str(), told(&heard)), (ANSWER, json!([])));
            let done = heard.ended(Name::Done);
            assert_eq!((&done["finish"], &done["citations"][0]["title"]), (&json!("stop"), &json!("Manual")), "{done}");
            let said = desk.said(heard.chat()).await;
            assert_eq!((&said[1]["state"], &said[1]["followups"]), (&json!("whole"), &json!([])));
            desk.run_is(heard.run, "done").await;
        }
        // There may be nothing more to ask.
        plays(&script, || proposed(&[]));
        let before = asked_for(&script).len();
        assert_eq!(told(&desk.hears(QUESTION, AskPlace::Alone).await), json!([]));
        assert_eq!(asked_for(&script).len(), before + 1, "an empty list is an answer");
    }

    async fn what_the_answer_left_of_a_budget_bounds_them(db: Database) {
        let script = Script::start().await;
        let mut settings = scripted(&script, true);
        let budgets = json!([{"name": "day", "scope": "whole", "period": "day", "limit_tokens": 20_000}]);
        settings.budgets = serde_json::from_value(budgets).unwrap();
        let otherwise = Otherwise { app: vec![PROPOSES], ..Otherwise::default() };
        let desk = Desk::with(db, settings, otherwise).await;
        plays(&script, || proposed(&["Which fluid?"]));
        assert_eq!(told(&desk.hears(QUESTION, AskPlace::Alone).await), json!(["Which fluid?"]));
        script.answers(Reply::text(ANSWER).tokens(19_600, 80));
        let heard = desk.hears(QUESTION, AskPlace::Alone).await;
        assert_eq!((heard.text().as_str(), told(&heard)), ("Every four weeks.", json!([])));
        assert_eq!(asked_for(&script).len(), 1, "nobody was asked beyond the budget");
        // The next question does not fit any more either.
        assert_eq!(desk.hears(QUESTION, AskPlace::Alone).await.ended(Name::Error)["code"], "quota_exceeded");
    }

    async fn who_stops_an_answer_that_is_whole_loses_only_its_proposals(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        plays(&script, Reply::hang);
        let follow = desk.asks(asked(QUESTION, AskPlace::New)).await;
        let began = Instant::now();
        while asked_for(&script).is_empty() {
            assert!(began.elapsed() < Duration::from_secs(20), "no proposals are asked for");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let stopped = desk.engine.run_stop(&desk.ann, follow.run()).await.expect("her run");
        assert_eq!(stopped["state"], "done", "{stopped}");
        let heard = hear(follow).await;
        assert_eq!((heard.text().as_str(), told(&heard)), ("Every four weeks.", json!([])));
        assert_eq!(desk.said(heard.chat()).await[1]["state"], "whole");
    }

    async fn without_a_model_there_are_none(db: Database) {
        let otherwise = Otherwise { app: vec![PROPOSES], ..Otherwise::default() };
        let desk = Desk::with(db, models::Settings::default(), otherwise).await;
        desk.manual().await;
        let heard = desk.hears(QUESTION, AskPlace::New).await;
        assert_eq!((told(&heard), &heard.ended(Name::Done)["quoting"]), (json!([]), &json!(true)));
    }

    async fn an_assistant_that_proposes_nothing_tells_nothing_of_it(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        plays(&script, || proposed(&["Which fluid?"]));
        let heard = desk.hears(QUESTION, AskPlace::Alone).await;
        assert!(!heard.order().contains(&"followups".to_owned()), "{:?}", heard.order());
        assert_eq!(heard.ended(Name::Done)["followups"], json!([]));
        assert_eq!(asked_for(&script).len(), 0);
    }

    async fn an_application_asks_for_them_in_its_own_words(db: Database) {
        let script = Script::start().await;
        let prompt = "{% block system %}You could ask next ({{ count }}, {{ language }}, {{ language_name }}). {{ rules.prompt }}{% endblock %}\
            {% block user %}{{ question }} | {{ answer }} |{% for it in asked %} {{ it }}{% endfor %} | {% for it in sources %}{{ it.title }} {% endfor %}| {{ context }} | {{ today }}{% endblock %}";
        let otherwise = Otherwise {
            app: vec![("    messages: 200\n", "    messages: 200\n    followups: {prompt: prompts/next.md}\n")],
            files: vec![("prompts/next.md", prompt)],
            ..Otherwise::default()
        };
        let desk = Desk::with(db, scripted(&script, true), otherwise).await;
        desk.manual().await;
        plays(&script, || proposed(&["Which fluid?", "Whom to call?", "When is the seal changed?"]));
        let heard = desk.hears(QUESTION, AskPlace::Alone).await;
        assert_eq!(told(&heard).as_array().map(Vec::len), Some(3));
        let prompt = asked_for(&script)[0].prompt();
        for words in ["(3, en, English). You are an expert", format!("{QUESTION} | Every four weeks. |").as_str(), "| Manual "] {
            assert!(prompt.contains(words), "{words} is not in {prompt}");
        }
    }
}
