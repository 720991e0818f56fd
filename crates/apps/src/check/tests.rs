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
