//! One log line: what it holds and how it is written. By the time a line exists, it is redacted.

use std::fmt::{self, Write};

use base::{Timestamp, redact};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use tracing::{
    Level,
    field::{Field, Visit},
};

/// The longest text of a field. Longer ones are cut: a log holds summaries.
const FIELD_CHARS_MAX: usize = 2_000;
/// The longest message.
const MESSAGE_CHARS_MAX: usize = 4_000;

/// A log line.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    timestamp: String,
    level: &'static str,
    message: String,
    service: &'a str,
    target: &'a str,
    request_id: Option<Json>,
    client_id: Option<Json>,
    user_id: Option<Json>,
    context: Fields,
}

impl<'a> Line<'a> {
    /// Puts a line together. `fields` are those of the spans, outermost first, then the event's own:
    /// the inner one holds where both have the same name.
    pub(crate) fn new(
        at: Timestamp,
        level: Level,
        service: &'a str,
        target: &'a str,
        fields: Fields,
    ) -> Self {
        let mut context = fields;
        let mut take = |name: &str| context.take(name);
        let message = match take("message") {
            Some(Json::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        Self {
            timestamp: format!("{at:.3}"),
            level: name(level),
            message,
            service,
            target,
            request_id: take("request_id"),
            client_id: take("tenant.id"),
            user_id: take("user.id"),
            context,
        }
    }

    /// The line as JSON, without its end.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("fields with text names are always JSON")
    }

    /// The line for a terminal, without its end. Control characters are shown, never sent: a log line
    /// must not be able to move the cursor or to pass for two.
    pub(crate) fn human(&self, is_coloured: bool) -> String {
        let mut out = String::new();
        let time = self.timestamp.get(11..23).unwrap_or(&self.timestamp);
        let (start, end) = match self.level {
            _ if !is_coloured => ("", ""),
            "ERROR" => ("\u{1b}[31m", "\u{1b}[0m"),
            "WARN" => ("\u{1b}[33m", "\u{1b}[0m"),
            "INFO" => ("\u{1b}[32m", "\u{1b}[0m"),
            _ => ("\u{1b}[2m", "\u{1b}[0m"),
        };
        let _ = write!(out, "{time} {start}{:<5}{end} {}", self.level, Visible(&self.message));
        let ids = [
            ("request_id", &self.request_id),
            ("tenant.id", &self.client_id),
            ("user.id", &self.user_id),
        ];
        let ids = ids.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let context = self.context.0.iter().map(|(name, value)| (*name, value));
        for (name, value) in context.chain(ids) {
            match value {
                Json::String(text) if !text.contains(' ') => {
                    let _ = write!(out, " {name}={}", Visible(text));
                }
                other => {
                    let _ = write!(out, " {name}={}", Visible(&other.to_string()));
                }
            }
        }
        out
    }
}

struct Visible<'a>(&'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for it in self.0.chars() {
            if it.is_control() { write!(f, "{}", it.escape_default())? } else { f.write_char(it)? }
        }
        Ok(())
    }
}

/// The name of a level.
pub(crate) fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// The fields of a span or an event, each name once. They are redacted as they come in: nothing keeps the original.
/// There are a dozen at most, and they are made for each line: looking through them is quicker than a map.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(&'static str, Json)>);

impl Fields {
    /// Takes in the fields of something further inside.
    pub(crate) fn take_in(&mut self, inner: &Self) {
        inner.0.iter().for_each(|(name, value)| self.set(name, value.clone()));
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|it| it.0 == name)?;
        Some(self.0.remove(at).1)
    }

    fn set(&mut self, name: &'static str, value: Json) {
        match self.0.iter_mut().find(|it| it.0 == name) {
            Some(same) => same.1 = value,
            None => self.0.push((name, value)),
        }
    }

    fn put(&mut self, field: &Field, value: Json) {
        let name = field.name();
        self.set(name, if redact::is_secret_name(name) { "[redacted]".into() } else { value });
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        let most = if field.name() == "message" { MESSAGE_CHARS_MAX } else { FIELD_CHARS_MAX };
        // First redacted, then cut: a secret that lies across the cut would no longer look like one.
        let text = redact::text(text);
        // Most have fewer bytes than they may have characters, and are not counted.
        let is_long = text.len() > most;
        let cut = is_long.then(|| text.char_indices().nth(most)).flatten();
        let value = match cut.map(|(at, _)| &text[..at]) {
            Some(kept) => format!("{kept}… ({} bytes)", text.len()),
            None => text.into_owned(),
        };
        self.put(field, value.into());
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        let value = i64::try_from(value).map_or_else(|_| value.to_string().into(), Json::from);
        self.put(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        let value = u64::try_from(value).map_or_else(|_| value.to_string().into(), Json::from);
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        self.put_text(field, &text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_text(field, &format!("{value:?}"));
    }
}
