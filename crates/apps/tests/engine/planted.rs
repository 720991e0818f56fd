//! The faults that were planted in the data: how many of them the rules find, counted honestly.
//!
//! A fault counts as found when a proposal (or, for a repeated code, a warning of the import) speaks
//! of that very item and of that very kind of fault. A proposal counts as false when nothing in the
//! key speaks of its item; one about a planted item that says something else is counted apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::PathBuf,
};

use apps::{
    folder::Folder,
    proposal::Proposal,
    task::{Asker, context, scene::Scene},
};
use base::RecordId;
use serde_json::{Map, Value as Json, json};

use crate::house::{House, app, file, object, text, version_of};

/// One line of the key.
#[derive(Debug, Clone)]
struct Fault {
    /// None for what concerns the whole.
    item: Option<u32>,
    kind: String,
    related: Option<u32>,
    what: String,
}

/// What was said about an item, or about the whole.
#[derive(Debug, Clone)]
struct Said {
    item: Option<u32>,
    /// The item that it compares with, when it names one.
    category: String,
    words: String,
}

impl Fault {
    /// Does this speak of the fault?
    fn is_told_by(&self, said: &Said) -> bool {
        match self.item {
            None => said.item.is_none() && said.category == self.kind && self.names(&said.words),
            Some(item) => {
                // Of two items that are the same, either may be named.
                let about = said.item == Some(item)
                    || (self.kind.starts_with("duplicate")
                        && said.item.is_some()
                        && said.item == self.related);
                about && self.is_kind(said)
            }
        }
    }

    fn is_kind(&self, said: &Said) -> bool {
        let says = |words: &str| said.words.to_lowercase().contains(words);
        match self.kind.as_str() {
            "unit_mismatch" => says("unit"),
            "naming_drift" => said.category == "naming" && !says("code "),
            "size_conflict" => says("diameter"),
            "wrong_application" => says("application"),
            "code_pattern" => says("code ") && says("pattern"),
            "duplicate_item" => says("same"),
            "duplicate_code" => {
                says("belongs to another") || says("stands in row") || says("was given to two")
            }
            "missing_value" => says("missing"),
            "wrong_csi" => said.category == "csi_mapping",
            "spelling" => says("misspelt"),
            other => panic!("the key has a kind that this test does not know: {other}"),
        }
    }

    /// For what concerns the whole: the words of the key that a finding must share.
    fn names(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        let needed: &[&[&str]] = match self.what.as_str() {
            it if it.contains("C900 10 inch") => &[&["pvc", "c900"], &["10 inch"]],
            it if it.contains("RCP 36 inch") => &[&["rcp"], &["36 inch"]],
            it if it.contains("60 inch storm manhole") => &[&["storm"], &["manhole"], &["60 inch"]],
            it if it.contains("6 inch gate valve") => &[&["gate valve"], &["6 inch"]],
            it if it.contains("101-106") => &[&["bi-1"]],
            other => panic!("the key concerns the whole in a way this test does not know: {other}"),
        };
        needed.iter().all(|any| any.iter().any(|it| words.contains(it)))
    }
}

/// What came of it.
#[derive(Debug, Default)]
struct Count {
    by_kind: BTreeMap<String, (usize, usize)>,
    missed: Vec<Fault>,
    beside: Vec<Said>,
    wrong: Vec<Said>,
    said: usize,
}

impl Count {
    fn of(faults: &[Fault], said: &[Said]) -> Self {
        let mut count = Self { said: said.len(), ..Self::default() };
        for fault in faults {
            let (found, all) = count.by_kind.entry(fault.kind.clone()).or_default();
            *all += 1;
            if said.iter().any(|it| fault.is_told_by(it)) {
                *found += 1;
            } else {
                count.missed.push(fault.clone());
            }
        }
        let known: BTreeSet<u32> =
            faults.iter().flat_map(|it| [it.item, it.related]).flatten().collect();
        for it in said.iter().filter(|it| !faults.iter().any(|fault| fault.is_told_by(it))) {
            match it.item {
                Some(item) if known.contains(&item) => count.beside.push(it.clone()),
                _ => count.wrong.push(it.clone()),
            }
        }
        count
    }

    fn found(&self) -> usize {
        self.by_kind.values().map(|it| it.0).sum()
    }

    fn planted(&self) -> usize {
        self.by_kind.values().map(|it| it.1).sum()
    }

