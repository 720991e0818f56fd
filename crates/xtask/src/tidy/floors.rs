//! The floors table of `docs/ARCHITECTURE.md` against what the crates really use.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use anyhow::Context;

use super::Fault;

const PLAN: &str = "docs/ARCHITECTURE.md";

/// Rooms that stand outside the floors: tools for tests and developers.
const OUTSIDE: [&str; 2] = ["testkit", "xtask"];

pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let plan =
        fs::read_to_string(root.join(PLAN)).with_context(|| format!("cannot read {PLAN}"))?;
    Ok(compare(&planned(&plan), &used(root)?))
}

/// Room → the rooms it may use.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn compare(planned: &Uses, used: &Uses) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (room, uses) in used {
        match planned.get(room) {
            None => {
                faults.push(Fault::at(PLAN, format!("the floors table lacks the room `{room}`")));
            }
            Some(may) => faults.extend(uses.difference(may).map(|it| {
                let message = format!(
                    "`{room}` uses `{it}`, which the floors table of {PLAN} does not allow"
                );
                Fault::at(format!("crates/{room}/Cargo.toml"), message)
            })),
        }
    }
    for room in planned.keys().filter(|it| !used.contains_key(*it)) {
        faults.push(Fault::at(PLAN, format!("the floors table names `{room}`, which is no crate")));
    }
    faults
}

/// Reads the rows `| floor | rooms | may use |`.
fn planned(plan: &str) -> Uses {
    let mut uses = Uses::new();
    let mut below: BTreeSet<String> = BTreeSet::new();
    let mut floor = String::new();
    let mut here: BTreeSet<String> = BTreeSet::new();
    for line in plan.lines().filter(|it| it.starts_with("| ")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [level, rooms, may] = cells[..] else { continue };
        if level.parse::<u8>().is_err() {
            continue;
        }
        if level != floor {
            below.append(&mut here);
            floor = level.to_owned();
        }
        let named = |text: &str| -> BTreeSet<String> {
            text.split(',')
                .map(|it| it.trim().trim_matches('`').to_owned())
                .filter(|it| !it.is_empty())
                .collect()
        };
        let allowed = match may {
            "nothing" => BTreeSet::new(),
            "every room below" => below.clone(),
            text => named(text),
        };
        for room in named(rooms) {
            here.insert(room.clone());
            uses.insert(room, allowed.clone());
        }
    }
    uses
}

fn used(root: &Path) -> anyhow::Result<Uses> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let name = |it: &serde_json::Value| it["name"].as_str().unwrap_or_default().to_owned();
    let rooms: BTreeSet<_> = packages.iter().map(name).collect();
    let mut uses = Uses::new();
    for package in packages.iter().filter(|it| !OUTSIDE.contains(&name(it).as_str())) {
        let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
        let own = dependencies.iter().filter(|it| it["kind"].is_null()).map(name);
        uses.insert(name(package), own.filter(|it| rooms.contains(it)).collect());
    }
    Ok(uses)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
| floor | rooms | may use |
|---|---|---|
| 0 | base | nothing |
| 1 | store | base |
| 2 | work, models | base, store |
| 3 | server | every room below |
";

    #[track_caller]
    fn check(used: &[(&str, &[&str])], expected: &[&str]) {
        let used = used.iter().map(|(room, uses)| {
            ((*room).to_owned(), uses.iter().map(|it| (*it).to_owned()).collect())
        });
        let faults = compare(&planned(TABLE), &used.collect());
        let messages: Vec<_> = faults.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages.len(), expected.len(), "{messages:?}");
        for (message, part) in messages.iter().zip(expected) {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_house_as_planned_has_no_fault() {
        check(
            &[
                ("base", &[]),
                ("store", &["base"]),
                ("work", &["store"]),
                ("models", &[]),
                ("server", &["work", "base"]),
            ],
            &[],
        );
    }

    #[test]
    fn rooms_of_one_floor_do_not_use_each_other() {
        check(
            &[
                ("base", &[]),
                ("store", &[]),
                ("work", &["models"]),
                ("models", &[]),
                ("server", &[]),
            ],
            &["`work` uses `models`"],
        );
    }

    #[test]
    fn a_room_without_a_place_in_the_plan_is_named() {
        check(
            &[
                ("attic", &[]),
                ("base", &[]),
                ("store", &[]),
                ("work", &[]),
                ("models", &[]),
                ("server", &[]),
            ],
            &["lacks the room `attic`"],
        );
    }
}
