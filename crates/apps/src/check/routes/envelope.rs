//! Envelopes: is every `$name` filled in where it stands, and does `$each` stand where it makes a list?

use serde_json::Value as Json;

use crate::{
    check::{At, Checker},
    description::Envelope,
    field,
};

/// What the answer of an operation is wrapped with.
const OF_ANSWERS: [&str; 7] =
    ["data", "request_id", "timestamp", "next_cursor", "prev_cursor", "has_more", "total_count"];
/// What an error is wrapped with.
const OF_ERRORS: [&str; 7] =
    ["code", "name", "message", "details", "field", "request_id", "timestamp"];
/// What of it may be another for each fault.
const OF_FAULTS: [&str; 5] = ["code", "name", "message", "details", "field"];
/// What makes a list of what stands behind it: an entry for each fault.
const EACH: &str = "$each";

/// Where a part of an envelope stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Answer,
    Error,
    /// Within `$each`.
    Fault,
}

impl Around {
    fn known(self) -> &'static [&'static str] {
        match self {
            Self::Answer => &OF_ANSWERS,
            Self::Error | Self::Fault => &OF_ERRORS,
        }
    }
}

impl Checker<'_> {
    /// The envelope that stands at `base`.
    pub(super) fn envelopes_of(&mut self, envelope: &Envelope, base: &str) {
        for (key, template, around) in [
            ("one", &envelope.one, Around::Answer),
            ("list", &envelope.list, Around::Answer),
            ("error", &envelope.error, Around::Error),
        ] {
            if let Some(template) = template {
                self.envelope(template, &format!("{base}/{key}"), around);
            }
        }
    }

    fn envelope(&mut self, template: &Json, pointer: &str, around: Around) {
        match template {
            Json::Object(object) => {
                for (key, inner) in object {
                    let place = field::pointer_to(pointer, key);
                    let mut within = around;
                    if key == EACH {
                        self.each(object.len(), inner, &place, around);
                        within = if around == Around::Error { Around::Fault } else { around };
                    } else if key.starts_with('$') {
                        let message = format!("`{key}` is no key of an envelope");
                        self.unknown(At::Key(&place), "unknown_key", message, [EACH], key);
                    }
                    self.envelope(inner, &place, within);
                }
            }
            Json::Array(entries) => {
                for (at, inner) in entries.iter().enumerate() {
                    self.envelope(inner, &format!("{pointer}/{at}"), around);
                }
            }
            Json::String(text) => {
                let known = around.known();
                if let Some(name) = text.strip_prefix('$')
                    && !known.contains(&name)
                {
                    let message = format!("`${name}` is not known here");
                    let known = known.iter().copied();
                    self.unknown(At::Value(pointer), "unknown_variable", message, known, name);
                }
            }
            _ => {}
        }
    }

    /// A list of faults stands in errors alone, with nothing beside it, and says what each of them is.
    fn each(&mut self, keys: usize, template: &Json, place: &str, around: Around) {
        let (message, hint) = match around {
            Around::Answer => (
                "only an error has faults to make a list of",
                "use it in `error`; `$data` is the whole of an answer, lists too",
            ),
            Around::Fault => {
                ("it stands in another `$each`, where there is one fault", "leave it out")
            }
            Around::Error if keys > 1 => {
                ("what stands beside it is lost: a list has no keys", "write it one level deeper")
            }
            Around::Error if !says_of_fault(template) => (
                "its entries are the same for every fault",
                "say what is at fault: `{code: $code, message: $message, field: $field}`",
            ),
            Around::Error => return,
        };
        let message = format!("`{EACH}`: {message}");
        self.fault(At::Key(place), "invalid_value", message).hint = Some(hint.to_owned());
    }
}

/// Does a template say anything that is another for each fault?
fn says_of_fault(template: &Json) -> bool {
    match template {
        Json::String(text) => text.strip_prefix('$').is_some_and(|it| OF_FAULTS.contains(&it)),
        Json::Array(entries) => entries.iter().any(says_of_fault),
        Json::Object(object) => object.values().any(says_of_fault),
        _ => false,
    }
}
