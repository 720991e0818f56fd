//! What happens while an answer is made, told one event after the other. Events are kept before
//! they are told, and numbered from 1, so that whoever was cut off hears the rest.

use std::sync::Arc;

use base::RunId;
use serde_json::{Value as Json, json};

use super::message::names;

/// One thing that happened.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// What kind of thing.
    pub name: Name,
    /// What is told of it: a JSON object.
    pub data: Arc<str>,
}

names! {
    /// What kind of thing happened.
    Name {
        /// Something about how the answer is made: its `stage` says what.
        Meta = "meta",
        /// A message was kept.
        Saved = "saved",
        /// The model begins to answer.
        Start = "start",
        /// More words of the answer.
        Delta = "delta",
        /// What could be asked next.
        Followups = "followups",
        /// What the answer used.
        Usage = "usage",
        /// The answer is whole.
        Done = "done",
        /// It does not become whole.
        Error = "error",
    }
}

/// Shows its number and kind, never what it tells.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "event {} {}", self.seq, self.name.name())
    }
}

impl Event {
    /// What is told of it.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.data).unwrap_or_default()
    }

    /// Nothing comes after it.
    pub fn is_last(&self) -> bool {
        matches!(self.name, Name::Done | Name::Error)
    }

    /// Its id, as clients give it back: `RUN:SEQ`.
    pub fn id(&self, run: RunId) -> String {
        format!("{run}:{}", self.seq)
    }
}

/// The run and the number in the id of an event. None when it is no such id.
pub fn read_id(text: &str) -> Option<(RunId, u64)> {
    let (run, seq) = text.trim().rsplit_once(':')?;
    Some((run.parse().ok()?, seq.parse().ok()?))
}

/// Events as one text, for a row.
pub fn pack(events: &[Event]) -> String {
    let pairs = events.iter().map(|it| {
        let data = serde_json::value::RawValue::from_string(it.data.to_string());
        (it.name.name(), data.unwrap_or_default())
    });
    serde_json::to_string(&pairs.collect::<Vec<_>>()).unwrap_or_else(|_| "[]".to_owned())
}

/// The events of such a text, the first of which has the number `first`.
pub fn unpack(text: &str, first: u64) -> Vec<Event> {
    let pairs: Vec<(String, Box<serde_json::value::RawValue>)> =
        serde_json::from_str(text).unwrap_or_default();
    let numbered = pairs.into_iter().zip(first..);
    numbered
        .filter_map(|((name, data), seq)| {
            Some(Event { seq, name: Name::of_name(&name)?, data: data.get().into() })
        })
        .collect()
}

/// The words that some events tell, one after the other.
pub fn words<'a>(events: impl IntoIterator<Item = &'a Event>) -> String {
    let deltas = events.into_iter().filter(|it| it.name == Name::Delta);
    deltas.filter_map(|it| it.json()["content"].as_str().map(str::to_owned)).collect()
}

/// What is told of more words.
pub(super) fn delta(content: &str) -> Json {
    json!({"content": content})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, name: Name, data: Json) -> Event {
        Event { seq, name, data: data.to_string().into() }
    }

    #[test]
    fn events_are_the_same_after_they_were_kept() {
        let events = [
            event(4, Name::Delta, json!({"content": "a \"b\"\n"})),
            event(5, Name::Done, json!({"chat_id": null, "n": 1.5})),
        ];
        assert_eq!(unpack(&pack(&events), 4), events);
        assert_eq!(words(&events), "a \"b\"\n");
    }

    #[test]
    fn an_id_leads_back_to_its_run_and_number() {
        let run = RunId::generate();
        let id = event(12, Name::Delta, json!({})).id(run);
        assert_eq!(read_id(&id), Some((run, 12)));
        assert_eq!(read_id(&format!(" {id} ")), Some((run, 12)));
        for wrong in ["", "12", ":", &format!("{run}:"), &format!("{run}:-1"), "x:1"] {
            assert_eq!(read_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_an_event_tells_is_never_shown() {
        let it = event(1, Name::Delta, json!({"content": "a secret"}));
        assert_eq!(format!("{it:?}"), "event 1 delta");
    }
}
