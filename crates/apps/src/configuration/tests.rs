use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{hide::Lost, version::Head, *};
use crate::{
    check::{self, Told},
    template,
};

fn tests_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The types of rooms below, as the server hands them down.
fn kinds() -> Vec<Kind> {
    vec![
        Kind::of(
            "auth",
            Category::SystemSecurity,
            "How people sign in.",
            |it: &identity::Settings| {
                it.check().iter().map(|it| finding(it.field, &it.fault)).collect()
            },
        ),
        Kind::of(
            "llm",
            Category::Infrastructure,
            "Which models there are.",
            |it: &models::Settings| {
                it.check_alone().iter().map(|it| finding(&it.path, &it.message)).collect()
            },
        ),
    ]
}

fn finding(path: &str, message: &str) -> Finding {
    Finding { path: path.to_owned(), message: message.to_owned() }
}

fn report(folder: &str) -> String {
    let kinds = kinds();
    check::whole(&tests_folder(folder), &Told { operations: &[], kinds: &kinds }).to_string()
}

fn whole() -> Folder {
    Folder::read_as(&tests_folder("whole-configuration"), template::FUEL, &kinds())
        .unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn every_fault_of_a_document_is_told_where_it_stands() {
    let report = report("broken-configuration");
    for told in [
        // What is said of documents.
        "`Rules` is no name for a document",
        "there is no document `config/nowhere.yaml`",
        "`category` is missing: where it belongs",
        "`schema` is missing: what may stand in it",
        "`config/listed.txt` is no YAML and no JSON",
        "`llm` is Mainstay's own, and has its category already (leave it out)",
        "`9..1` is empty",
        "`rubric` holds nothing at `colour`",
        "config/forgotten.yaml:1:1: warning: `forgotten` is not declared",
        // What stands in them.
        "config/split.yaml",
        "config/rubric.yaml:3:15: `total_weight` must be within 100..100",
        "config/rubric.yaml:5:28: `weight` must be within 1..100",
        "`wieght` is not known here (did you mean `weight`?)",
        "`weight` is missing in `1`",
        "`bsae` is not known here (did you mean `base`?)",
        "config/llm.yaml:2:19: `deadline` is no length of time",
        "config/llm.yaml:1:16: `times` must be within 0..10",
        "nothing acts upon `own`, and no schema says what it is for",
        "config/auth.yaml:1:13: `access_ttl` must be at least one second",
        "config/auth.yaml:2:13: `mode` must be one of: jwt_session, session_only (did you mean `jwt_session`?)",
        // Languages.
        "`templates` is not there in `es`",
        "`gone` must hold one entry for each language (it needs: en, es)",
        "`fr` is none of the application's languages (those are: en, es)",
        "`second` is there in `es`, and not so in `en`",
        "`first` is there in `en`, and not so in `es`",
        // All of them together.
        "config/limits.yaml:2:7: `most` is 5, less than 10 (at least 11)",
        "config/limits.yaml:3:11: 50 is too much",
        "config/limits.yaml:4:11: not [hidden]",
        "`limitz` is never given to a check (did you mean `limits`?)",
        "there is no filter `summ` (did you mean `sum`?)",
        "cannot be told: undefined value",
        "there is no document `limis` (did you mean `limits`?)",
        "it gives neither a list nor an object",
        "config/limits.yaml:1:8: warning: `least` is explained nowhere",
        // What templates see of them.
        "`limits` has an entry for none of the languages (it needs: en, es)",
        "`limits` holds nothing at `gone`",
        "there is no document `config/limitz.yaml` (did you mean `limits`?)",
    ] {
        assert!(report.contains(told), "`{told}` is not told:\n{report}");
    }
    assert!(report.contains("app.yaml:40:"), "the expression that cannot be read:\n{report}");
    assert!(!report.contains("a secret word") && !report.contains("left_out"), "{report}");
    assert_eq!(report.matches("is too much").count(), 1, "40 is not:\n{report}");
}

#[test]
fn a_document_with_a_fault_keeps_the_application_from_starting() {
    let refused = Folder::read_as(&tests_folder("broken-configuration"), template::FUEL, &kinds());
    let refused = refused.expect_err("it has faults").to_string();
    assert!(refused.contains("config/auth.yaml:1:13"), "{refused}");
}

#[test]
fn documents_that_fit_together_have_no_faults() {
    assert_eq!(report("whole-configuration"), "");
}

#[test]
fn what_is_in_force_is_told_with_its_defaults_and_without_secrets() {
    let folder = whole();
    let configuration = folder.configuration();
    let names: Vec<&str> = configuration.documents().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["rubric", "tone", "prompt", "auth", "mail", "llm", "spare"]);
    let llm = configuration.get("llm").expect("llm").view();
    assert_eq!(llm["given"], json!({"retry": {"times": 3}, "own": {"text_chars_max": 10000}}));
    assert_eq!((&llm["in_force"]["retry"]["times"], &llm["is_typed"]), (&json!(3), &json!(true)));
    assert!(llm["in_force"]["retry"]["base"].is_string(), "{}", llm["in_force"]);
    assert_eq!(llm["in_force"]["own"]["text_chars_max"], 10_000);
    assert_eq!(llm["schema"]["properties"]["own"]["required"], json!(["text_chars_max"]));
    let mail = configuration.get("mail").expect("mail").view();
    assert_eq!(mail["hidden"], json!(["/login/password", "/login/pin"]));
    let content = mail["content"].as_str().expect("a text");
    assert!(content.contains("host: mail.example.com") && !content.contains("4711"), "{content}");
    assert!(!mail.to_string().contains("not to be seen"), "{mail}");
    let rubric = configuration.get("rubric").expect("rubric");
    assert!(rubric.text().is_some_and(|it| it.starts_with("total_weight: 100")));
    assert_eq!((rubric.title.as_str(), rubric.checksum().is_some()), ("The rubric", true));
    let spare = configuration.get("spare").expect("spare").view();
    assert_eq!((&spare["is_given"], &spare["content"]), (&json!(false), &Json::Null));
}

