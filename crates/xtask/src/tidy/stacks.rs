//! One stack each for HTTP, TLS, SQLite and PostgreSQL, as `Cargo.lock` has it.
//!
//! A second one comes in unasked, with a crate that was added for something else: minutes of
//! building, another set of advisories, and with a second SQLite two libraries that lock each
//! other's files.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use regex::Regex;

use super::Fault;

const LOCK: &str = "Cargo.lock";

/// There may be one version of each.
const ONE_OF: [&str; 15] = [
    "axum",
    "h2",
    "http",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "libsqlite3-sys",
    "reqwest",
    "ring",
    "rusqlite",
    "rustls",
    "rustls-webpki",
    "tokio",
    "tokio-postgres",
    "tokio-rustls",
];

/// There may be none of these, because of what does their work.
const NONE_OF: [(&str, &str); 20] = [
    ("actix-http", "axum"),
    ("attohttpc", "reqwest"),
    ("aws-lc-rs", "ring"),
    ("aws-lc-sys", "ring"),
    ("boring-sys", "rustls"),
    ("curl-sys", "reqwest"),
    ("diesel", "the room `store`"),
    ("isahc", "reqwest"),
    ("libsql-ffi", "rusqlite"),
    ("native-tls", "rustls"),
    ("openssl", "rustls"),
    ("openssl-sys", "rustls"),
    ("postgres-native-tls", "rustls"),
    ("postgres-openssl", "rustls"),
    ("rocket", "axum"),
    ("sqlite3-sys", "rusqlite"),
    ("sqlx-core", "the room `store`"),
    ("surf", "reqwest"),
    ("ureq", "reqwest"),
    ("warp", "axum"),
];

pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let lock =
        fs::read_to_string(root.join(LOCK)).with_context(|| format!("cannot read {LOCK}"))?;
    compare(&lock)
}

fn compare(lock: &str) -> anyhow::Result<Vec<Fault>> {
    let package = Regex::new(r#"(?m)^name = "([^"]+)"\r?\nversion = "([^"]+)""#)?;
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for found in package.captures_iter(lock) {
        let (_, [name, version]) = found.extract();
        versions.entry(name).or_default().push(version);
    }
    let several = ONE_OF.iter().filter_map(|name| {
        let found = versions.get(name).filter(|it| it.len() > 1)?.join(" and ");
        Some(format!("{name} is there as {found}; `cargo tree -i {name}` says who brings which"))
    });
    let second = NONE_OF.iter().filter(|it| versions.contains_key(it.0)).map(|(name, instead)| {
        format!("{name} is there beside {instead}; `cargo tree -i {name}` says who brings it")
    });
    Ok(several.chain(second).map(|it| Fault::at(LOCK, it)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(packages: &[(&str, &str)], expected: &[&str]) {
        let entry = |it: &(&str, &str)| {
            format!("[[package]]\nname = \"{}\"\nversion = \"{}\"\n\n", it.0, it.1)
        };
        let lock: String = packages.iter().map(entry).collect();
        let faults = compare(&lock).unwrap();
        let messages: Vec<_> = faults.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages.len(), expected.len(), "{messages:?}");
        for (message, part) in messages.iter().zip(expected) {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn one_stack_of_each_kind_has_no_fault() {
        check(&[("hyper", "1.0.0"), ("ring", "0.17.0"), ("syn", "1.0.0"), ("syn", "2.0.0")], &[]);
    }

    #[test]
    fn a_second_version_of_a_stack_is_named_with_both() {
        check(&[("rustls", "0.22.0"), ("rustls", "0.23.0")], &["rustls is there as 0.22.0 and"]);
    }

    #[test]
    fn another_stack_is_named_with_what_does_its_work() {
        check(&[("aws-lc-rs", "1.0.0")], &["aws-lc-rs is there beside ring"]);
    }
}
