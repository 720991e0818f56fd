//! What is different between two versions of a record: by lineage, field by field.
//!
//! A record is the same one in both versions when its lineage is; whether its code, its place or all
//! of it changed does not matter. [`between`] decides and does no I/O; [`load`] reads both versions.
//!
//! Start at [`between`]. `renamed` looks at the same changes from another side: those that changed a
//! unique field are in `changed` too.

use std::collections::BTreeMap;

use base::{RecordId, VersionId};
use identity::Reach;
use serde_json::{Map, Value as Json, json};
use store::Db;

use crate::{
    record::{self, CollectionKit, Kits, Record, VersionHead},
    version::{self, VersionError},
};

/// What is different between two versions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diff {
    /// Records that are only in the second.
    pub added: Vec<Record>,
    /// Records that are only in the first.
    pub removed: Vec<Record>,
    /// Records whose data is different.
    pub changed: Vec<Change>,
    /// How many records are the same in both.
    pub unchanged: usize,
}

/// A record whose data is different.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// As it is in the first version.
    pub before: Record,
    /// As it is in the second.
    pub after: Record,
    /// The fields that differ, in the order of the first version.
    pub fields: Vec<FieldChange>,
    /// Which of them, if any, is the first that must be unique: the record was renamed.
    pub renamed: Option<usize>,
}

/// A field that is different.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// The names on the way to it: `["metadata", "unit"]`.
    pub path: Vec<String>,
    /// Its value in the first version, if it was there.
    pub before: Option<Json>,
    /// Its value in the second, if it is there.
    pub after: Option<Json>,
}

impl FieldChange {
    /// Its dotted name.
    pub fn field(&self) -> String {
        self.path.join(".")
    }
}

/// Compares two sets of records, each with at most one record of a lineage. `unique` are the fields
/// whose change is a renaming. Order does not matter.
pub fn between(first: Vec<Record>, second: Vec<Record>, unique: &[String]) -> Diff {
    let mut others: BTreeMap<RecordId, Record> =
        second.into_iter().map(|it| (it.lineage, it)).collect();
    let mut first = first;
    first.sort_by_key(|it| (it.position, it.lineage));

    let mut diff = Diff::default();
    for before in first {
        let Some(after) = others.remove(&before.lineage) else {
            diff.removed.push(before);
            continue;
        };
        let fields = compare(&before.data, &after.data);
        if fields.is_empty() {
            diff.unchanged += 1;
            continue;
        }
        let renamed =
            unique.iter().find_map(|name| fields.iter().position(|it| it.field() == *name));
        diff.changed.push(Change { before, after, fields, renamed });
    }
    diff.added = others.into_values().collect();
    diff.added.sort_by_key(|it| (it.position, it.lineage));
    diff
}

/// The fields in which two objects differ. Objects are gone into, lists are compared as a whole.
pub fn compare(before: &Map<String, Json>, after: &Map<String, Json>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    go_in(&mut Vec::new(), before, after, &mut changes);
    changes
}

/// Makes these changes: what [`compare`] found between two objects turns the first into the second,
/// but for the order of its fields.
pub fn apply(data: &mut Map<String, Json>, changes: &[FieldChange]) {
    for change in changes {
        let Some((last, way)) = change.path.split_last() else { continue };
        let place = way.iter().try_fold(&mut *data, |it, name| it.get_mut(name)?.as_object_mut());
        match (place, &change.after) {
            (None, _) => {}
            (Some(place), Some(value)) => {
                place.insert(last.clone(), value.clone());
            }
            (Some(place), None) => {
                place.shift_remove(last);
            }
        }
    }
}