    fn table(&self) -> String {
        let mut table = String::from("kind                found of planted\n");
        for (kind, (found, all)) in &self.by_kind {
            let _ = writeln!(table, "{kind:<20}{found:>5}{all:>11}");
        }
        let _ = writeln!(table, "{:<20}{:>5}{:>11}", "all", self.found(), self.planted());
        let _ = writeln!(
            table,
            "{} findings; {} about planted items but beside the point; {} false",
            self.said,
            self.beside.len(),
            self.wrong.len()
        );
        for it in &self.missed {
            let _ = writeln!(table, "missed  {:?} {}: {}", it.item, it.kind, it.what);
        }
        for it in &self.beside {
            let _ = writeln!(table, "beside  {:?} {}: {}", it.item, it.category, it.words);
        }
        for it in &self.wrong {
            let _ = writeln!(table, "false   {:?} {}: {}", it.item, it.category, it.words);
        }
        table
    }
}

/// The rules answer the same on either database: once is enough for the count.
#[tokio::test(flavor = "multi_thread")]
async fn the_rules_find_the_faults_that_rules_can_find() {
    testkit::run::on_sqlite(find_the_planted).await;
}

#[expect(
    clippy::print_stderr,
    reason = "the count is for people to read; a test that is skipped says so"
)]
async fn find_the_planted(db: testkit::Database) {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/apps/data");
    let (Ok(items), Ok(key)) = (
        std::fs::read(data.join("codebook-items.csv")),
        std::fs::read(data.join("codebook-faults.csv")),
    ) else {
        eprintln!("skipped: {} is not here, so the planted faults are not counted", data.display());
        return;
    };
    let house = House::without_model(db).await;
    let mut said = Vec::new();
    for (kind, list) in by_type(&items) {
        let (_, result) = house.import(&kind, file("items.csv", list)).await;
        said.extend(findings(&house, &result).await);
    }
    let count = Count::of(&faults(&key), &said);
    eprintln!("{}", count.table());
    assert_eq!(count.planted(), 41, "the key is the one that this test was written for");
    // 40 of 41, and nothing false. The vocabulary was written by people who had seen lists like this
    // one, so other lists will fare worse. The one that is missed asks for a valve of a size that
    // nothing in the list mentions: to know that hydrants need it takes a person or a model.
    assert_eq!((count.found(), count.wrong.len()), (40, 0), "{}", count.table());
}

/// The list, split by its column `type`.
fn by_type(list: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut reader = csv::Reader::from_reader(list);
    let headers = reader.headers().expect("a header").clone();
    let at = headers.iter().position(|it| it == "type").expect("a column `type`");
    let mut parts: BTreeMap<String, csv::Writer<Vec<u8>>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        let part = parts.entry(row[at].to_owned()).or_insert_with(|| {
            let mut part = csv::Writer::from_writer(Vec::new());
            part.write_record(
                headers.iter().enumerate().filter(|(it, _)| *it != at).map(|it| it.1),
            )
            .expect("a header");
            part
        });
        part.write_record(row.iter().enumerate().filter(|(it, _)| *it != at).map(|it| it.1))
            .expect("a row");
    }
    parts.into_iter().map(|(kind, part)| (kind, part.into_inner().expect("bytes"))).collect()
}

fn faults(key: &[u8]) -> Vec<Fault> {
    let rows = csv::Reader::from_reader(key).into_records().map(|it| it.expect("a row of the key"));
    rows.map(|row| Fault {
        item: row[0].parse().ok(),
        kind: row[1].to_owned(),
        related: row[2].parse().ok(),
        what: row[3].to_owned(),
    })
    .collect()
}

/// What the import of one list said: its proposals, and its warnings about repeated codes.
async fn findings(house: &House, result: &Json) -> Vec<Said> {
    let version = version_of(result);
    let items = house.items(version).await;
    let number = |proposal: &Proposal| {
        let record = items.iter().find(|it| Some(it.id) == proposal.record)?;
        Some(text(record, "metadata.item_no").parse().expect("an item has its number"))
    };
    let mut said: Vec<Said> = house
        .proposals(version)
        .await
        .iter()
        .map(|it| Said {
            item: number(it),
            category: it.category.clone(),
            words: it.suggestion.clone(),
        })
        .collect();
    for line in result["report"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["code"] == json!("repeated"))
    {
        // Row 1 is the header.
        let at = line["row"].as_u64().expect("a row") as usize - 2;
        said.push(Said {
            item: text(&items[at], "metadata.item_no").parse().ok(),
            category: "warning".into(),
            words: line["message"].as_str().unwrap_or_default().to_owned(),
        });
    }
    said
}

