//! As much of a change as a record takes: rules hold over several fields, and some of those were corrected by hand.

use serde_json::Value as Json;

use super::{Change, Decision, Filled};
use crate::expression::Data;

/// The most fields that are tried in pairs.
const PAIRED_MAX: usize = 12;

/// A change that a record takes: as much of it as `takes` says. What is left out is remembered as it was
/// written before, so that it is tried again. One of which nothing can be made stays as it is, and is refused,
/// unless it is only what somebody changed by hand that is in its way: all that the source says would be taken.
pub(crate) fn fitting(
    mut change: Change,
    filled: Filled<'_>,
    said: &Data,
    takes: impl Fn(&Data) -> bool,
) -> Decision {
    if takes(&change.patch) {
        return Decision::Update(change);
    }
    let part = largest(&change.patch, &takes);
    if part.is_empty() && (change.locked.is_empty() || !takes(said)) {
        return Decision::Update(change);
    }
    for name in change.patch.keys().filter(|it| !part.contains_key(*it)) {
        let before = filled.written.and_then(|it| it.get(name)).unwrap_or(&Json::Null);
        change.written.insert(name.clone(), before.clone());
        change.left.push(name.clone());
    }
    change.patch = part;
    match change.patch.is_empty() {
        true => Decision::Unchanged(change),
        false => Decision::Update(change),
    }
}

/// As many of these fields as are taken together: all but one, or else one after the other, and at last those
/// that only go in pairs.
fn largest(patch: &Data, takes: impl Fn(&Data) -> bool) -> Data {
    let without = |name: &String| -> Data {
        let others = patch.iter().filter(|it| it.0 != name);
        others.map(|(name, it)| (name.clone(), it.clone())).collect()
    };
    let mut all_but_one = patch.keys().map(without).filter(|it| !it.is_empty());
    if let Some(part) = all_but_one.find(&takes) {
        return part;
    }
    let with = |part: &Data, names: &[&String]| -> Data {
        let mut more = part.clone();
        more.extend(names.iter().map(|it| ((*it).clone(), patch[*it].clone())));
        more
    };
    let mut part = Data::new();
    for name in patch.keys() {
        let more = with(&part, &[name]);
        if takes(&more) {
            part = more;
        }
    }
    let rest: Vec<&String> = patch.keys().filter(|it| !part.contains_key(*it)).collect();
    if rest.len() > PAIRED_MAX {
        return part;
    }
    for (at, &first) in rest.iter().enumerate() {
        for &second in &rest[at + 1..] {
            let more = with(&part, &[first, second]);
            if takes(&more) {
                part = more;
            }
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::decide::change;

    fn data(value: Json) -> Data {
        value.as_object().cloned().expect("an object")
    }

    fn own(written: &Data) -> Filled<'_> {
        Filled { written: Some(written), ..Filled::default() }
    }

    /// A record with a first and a last day, in this order, and a place of two numbers or none.
    fn takes(there: &Data, patch: &Data) -> bool {
        let mut whole = there.clone();
        whole.extend(patch.clone());
        let of = |name: &str| whole.get(name).cloned().unwrap_or_default();
        let text = |name: &str| of(name).as_str().unwrap_or_default().to_owned();
        text("last") >= text("first") && of("x").is_null() == of("y").is_null()
    }

    #[track_caller]
    fn fits(there: Json, written: Json, said: Json) -> (Decision, Json) {
        let (there, written, said) = (data(there), data(written), data(said));
        let change = change(&there, own(&written), &said);
        match fitting(change, own(&written), &said, |it| takes(&there, it)) {
            Decision::Update(change) => {
                let patch = Json::Object(change.patch.clone());
                (Decision::Update(change), patch)
            }
            other => (other, json!({})),
        }
    }

    #[test]
    fn what_does_not_go_with_a_correction_is_left_and_the_rest_is_written() {
        let written =
            json!({"first": "05-02", "last": "05-02", "off": false, "x": null, "y": null});
        let there = json!({"first": "05-02", "last": "05-04", "off": false});
        let moved = json!({"first": "05-10", "last": "05-10", "off": true, "x": 1, "y": 2});
        let (decision, patch) = fits(there.clone(), written.clone(), moved);
        assert_eq!(patch, json!({"off": true, "x": 1, "y": 2}));
        let Decision::Update(change) = decision else { panic!("a change") };
        assert_eq!(
            (change.locked, change.left),
            (vec!["last".to_owned()], vec!["first".to_owned()])
        );
        assert_eq!(
            (&change.written["first"], &change.written["last"]),
            (&json!("05-02"), &json!("05-02"))
        );

        let (decision, _) =
            fits(there.clone(), written.clone(), json!({"first": "05-10", "last": "05-10"}));
        let Decision::Unchanged(change) = decision else { panic!("nothing that goes") };
        assert_eq!((change.patch.len(), change.left), (0, vec!["first".to_owned()]));

        // Two that are in nobody's way, beside one that is nonsense and one that is in the way.
        let odd = json!({"first": "05-10", "last": "05-10", "x": 1, "y": null, "off": true});
        assert_eq!(fits(there, written, odd).1, json!({"off": true}));
    }

    #[test]
    fn what_only_goes_in_pairs_is_found_and_what_nothing_can_be_made_of_is_refused() {
        let there = data(json!({"first": "05-02", "last": "05-04"}));
        let patch = data(json!({"first": "05-10", "x": 1, "z": 1, "y": 2, "last": "05-01"}));
        let part = largest(&patch, |it| takes(&there, it) && !it.contains_key("z"));
        assert_eq!(Json::Object(part), json!({"x": 1, "y": 2}));
        let (decision, patch) = fits(
            json!({"first": "05-02", "last": "05-04"}),
            json!({"first": "05-02"}),
            json!({"first": "05-10"}),
        );
        assert_eq!(patch, json!({"first": "05-10"}), "{decision:?}");
    }

    #[test]
    fn what_is_nonsense_in_itself_is_refused_beside_a_correction_too() {
        let written = json!({"first": "05-02", "last": "05-02"});
        let corrected = json!({"first": "05-02", "last": "05-04"});
        let (decision, patch) =
            fits(corrected, written, json!({"first": "05-10", "last": "05-01"}));
        assert_eq!(patch, json!({"first": "05-10"}), "{decision:?}");
        let Decision::Update(change) = decision else { panic!("it is for the record to refuse") };
        assert_eq!((change.locked, change.left.len()), (vec!["last".to_owned()], 0));
    }
}