fn go_in(
    path: &mut Vec<String>,
    before: &Map<String, Json>,
    after: &Map<String, Json>,
    changes: &mut Vec<FieldChange>,
) {
    let new = after.keys().filter(|it| !before.contains_key(*it));
    for name in before.keys().chain(new) {
        path.push(name.clone());
        match (before.get(name), after.get(name)) {
            (Some(Json::Object(before)), Some(Json::Object(after))) => {
                go_in(path, before, after, changes);
            }
            (before, after) if before == after => {}
            (before, after) => changes.push(FieldChange {
                path: path.clone(),
                before: before.cloned(),
                after: after.cloned(),
            }),
        }
        path.pop();
    }
}

/// Two versions of one record, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The first version.
    pub from: VersionHead,
    /// The second.
    pub to: VersionHead,
    /// What is different.
    pub diff: Diff,
}

/// Reads and compares two versions of the same record.
///
/// # Errors
/// [`VersionError::NotFound`]; [`VersionError::DifferentRecords`].
pub fn load(
    db: &Db,
    kits: &Kits,
    reach: Reach,
    from: VersionId,
    to: VersionId,
) -> Result<Compared, VersionError> {
    let first = version::get(db, reach, from)?;
    let second = version::get(db, reach, to)?;
    if first.record != second.record {
        return Err(VersionError::DifferentRecords(from, to));
    }
    let (records, others) = (version::records(db, from)?, version::records(db, to)?);
    let kit = records.first().or(others.first()).and_then(|it| kits.get(&it.collection));
    let unique = kit.map(unique_fields).unwrap_or_default();
    Ok(Compared { from: first.head(), to: second.head(), diff: between(records, others, &unique) })
}

/// The fields whose change is a renaming, in the order of their declaration.
pub fn unique_fields(kit: &CollectionKit) -> Vec<String> {
    let mut fields: Vec<String> = kit.spec.unique.concat();
    let mut seen = std::collections::HashSet::new();
    fields.retain(|it| seen.insert(it.clone()));
    fields
}

