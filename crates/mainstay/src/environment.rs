//! The environment: read once, here and nowhere else, then handed on as values.
//!
//! Variables that the process has win over those of the file. Empty counts as absent.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use apps::description::Environment as Declared;
use base::Secret;
use store::Address;

/// All variables that may matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the process's variables and a file's; `.env` when no file is named and it is there.
    pub(crate) fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut all = BTreeMap::new();
        let named = file.map(Path::to_path_buf);
        let file = named.or_else(|| Some(PathBuf::from(".env")).filter(|it| it.is_file()));
        if let Some(file) = file {
            let read = dotenvy::from_path_iter(&file);
            let read = read.with_context(|| format!("cannot read {}", file.display()))?;
            for pair in read {
                let (name, value) = pair.with_context(|| {
                    format!("{} has a line that cannot be read", file.display())
                })?;
                all.insert(name, value);
            }
        }
        #[expect(clippy::disallowed_methods, reason = "this is the place that may")]
        all.extend(std::env::vars());
        all.retain(|_, value| !value.trim().is_empty());
        Ok(Self(all))
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a variable that is a secret.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret<String>> {
        self.get(name).map(|it| Secret::new(it.to_owned()))
    }

    /// Is a switch on?
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|it| {
            matches!(it.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
        })
    }

    /// Gives variables that have no value the one that an application declares for them.
    pub(crate) fn fill(&mut self, declared: &Declared) {
        for name in declared.defaults.keys() {
            let value = declared.default_of(name).filter(|it| !it.trim().is_empty());
            if let Some(value) = value {
                self.0.entry(name.clone()).or_insert(value);
            }
        }
    }

    /// What an application requires, and what it needs beside that, as far as it is not there.
    pub(crate) fn lacking(&self, declared: &Declared, also: &[(&str, &str)]) -> Lacking {
        let about = |name: &String| declared.about.get(name).cloned().unwrap_or_default();
        let required = declared.required.iter().map(|it| (it.clone(), about(it)));
        let also = also.iter().map(|(name, about)| ((*name).to_owned(), (*about).to_owned()));
        Lacking(required.chain(also).filter(|it| self.get(&it.0).is_none()).collect())
    }

    /// The variables that an application names, those that have a value.
    pub(crate) fn named(&self, declared: &Declared) -> BTreeMap<String, Secret<String>> {
        let given = declared.names().filter_map(|it| Some((it.to_owned(), self.secret(it)?)));
        given.collect()
    }

    /// Where the database is: MAINSTAY_DATABASE_URL, else the POSTGRES_* variables, else SQLite in
    /// SQLITE_DB_PATH or in the data folder.
    pub(crate) fn database(&self, data: &Path) -> anyhow::Result<Address> {
        if let Some(url) = self.get("MAINSTAY_DATABASE_URL") {
            return url.parse().context("MAINSTAY_DATABASE_URL");
        }
        let named = ["POSTGRES_USER", "POSTGRES_PASSWORD", "DB_HOST", "POSTGRES_DB"];
        let absent: Vec<_> = named.into_iter().filter(|it| self.get(it).is_none()).collect();
        match absent.len() {
            0 => Ok(Address::Postgres(Secret::new(self.postgres_url()))),
            4 => {
                let file = self
                    .get("SQLITE_DB_PATH")
                    .map_or_else(|| data.join("mainstay.sqlite"), PathBuf::from);
                Ok(Address::Sqlite(file))
            }
            _ => bail!(
                "some of the POSTGRES_* variables are set and these are not: {}; set all of them for PostgreSQL, or none for SQLite",
                absent.join(", ")
            ),
        }
    }

    fn postgres_url(&self) -> String {
        let part = |name: &str| escaped(self.get(name).unwrap_or_default());
        let port = self.get("DB_PORT").unwrap_or("5432");
        format!(
            "postgres://{}:{}@{}:{port}/{}",
            part("POSTGRES_USER"),
            part("POSTGRES_PASSWORD"),
            self.get("DB_HOST").unwrap_or_default(),
            part("POSTGRES_DB")
        )
    }
}

