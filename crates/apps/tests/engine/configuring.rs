//! Documents changed while the application runs: in force at once or at the next start, never when something
//! is wrong, by one process and seen by another.

use std::{collections::BTreeMap, fs, path::Path};

use apps::{
    acts::configuration::{ConfigurationRevert, ConfigurationSet},
    configuration::{
        Category, Finding, Kind, bundle,
        change::{Change, Register, Wish},
        look,
        version::{self, FILE, Origin},
    },
    engine::{self, Engine},
    error::EngineError,
    folder::Folder,
    template,
};
use base::{Actor, Clock, PageRequest, TenantId};
use identity::Caller;
use models::Models;
use serde_json::{Value as Json, json};
use store::{Store, mark};
use tempfile::TempDir;

use crate::ground;

const LIGHT: &str = "total_weight: 100\ncriteria:\n  - {key: clarity, weight: 30}\n  - {key: structure, weight: 70}\n";
const LONE: &str = "total_weight: 100\ncriteria: [{key: clarity, weight: 100}]\n";
const BROKEN: &str = "total_weight: 100\ncriteria: [{key: clarity, weight: 60}]\n";

struct Office {
    store: Store,
    clock: Clock,
    folder: TempDir,
    engine: Engine,
}

/// The documents that rooms below type, as the server hands them down.
fn kinds() -> Vec<Kind> {
    let findings = |it: &models::Settings| -> Vec<Finding> {
        let found = it.check_alone();
        found
            .iter()
            .map(|it| Finding { path: it.path.clone(), message: it.message.clone() })
            .collect()
    };
    vec![Kind::of("llm", Category::Infrastructure, "Which models there are.", findings)]
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the copy can be written");
    for entry in fs::read_dir(from).expect("the application is there") {
        let entry = entry.expect("its files can be listed");
        let there = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &there),
            false => {
                fs::copy(entry.path(), there).expect("a file is copied");
            }
        }
    }
}

impl Office {
    async fn open(db: testkit::Database) -> Self {
        let clock = testkit::clock();
        let store = ground::of_everybody(&db, &clock).await;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/whole-configuration"),
            folder.path(),
        );
        let engine = Self::begin(&store, &clock, folder.path()).await;
        Self { store, clock, folder, engine }
    }

    /// A process over the same database, with the versions that are in force at its start.
    async fn begin(store: &Store, clock: &Clock, path: &Path) -> Engine {
        let heads = store.read(|db: &store::Db| version::heads(db)).await.expect("the versions");
        let read = Folder::read_over(path, template::FUEL, &kinds(), &heads);
        let read = read.unwrap_or_else(|faults| panic!("{faults}"));
        let models = models::Settings::default();
        let models = Models::open(store.clone(), clock.clone(), models).expect("the models open");
        let settings = engine::Settings::default();
        let engine = Engine::start(read, store.clone(), models, clock.clone(), settings).await;
        engine.expect("the engine starts")
    }

    async fn another(&self) -> Engine {
        Self::begin(&self.store, &self.clock, self.folder.path()).await
    }

    async fn set(&self, config: &str, content: &str) -> Json {
        self.set_upon(config, content, None).await.expect("it can be looked at")
    }

    async fn set_upon(
        &self,
        config: &str,
        content: &str,
        version: Option<i64>,
    ) -> Result<Json, EngineError> {
        let ask = ConfigurationSet {
            config: config.to_owned(),
            content: content.to_owned(),
            reason: "It was agreed.".into(),
            version,
        };
        self.engine.configuration_set(&Caller::operator(), ask).await
    }

    async fn revert(&self, config: &str, to: i64) -> Json {
        let ask = ConfigurationRevert {
            config: config.to_owned(),
            to,
            reason: "It was better before.".into(),
            version: None,
        };
        let reverted = self.engine.configuration_revert(&Caller::operator(), ask).await;
        reverted.expect("it can be gone back to")
    }

    async fn history(&self, config: &str) -> Vec<Json> {
        let page = PageRequest::first(200);
        let found = self.engine.configuration_history(config, &page, true).await;
        found.expect("the document is there").items
    }

    async fn mark_of(&self, name: &'static str) -> i64 {
        let read = move |db: &store::Db| mark::sum(db, &[name.to_owned()], Some(TenantId::DEFAULT));
        self.store.read(read).await.expect("a number")
    }
}

