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

/// What a refusal says that is about the model and the way of asking, whoever asks.
const MODEL_WORDS: [&str; 12] = [
    "support",
    "deprecat",
    "unknown",
    "unrecogni",
    "unexpected",
    "not allowed",
    "not permitted",
    "not available",
    "not enabled",
    "extra inputs",
    "extra fields",
    "is off",
];
/// What one says that is about the value that this caller sent, or about what else it sent.
const VALUE_WORDS: [&str; 14] = [
    "must be",
    "should be",
    "less than",
    "greater than",
    "at most",
    "at least",
    "between",
    "range",
    "invalid schema",
    "response_schema",
    "format.schema",
    "property '",
    "keyword",
    "thinking",
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
    /// The most tokens of one of its answers, by the settings.
    pub max_output: Option<u64>,
    /// Its provider has no `responses`, although it speaks as OpenAI does.
    pub refuses_responses: bool,
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
            max_output: None,
            refuses_responses: false,
        }
    }

    /// How to ask instead, when a refusal is about the way of asking. Each call gives up one thing
    /// that was not given up before, so asking again ends. `owns_tools`: the caller brought none of
    /// its own, so that one named as that of the answer is ours.
    pub fn conceding(
        self,
        sent: &Json,
        owns_tools: bool,
        status: u16,
        complaint: &Complaint,
    ) -> Option<Concession> {
        let parts = [Some(&complaint.message), complaint.code.as_ref(), complaint.param.as_ref()];
        let words: Vec<String> = parts.into_iter().flatten().map(|it| it.to_lowercase()).collect();
        let words = words.join(" ");
        let quirks = self.giving_up(sent, owns_tools, status, &words)?;
        let is_of_model =
            quirks.wants_completion_tokens != self.wants_completion_tokens || is_of_model(&words);
        (quirks != self).then_some(Concession { quirks, is_of_model })
    }

    /// What is known from both.
    pub fn and(self, other: Self) -> Self {
        Self {
            json: self.json.max(other.json),
            is_json_fixed: self.is_json_fixed || other.is_json_fixed,
            wants_completion_tokens: self.wants_completion_tokens || other.wants_completion_tokens,
            refuses_temperature: self.refuses_temperature || other.refuses_temperature,
            refuses_stream_options: self.refuses_stream_options || other.refuses_stream_options,
            max_output: self.max_output.or(other.max_output),
            refuses_responses: self.refuses_responses || other.refuses_responses,
        }
    }

    fn giving_up(
        mut self,
        sent: &Json,
        owns_tools: bool,
        status: u16,
        words: &str,
    ) -> Option<Self> {
        if !matches!(status, 400 | 422) {
            return None;
        }
        let about = |names: &[&str]| names.iter().any(|it| words.contains(it));
        let has = |places: &[&str]| places.iter().any(|it| sent.pointer(it).is_some());
        if sent.get("max_tokens").is_some() && about(&["max_completion_tokens"]) {
            self.wants_completion_tokens = true;
        } else if has(&TEMPERATURE) && about(&["temperature"]) {
            self.refuses_temperature = true;
        } else if (has(&FORM) || (owns_tools && answers_by_tool(sent)))
            && !self.is_json_fixed
            && about(&FORM_WORDS)
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

/// Another way of asking, after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concession {
    /// How to ask instead.
    pub quirks: Quirks,
    /// The refusal is about the model, not about a value of this caller: when the other way
    /// works, others are asked that way too.
    pub is_of_model: bool,
}

fn is_of_model(words: &str) -> bool {
    let says = |all: &[&str]| all.iter().any(|it| words.contains(it));
    // That field holds no value of a caller.
    words.contains("response_format.type") || (says(&MODEL_WORDS) && !says(&VALUE_WORDS))
}

/// Is the form of the answer that of the arguments of a tool, should it be ours?
pub(crate) fn answers_by_tool(sent: &Json) -> bool {
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
        let conceded = Quirks::new(JsonMode::Auto).conceding(&sent, true, status, &complaint);
        conceded.map(|it| it.quirks)
    }

    #[test]
    fn json_is_asked_for_in_simpler_ways_step_by_step() {
        let sent = json!({"response_format": {}});
        let complaint =
            Complaint { message: "response_format is unknown".into(), ..Default::default() };
        let next = |it: Quirks| it.conceding(&sent, true, 400, &complaint).map(|it| it.quirks);
        let first = next(Quirks::new(JsonMode::Auto)).unwrap();
        assert_eq!(first.json, JsonMode::JsonObject);
        let second = next(first).unwrap();
        assert_eq!(second.json, JsonMode::Plain);
        assert_eq!(next(second), None, "there is no simpler way");
    }

    #[test]
    fn what_was_given_up_before_is_not_given_up_again() {
        let sent = json!({"temperature": 1, "max_tokens": 1});
        for words in ["temperature is not supported", "use max_completion_tokens"] {
            let complaint = Complaint { message: words.into(), ..Default::default() };
            let next = |it: Quirks| it.conceding(&sent, true, 400, &complaint);
            let first = next(Quirks::new(JsonMode::Auto)).unwrap();
            assert!(first.is_of_model, "{words}");
            assert_eq!(next(first.quirks), None, "{words}");
        }
    }

    #[test]
    fn a_tool_of_the_callers_is_not_the_form_of_the_answer() {
        let sent = json!({"tools": [{"name": ANSWER_TOOL}]});
        let message = "tools.0: answer_as_json: invalid schema".into();
        let complaint = Complaint { message, ..Default::default() };
        assert_eq!(Quirks::new(JsonMode::Auto).conceding(&sent, false, 400, &complaint), None);
    }

    #[test]
    fn a_refusal_of_a_value_says_nothing_about_the_model() {
        for words in [
            "temperature: 5 must be less than or equal to 2",
            "temperature: range: 0..1",
            "`temperature` is not supported when thinking is enabled",
            "Invalid schema for response_format 'x': 'oneOf' is not permitted.",
            "output_config.format.schema: property 'minimum' is not supported",
        ] {
            assert!(!is_of_model(&words.to_lowercase()), "{words}");
        }
        for words in [
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the \
             default (1) value is supported.",
            "`temperature` is deprecated for this model.",
            "'response_format.type' must be 'json_schema' or 'text'",
            "output_config: Extra inputs are not permitted",
        ] {
            assert!(is_of_model(&words.to_lowercase()), "{words}");
        }
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
        assert_eq!(fixed.conceding(&json!({"response_format": {}}), true, 400, &complaint), None);
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
