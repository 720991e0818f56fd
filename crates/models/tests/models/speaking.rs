//! Answers to the house itself as they are being said, in every dialect.

use jiff::SignedDuration;
use models::{BrokenOff, Message, ModelError, Settings, Spoken, settings::ProviderSettings};
use testkit::model::{Reply, Script};

use crate::house::{House, ask, millis, settings};

/// A house with one provider of this kind.
async fn of_kind(db: &testkit::Database, kind: &str) -> (House, Script) {
    let script = Script::start().await;
    let mut settings = settings(&match kind {
        "openai" => script.base_url(),
        _ => script.address(),
    });
    let provider = settings.providers.get_mut("local").unwrap();
    provider.kind = Some(kind.into());
    provider.api_key = Some(base::Secret::new("secret".into()));
    (House::open(db, settings).await, script)
}

/// Everything that is said, and how it ended.
async fn heard(house: &House, words: &str) -> (Vec<String>, Result<Spoken, Box<BrokenOff>>) {
    let mut speech = house.models.speak(ask(words)).await.expect("a beginning");
    let mut pieces = Vec::new();
    while let Some(piece) = speech.next().await {
        pieces.push(piece);
    }
    (pieces, speech.ended())
}

testkit::on_both! {
    async fn an_answer_is_heard_word_by_word_whoever_says_it(db: testkit::Database) {
        for kind in ["openai", "anthropic", "gemini", "ollama"] {
            let (house, script) = of_kind(&db, kind).await;
            script.always(|_| Reply::text("One two, three.").tokens(7, 4).paced(millis(5)));
            let (pieces, ended) = heard(&house, "Count.").await;
            assert_eq!(pieces.concat(), "One two, three.", "{kind}");
            assert!(pieces.len() > 1, "{kind}: {pieces:?}");
            let spoken = ended.expect("a whole answer");
            assert_eq!((spoken.usage.tokens_in, spoken.usage.tokens_out), (7, 4), "{kind}");
            assert!(!spoken.is_cut, "{kind}");
        }
    }

    async fn an_answer_that_breaks_off_says_so_after_its_last_word(db: testkit::Database) {
        let (house, script) = of_kind(&db, "openai").await;
        script.answers(Reply::text("one two three").cut_after(3));
        let (pieces, ended) = heard(&house, "Count.").await;
        assert_eq!(pieces.concat(), "one two");
        let broken = ended.expect_err("a broken answer");
        assert!(matches!(broken.why, ModelError::Unavailable { .. }), "{broken:?}");
        assert!(broken.usage.estimated && broken.usage.tokens_out > 0, "{broken:?}");
        assert_eq!(house.outcomes().await, ["hung_up"]);
    }

    async fn a_silence_that_is_too_long_ends_it(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = settings(&script.base_url());
        settings.providers["local"].stall_timeout = SignedDuration::from_millis(600);
        let house = House::open(&db, settings).await;
        script.answers(Reply::text("one two three").stalls_after(3));
        let (pieces, ended) = heard(&house, "Count.").await;
        assert_eq!(pieces.concat(), "one two");
        assert!(matches!(ended.expect_err("late").why, ModelError::Timeout { .. }));
    }

    async fn who_stops_listening_stops_the_model(db: testkit::Database) {
        let (house, script) = of_kind(&db, "openai").await;
        // Longer than anybody needs for going.
        script.answers(Reply::text("one two three four five six ".repeat(50)).paced(millis(30)));
        let mut speech = house.models.speak(ask("Count.")).await.expect("a beginning");
        speech.next().await.expect("a word");
        drop(speech);
        script.until_hung_up(1).await;
        assert_eq!(house.outcomes().await, ["abandoned"]);
    }

    async fn nobody_who_answers_is_an_error_before_the_first_word(db: testkit::Database) {
        let (house, script) = of_kind(&db, "openai").await;
        script.always(|_| Reply::status(401));
        let refused = house.models.speak(ask("Count.")).await.expect_err("a refusal");
        assert!(matches!(refused, ModelError::Refused { status: 401, .. }), "{refused:?}");
        let none = House::open(&testkit::Database::sqlite(), Settings::default()).await;
        assert_eq!(none.models.speak(ask("x")).await.expect_err("none"), ModelError::NotConfigured);
    }

    async fn the_provider_that_asks_nobody_is_told_apart(db: testkit::Database) {
        let (house, _script) = of_kind(&db, "openai").await;
        let question = ask("x");
        assert_eq!(house.models.would_ask(&question).as_deref(), Some("local/small"));
        let mut settings = Settings::default();
        settings.providers.insert("offline".into(), ProviderSettings::default());
        settings.priorities.balanced = Some("offline/offline-text".into());
        let offline = House::open(&testkit::Database::sqlite(), settings).await;
        assert_eq!(offline.models.would_ask(&question), None);
        let mut speech = offline.models.speak(question).await.expect("it says so");
        assert!(speech.next().await.expect("words").contains("No model was asked"));
        assert!(speech.next().await.is_none() && speech.ended().is_ok());
    }
}

#[test]
fn a_message_of_a_question_is_never_shown() {
    assert!(!format!("{:?}", Message::user("a secret question")).contains("secret question"));
}