#[test]
fn what_is_told_to_everybody_who_is_signed_in_is_what_the_application_names() {
    let told = Json::Object(whole().configuration().shown());
    let expected = json!({
        "tone": {"en": {"greeting": "Dear reader"}, "es": {"greeting": "Estimado lector"}},
        "prompt": {"templates": {"es": {"user": "Evalúe {{ text }} según {{ rubric }}."}}},
    });
    assert_eq!(told, expected);
}

#[test]
fn what_is_hidden_in_a_text_is_put_back_and_nothing_else_is_believed_to_be_known() {
    let folder = whole();
    let configuration = folder.configuration();
    let mail = configuration.get("mail").expect("mail");
    let shown = mail.text().expect("a text").replace("name: ann", "name: bea");
    assert!(shown.contains(hide::HIDDEN) && !shown.contains("4711"), "{shown}");
    let whole = mail.unhidden(&shown, mail.text_in_force()).expect("all of it is known");
    for word in ["name: bea", "4711", "not to be seen"] {
        assert!(whole.contains(word), "`{word}` is not in the text");
    }
    let unknown = Err(("/login/password".to_owned(), Lost::Unknown));
    assert_eq!(mail.unhidden(&shown, None), unknown);
    let elsewhere = shown.replace("mail.example.com", "mx.example.com");
    assert_ne!(elsewhere, shown);
    let refused = Err(("/login/password".to_owned(), Lost::Elsewhere));
    assert_eq!(mail.unhidden(&elsewhere, mail.text_in_force()), refused);
    let plain = "host: a\n# a comment\n";
    assert_eq!(
        mail.unhidden(plain, None).as_deref(),
        Ok(plain),
        "a text without secrets stays as it is"
    );
    assert_eq!(mail.unhidden("a: [", None).as_deref(), Ok("a: ["), "its check says what is wrong");
    assert_eq!(mail.shown_text("a: ["), None, "nobody can tell what of it is a secret");
}