/// Variables that must be set and are not, each with what it is for.
#[derive(Debug, Default)]
pub(crate) struct Lacking(Vec<(String, String)>);

impl Lacking {
    /// Their names; none when nothing is lacking.
    pub(crate) fn names(&self) -> Option<String> {
        let names: Vec<&str> = self.0.iter().map(|it| it.0.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// All of them at once, for whoever must set them; none when nothing is lacking.
    pub(crate) fn told(&self) -> Option<String> {
        let mut told =
            format!("the application needs these variables of the environment: {}", self.names()?);
        for (name, about) in self.0.iter().filter(|it| !it.1.is_empty()) {
            told.push_str(&format!("\n  {name}: {about}"));
        }
        Some(told)
    }
}

/// What an application declares of its environment. Nothing when its description cannot be read: who
/// reads the whole of it says why.
pub(crate) fn declared(app: &Path) -> Declared {
    let text = std::fs::read_to_string(app.join("app.yaml")).unwrap_or_default();
    let whole = apps::marked::yaml(&text).ok().map(|it| it.value);
    let given = whole.and_then(|it| it.get("environment").cloned());
    given.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default()
}

/// Percent-encodes what has a meaning in an address.
fn escaped(text: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Environment {
        Environment(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: &str) {
        let found = match given(pairs).database(Path::new("d")) {
            Ok(Address::Sqlite(path)) => path.display().to_string(),
            Ok(Address::Postgres(url)) => url.reveal().clone(),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn without_anything_said_the_database_lies_in_the_data_folder() {
        check(&[], "d/mainstay.sqlite");
        check(&[("SQLITE_DB_PATH", "/var/app.sqlite")], "/var/app.sqlite");
    }

    #[test]
    fn the_postgres_variables_make_an_address() {
        let all = [
            ("POSTGRES_USER", "me"),
            ("POSTGRES_PASSWORD", "p@ss/word"),
            ("DB_HOST", "db"),
            ("POSTGRES_DB", "app"),
        ];
        check(&all, "postgres://me:p%40ss%2Fword@db:5432/app");
        check(&all[..2], "these are not: DB_HOST, POSTGRES_DB");
    }

    #[test]
    fn an_address_wins_over_its_parts() {
        check(
            &[("MAINSTAY_DATABASE_URL", "postgres://a@b/c"), ("POSTGRES_USER", "me")],
            "postgres://a@b/c",
        );
    }

    #[test]
    fn what_is_lacking_is_told_at_once_with_what_it_is_for() {
        let declared: Declared = serde_json::from_value(serde_json::json!({
            "required": ["A", "B", "C"], "about": {"B": "the key of the printer"},
        }))
        .expect("an environment as it is declared");
        let lacking = given(&[("A", "1")]).lacking(&declared, &[("D", "where archives lie")]);
        assert_eq!(lacking.names().as_deref(), Some("B, C, D"));
        let told = lacking.told().expect("something is lacking");
        assert!(told.ends_with("B, C, D\n  B: the key of the printer\n  D: where archives lie"));
        let all = given(&[("A", "1"), ("B", "2"), ("C", "3")]);
        assert_eq!(all.lacking(&declared, &[]).told(), None);
    }

    #[test]
    fn what_is_not_given_is_what_the_application_says() {
        let declared: Declared = serde_json::from_value(serde_json::json!({
            "optional": ["PORT", "DEBUG", "NAME"],
            "defaults": {"PORT": 5432, "DEBUG": true, "NAME": "x"},
        }))
        .expect("an environment as it is declared");
        let mut environment = given(&[("NAME", "own")]);
        environment.fill(&declared);
        assert_eq!(environment.get("PORT"), Some("5432"));
        assert!(environment.is_on("DEBUG"));
        assert_eq!(environment.get("NAME"), Some("own"), "what is given wins");
        let named = environment.named(&declared);
        assert_eq!(named.len(), 3);
    }

    #[test]
    fn a_switch_understands_the_usual_words() {
        let environment = given(&[("A", "TRUE"), ("B", "0")]);
        assert!(environment.is_on("A") && !environment.is_on("B") && !environment.is_on("C"));
    }
}
