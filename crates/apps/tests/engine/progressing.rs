//! Results over time against numbers counted by hand, who sees them, what is kept of them, and reports.

use std::path::Path;

use apps::{
    engine::{self, Engine},
    error::EngineError,
    progress::{CommentAsk, ProgressAsk, Range, document_mark, kept},
    record::{self, Act, Change, NewRecord, RecordError},
};
use base::{Actor, Clock, RecordId, Role, TenantId};
use identity::{Caller, Reach};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::{Store, mark};

use crate::ground::{self, folder, person};

const HERE: TenantId = TenantId::DEFAULT;

struct Study {
    store: Store,
    clock: Clock,
    engine: Engine,
    /// The text that all marks are of.
    text: RecordId,
}

impl Study {
    async fn open(db: testkit::Database) -> Self {
        let clock = testkit::clock();
        let store = ground::of_everybody(&db, &clock).await;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/progress");
        let (models, settings) = (models::Settings::default(), engine::Settings::default());
        let engine = ground::engine(folder(&path), &store, &clock, models, settings).await;
        let mut study = Self { store, clock, engine, text: RecordId::generate() };
        let memo = json!({"text": "Pedimos dos millones.\nPara tres clínicas."});
        study.text = study.make(&Actor::house(), "texts", None, memo).await;
        study
    }

    async fn make(
        &self,
        actor: &Actor,
        collection: &'static str,
        parent: Option<RecordId>,
        data: Json,
    ) -> RecordId {
        let (engine, now) = (self.engine.clone(), self.clock.now());
        let act = Act { reach: Reach::Tenant(HERE), actor: actor.clone(), now };
        let made = self.store.write(actor, now, move |tx| {
            let kit = engine.folder().kits().get(collection).expect("a collection");
            let data = kit.check(data).map_err(RecordError::from)?;
            record::create(tx, kit, &act, NewRecord { tenant: HERE, parent, data })
        });
        made.await.expect("a record").id
    }

    /// A completed mark of somebody, so many days after the start.
    async fn mark(&self, who: &Caller, day: i64, overall: f64, scores: [f64; 2]) -> RecordId {
        let at = testkit::moment("2026-11-01T10:00:00Z") + SignedDuration::from_hours(24 * day);
        let now = self.clock.now();
        self.clock.advance(at.duration_since(now));
        let [structure, evidence] = scores;
        let data = json!({
            "status": "completed", "overall": overall, "language": "es",
            "strengths": [format!("Clear structure"), format!("Of day {day} alone")],
            "scores": {
                "structure": {"score": structure, "reason": "Empieza por la respuesta."},
                "evidence": {"score": evidence, "reason": "Faltan cifras."},
            },
            "passages": [{"words": "Pedimos dos millones.", "comment": "¿Para qué?", "questions": ["¿Qué pasa sin ellos?"]}],
        });
        self.make(&who.actor, "marks", Some(self.text), data).await
    }

    async fn told(&self, who: &Caller, of: Option<&str>) -> Result<Json, EngineError> {
        self.asked(who, "writing", of).await
    }

    async fn in_words(
        &self,
        who: &Caller,
        name: &str,
        language: &str,
    ) -> Result<Json, EngineError> {
        self.in_words_of(who, name, None, language).await
    }

    async fn in_words_of(
        &self,
        who: &Caller,
        name: &str,
        of: Option<&str>,
        language: &str,
    ) -> Result<Json, EngineError> {
        let (progress, language) = (Some(name.to_owned()), Some(language.to_owned()));
        let ask = CommentAsk { tenant: HERE, progress, of: of.map(str::to_owned), language };
        self.engine.progress_comment(who, ask).await
    }

    async fn asked(&self, who: &Caller, name: &str, of: Option<&str>) -> Result<Json, EngineError> {
        self.of_days(who, name, of, (None, None)).await
    }

    /// The same, of the days from the one to the other.
    async fn of_days(
        &self,
        who: &Caller,
        name: &str,
        of: Option<&str>,
        days: (Option<&str>, Option<&str>),
    ) -> Result<Json, EngineError> {
        let range = Range::read(days.0, days.1)?;
        let (progress, of) = (Some(name.to_owned()), of.map(str::to_owned));
        self.engine.progress(who, ProgressAsk { tenant: HERE, progress, of, range }).await
    }

