//! What goes over a WebSocket: the frames of an answer, and what a client may say. Plain functions;
//! the conversation itself is [`super::socket`].

use apps::assistant::event::{Event, Name};
use base::{ChatId, RecordId, RunId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{problem::look_up, style::stamp};

/// What a client says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// It asks.
    Question(Box<Question>),
    /// It wants to know whether somebody is there.
    Ping,
    /// It wants the answer stopped.
    Cancel,
    /// It goes on after this event.
    Resume(String),
}

/// A question as it comes over a WebSocket.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    pub(super) question: String,
    pub(super) context: Option<String>,
    pub(super) personality: Option<String>,
    pub(super) chat_id: Option<ChatId>,
    pub(super) record: Option<RecordId>,
    pub(super) assistant: Option<String>,
    pub(super) system_prompt: Option<String>,
    #[serde(default)]
    pub(super) web_search_enabled: bool,
}

/// Shows how long it is, never what it asks.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a question of {} bytes", self.question.len())
    }
}

/// Reads what a client says.
///
/// # Errors
/// What to tell it.
pub(super) fn read(text: &str) -> Result<Said, String> {
    const NOT_JSON: &str = "Invalid JSON format";
    let frame: Json = serde_json::from_str(text).map_err(|_| NOT_JSON.to_owned())?;
    if !frame.is_object() {
        return Err(NOT_JSON.to_owned());
    }
    match frame["type"].as_str() {
        Some("question") => {
            let question: Question = serde_json::from_value(frame)
                .map_err(|error| format!("The question cannot be read: {error}"))?;
            if question.question.trim().is_empty() {
                return Err("Question is required".to_owned());
            }
            Ok(Said::Question(Box::new(question)))
        }
        Some("ping") => Ok(Said::Ping),
        Some("cancel") => Ok(Said::Cancel),
        Some("resume") => match frame["last_event_id"].as_str() {
            Some(id) => Ok(Said::Resume(id.to_owned())),
            None => Err("`last_event_id` is required".to_owned()),
        },
        Some(other) => {
            let named: String = other.chars().filter(|it| !it.is_control()).take(50).collect();
            Err(format!("Unknown message type: {named}"))
        }
        None => Err("`type` is required".to_owned()),
    }
}

/// A frame of the server's own: `connected`, `pong`, `error`.
pub(super) fn frame(kind: &str, now: Timestamp, fields: &Json) -> String {
    let mut frame = Map::new();
    frame.insert("type".into(), kind.into());
    frame.insert("timestamp".into(), stamp(now).into());
    if let Some(fields) = fields.as_object() {
        frame.extend(fields.clone());
    }
    Json::Object(frame).to_string()
}

/// Says an answer in frames, event by event.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    run: RunId,
    /// Events up to this one the client knows already.
    known: u64,
    /// The answer so far, which the last frame holds as a whole.
    text: String,
    usage: Json,
}

impl Telling {
    pub(super) fn new(run: RunId, known: u64) -> Self {
        Self { run, known, text: String::new(), usage: Json::Null }
    }

    pub(super) fn run(&self) -> RunId {
        self.run
    }

    /// The frame of an event; none where it has none, or the client knows it.
    pub(super) fn frame(&mut self, event: &Event, now: Timestamp) -> Option<String> {
        let told = event.json();
        let (kind, fields) = match event.name {
            Name::Meta => meta(&told),
            Name::Saved => match told.get("question_message_id") {
                Some(_) => ("processing_update", update("saved", 60, "The question is kept", told)),
                // The last frame names the answer.
                None => return None,
            },
            Name::Start => {
                ("processing_update", update("answering", 70, "The answer begins", told))
            }
            Name::Delta => {
                self.text.push_str(told["content"].as_str().unwrap_or_default());
                ("token", told)
            }
            Name::Followups => ("followups", told),
            Name::Usage => {
                self.usage = told;
                return None;
            }
            Name::Done => {
                let mut answer = told;
                answer["answer"] = self.text.as_str().into();
                answer["usage"] = self.usage.clone();
                ("answer", answer)
            }
            Name::Error => {
                let mut failed = told;
                let code = failed["code"].as_str().unwrap_or_default().to_owned();
                failed["status_code"] = look_up(&code).status.into();
                ("error", failed)
            }
        };
        if event.seq <= self.known {
            return None;
        }
        let mut fields = fields;
        fields["id"] = event.id(self.run).into();
        fields["run"] = json!(self.run);
        Some(frame(kind, now, &fields))
    }
}

