use std::path::PathBuf;

use super::*;

fn tests_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn operations() -> Vec<OperationHead> {
    [
        ("records.get", "collection record"),
        ("records.list", "collection tenant filters"),
        ("records.create", "collection tenant data"),
        ("tasks.run", "task record input"),
    ]
    .map(|(name, args)| OperationHead {
        name: name.to_owned(),
        args: args.split(' ').map(str::to_owned).collect(),
        paths: Vec::new(),
    })
    .to_vec()
}

#[test]
fn a_whole_folder_has_no_faults() {
    assert_eq!(folder(&tests_folder("small-app"), &operations()).to_string(), "");
}

#[test]
fn every_fault_of_a_broken_folder_is_found_in_one_run() {
    let report = folder(&tests_folder("broken-app"), &operations());
    assert!(!report.is_fit());
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn the_applications_of_this_repository_have_no_faults() {
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps");
    let folders = std::fs::read_dir(apps).expect("the applications");
    for entry in folders.flatten().filter(|it| it.path().join(APP_FILE).exists()) {
        let report = folder(&entry.path(), &[]);
        assert_eq!(report.to_string(), "", "{}", entry.path().display());
    }
}

#[test]
fn every_fault_of_an_assistant_is_told() {
    let head = |name: &str, args: &[&str], paths: &[&str]| OperationHead {
        name: name.to_owned(),
        args: args.iter().map(|it| (*it).to_owned()).collect(),
        paths: paths.iter().map(|it| (*it).to_owned()).collect(),
    };
    let operations = [
        head("records.get", &["record"], &["GET /api/records/{record}"]),
        head("records.list", &["collection", "tenant", "filters"], &[]),
        head("records.create", &["collection", "assistant", "data"], &["POST /api/records"]),
    ];
    let report = folder(&tests_folder("broken-assistant"), &operations).to_string();
    for told in [
        "`admin` may do more than a visitor should",
        "`things` is not searched by words",
        "there is no collection `thigns`",
        "there is no document `config/ruels.yaml`",
        "`question` is given to the template of an assistant already",
        "`things` is no document of `config/`",
        "`retrieval.top_k` must be at least 1",
        "`question.chars` must be at least 1",
        "a score is between 0 and 1, not 2",
        "prompts/gone.md",
        "qestion",
        "the server itself answers, with `records.get`",
        "the server's own answer must stay whole",
        "`data` must keep its own name too",
        "there is no assistant `helpr`",
    ] {
        assert!(report.contains(told), "`{told}` is not told:\n{report}");
    }
}
