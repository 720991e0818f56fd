//! What the command line says about itself, and with which code it ends.

use crate::place::{Place, codebook};

/// Every command, with all of its parents.
const COMMANDS: &[&str] = &[
    "",
    "serve",
    "check",
    "config",
    "config list",
    "config show",
    "config check",
    "config set",
    "config history",
    "config revert",
    "config export",
    "config import",
    "migrate",
    "migrate up",
    "migrate down",
    "migrate status",
    "user",
    "user create",
    "user list",
    "user password",
    "user disable",
    "user enable",
    "user erase",
    "tenant",
    "tenant export",
    "key",
    "key create",
    "key list",
    "key revoke",
    "key rotate",
    "key signing",
    "audit",
    "audit verify",
    "audit list",
    "audit export",
    "import",
    "export",
    "ask-data",
    "progress",
    "report",
    "sources",
    "sources list",
    "sources run",
    "sources runs",
    "sources cache",
    "sources lookup",
    "schedules",
    "schedules list",
    "schedules run",
    "schedules pause",
    "schedules resume",
    "archives",
    "archives list",
    "archives run",
    "archives restore",
    "jobs",
    "jobs list",
    "jobs show",
    "jobs cancel",
    "jobs retry",
    "models",
    "models list",
    "models test",
    "models usage",
    "models prices",
    "models install",
    "models limits",
    "models limits set",
    "models limits remove",
    "documents",
    "documents list",
    "documents add",
    "documents show",
    "documents delete",
    "documents search",
    "documents resume",
    "documents export",
    "documents import",
    "ask",
    "blobs",
    "blobs status",
    "blobs move",
    "blobs verify",
    "vectors",
    "vectors status",
    "vectors rebuild",
    "vectors back-up",
    "vectors restore",
    "doctor",
    "openapi",
];

#[tokio::test]
async fn every_command_explains_itself() {
    let place = Place::new();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for command in COMMANDS {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let ended = place.run(&words).await;
        assert_eq!(ended.code, 0, "{command}: {}", ended.err);
        let name =
            if command.is_empty() { "mainstay".to_owned() } else { command.replace(' ', "_") };
        settings.bind(|| insta::assert_snapshot!(format!("help_{name}"), ended.out));
    }
}

#[tokio::test]
async fn the_help_names_every_command() {
    let place = Place::new();
    for command in COMMANDS.iter().filter(|it| !it.is_empty()) {
        let (parent, name) = command.rsplit_once(' ').unwrap_or(("", command));
        let words: Vec<&str> = parent.split_whitespace().chain(["--help"]).collect();
        let help = place.done(&words).await;
        assert!(
            help.lines().any(|it| it.trim_start().starts_with(name)),
            "{name} is not in {help}"
        );
    }
}

#[tokio::test]
async fn wrong_usage_ends_with_2() {
    let place = Place::new();
    let wrong: &[&[&str]] = &[
        &[],
        &["surve"],
        &["serve"],
        &["serve", "--listen", "nowhere", "."],
        &["key", "create", "--scope", "everything"],
        &["key", "revoke", "not-a-key"],
        &["jobs", "list", "--state", "asleep"],
        &["jobs", "show", "x"],
        &["models", "usage", "--by", "colour"],
        &["models", "usage", "--from", "yesterday"],
        &["models", "prices", "--in", "5"],
        &["models", "limits", "set", "daily", "--scope", "whole", "--period", "day"],
        &["models", "limits", "set", "daily", "--scope", "all", "--period", "day", "--usd", "1"],
        &["progress", "--from", "yesterday"],
        &["progress", "--from", "2026-11-30", "--to", "2026-11-01"],
        &["progress", "--by", "year"],
        &["progress", "--comment"],
        &["progress", "--comment", "--of", "all"],
        &["progress", "--comment", "--of", "ann", "--from", "2026-11-01"],
        &["progress", "--language", "es"],
        &["sources", "run"],
        &["sources", "cache", "--kind", "cookies"],
        &["schedules", "run"],
        &["archives", "restore", "not-an-id"],
        &["documents", "add"],
        &["documents", "list", "--state", "lost"],
        &["documents", "show", "not-an-id"],
        &["documents", "search", "--mode", "guess", "words"],
        &["ask"],
        &["ask", "--chat", "old", "What?"],
        &["ask", "--record", "a-ride", "What?"],
        &["blobs", "move"],
        &["blobs", "move", "--to", "tape"],
        &["vectors", "back-up"],
        &["export"],
        &["import"],
        &["check", ".", "--nonsense"],
    ];
    for words in wrong {
        let ended = place.run(words).await;
        assert_eq!(ended.code, 2, "{words:?}: {}{}", ended.out, ended.err);
        assert!(ended.out.is_empty(), "{words:?} printed on standard output: {}", ended.out);
        assert!(!ended.err.is_empty());
    }
}

#[tokio::test]
async fn what_fails_ends_with_1_and_a_reason() {
    let mut place = Place::new();
    let app = place.own_app();
    std::fs::write(app.join("app.yaml"), "app: x\ncollections: {a: {schema: gone.json}}\n")
        .unwrap();
    let broken = app.display().to_string();
    let failing: &[(&[&str], &str)] = &[
        (&["serve", "nowhere"], "app.yaml"),
        (&["serve", &broken], "mainstay check"),
        (&["check", &broken], "gone.json"),
        (&["check", "nowhere"], "nowhere"),
        (&["jobs", "list"], "which application"),
        (&["openapi", "nowhere"], "app.yaml"),
        (&["doctor"], "which application"),
        (&["documents", "list"], "which application"),
        (&["vectors", "restore", "nowhere"], "nowhere"),
        (&["audit", "verify", "--app", &codebook().display().to_string()], "mainstay migrate up"),
    ];
    for (words, reason) in failing {
        let ended = place.run(words).await;
        assert_eq!(ended.code, 1, "{words:?}: {}{}", ended.out, ended.err);
        let told = format!("{}{}", ended.out, ended.err);
        assert!(told.contains(reason), "{words:?} does not say `{reason}`: {told}");
        assert!(!told.contains("panicked"), "{told}");
    }
}