fn meta(told: &Json) -> (&'static str, Json) {
    let stage = told["stage"].as_str().unwrap_or_default().to_owned();
    let (progress, message) = match stage.as_str() {
        "citations" => {
            let citations = json!({"count": told["count"], "citations": told["list"]});
            return ("citations", citations);
        }
        "rag_gate" => (10, "Looking for documents"),
        "web_search" => (20, told["message"].as_str().unwrap_or("Searching the web")),
        "embeddings" => (35, "Reading the question"),
        "retrieval" => (50, "Looking up passages"),
        _ => (55, "Working"),
    };
    ("processing_update", update(&stage, progress, message, told.clone()))
}

fn update(step: &str, progress: u8, message: &str, data: Json) -> Json {
    json!({"step": step, "progress": progress, "message": message, "data": data})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, name: Name, data: &Json) -> Event {
        Event { seq, name, data: data.to_string().into() }
    }

    #[test]
    fn what_cannot_be_understood_is_told_in_the_words_of_the_description() {
        let told = |text: &str| read(text).expect_err("a refusal");
        assert_eq!(told("{"), "Invalid JSON format");
        assert_eq!(told("[]"), "Invalid JSON format");
        assert_eq!(told(r#"{"type": "question", "question": " "}"#), "Question is required");
        assert_eq!(told(r#"{"type": "question"}"#), "Question is required");
        assert_eq!(told(r#"{"type": "dance"}"#), "Unknown message type: dance");
        assert!(told("{}").contains("`type`"));
        assert_eq!(read(r#"{"type": "ping"}"#), Ok(Said::Ping));
        assert_eq!(read(r#"{"type": "cancel"}"#), Ok(Said::Cancel));
    }

    #[test]
    fn an_answer_is_said_in_frames_and_whole_at_the_end() {
        let (run, now) = (RunId::generate(), Timestamp::UNIX_EPOCH);
        let mut telling = Telling::new(run, 0);
        let mut say = |seq, name, data| -> Option<Json> {
            let frame = telling.frame(&event(seq, name, &data), now)?;
            serde_json::from_str(&frame).ok()
        };
        let gate = say(1, Name::Meta, json!({"stage": "rag_gate", "rag_enabled": true})).unwrap();
        assert_eq!(
            (&gate["type"], &gate["step"], &gate["progress"]),
            (&json!("processing_update"), &json!("rag_gate"), &json!(10))
        );
        assert_eq!(gate["timestamp"], "1970-01-01T00:00:00.000Z");
        let cited =
            say(2, Name::Meta, json!({"stage": "citations", "count": 1, "list": [{"number": 1}]}))
                .unwrap();
        assert_eq!(
            (&cited["type"], &cited["citations"][0]["number"]),
            (&json!("citations"), &json!(1))
        );
        assert_eq!(say(3, Name::Delta, json!({"content": "Each "})).unwrap()["type"], "token");
        let token = say(4, Name::Delta, json!({"content": "day."})).unwrap();
        assert_eq!(token["id"], format!("{run}:4"));
        let next = say(5, Name::Followups, json!({"followups": ["And why?"]})).unwrap();
        assert_eq!(
            (&next["type"], &next["followups"][0]),
            (&json!("followups"), &json!("And why?"))
        );
        assert_eq!(say(6, Name::Usage, json!({"total_tokens": 9})), None);
        let answer = say(7, Name::Done, json!({"confidence": 0.8, "citations": []})).unwrap();
        assert_eq!((&answer["type"], &answer["answer"]), (&json!("answer"), &json!("Each day.")));
        assert_eq!(answer["usage"]["total_tokens"], 9);
    }

    #[test]
    fn who_goes_on_hears_only_the_rest_and_the_whole_at_the_end() {
        let mut telling = Telling::new(RunId::generate(), 1);
        let now = Timestamp::UNIX_EPOCH;
        let first = event(1, Name::Delta, &json!({"content": "Each "}));
        assert_eq!(telling.frame(&first, now), None);
        let second = event(2, Name::Delta, &json!({"content": "day."}));
        assert!(telling.frame(&second, now).unwrap().contains("day."));
        let done = telling.frame(&event(3, Name::Done, &json!({})), now).unwrap();
        assert!(done.contains("Each day."));
    }

    #[test]
    fn an_error_has_its_status() {
        let mut telling = Telling::new(RunId::generate(), 0);
        let failed = event(1, Name::Error, &json!({"code": "model_timeout", "message": "late"}));
        let frame = telling.frame(&failed, Timestamp::UNIX_EPOCH).unwrap();
        assert!(frame.contains("\"status_code\":504"), "{frame}");
    }
}
