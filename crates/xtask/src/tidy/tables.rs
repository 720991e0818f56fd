//! A table belongs to one room, and exists in both dialects, forth and back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use regex::Regex;

use super::{Fault, sources};

/// Room that reads another's table, table, and why it may.
const EXCEPTIONS: [(&str, &str); 0] = [];

pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let made = Regex::new(r"(?i)CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?([a-z_]+)")?;
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let mut faults = Vec::new();
    for room in fs::read_dir(root.join("crates"))? {
        let room = room?.path();
        let name = room.file_name().and_then(|it| it.to_str()).unwrap_or_default().to_owned();
        let Ok(migrations) = fs::read_dir(room.join("migrations")) else { continue };
        for migration in migrations {
            let migration = migration?.path();
            let place = migration.strip_prefix(root).unwrap_or(&migration).display().to_string();
            for way in ["up", "down"] {
                let both = migration.join(format!("{way}.sql")).exists();
                let each = ["sqlite", "postgres"]
                    .iter()
                    .all(|it| migration.join(format!("{way}.{it}.sql")).exists());
                if !both && !each {
                    faults.push(Fault::at(
                        &place,
                        format!("has no {way}.sql, nor one for each of sqlite and postgres"),
                    ));
                }
            }
            for file in fs::read_dir(&migration)? {
                let text = fs::read_to_string(file?.path())?;
                for found in made.captures_iter(&text) {
                    owners.insert(found[1].to_owned(), name.clone());
                }
            }
        }
    }
    let named = Regex::new(r"(?:FROM|INTO|UPDATE|JOIN)\s+([a-z_]+)")?;
    for file in sources::rust_files(root) {
        let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let Some(room) = place.split('/').nth(1).map(str::to_owned) else { continue };
        if ["testkit", "xtask"].contains(&room.as_str()) || sources::is_test(&place) {
            continue;
        }
        let text = sources::without_tests(&fs::read_to_string(&file)?);
        let tables: BTreeSet<_> = named.captures_iter(&text).map(|it| it[1].to_owned()).collect();
        for table in tables {
            let Some(owner) = owners.get(&table).filter(|it| **it != room) else { continue };
            if !EXCEPTIONS.contains(&(room.as_str(), table.as_str())) {
                faults.push(Fault::at(
                    &place,
                    format!("names the table `{table}`, which belongs to `{owner}`; ask that room"),
                ));
            }
        }
    }
    Ok(faults)
}