/// The sample that comes with the application has faults of its own; these are always looked for.
#[tokio::test(flavor = "multi_thread")]
async fn the_faults_of_the_sample_are_found() {
    testkit::run::on_sqlite(async |db| {
        let house = House::without_model(db).await;
        let (_, result) = house.sample("Sample").await;
        let version = version_of(&result);
        let items = house.items(version).await;
        let mut found: Vec<String> = house
            .proposals(version)
            .await
            .iter()
            .map(|it| {
                let item = items.iter().find(|item| Some(item.id) == it.record);
                let label = item.map(|it| text(it, "original_label")).unwrap_or_default();
                format!("{label} | {} | {}", it.category, it.suggestion)
            })
            .collect();
        found.sort();
        insta::assert_snapshot!(found.join("\n"), @r#"
         | missing_item | RCP 15 inch is missing between 12 and 18 inch.
        10" PVC SDR-35 | inconsistency | Section 33 31 00 is for sanitary sewer, the application says storm sewer.
        24" RCP CL III | naming | Code 2_rcp_24 breaks the pattern that 26 of 27 codes keep.
        8" PVC SDR-35 | inconsistency | Unit FT is unusual for this kind of item; LF is expected.
        CATCH BASIN TYPE 2 | inconsistency | Code 5-CON-00-CB was given to two items: "CATCH BASIN TYPE 1" has it, "CATCH BASIN TYPE 2" was numbered.
        CRUSHED SURFACING BASE COURSE | inconsistency | Unit CY is unusual for this kind of item; TON is expected.
        "#);
    })
    .await;
}

/// Steps of a template for one item of a long list; what they need stays the same for each.
const STEPS_PER_ITEM: u64 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_take_as_many_steps_for_the_last_item_as_for_the_first() {
    testkit::run::on_sqlite(async |db| {
        let house = House::idle(db, models::Settings::default(), Default::default()).await;
        for count in [300, 1_200] {
            let folder = Folder::read_with(&app(), STEPS_PER_ITEM * count as u64);
            let folder = folder.unwrap_or_else(|faults| panic!("{faults}"));
            for task in ["initial_analysis", "recommendation", "refactor"] {
                let kit = folder.task(task).expect("the task is declared").clone();
                let (known, own, tenant) = (folder.clone(), kit.clone(), house.tenant);
                let context = house
                    .read(move |db| {
                        context::gather(
                            db,
                            &known,
                            &known.configuration(),
                            &own,
                            tenant,
                            None,
                            &json!({}),
                        )
                    })
                    .await;
                let record = object(json!({"name": "Long", "type": "material"}));
                let asked = kit.output.clone();
                let asker = Asker {
                    models: house.engine.models().clone(),
                    kit,
                    scene: Scene::new(Some(&record), &json!({}), context, count),
                    pieces: Vec::new(),
                    plans: Vec::new(),
                    asked,
                    quotes: None,
                    keeps_raw: false,
                    tenant,
                    job: None,
                    user: None,
                    absent: false.into(),
                };
                let answered = asker.by_rules(&long_list(count), 1, 1).await;
                answered.unwrap_or_else(|error| panic!("{task} of {count}: {error:?}"));
            }
        }
    })
    .await;
}

/// Items of nine kinds, no two alike, without sections and units.
fn long_list(count: usize) -> Vec<Map<String, Json>> {
    const KINDS: [&str; 9] = [
        "PVC SDR-35",
        "DIP CL350",
        "GATE VALVE",
        "RCP CL III",
        "STORM MANHOLE",
        "SANITARY MANHOLE",
        "DIP 45 BEND MJ",
        "SIDEWALK",
        "HMA CL",
    ];
    let item = |at: usize| {
        let (size, kind) = (at % 97, KINDS[at % 9]);
        object(json!({
            "id": RecordId::generate(),
            "original_label": format!("{size}\" {kind} NO {}", at / 9),
            "code": format!("2-PVC-{size:02}-P{at}"),
            "description": format!("a thing of {size} inch"),
            "application": "water",
        }))
    };
    (0..count).map(item).collect()
}