/// The comparison as the server hands it out. `renamed` lists the changes that changed a unique field,
/// with that field and its two values; they are in `changed` too, and counted in both.
pub fn view(compared: &Compared) -> Json {
    let Compared { from, to, diff } = compared;
    let records =
        |list: &[Record]| -> Vec<Json> { list.iter().map(|it| record::view(it, None)).collect() };
    let changed = diff.changed.iter().map(|it| {
        let fields = it
            .fields
            .iter()
            .map(|it| json!({"field": it.field(), "before": it.before, "after": it.after}));
        json!({
            "lineage": it.after.lineage,
            "before": record::view(&it.before, None),
            "after": record::view(&it.after, None),
            "fields": fields.collect::<Vec<_>>(),
        })
    });
    let renamed = diff.changed.iter().filter_map(|it| {
        let field = &it.fields[it.renamed?];
        Some(json!({
            "lineage": it.after.lineage,
            "record": record::view(&it.after, None),
            "field": field.field(),
            "before": field.before,
            "after": field.after,
        }))
    });
    let renamed: Vec<Json> = renamed.collect();
    json!({
        "from": {"id": from.id, "number": from.number},
        "to": {"id": to.id, "number": to.number},
        "added": records(&diff.added),
        "removed": records(&diff.removed),
        "changed": changed.collect::<Vec<_>>(),
        "counts": {
            "added": diff.added.len(),
            "removed": diff.removed.len(),
            "changed": diff.changed.len(),
            "renamed": renamed.len(),
            "unchanged": diff.unchanged,
        },
        "renamed": renamed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{TenantId, Timestamp};
    use proptest::prelude::*;

    fn record(lineage: u8, position: i64, data: Json) -> Record {
        let Json::Object(data) = data else { panic!("a record holds an object") };
        let lineage = RecordId::from_uuid(uuid::Uuid::from_u128(lineage.into()));
        Record {
            id: RecordId::generate(),
            tenant: TenantId::DEFAULT,
            collection: "items".into(),
            parent: None,
            version: None,
            lineage,
            position,
            data,
            revision: 1,
            active_version: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
            created_by: "somebody".into(),
        }
    }

    #[test]
    fn a_record_is_followed_by_its_lineage_and_compared_field_by_field() {
        let first = vec![
            record(1, 1, json!({"code": "A", "metadata": {"unit": "EA", "size": 8}})),
            record(2, 2, json!({"code": "B"})),
            record(3, 3, json!({"code": "C"})),
        ];
        let second = vec![
            record(4, 9, json!({"code": "D"})),
            record(1, 3, json!({"code": "A-1", "metadata": {"unit": "LF", "size": 8}})),
            record(3, 1, json!({"code": "C"})),
        ];
        let diff = between(first, second, &["code".into()]);
        let fields: Vec<String> = diff.changed[0].fields.iter().map(FieldChange::field).collect();
        assert_eq!(fields, ["code", "metadata.unit"]);
        assert_eq!(diff.changed[0].renamed, Some(0));
        assert_eq!(diff.removed[0].data["code"], "B");
        assert_eq!(diff.added[0].data["code"], "D");
        assert_eq!((diff.changed.len(), diff.unchanged), (1, 1));
    }

    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            (0..4_i64).prop_map(Json::from),
            "[ab]{0,2}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
                prop::collection::vec(("[abc.]", inner), 0..3)
                    .prop_map(|it| Json::Object(it.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Json> {
        prop::collection::vec(("[abcd]", value()), 0..4)
            .prop_map(|it| Json::Object(it.into_iter().collect()))
    }

    fn records() -> impl Strategy<Value = Vec<Record>> {
        prop::collection::btree_map(0..8_u8, (0..5_i64, object()), 0..8).prop_map(|all| {
            all.into_iter().map(|(lineage, (at, data))| record(lineage, at, data)).collect()
        })
    }

    /// Lineage and data of each record, whatever their order.
    fn content<'a>(
        records: impl IntoIterator<Item = &'a Record>,
    ) -> BTreeMap<RecordId, Map<String, Json>> {
        records.into_iter().map(|it| (it.lineage, it.data.clone())).collect()
    }

    proptest! {
        #[test]
        fn nothing_is_different_from_itself(all in records()) {
            let diff = between(all.clone(), all.clone(), &["a".into()]);
            prop_assert_eq!(diff, Diff { unchanged: all.len(), ..Diff::default() });
        }

        #[test]
        fn the_way_back_is_the_mirror_of_the_way_there(a in records(), b in records()) {
            let there = between(a.clone(), b.clone(), &["a".into()]);
            let back = between(b, a, &["a".into()]);
            prop_assert_eq!(content(&there.added), content(&back.removed));
            prop_assert_eq!(content(&there.removed), content(&back.added));
            prop_assert_eq!(there.unchanged, back.unchanged);
            type Sides = BTreeMap<(RecordId, Vec<String>), (Option<Json>, Option<Json>)>;
            let sides = |diff: &Diff, mirrored: bool| -> Sides {
                let all = diff.changed.iter().flat_map(|change| {
                    change.fields.iter().map(move |it| {
                        let (before, after) = (it.before.clone(), it.after.clone());
                        let sides = if mirrored { (after, before) } else { (before, after) };
                        ((change.after.lineage, it.path.clone()), sides)
                    })
                });
                all.collect()
            };
            prop_assert_eq!(sides(&there, false), sides(&back, true));
        }

        #[test]
        fn the_changes_turn_the_first_into_the_second(a in records(), b in records()) {
            let diff = between(a.clone(), b.clone(), &[]);
            let mut turned = content(&a);
            for it in &diff.removed {
                turned.remove(&it.lineage);
            }
            for it in &diff.changed {
                let data = turned.get_mut(&it.before.lineage).expect("a changed record is in both");
                apply(data, &it.fields);
            }
            turned.extend(content(&diff.added));
            prop_assert_eq!(turned, content(&b));
        }
    }
}
