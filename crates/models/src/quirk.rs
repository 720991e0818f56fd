//! What a model of a provider turned out not to take: learned from its refusals, kept in memory.

use serde_json::Value as Json;

use crate::{
    dialect::{Complaint, anthropic::ANSWER_TOOL},
    settings::JsonMode,
};

/// Where the dialects have the temperature.
const TEMPERATURE: [&str; 3] =
    ["/temperature", "/generationConfig/temperature", "/options/temperature"];
/// Where they have the form of the answer.
const FORM: [&str; 4] =
    ["/response_format", "/output_config/format", "/generationConfig/responseMimeType", "/format"];
/// What they call it when they do not take it.
const FORM_WORDS: [&str; 9] = [
    "response_format",
    "output_config",
    "output_format",
    "mime",
    "json",
    "schema",
    "grammar",
    "structured",
    ANSWER_TOOL,
];

/// How one model of one provider wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// How it is asked for JSON; never `Auto`.
    pub json: JsonMode,
    /// The settings name the mode: it is not changed.
    pub is_json_fixed: bool,
    /// It calls the limit `max_completion_tokens`.
    pub wants_completion_tokens: bool,
    /// It takes no temperature.
    pub refuses_temperature: bool,
    /// It takes no `stream_options`.
    pub refuses_stream_options: bool,
}

impl Quirks {
    /// Nothing is known yet but the way that the settings name.
    pub fn new(mode: JsonMode) -> Self {
        Self {
            json: if mode == JsonMode::Auto { JsonMode::JsonSchema } else { mode },
            is_json_fixed: mode != JsonMode::Auto,
            wants_completion_tokens: false,
            refuses_temperature: false,
            refuses_stream_options: false,
        }
    }

    /// How to ask instead, when a refusal is about the way of asking. Each call gives up one thing
    /// that was sent, so asking again ends.
    pub fn conceding(self, sent: &Json, status: u16, complaint: &Complaint) -> Option<Self> {
        let parts = [Some(&complaint.message), complaint.code.as_ref(), complaint.param.as_ref()];
        let words: Vec<String> = parts.into_iter().flatten().map(|it| it.to_lowercase()).collect();
        self.giving_up(sent, status, &words.join(" "))
    }

    fn giving_up(mut self, sent: &Json, status: u16, words: &str) -> Option<Self> {
        if !matches!(status, 400 | 422) {
            return None;
        }
        let about = |names: &[&str]| names.iter().any(|it| words.contains(it));
        let has = |places: &[&str]| places.iter().any(|it| sent.pointer(it).is_some());
        if sent.get("max_tokens").is_some() && about(&["max_completion_tokens"]) {
            self.wants_completion_tokens = true;
        } else if has(&TEMPERATURE) && about(&["temperature"]) {
            self.refuses_temperature = true;
        } else if (has(&FORM) || answers_by_tool(sent)) && !self.is_json_fixed && about(&FORM_WORDS)
        {
            self.json = match self.json {
                JsonMode::Auto | JsonMode::JsonSchema => JsonMode::JsonObject,
                JsonMode::JsonObject | JsonMode::Plain => JsonMode::Plain,
            };
        } else {
            return None;
        }
        Some(self)
    }
}

/// Is the form of the answer that of the arguments of a tool?
fn answers_by_tool(sent: &Json) -> bool {
    let tools = sent.get("tools").and_then(Json::as_array);
    tools.is_some_and(|it| it.iter().any(|it| it.get("name") == Some(&ANSWER_TOOL.into())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(sent: Json, status: u16, message: &str) -> Option<Quirks> {
        let complaint = Complaint { message: message.into(), ..Default::default() };
        Quirks::new(JsonMode::Auto).conceding(&sent, status, &complaint)
    }

    #[test]
    fn json_is_asked_for_in_simpler_ways_step_by_step() {
        let sent = json!({"response_format": {}});
        let complaint =
            Complaint { message: "response_format is unknown".into(), ..Default::default() };
        let first = Quirks::new(JsonMode::Auto).conceding(&sent, 400, &complaint).unwrap();
        assert_eq!(first.json, JsonMode::JsonObject);
        assert_eq!(first.conceding(&sent, 400, &complaint).unwrap().json, JsonMode::Plain);
    }

    #[test]
    fn every_dialect_has_its_own_place_for_what_is_given_up() {
        for sent in [
            json!({"temperature": 1}),
            json!({"generationConfig": {"temperature": 1}}),
            json!({"options": {"temperature": 1}}),
        ] {
            let conceded = check(sent.clone(), 400, "temperature is not supported by this model");
            assert!(conceded.is_some_and(|it| it.refuses_temperature), "{sent}");
        }
        for (sent, words) in [
            (json!({"output_config": {"format": {}}}), "output_config.format: not supported"),
            (
                json!({"generationConfig": {"responseMimeType": "application/json"}}),
                "JSON mode is off",
            ),
            (json!({"format": {}}), "invalid format: expected \"json\" or a JSON schema"),
            (json!({"tools": [{"name": "answer_as_json"}]}), "tools.0.input_schema: invalid"),
        ] {
            let conceded = check(sent.clone(), 400, words);
            assert_eq!(conceded.map(|it| it.json), Some(JsonMode::JsonObject), "{sent}");
        }
        assert_eq!(
            check(json!({"tools": [{"name": "look"}]}), 400, "tools.0: invalid schema"),
            None
        );
    }

    #[test]
    fn a_mode_named_in_the_settings_stays() {
        let complaint = Complaint { message: "response_format".into(), ..Default::default() };
        let fixed = Quirks::new(JsonMode::JsonObject);
        assert_eq!(fixed.conceding(&json!({"response_format": {}}), 400, &complaint), None);
    }

    #[test]
    fn only_what_was_sent_is_given_up() {
        let words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
        assert!(check(json!({"max_tokens": 5}), 400, words).unwrap().wants_completion_tokens);
        assert_eq!(check(json!({}), 400, words), None);
        assert!(
            check(json!({"temperature": 0.1}), 400, "temperature 0.1 is not supported").is_some()
        );
    }

    #[test]
    fn other_refusals_are_not_about_the_way_of_asking() {
        let sent = json!({"response_format": {}, "max_tokens": 5, "temperature": 1});
        assert_eq!(check(sent.clone(), 401, "the response_format key"), None);
        assert_eq!(check(sent, 400, "this model's maximum context length is 8192 tokens"), None);
    }
}