    /// How many answers are kept.
    async fn kept(&self) -> i64 {
        let count = self.store.read(|db| {
            db.one("SELECT count(*) AS total FROM progress_answers", &[])?.get::<i64>("total")
        });
        count.await.expect("a count")
    }
}

/// Four results of Ann: on the 1st, the 2nd (two of them) and the 11th of November; one of Ben.
async fn two_writers(study: &Study) -> (Caller, Caller) {
    let (ann, ben) = (person(Role::Editor), person(Role::Editor));
    study.mark(&ann, 0, 2.0, [1.0, 3.0]).await;
    study.mark(&ann, 1, 3.0, [2.0, 4.0]).await;
    study.mark(&ann, 1, 3.5, [3.0, 4.0]).await;
    study.mark(&ann, 10, 4.0, [4.0, 5.0]).await;
    study.mark(&ben, 10, 1.0, [1.0, 1.0]).await;
    (ann, ben)
}

testkit::on_both! {
    async fn numbers_are_those_counted_by_hand(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, _) = two_writers(&study).await;
        // One that is not completed does not count.
        study.make(&ann.actor, "marks", Some(study.text), json!({"status": "queued", "overall": 5.0})).await;
        let told = study.told(&ann, None).await.expect("her own");
        assert_eq!(told["count"], 4);
        assert_eq!(told["first_at"], "2026-11-01T10:00:00Z");
        assert_eq!(told["last_at"], "2026-11-11T10:00:00Z");
        // (2 + 3 + 3.5 + 4) / 4; the newer half is 3.75, the older 2.5. The line through (0, 2), (1, 3),
        // (1, 3.5), (10, 4): 30 · (4 · 46.5 − 12 · 12.5) / (4 · 102 − 144) = 30 · 36 / 264.
        assert_eq!(
            told["overall"],
            json!({"count": 4, "mean": 3.125, "least": 2.0, "most": 4.0, "latest": 4.0, "change": 1.25, "slope_30_days": 4.0909})
        );
        let structure = &told["criteria"]["structure"];
        assert_eq!((&structure["mean"], &structure["change"]), (&json!(2.5), &json!(2.0)));
        assert_eq!(told["criteria"]["evidence"]["mean"], 4.0);
        assert_eq!(
            told["periods"]["month"],
            json!([{"from": "2026-11-01", "count": 4, "mean": 3.125, "criteria": {"evidence": 4.0, "structure": 2.5}}])
        );
        // The 1st of November 2026 is a Sunday.
        let weeks: Vec<_> = told["periods"]["week"].as_array().expect("weeks").iter()
            .map(|it| (it["from"].as_str().unwrap(), it["count"].as_u64().unwrap(), it["mean"].as_f64()))
            .collect();
        assert_eq!(weeks, [("2026-10-26", 1, Some(2.0)), ("2026-11-02", 2, Some(3.25)), ("2026-11-09", 1, Some(4.0))]);
        let points: Vec<f64> = told["points"].as_array().expect("points").iter()
            .map(|it| it["overall"].as_f64().unwrap()).collect();
        assert_eq!(points, [2.0, 3.0, 3.5, 4.0]);
        let strengths = told["recurring"]["strengths"].as_array().expect("strengths");
        assert_eq!((&strengths[0]["text"], &strengths[0]["count"]), (&json!("Clear structure"), &json!(4)));
    }

    async fn a_task_says_ones_own_in_words(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, ben) = two_writers(&study).await;
        // Without a model the rules answer; each sees their own alone.
        let told = study.in_words(&ann, "writing", "es-MX").await.expect("her own");
        assert_eq!((&told["comment"], &told["language"]), (&json!("La última: 4.0"), &json!("es")), "{told}");
        assert_eq!((&told["count"], &told["provider"], &told["model"]), (&json!(4), &json!("rules"), &Json::Null));
        assert_eq!(told["of"], json!(ann.actor.to_string()));
        let his = study.in_words(&ben, "writing", "pt").await.expect("his own");
        assert_eq!((&his["comment"], &his["language"]), (&json!("The latest: 1.0"), &json!("en")), "{his}");
        let nobody = study.in_words(&person(Role::Editor), "writing", "en").await.expect_err("nothing yet");
        assert_eq!(nobody.code(), "nothing_to_do");
        let unsaid = study.in_words(&ann, "imported", "en").await.expect_err("there are no words for it");
        assert_eq!(unsaid.code(), "not_found");
        let stranger = Caller { reach: Reach::Tenant(TenantId::generate()), ..person(Role::Admin) };
        assert_eq!(study.in_words(&stranger, "writing", "en").await.expect_err("elsewhere").code(), "tenant_forbidden");
    }

    async fn an_owner_and_a_day_may_be_fields(db: testkit::Database) {
        let study = Study::open(db).await;
        let ann = person(Role::Editor);
        let id = ann.actor.to_string();
        for (day, all, style) in [
            (json!("2026-09-30"), json!(2), json!(2)),
            (json!("2026-10-01T23:30:00-05:00"), json!(4), json!("good")),
            // What is no day counts when it was taken in, and what is no number not at all.
            (json!("now"), json!(3), json!({"deep": 1})),
        ] {
            let data = json!({"author": id, "day": day, "grades": {"all": all, "style": style}});
            study.make(&Actor::house(), "imports", None, data).await;
        }
        let other = json!({"author": "usr_other", "day": "2026-09-30", "grades": {"all": 1}});
        study.make(&Actor::house(), "imports", None, other).await;
        let told = study.asked(&ann, "imported", None).await.expect("her own");
        assert_eq!((&told["count"], &told["overall"]["mean"]), (&json!(3), &json!(3.0)));
        assert_eq!(told["criteria"]["style"]["count"], 1);
        assert_eq!(told["criteria"]["all"]["mean"], 3.0);
        // Half past eleven at five hours behind is the next day.
        let points: Vec<&str> = told["points"].as_array().expect("points").iter()
            .map(|it| it["at"].as_str().unwrap()).collect();
        assert_eq!(points, ["2026-09-30T00:00:00Z", "2026-10-02T04:30:00Z", testkit::START]);
    }

    async fn without_results_everything_is_there_and_empty(db: testkit::Database) {
        let study = Study::open(db).await;
        let told = study.told(&person(Role::Editor), None).await.expect("her own");
        assert_eq!((&told["count"], &told["owners"], &told["first_at"]), (&json!(0), &json!(0), &Json::Null));
        assert_eq!(told["overall"]["mean"], Json::Null);
        assert_eq!((&told["criteria"], &told["points"]), (&json!({}), &json!([])));
        assert_eq!((&told["periods"]["week"], &told["recurring"]["strengths"]), (&json!([]), &json!([])));
    }

    async fn what_is_kept_ends_with_a_result_a_document_and_an_hour(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, _) = two_writers(&study).await;
        let is_kept = async |expected: bool| {
            let told = study.told(&ann, None).await.expect("her own");
            assert_eq!(told["cached"], expected, "{told}");
            told
        };
        is_kept(false).await;
        is_kept(true).await;
        study.mark(&ann, 12, 5.0, [5.0, 5.0]).await;
        assert_eq!(is_kept(false).await["count"], 5);
        is_kept(true).await;
        study.clock.advance(SignedDuration::from_secs(3601));
        is_kept(false).await;
        is_kept(true).await;
        // As whoever changes a document while the server runs says it.
        let moved = study.store.bookkeep("change a document", |tx| {
            mark::touch(tx, &document_mark("rubric"), HERE);
            Ok::<_, store::Error>(())
        });
        moved.await.expect("it is told");
        is_kept(false).await;
        assert_eq!(study.kept().await, 3, "one row for each metric of an owner");
    }

    async fn of_a_range_the_results_of_its_days_alone_count(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, _) = two_writers(&study).await;
        let middle = study.of_days(&ann, "writing", None, (Some("2026-11-02"), Some("2026-11-10"))).await.expect("hers");
        assert_eq!((&middle["from"], &middle["to"]), (&json!("2026-11-02"), &json!("2026-11-10")));
        assert_eq!((&middle["count"], &middle["overall"]["mean"]), (&json!(2), &json!(3.25)), "{middle}");
        assert_eq!((&middle["first_at"], &middle["last_at"]), (&json!("2026-11-02T10:00:00Z"), &json!("2026-11-02T10:00:00Z")));
        assert_eq!(middle["criteria"]["structure"]["mean"], 2.5);
        assert_eq!(middle["recurring"]["strengths"][0]["count"], 2);
        assert_eq!(middle["periods"]["week"].as_array().map(Vec::len), Some(1));
        assert_eq!(middle["points"].as_array().map(Vec::len), Some(2));
        // Both days are a part of it.
        for (days, count) in [
            ((Some("2026-11-01"), Some("2026-11-01")), 1),
            ((Some("2026-11-02"), None), 3),
            ((None, Some("2026-11-02")), 3),
            ((Some("2026-11-11"), Some("2026-11-11")), 1),
            ((Some("2026-11-12"), None), 0),
            ((Some("0000-01-01"), Some("9999-12-31")), 4),
        ] {
            let told = study.of_days(&ann, "writing", None, days).await.expect("hers");
            assert_eq!(told["count"], count, "{days:?}");
        }
        let all = study.told(&ann, None).await.expect("all");
        assert_eq!((&all["count"], &all["from"], &all["to"]), (&json!(4), &Json::Null, &Json::Null));
        for (days, field) in [
            ((Some("soon"), None), "from"),
            ((None, Some("2026-02-30")), "to"),
            ((Some("2026-11-02"), Some("2026-11-01")), "to"),
        ] {
            match study.of_days(&ann, "writing", None, days).await {
                Err(EngineError::Invalid(wrong)) => assert_eq!(wrong.first_field(), Some(field)),
                other => panic!("{days:?} is taken: {other:?}"),
            }
        }
    }

    async fn a_range_goes_by_the_field_that_says_when(db: testkit::Database) {
        let study = Study::open(db).await;
        let ann = person(Role::Editor);
        let id = ann.actor.to_string();
        for (day, all) in [("2026-09-30", 2), ("2026-10-01T23:30:00-05:00", 4), ("2026-10-03", 1)] {
            let data = json!({"author": id, "day": day, "grades": {"all": all}});
            study.make(&Actor::house(), "imports", None, data).await;
        }
        // Half past eleven at five hours behind is the next day.
        let days = (Some("2026-10-02"), Some("2026-10-02"));
        let told = study.of_days(&ann, "imported", None, days).await.expect("her own");
        assert_eq!((&told["count"], &told["overall"]["mean"]), (&json!(1), &json!(4.0)), "{told}");
    }

    async fn what_is_kept_of_one_range_is_not_told_of_another(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, _) = two_writers(&study).await;
        type Days = (Option<&'static str>, Option<&'static str>);
        let asked = async |days: Days, count: i64, is_cached: bool| {
            let told = study.of_days(&ann, "writing", None, days).await.expect("her own");
            assert_eq!((&told["count"], &told["cached"]), (&json!(count), &json!(is_cached)), "{days:?}");
        };
        let (early, late) = ((None, Some("2026-11-02")), (Some("2026-11-03"), None));
        for is_cached in [false, true] {
            asked((None, None), 4, is_cached).await;
            asked(early, 3, is_cached).await;
            asked(late, 1, is_cached).await;
        }
        // What is of days that are past is true after a new result too, also of one that is of those days.
        study.mark(&ann, 12, 5.0, [5.0, 5.0]).await;
        asked(early, 3, false).await;
        asked(late, 2, false).await;
        asked((None, None), 5, false).await;
    }

    async fn the_ranges_that_are_kept_of_one_owner_are_few(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, ben) = two_writers(&study).await;
        study.told(&ann, None).await.expect("all of hers");
        study.of_days(&ben, "writing", None, (Some("2026-11-01"), None)).await.expect("his");
        let before = study.kept().await;
        for day in 1..=28 {
            study.clock.advance(SignedDuration::from_secs(1));
            let day = format!("2026-02-{day:02}");
            study.of_days(&ann, "writing", None, (Some(day.as_str()), None)).await.expect("hers");
        }
        assert_eq!(study.kept().await, before + 3 * kept::RANGES_MAX);
        let cached = async |who: &Caller, from: Option<&str>| {
            study.of_days(who, "writing", None, (from, None)).await.expect("told")["cached"].clone()
        };
        assert_eq!(cached(&ann, Some("2026-02-28")).await, true, "the newest are kept");
        assert_eq!(cached(&ann, None).await, true, "and what is of all days");
        assert_eq!(cached(&ben, Some("2026-11-01")).await, true, "and what is of others");
        assert_eq!(cached(&ann, Some("2026-02-01")).await, false, "the oldest are not");
    }

    async fn words_about_another_are_for_those_who_see_their_texts(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, ben) = two_writers(&study).await;
        let his = ben.actor.to_string();
        let admin = person(Role::Admin);
        let told = study.in_words_of(&admin, "writing", Some(&his), "en").await.expect("an admin sees texts");
        assert_eq!((&told["comment"], &told["of"]), (&json!("The latest: 1.0"), &json!(his)), "{told}");
        for who in [&ann, &person(Role::Viewer)] {
            let refused = study.in_words_of(who, "writing", Some(&his), "en").await.expect_err("not theirs");
            assert_eq!(refused.code(), "forbidden");
        }
        match study.in_words_of(&admin, "writing", Some("all"), "en").await {
            Err(EngineError::Invalid(wrong)) => assert_eq!(wrong.first_field(), Some("of")),
            other => panic!("nobody speaks of all together: {other:?}"),
        }
    }

    async fn a_changed_and_a_deleted_result_are_told_at_once(db: testkit::Database) {
        let study = Study::open(db).await;
        let ann = person(Role::Editor);
        let id = study.mark(&ann, 0, 2.0, [2.0, 2.0]).await;
        assert_eq!(study.told(&ann, None).await.expect("her own")["overall"]["mean"], 2.0);
        let act = Act { reach: Reach::All, actor: Actor::house(), now: study.clock.now() };
        let (engine, by) = (study.engine.clone(), act.clone());
        let actor = Actor::house();
        let changed = study.store.write(&actor, act.now, move |tx| {
            let patch = json!({"overall": 4.0});
            let change = Change { id, collection: None, patch, revision: None };
            record::update(tx, engine.folder().kits(), &by, &change)
        });
        changed.await.expect("it is changed");
        assert_eq!(study.told(&ann, None).await.expect("her own")["overall"]["mean"], 4.0);
        let (engine, text) = (study.engine.clone(), study.text);
        let actor = Actor::house();
        let deleted = study.store.write(&actor, act.now, move |tx| {
            record::delete(tx, engine.folder().kits(), &act, text, None, None)
        });
        deleted.await.expect("it is deleted with its text");
        assert_eq!(study.told(&ann, None).await.expect("her own")["count"], 0);
    }

    async fn nobody_sees_the_results_of_others_but_who_may(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, ben) = two_writers(&study).await;
        let his = ben.actor.to_string();
        for of in ["all", his.as_str()] {
            let refused = study.told(&ann, Some(of)).await.expect_err("not hers");
            assert_eq!(refused.code(), "forbidden");
        }
        let coach = person(Role::Viewer);
        let together = study.told(&coach, Some("all")).await.expect("all together");
        assert_eq!((&together["count"], &together["owners"]), (&json!(5), &json!(2)));
        assert_eq!(together["overall"]["mean"], 2.7);
        assert_eq!((&together["recurring"], &together["points"]), (&json!({}), &json!([])));
        assert_eq!(study.told(&coach, Some(&his)).await.expect_err("one").code(), "forbidden");
        let admin = person(Role::Admin);
        let his = study.told(&admin, Some(&his)).await.expect("an admin sees each");
        assert_eq!(his["count"], 1);
        assert!(his["recurring"]["strengths"].is_array());
        let stranger = Caller { reach: Reach::Tenant(TenantId::generate()), ..person(Role::Admin) };
        assert_eq!(study.told(&stranger, Some("all")).await.expect_err("elsewhere").code(), "tenant_forbidden");
    }

    async fn thousands_of_results_are_all_counted(db: testkit::Database) {
        let study = Study::open(db).await;
        let ann = person(Role::Editor);
        let (kits, actor, text) = (study.engine.clone(), ann.actor.clone(), study.text);
        let filler = "words of a comment ".repeat(100);
        for part in 0..6 {
            let (engine, actor, filler) = (kits.clone(), actor.clone(), filler.clone());
            let made = study.store.write(&ann.actor, study.clock.now(), move |tx| {
                let kit = engine.folder().kits().get("marks").expect("a collection");
                let from = testkit::moment("2024-01-01T00:00:00Z");
                for n in part * 500..(part + 1) * 500 {
                    let now = from + SignedDuration::from_hours(2 * n);
                    let act = Act { reach: Reach::Tenant(HERE), actor: actor.clone(), now };
                    let data = json!({
                        "status": "completed", "overall": (n % 5) as f64 + 1.0, "strengths": [format!("Point {}", n % 50)],
                        "scores": {"structure": {"score": n % 5 + 1, "reason": filler}, "evidence": {"score": 3}},
                    });
                    let data = kit.check(data).map_err(RecordError::from)?;
                    record::create(tx, kit, &act, NewRecord { tenant: HERE, parent: Some(text), data })?;
                }
                Ok::<_, RecordError>(())
            });
            made.await.expect("five hundred results");
        }
        let told = study.told(&ann, None).await.expect("her own");
        assert_eq!((&told["count"], &told["overall"]["mean"]), (&json!(3_000), &json!(3.0)));
    }

    async fn a_report_says_what_the_record_says_in_its_language(db: testkit::Database) {
        let study = Study::open(db).await;
        let ann = person(Role::Editor);
        study.mark(&ann, 0, 2.0, [1.0, 3.0]).await;
        let id = study.mark(&ann, 1, 3.5, [3.0, 4.0]).await;
        let file = study.engine.report(&ann, "mark", id).await.expect("a report");
        assert_eq!((file.name.as_str(), file.content_type.as_str()), ("mark-2026-11-02.pdf", "application/pdf"));
        let text = text_of(&file.bytes);
        for words in ["Evaluación", "Nota", "3.50", "Fortalezas", "Estructura", "Pruebas", "Faltan cifras.", "Preguntas", "¿Qué pasa sin ellos?", "Para tres clínicas.", "Progreso"] {
            assert!(text.contains(words), "`{words}` is not in: {text}");
        }
        // Drawn again, also after later results, it is the same.
        study.mark(&ann, 5, 5.0, [5.0, 5.0]).await;
        let again = study.engine.report(&ann, "mark", id).await.expect("the same report");
        assert_eq!(file.bytes, again.bytes);
    }

    async fn a_report_is_its_owners_and_of_what_is_ready(db: testkit::Database) {
        let study = Study::open(db).await;
        let (ann, ben, coach) = (person(Role::Editor), person(Role::Editor), person(Role::Viewer));
        let id = study.mark(&ann, 0, 2.0, [1.0, 3.0]).await;
        let refused = study.engine.report(&ben, "mark", id).await.expect_err("not his");
        assert_eq!(refused.code(), "forbidden");
        for who in [&coach, &person(Role::Admin)] {
            study.engine.report(who, "mark", id).await.expect("they may have it");
        }
        let refused = study.engine.report(&ann, "essay", id).await.expect_err("no such report");
        assert_eq!(refused.code(), "not_found");
        let queued = study.make(&ann.actor, "marks", Some(study.text), json!({"status": "queued"})).await;
        let refused = study.engine.report(&ann, "mark", queued).await.expect_err("not yet");
        assert_eq!(refused.code(), "not_ready");
        let refused = study.engine.report(&ann, "mark", study.text).await.expect_err("no mark");
        assert_eq!(refused.code(), "record_not_found");
    }
}

/// The words of a document, with single spaces between them.
fn text_of(bytes: &[u8]) -> String {
    let document = lopdf::Document::load_mem(bytes).expect("a PDF");
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    let text = document.extract_text(&pages).expect("it has text");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
