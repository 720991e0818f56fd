//! Asking: by meaning and by words, with what is seen and no more, and on bad days.

use base::ChatId;
use knowledge::{
    Knowledge, Sight,
    document::{change::Change, upload::NewDocument},
    search::{Ask, Found, Mode},
};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::house::{House, person, scripted, without_model};

const CALIBRATION: &str = "The probe must be calibrated every fourteen days.";
const TRAVEL: &str = "Travel forms are signed by the head of the department.";
const STORAGE: &str = "Spare probes are stored dry and dark.";

fn ask(house: &House, sight: &Sight, query: &str) -> Ask {
    Ask::new(house.tenant, sight.clone(), query)
}

async fn found(knowledge: &Knowledge, ask: Ask) -> Found {
    knowledge.search(ask).await.expect("the database answers")
}

fn texts(found: &Found) -> Vec<&str> {
    found.hits.iter().map(|it| it.text.as_str()).collect()
}

testkit::on_both! {
    async fn a_question_is_answered_by_meaning_and_by_words_with_its_place(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let manual = house.ready(house.text(CALIBRATION)).await;
        house.ready(house.text(TRAVEL)).await;
        let found = found(&house.knowledge, ask(&house, &house.ann.sight, "When is a probe calibrated?")).await;
        assert_eq!((found.mode, found.engine.as_str()), (Mode::Hybrid, "builtin"));
        assert_eq!(found.model.as_deref(), Some("local/embed"));
        assert_eq!(found.degraded, None);
        let hit = &found.hits[0];
        assert_eq!((hit.text.as_str(), hit.document), (CALIBRATION, manual.id));
        assert_eq!((hit.start_char, hit.end_char), (0, CALIBRATION.len() as u64));
        assert!(hit.semantic.is_some_and(|it| it > 0.2) && hit.lexical.is_some_and(|it| it > 0.9));
        assert!(found.hits.iter().all(|it| (0.0..=1.0).contains(&it.score)));
        assert!(found.hits.windows(2).all(|it| it[0].score >= it[1].score));
    }

    async fn each_way_alone_says_how_it_was_looked(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        house.ready(house.text(CALIBRATION)).await;
        let before = script.requests().len();
        let words = Ask { mode: Mode::Lexical, ..ask(&house, &house.ann.sight, "calibrating probes") };
        let words = found(&house.knowledge, words).await;
        assert_eq!((words.engine.as_str(), words.mode, words.model), ("lexical", Mode::Lexical, None));
        assert_eq!(words.hits[0].semantic, None);
        assert_eq!(script.requests().len(), before, "no model is asked for words");
        let meaning = Ask { mode: Mode::Semantic, ..ask(&house, &house.ann.sight, "calibrated probe") };
        let meaning = found(&house.knowledge, meaning).await;
        assert_eq!((meaning.mode, meaning.hits[0].lexical), (Mode::Semantic, None));
    }

    async fn without_a_model_words_alone_answer_and_it_says_so(db: Database) {
        let house = House::open(db, without_model()).await;
        house.ready(house.text(CALIBRATION)).await;
        let found = found(&house.knowledge, ask(&house, &house.ann.sight, "calibrated")).await;
        assert_eq!(texts(&found), [CALIBRATION]);
        assert_eq!(found.mode, Mode::Lexical);
        let said = "No embedding model is set up: documents are found by words alone.";
        assert_eq!(found.degraded.as_deref(), Some(said));
    }

    async fn a_model_that_is_away_leaves_words_and_it_says_so(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        house.ready(house.text(CALIBRATION)).await;
        script.answers_embeddings(Reply::status(503));
        let first = found(&house.knowledge, ask(&house, &house.ann.sight, "calibrated probe")).await;
        assert_eq!((texts(&first), first.mode), (vec![CALIBRATION], Mode::Lexical));
        let said = first.degraded.expect("it says so");
        assert!(said.starts_with("The") && said.ends_with('.'), "a sentence: {said}");
        assert!(said.contains("is away") && !said.contains("calibrated"), "{said}");
        let then = found(&house.knowledge, ask(&house, &house.ann.sight, "calibrated probe")).await;
        assert_eq!((then.mode, then.degraded), (Mode::Hybrid, None));
    }

    async fn nobody_finds_what_they_may_not_see(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let anns = house.ready(house.text(CALIBRATION)).await;
        let bob = house.bob.sight.clone();
        for mode in [Mode::Hybrid, Mode::Semantic, Mode::Lexical] {
            let asked = Ask { mode, ..ask(&house, &bob, "calibrated probe") };
            assert_eq!(texts(&found(&house.knowledge, asked).await), Vec::<&str>::new(), "{mode:?}");
        }
        // An administrator does, and Bob does when she shares it.
        let managing = Sight::managing(house.tenant, house.bob.actor.who);
        assert_eq!(found(&house.knowledge, ask(&house, &managing, "probe")).await.hits.len(), 1);
        let share = Change { shared: Some(true), ..Change::default() };
        house.knowledge.change(&house.ann, anns.id, share).await.expect("it is hers");
        for mode in [Mode::Hybrid, Mode::Semantic, Mode::Lexical] {
            let asked = Ask { mode, ..ask(&house, &bob, "calibrated probe") };
            assert_eq!(texts(&found(&house.knowledge, asked).await), [CALIBRATION], "{mode:?}");
        }
        // Another tenant's people never do.
        let stranger = person(base::TenantId::generate());
        let asked = Ask { sight: stranger.sight, ..ask(&house, &bob, "probe") };
        assert_eq!(found(&house.knowledge, asked).await.hits.len(), 0);
    }

    async fn documents_of_a_chat_are_found_in_it_alone(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let chat = ChatId::generate();
        house.ready(NewDocument { chat: Some(chat), ..house.text(CALIBRATION) }).await;
        house.ready(house.text(STORAGE)).await;
        let outside = found(&house.knowledge, ask(&house, &house.ann.sight, "probe")).await;
        assert_eq!(texts(&outside), [STORAGE]);
        let within = Ask { chat: Some(chat), ..ask(&house, &house.ann.sight, "calibrated probe") };
        assert_eq!(texts(&found(&house.knowledge, within).await), [CALIBRATION, STORAGE]);
        let other = Ask { chat: Some(ChatId::generate()), ..ask(&house, &house.ann.sight, "calibrated") };
        assert!(!texts(&found(&house.knowledge, other).await).contains(&CALIBRATION));
        let bobs = Ask { chat: Some(chat), ..ask(&house, &house.bob.sight, "calibrated probe") };
        assert_eq!(found(&house.knowledge, bobs).await.hits.len(), 0);

        let sight = &house.ann.sight;
        let ready = house.knowledge.ready(sight, house.tenant, Some(chat)).await.unwrap();
        assert_eq!((ready.of_chat, ready.everywhere), (true, true));
        let ready = house.knowledge.ready(&house.bob.sight, house.tenant, Some(chat)).await.unwrap();
        assert_eq!((ready.of_chat, ready.everywhere), (false, false));

        // Who manages everybody's documents finds what lies elsewhere, and nothing of her chat.
        let managing = Sight::managing(house.tenant, house.bob.actor.who);
        for mode in [Mode::Hybrid, Mode::Semantic, Mode::Lexical] {
            let asked = Ask { chat: Some(chat), mode, ..ask(&house, &managing, "calibrated spare probe") };
            assert_eq!(texts(&found(&house.knowledge, asked).await), [STORAGE], "{mode:?}");
        }
        let ready = house.knowledge.ready(&managing, house.tenant, Some(chat)).await.unwrap();
        assert_eq!((ready.of_chat, ready.everywhere), (false, true));
    }

    async fn documents_and_tags_narrow_what_is_looked_in(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let tagged = |text: &str, tag: &str| NewDocument { tags: vec![tag.into()], ..house.text(text) };
        let first = house.ready(tagged(CALIBRATION, "lab")).await;
        house.ready(tagged(STORAGE, "store")).await;
        house.ready(tagged(TRAVEL, "office")).await;
        for mode in [Mode::Hybrid, Mode::Semantic, Mode::Lexical] {
            let asked = || Ask { mode, ..ask(&house, &house.ann.sight, "probe") };
            let lab = Ask { tags: vec!["lab".into()], ..asked() };
            assert_eq!(texts(&found(&house.knowledge, lab).await), [CALIBRATION], "{mode:?}");
            let both = Ask { tags: vec!["lab".into(), "store".into()], ..asked() };
            assert_eq!(found(&house.knowledge, both).await.hits.len(), 2, "{mode:?}");
            let one = Ask { documents: Some(vec![first.id]), ..asked() };
            assert_eq!(texts(&found(&house.knowledge, one).await), [CALIBRATION], "{mode:?}");
            let none = Ask { documents: Some(vec![]), ..asked() };
            assert_eq!(found(&house.knowledge, none).await.hits.len(), 0, "{mode:?}");
        }
    }

    async fn only_what_is_good_enough_and_no_more_than_wanted_is_handed_out(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        for text in [CALIBRATION, STORAGE, TRAVEL] {
            house.ready(house.text(text)).await;
        }
        let good = Ask { min_score: 0.2, ..ask(&house, &house.ann.sight, "zebra violin") };
        assert_eq!(texts(&found(&house.knowledge, good).await), Vec::<&str>::new());
        let one = Ask { limit: 1, ..ask(&house, &house.ann.sight, "probe") };
        assert_eq!(found(&house.knowledge, one).await.hits.len(), 1);
        let nothing = ask(&house, &house.ann.sight, " ");
        assert_eq!(found(&house.knowledge, nothing).await.hits.len(), 0);
    }

    async fn fewer_results_are_the_first_of_many_and_of_those_the_good_ones(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        for at in 1..=4 {
            for text in [CALIBRATION, STORAGE, TRAVEL] {
                house.ready(house.text(&format!("{text} This is page {at}.{}", " And more.".repeat(at)))).await;
            }
        }
        for mode in [Mode::Hybrid, Mode::Semantic, Mode::Lexical] {
            let question = "Which calibrated probes are stored, and who signed page 3?";
            let asked = || Ask { mode, ..ask(&house, &house.ann.sight, question) };
            let many = found(&house.knowledge, Ask { limit: 50, ..asked() }).await.hits;
            assert!(many.len() >= 8, "{mode:?}: {many:?}");
            for limit in 1..=many.len() {
                let few = found(&house.knowledge, Ask { limit, ..asked() }).await.hits;
                assert_eq!(few, many[..limit], "{mode:?}");
            }
            // However far behind the first the good ones are.
            for min_score in many.iter().map(|it| it.score) {
                let good: Vec<_> = many.iter().filter(|it| it.score >= min_score).take(2).cloned().collect();
                let two = Ask { limit: 2, min_score, ..asked() };
                assert_eq!(found(&house.knowledge, two).await.hits, good, "{mode:?} {min_score}");
            }
        }
    }

    async fn what_is_removed_is_not_found_any_more(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let gone = house.ready(house.text(CALIBRATION)).await;
        house.ready(house.text(STORAGE)).await;
        house.knowledge.remove(&house.ann, gone.id).await.expect("it is hers");
        let found = found(&house.knowledge, ask(&house, &house.ann.sight, "calibrated probe")).await;
        assert_eq!(texts(&found), [STORAGE]);
    }
}