fn weight(engine: &Engine) -> Json {
    look(engine.folder(), "rubric.criteria.0.weight", None).unwrap_or_default()
}

testkit::on_both! {
    async fn business_logic_is_in_force_at_once_and_its_history_says_why(db: testkit::Database) {
        let office = Office::open(db).await;
        let before = office.mark_of("configuration/rubric").await;
        let made = office.set("rubric", LIGHT).await;
        assert_eq!((&made["is_valid"], &made["applied"], &made["acts"]), (&json!(true), &json!(true), &json!("now")), "{made}");
        assert_eq!((&made["version"], weight(&office.engine)), (&json!(1), json!(30)));
        assert_eq!(office.mark_of("configuration/rubric").await, before + 1, "what rests on it is told");
        let history = office.history("rubric").await;
        let [first] = &history[..] else { panic!("one version") };
        assert_eq!((&first["in_force"], &first["reason"]), (&json!(true), &json!("It was agreed.")));
        assert_eq!((&first["created_by"], &first["new"]), (&json!("operator"), &json!(LIGHT)));
        assert!(first["old"].as_str().is_some_and(|it| it.contains("weight: 60")), "{first}");
        let list = office.engine.configuration_list().await.expect("the documents");
        let rubric = list.iter().find(|it| it["name"] == "rubric").expect("rubric");
        assert_eq!((&rubric["version"], &rubric["waits_for_start"]), (&json!(1), &json!(false)));
        // The file is never written.
        let file = fs::read_to_string(office.folder.path().join("config/rubric.yaml"));
        let file = file.expect("the file is there");
        assert!(file.contains("weight: 60"));
        assert_eq!(office.set("rubric", LIGHT).await["changed"], false, "it says that already");
        assert_eq!(office.history("rubric").await.len(), 1);
    }

    async fn what_is_wrong_is_kept_in_the_history_and_never_in_force(db: testkit::Database) {
        let office = Office::open(db).await;
        let refused = office.set("rubric", BROKEN).await;
        assert_eq!((&refused["is_valid"], &refused["applied"]), (&json!(false), &json!(false)), "{refused}");
        let fault = &refused["faults"][0];
        assert_eq!((&fault["file"], &fault["code"]), (&json!("config/rubric.yaml"), &json!("check_failed")), "{refused}");
        assert_eq!(weight(&office.engine), json!(60));
        let history = office.history("rubric").await;
        assert_eq!((&history[0]["is_valid"], &history[0]["in_force"]), (&json!(false), &json!(false)));
        assert_eq!(weight(&office.another().await), json!(60), "nor at the next start");
        let syntax = office.set("rubric", "total_weight: [").await;
        assert_eq!((&syntax["is_valid"], &syntax["version"]), (&json!(false), &json!(2)), "{syntax}");
    }

    async fn the_rest_waits_for_the_next_start_and_is_read_then(db: testkit::Database) {
        let office = Office::open(db).await;
        let text = "retry: {times: 5}\nown: {text_chars_max: 10000}\n";
        let made = office.set("llm", text).await;
        assert_eq!((&made["is_valid"], &made["applied"], &made["acts"]), (&json!(true), &json!(false), &json!("next_start")), "{made}");
        let told = office.engine.configuration_get("llm").await.expect("llm");
        assert_eq!((&told["in_force"]["retry"]["times"], &told["waits_for_start"]), (&json!(3), &json!(true)), "{told}");
        assert_eq!(told["newest"], json!(text));
        let next = office.another().await;
        let told = next.configuration_get("llm").await.expect("llm");
        assert_eq!((&told["in_force"]["retry"]["times"], &told["waits_for_start"]), (&json!(5), &json!(false)), "{told}");
    }

    async fn another_process_takes_over_what_one_has_changed(db: testkit::Database) {
        let office = Office::open(db).await;
        let other = office.another().await;
        other.follow_configuration().await.expect("the database answers");
        office.set("rubric", LIGHT).await;
        assert_eq!(weight(&other), json!(60), "it has not looked yet");
        other.follow_configuration().await.expect("the database answers");
        assert_eq!(weight(&other), json!(30));
        office.revert("rubric", FILE).await;
        other.follow_configuration().await.expect("the database answers");
        assert_eq!((weight(&other), weight(&office.engine)), (json!(60), json!(60)));
    }

    async fn what_was_written_down_before_a_kill_is_in_force_after_the_start(db: testkit::Database) {
        let office = Office::open(db).await;
        // Written down, and nobody is left to take it over: as when the process dies in between.
        let register = Register::new(office.engine.folder().clone(), office.store.clone());
        let wishes = BTreeMap::from([("rubric".to_owned(), Wish::Text(LIGHT.into()))]);
        let change = Change { wishes, origin: Origin::Set, reason: "Agreed.".into(), upon: None };
        let made = register.make(&Actor::operator(), office.clock.now(), change).await;
        assert!(made.expect("it fits").report.is_fit());
        assert_eq!(weight(&office.engine), json!(60));
        assert_eq!(weight(&office.another().await), json!(30));
    }

    async fn of_two_at_once_upon_the_same_version_one_is_told_that_it_is_late(db: testkit::Database) {
        let office = Office::open(db).await;
        let (first, second) = tokio::join!(
            office.set_upon("rubric", LIGHT, Some(FILE)),
            office.set_upon("rubric", LONE, Some(FILE))
        );
        let late = first.as_ref().err().or(second.as_ref().err()).map(EngineError::code);
        assert_eq!(late, Some("stale"));
        assert!(first.is_ok() || second.is_ok());
        assert_eq!(office.history("rubric").await.len(), 1);
    }

    async fn two_that_fit_alone_and_not_together_are_not_both_in_force(db: testkit::Database) {
        let office = Office::open(db).await;
        // A variable more in the prompt, and a template less that has it: the check is over both languages.
        let with = "variables: [rubric, text]\ntemplates:\n  en: {user: 'By {{ rubric }}: {{ text }}'}\n  es: {user: 'Según {{ rubric }}: {{ text }}'}\n";
        let without = "variables: [text]\ntemplates:\n  en: {user: '{{ text }}'}\n  es: {user: '{{ text }}'}\n";
        let (one, two) = tokio::join!(office.set("prompt", with), office.set("prompt", without));
        assert_eq!((&one["is_valid"], &two["is_valid"]), (&json!(true), &json!(true)), "{one} {two}");
        let history = office.history("prompt").await;
        let in_force: Vec<&Json> = history.iter().filter(|it| it["in_force"] == true).collect();
        assert_eq!((history.len(), in_force.len()), (2, 1));
        assert_eq!(history[0]["old"], history[1]["new"], "each was looked at with what the other had changed");
    }

    async fn going_back_makes_a_new_version_with_the_old_text(db: testkit::Database) {
        let office = Office::open(db).await;
        office.set("rubric", LIGHT).await;
        office.set("rubric", LONE).await;
        let back = office.revert("rubric", 1).await;
        assert_eq!((&back["version"], &back["applied"], weight(&office.engine)), (&json!(3), &json!(true), json!(30)), "{back}");
        let history = office.history("rubric").await;
        assert_eq!((&history[0]["origin"], &history[0]["new"]), (&json!("revert"), &json!(LIGHT)));
        let file = office.revert("rubric", FILE).await;
        assert_eq!((&file["applied"], weight(&office.engine)), (&json!(true), json!(60)), "{file}");
        assert!(office.history("rubric").await.iter().all(|it| it["in_force"] == false));
        let gone = ConfigurationRevert { config: "rubric".into(), to: 90, reason: "x".into(), version: None };
        let gone = office.engine.configuration_revert(&Caller::operator(), gone).await;
        assert_eq!(gone.err().map(|it| it.code().to_owned()).as_deref(), Some("version_not_found"));
    }

    async fn a_file_that_is_changed_has_the_last_word_until_somebody_goes_back(db: testkit::Database) {
        let office = Office::open(db).await;
        office.set("rubric", LIGHT).await;
        let file = office.folder.path().join("config/rubric.yaml");
        fs::write(file, LONE).expect("it can be written");
        assert_eq!(weight(&office.engine), json!(30), "files are read at the start");
        let next = office.another().await;
        assert_eq!(weight(&next), json!(100));
        let told = next.configuration_get("rubric").await.expect("rubric");
        assert_eq!((&told["version"], &told["set_aside"]), (&json!(FILE), &json!(1)), "{told}");
        let back = ConfigurationRevert { config: "rubric".into(), to: 1, reason: "Not yet.".into(), version: None };
        next.configuration_revert(&Caller::operator(), back).await.expect("it fits");
        assert_eq!(weight(&next), json!(30), "it is made upon the new file now");
    }

    async fn what_fits_only_with_what_waits_waits_too(db: testkit::Database) {
        let office = Office::open(db).await;
        // The two documents must agree, and only one of them acts at once.
        let app = office.folder.path().join("app.yaml");
        let text = fs::read_to_string(&app).expect("it can be read");
        let both = "  checks:\n    both: {that: \"rubric.criteria|length == llm.retry.times - 1\", at: rubric.criteria}\n";
        fs::write(&app, text.replace("  checks:\n", both)).expect("it can be written");
        let engine = office.another().await;
        let texts = [
            ("config/rubric.yaml".to_owned(), LONE.to_owned()),
            ("config/llm.yaml".to_owned(), "retry: {times: 2}\nown: {text_chars_max: 10000}\n".to_owned()),
        ];
        let zip = bundle::pack(&BTreeMap::from(texts)).expect("memory takes it");
        let come = engine.configuration_import(&Caller::operator(), &zip, "Both.".into(), false).await;
        let come = come.expect("it is a zip");
        assert_eq!((&come["imported"], &come["applied"]), (&json!(2), &json!(false)), "{come}");
        assert_eq!(come["hot_reloaded"], json!([]), "{come}");
        assert_eq!(weight(&engine), json!(60), "with the old one it does not fit");
        assert_eq!(weight(&office.another().await), json!(100));
    }

    async fn all_documents_go_out_and_come_in_again_without_their_secrets(db: testkit::Database) {
        let office = Office::open(db).await;
        let file = office.engine.configuration_export().await.expect("all of it");
        let operator = Caller::operator();
        let same = office.engine.configuration_import(&operator, &file.bytes, "Same.".into(), false);
        assert_eq!(same.await.expect("a zip")["imported"], 0, "what went out is what is there");
        let mut texts = bundle::unpack(&file.bytes).expect("a zip");
        let mail = texts["config/mail.yaml"].clone();
        assert!(mail.contains("[hidden]") && !mail.contains("4711"), "{mail}");
        texts.insert("config/mail.yaml".into(), mail.replace("name: ann", "name: bea"));
        texts.insert("config/rubric.yaml".into(), LIGHT.into());
        texts.insert("config/.DS_Store".into(), "x".into());
        let zip = bundle::pack(&texts).expect("memory takes it");
        let import =
            |only| office.engine.configuration_import(&operator, &zip, "New texts.".into(), only);
        let checked = import(true).await.expect("it is a zip");
        assert_eq!((&checked["is_valid"], &checked["imported"]), (&json!(true), &json!(0)), "{checked}");
        assert_eq!(weight(&office.engine), json!(60), "nothing was changed");
        let come = import(false).await.expect("it is a zip");
        assert_eq!((&come["imported"], &come["hot_reloaded"]), (&json!(2), &json!(["rubric"])), "{come}");
        assert_eq!((&come["applied"], weight(&office.engine)), (&json!(false), json!(30)), "the mail waits");
        let next = office.another().await;
        let secrets = next.folder().config("mail").expect("mail");
        assert_eq!((&secrets["login"]["name"], &secrets["login"]["pin"]), (&json!("bea"), &json!(4711)));
        let history = office.history("mail").await;
        assert!(!history[0].to_string().contains("4711"), "{}", history[0]);
    }

    async fn a_secret_that_is_kept_is_not_sent_to_another_server(db: testkit::Database) {
        let office = Office::open(db).await;
        let shown = office.engine.configuration_get("mail").await.expect("it is there");
        let shown = shown["content"].as_str().expect("a text").to_owned();
        let elsewhere = shown.replace("mail.example.com", "mx.example.com");
        let refused = office.set_upon("mail", &elsewhere, None).await.expect_err("the password is kept");
        assert_eq!(refused.code(), "invalid_input");
        assert!(refused.to_string().contains("give the secret anew"), "{refused}");
        let anew = "host: mx.example.com\nlogin: {name: ann, pin: 12, password: given anew}\n";
        assert_eq!(office.set("mail", anew).await["is_valid"], true);
        let next = office.another().await;
        let mail = next.folder().config("mail").expect("mail");
        assert_eq!((&mail["host"], &mail["login"]["password"]), (&json!("mx.example.com"), &json!("given anew")));
    }

    async fn a_file_with_a_fault_or_a_stranger_in_it_is_not_half_taken_in(db: testkit::Database) {
        let office = Office::open(db).await;
        let tone = ("config/tone.yaml".to_owned(), "en: {greeting: Hello}\nes: {greeting: Hola}\n".to_owned());
        for other in [("config/rubric.yaml", BROKEN), ("config/nothing.yaml", "a: 1\n")] {
            let texts = [tone.clone(), (other.0.to_owned(), other.1.to_owned())];
            let zip = bundle::pack(&BTreeMap::from(texts)).expect("memory takes it");
            let come =
                office.engine.configuration_import(&Caller::operator(), &zip, "x".into(), false).await;
            let come = come.expect("it is a zip");
            assert_eq!((&come["is_valid"], &come["imported"]), (&json!(false), &json!(0)), "{come}");
            assert_eq!(look(office.engine.folder(), "tone.en.greeting", None), Some(json!("Dear reader")));
        }
        let operator = Caller::operator();
        let garbage = office.engine.configuration_import(&operator, b"PK", "x".into(), false).await;
        assert_eq!(garbage.err().map(|it| it.code().to_owned()).as_deref(), Some("invalid_file"));
    }

    async fn a_hundred_versions_are_kept_and_the_one_in_force_is_among_them(db: testkit::Database) {
        let office = Office::open(db).await;
        office.set("rubric", LIGHT).await;
        for at in 0..105 {
            office.set("rubric", &format!("{BROKEN}# {at}\n")).await;
        }
        let history = office.history("rubric").await;
        assert_eq!(history.len(), 101, "a hundred, and the one in force");
        let oldest = history.last().expect("the oldest");
        assert_eq!((&oldest["version"], &oldest["in_force"]), (&json!(1), &json!(true)));
    }

    async fn a_reason_and_a_document_are_needed(db: testkit::Database) {
        let office = Office::open(db).await;
        let ask = |config: &str, reason: &str| ConfigurationSet {
            config: config.into(), content: LIGHT.into(), reason: reason.into(), version: None,
        };
        for (config, reason, code) in [("nothing", "x", "configuration_not_found"), ("rubric", "  ", "invalid_input")] {
            let refused = office.engine.configuration_set(&Caller::operator(), ask(config, reason)).await;
            assert_eq!(refused.err().map(|it| it.code().to_owned()).as_deref(), Some(code));
        }
    }
}