#[test]
fn a_secret_goes_along_with_its_entry_of_a_list_and_never_to_another() {
    #[track_caller]
    fn check(mail: &Document, known: &str, given: &str, expected: Result<Json, &str>) {
        let given = given.replace('?', &format!("'{}'", hide::HIDDEN));
        let found = mail.unhidden(&given, Some(known));
        let found =
            found.map(|it| crate::marked::yaml(&it).expect("it is YAML").value["to"].clone());
        assert_eq!(found.map_err(|it| it.0), expected.map_err(str::to_owned), "{given}");
    }
    let folder = whole();
    let configuration = folder.configuration();
    let mail = configuration.get("mail").expect("mail");
    let known = "to: [{host: a, password: of-a}, {host: b, password: of-b}]\n";
    let (a, b) =
        (json!({"host": "a", "password": "of-a"}), json!({"host": "b", "password": "of-b"}));
    let new = json!({"host": "c", "password": "of-c"});
    check(mail, known, "to: [{host: b, password: ?}]", Ok(json!([b])));
    check(mail, known, "to: [{host: b, password: ?}, {host: a, password: ?}]", Ok(json!([b, a])));
    check(
        mail,
        known,
        "to: [{host: c, password: of-c}, {host: a, password: ?}, {host: b, password: ?}]",
        Ok(json!([new, a, b])),
    );
    check(
        mail,
        known,
        "to: [{host: a, about: new, password: ?}, {host: b, password: ?}]",
        Ok(json!([{"host": "a", "about": "new", "password": "of-a"}, b])),
    );
    // It is not sent to another host.
    let elsewhere = "to: [{host: z, password: ?}, {host: b, password: ?}]";
    check(mail, known, elsewhere, Err("/to/0/password"));
    // Nobody can tell whose these are.
    check(mail, known, "to: [{host: z, password: ?}]", Err("/to/0/password"));
    let moved = "to: [{host: z, password: ?}, {host: a, password: ?}]";
    check(mail, known, moved, Err("/to/0/password"));
    let alike = "to: [{password: first}, {password: second}]\n";
    check(mail, alike, "to: [{password: ?}]", Err("/to/0/password"));
    let both = json!([{"password": "first"}, {"password": "second"}]);
    check(mail, alike, "to: [{password: ?}, {password: ?}]", Ok(both));
}

#[test]
fn a_version_is_in_force_as_long_as_its_file_is_the_one_that_it_was_made_upon() {
    let folder = whole();
    let base = folder.configuration().get("rubric").and_then(Document::base);
    let other = "total_weight: 100\ncriteria: [{key: structure, weight: 100}]\n";
    let read = |base: Option<String>, content: &str| {
        let head = Head { config: "rubric".into(), number: 7, content: content.into(), base };
        let path = tests_folder("whole-configuration");
        Folder::read_over(&path, template::FUEL, &kinds(), &[head])
    };
    let over = read(base.clone(), other).expect("it fits");
    let rubric = over.configuration().get("rubric").expect("rubric").clone();
    assert_eq!(
        (rubric.version(), rubric.aside(), rubric.text().as_deref()),
        (7, None, Some(other))
    );
    assert_eq!(rubric.base(), base, "the file is still the base");
    let set_aside = read(Some("another file".into()), other).expect("the file fits");
    let rubric = set_aside.configuration().get("rubric").expect("rubric").clone();
    assert_eq!((rubric.version(), rubric.aside()), (version::FILE, Some(7)));
    let refused = read(base, "total_weight: 90\n").map(drop).expect_err("it does not fit");
    assert!(refused.to_string().contains("config/rubric.yaml"), "{refused}");
}

#[test]
fn a_part_is_seen_in_the_language_at_hand() {
    let folder = whole();
    let greeting = |language| look(&folder, "tone", language).map(|it| it["greeting"].clone());
    assert_eq!(greeting(Some("es")), Some(json!("Estimado lector")));
    assert_eq!(greeting(Some("fr")), Some(json!("Dear reader")), "the first language stands in");
    assert_eq!(look(&folder, "rubric.criteria.1.key", None), Some(json!("structure")));
    assert_eq!(look(&folder, "rubric.gone", None), None);
    assert_eq!(look(&folder, "nothing", None), None);
}

#[test]
fn other_texts_are_checked_without_being_kept() {
    let kinds = kinds();
    let told = Told { operations: &[], kinds: &kinds };
    let path = tests_folder("whole-configuration");
    let with = |name: &str, text: &str| {
        let texts = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        check::with_documents(&path, &told, &texts)
    };
    let lighter = "total_weight: 100\ncriteria:\n  - {key: clarity, weight: 60}\n";
    let report = with("rubric", lighter);
    assert!(!report.is_fit());
    let [fault] = report.faults.as_slice() else { panic!("{report}") };
    assert_eq!(
        (fault.file.as_str(), fault.line, fault.code),
        ("config/rubric.yaml", 2, "check_failed")
    );
    assert!(with("rubric", "total_weight: [").to_string().contains("config/rubric.yaml"));
    assert!(with("spare", "a: 1\n").is_fit() && !with("spare", "a: 2\n").is_fit());
    assert_eq!(check::whole(&path, &told).to_string(), "", "nothing was kept");
}
