//! The OpenAI dialect: what is sent and what comes back, as plain functions.
//!
//! Answers are read by what they must have and nothing else: unknown fields and unknown words are
//! no errors, because compatible servers differ in both.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use crate::{Ask, Message, Usage, quirk::Quirks, settings::JsonMode, tokens};

/// The body of a chat request.
pub(crate) fn chat(
    model: &str,
    ask: &Ask,
    talk: &[Message],
    schema: Option<&Json>,
    quirks: Quirks,
) -> Json {
    let mut body = json!({"model": model});
    match (schema, quirks.json) {
        (None, _) => body["messages"] = json!(talk),
        (Some(schema), JsonMode::Auto | JsonMode::JsonSchema) => {
            body["messages"] = json!(talk);
            // Not strict: that would forbid optional properties, which schemas of applications have.
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema, "strict": false},
            });
        }
        (Some(schema), mode) => {
            body["messages"] = json!(with_schema(talk, schema));
            if mode == JsonMode::JsonObject {
                body["response_format"] = json!({"type": "json_object"});
            }
        }
    }
    if let Some(most) = ask.max_tokens {
        let name =
            if quirks.wants_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body[name] = most.into();
    }
    if let Some(temperature) = ask.temperature.filter(|_| !quirks.refuses_temperature) {
        body["temperature"] = temperature.into();
    }
    if let Some(seed) = ask.seed {
        body["seed"] = seed.into();
    }
    body
}

/// The conversation with the schema in it, for providers that take none beside it. It goes first,
/// with the rules: some models heed only the first system message.
fn with_schema(talk: &[Message], schema: &Json) -> Vec<Message> {
    let rule = format!(
        "Answer with one JSON value and nothing else: no explanation, no code fence. It must be \
         valid by this JSON Schema:\n{schema}"
    );
    let mut talk = talk.to_vec();
    match talk.first_mut().filter(|it| it.role == crate::Role::System) {
        Some(first) => first.content = format!("{}\n\n{rule}", first.content),
        None => talk.insert(0, Message::system(rule)),
    }
    talk
}

/// The body of an embeddings request. Providers refuse empty texts, so one becomes a space.
pub(crate) fn embeddings(model: &str, texts: &[String]) -> Json {
    let texts: Vec<&str> = texts.iter().map(|it| if it.is_empty() { " " } else { it }).collect();
    json!({"model": model, "input": texts, "encoding_format": "float"})
}

/// What a chat answer says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) is_cut: bool,
    /// The model declined, in the words it has for that.
    pub(crate) is_declined: bool,
}

/// Why a body is not an answer of the dialect. Holds nothing of the body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unreadable {
    /// It is an error, sent with a status of success.
    Complaint(Complaint),
    /// It is something else.
    Shape(&'static str),
}

/// Reads a chat answer; `asked` is the question, for when nobody counted its tokens.
pub(crate) fn read_chat(body: &[u8], asked: u64) -> Result<(Reply, Usage), Unreadable> {
    let body = parse(body)?;
    let choice = body.pointer("/choices/0").ok_or(Unreadable::Shape("it has no `choices`"))?;
    let message = choice.get("message").ok_or(Unreadable::Shape("its choice has no `message`"))?;
    let text = text_of(message.get("content")).into_owned();
    let reply = Reply {
        is_cut: choice.get("finish_reason").and_then(Json::as_str) == Some("length"),
        is_declined: message.get("refusal").is_some_and(|it| !it.is_null()),
        text,
    };
    let usage = usage(&body, asked, tokens::estimate(&reply.text));
    Ok((reply, usage))
}

/// The text of a message: a string, or parts of which some are text.
fn text_of(content: Option<&Json>) -> Cow<'_, str> {
    match content {
        Some(Json::String(text)) => text.into(),
        Some(Json::Array(parts)) => parts
            .iter()
            .filter_map(|it| it.get("text").and_then(Json::as_str))
            .collect::<String>()
            .into(),
        _ => "".into(),
    }
}

/// Reads `count` embeddings, in the order of what was asked.
pub(crate) fn read_embeddings(
    body: &[u8],
    count: usize,
    asked: u64,
) -> Result<(Vec<Vec<f32>>, Usage), Unreadable> {
    let body = parse(body)?;
    let data =
        body.get("data").and_then(Json::as_array).ok_or(Unreadable::Shape("it has no `data`"))?;
    if data.len() != count {
        return Err(Unreadable::Shape("it has another number of embeddings than were asked for"));
    }
    let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); count];
    for (at, entry) in data.iter().enumerate() {
        let place = entry
            .get("index")
            .and_then(Json::as_u64)
            .map_or(Some(at), |it| usize::try_from(it).ok());
        let slot = place.and_then(|it| vectors.get_mut(it)).filter(|it| it.is_empty()).ok_or(
            Unreadable::Shape("the `index` of an embedding is out of range or there twice"),
        )?;
        *slot = vector(entry.get("embedding"))
            .ok_or(Unreadable::Shape("an embedding is not a list of numbers"))?;
    }
    let dimensions = vectors.first().map_or(0, Vec::len);
    if vectors.iter().any(|it| it.len() != dimensions) {
        return Err(Unreadable::Shape("its embeddings differ in length"));
    }
    Ok((vectors, usage(&body, asked, 0)))
}

fn vector(value: Option<&Json>) -> Option<Vec<f32>> {
    let numbers = value?.as_array()?;
    let vector: Option<Vec<f32>> = numbers
        .iter()
        .map(|it| it.as_f64().map(|it| it as f32).filter(|it| it.is_finite()))
        .collect();
    vector.filter(|it| !it.is_empty())
}

fn parse(body: &[u8]) -> Result<Json, Unreadable> {
    let body: Json =
        serde_json::from_slice(body).map_err(|_| Unreadable::Shape("it is not JSON"))?;
    match body.get("error").filter(|it| !it.is_null()) {
        Some(_) if body.get("choices").is_none() && body.get("data").is_none() => {
            Err(Unreadable::Complaint(Complaint::of(&body)))
        }
        _ => Ok(body),
    }
}

/// The provider's counts; what it did not count is estimated, and then the whole is marked so.
fn usage(body: &Json, asked: u64, answered: u64) -> Usage {
    let number = |path: &str| {
        let value = body.pointer(path)?;
        value.as_u64().or_else(|| value.as_f64().filter(|it| *it >= 0.0).map(|it| it as u64))
    };
    let (counted_in, counted_out) =
        (number("/usage/prompt_tokens"), number("/usage/completion_tokens"));
    // Some servers send the fields and leave them at zero.
    let counted_in = counted_in.filter(|it| *it > 0 || asked == 0);
    let counted_out =
        counted_out.filter(|it| *it > 0 || answered == 0).or((answered == 0).then_some(0));
    Usage {
        tokens_in: counted_in.unwrap_or(asked),
        tokens_out: counted_out.unwrap_or(answered),
        cached: number("/usage/prompt_tokens_details/cached_tokens").unwrap_or(0),
        estimated: counted_in.is_none() || counted_out.is_none(),
    }
}

/// What a provider says when it refuses.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Complaint {
    /// Cut short, with secrets taken out.
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}

const MESSAGE_CHARS_MAX: usize = 240;

impl Complaint {
    /// Reads the body of a refusal, in any of the shapes that occur.
    pub(crate) fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Json>(body) {
            Ok(body) => Self::of(&body),
            // Pages of proxies say nothing that the status does not say.
            Err(_) => Self::default(),
        }
    }

    fn of(body: &Json) -> Self {
        // Gemini wraps its error in a list.
        let body = body.get(0).unwrap_or(body);
        let error = body.get("error").unwrap_or(body);
        let field = |name: &str| match error.get(name) {
            Some(Json::String(text)) => Some(text.clone()),
            Some(Json::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let message = error
            .as_str()
            .map(str::to_owned)
            .or_else(|| field("message"))
            .or_else(|| field("detail"));
        Self {
            message: presentable(&message.unwrap_or_default()),
            code: field("code").or_else(|| field("type")),
            param: field("param"),
        }
    }

    /// Is the account out of money, which no waiting mends?
    pub(crate) fn is_out_of_quota(&self) -> bool {
        matches!(self.code.as_deref(), Some("insufficient_quota" | "billing_hard_limit_reached"))
    }

    /// Everything it says, in lower case.
    pub(crate) fn words(&self) -> String {
        let parts = [Some(&self.message), self.code.as_ref(), self.param.as_ref()];
        parts.into_iter().flatten().map(|it| it.to_lowercase()).collect::<Vec<_>>().join(" ")
    }
}

/// A provider's words, fit for an error and a log: providers quote keys and questions.
fn presentable(text: &str) -> String {
    let text = base::redact::text(text);
    let mut out: String = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(MESSAGE_CHARS_MAX)
        .collect();
    if text.chars().nth(MESSAGE_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use base::TenantId;
    use rstest::rstest;

    use super::*;

    fn ask() -> Ask {
        Ask {
            max_tokens: Some(9),
            temperature: Some(0.1),
            ..Ask::new(TenantId::DEFAULT, "test", vec![])
        }
    }

    #[test]
    fn a_schema_goes_beside_the_question_or_into_it() {
        let talk = [Message::system("Be brief."), Message::user("Hello")];
        let schema = json!({"type": "object"});
        let beside = chat("m", &ask(), &talk, Some(&schema), Quirks::new(JsonMode::Auto));
        assert_eq!(beside["response_format"]["json_schema"]["schema"], schema);
        assert_eq!(beside["messages"][0]["content"], "Be brief.");

        let within = chat("m", &ask(), &talk, Some(&schema), Quirks::new(JsonMode::Plain));
        assert_eq!(within.get("response_format"), None);
        let first = within["messages"][0]["content"].as_str().unwrap();
        assert!(first.starts_with("Be brief.") && first.ends_with(&schema.to_string()), "{first}");
        assert_eq!(within["messages"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn numbers_are_sent_as_they_are_meant() {
        let body = chat("m", &ask(), &[], None, Quirks::new(JsonMode::Auto));
        assert_eq!(
            body.to_string(),
            r#"{"model":"m","messages":[],"max_tokens":9,"temperature":0.1}"#
        );
    }

    #[rstest]
    #[case::whole(json!({"usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}}), (7, 3, 2, false))]
    #[case::missing(json!({}), (50, 2, 0, true))]
    #[case::half(json!({"usage": {"prompt_tokens": 7}}), (7, 2, 0, true))]
    #[case::left_at_zero(json!({"usage": {"prompt_tokens": 0, "completion_tokens": 0}}), (50, 2, 0, true))]
    #[case::as_floats(json!({"usage": {"prompt_tokens": 7.0, "completion_tokens": 3.0}}), (7, 3, 0, false))]
    fn tokens_that_nobody_counted_are_estimated(
        #[case] body: Json,
        #[case] expected: (u64, u64, u64, bool),
    ) {
        let mut body = body;
        body["choices"] = json!([{"message": {"content": "fives"}}]);
        let (_, it) = read_chat(body.to_string().as_bytes(), 50).unwrap();
        assert_eq!((it.tokens_in, it.tokens_out, it.cached, it.estimated), expected);
    }

    #[rstest]
    #[case(json!({"content": "a"}), "a")]
    #[case(json!({"content": [{"type": "text", "text": "a"}, {"type": "x"}, {"text": "b"}]}), "ab")]
    #[case(json!({"content": null, "tool_calls": []}), "")]
    fn content_has_several_shapes(#[case] message: Json, #[case] expected: &str) {
        let body = json!({"choices": [{"message": message, "finish_reason": "new word"}]});
        assert_eq!(read_chat(body.to_string().as_bytes(), 0).unwrap().0.text, expected);
    }

    #[rstest]
    #[case("<html>")]
    #[case("{\"choices\": []}")]
    #[case("{\"choices\": [{}]}")]
    #[case("{\"error\": {\"message\": \"overloaded\"}}")]
    #[case("{\"error\": \"overloaded\"}")]
    fn what_is_not_an_answer_is_not_read_as_one(#[case] body: &str) {
        assert!(read_chat(body.as_bytes(), 0).is_err());
    }

    #[test]
    fn embeddings_come_back_in_the_order_of_the_texts() {
        let body =
            json!({"data": [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}]});
        let (vectors, usage) = read_embeddings(body.to_string().as_bytes(), 2, 8).unwrap();
        assert_eq!(vectors, [[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (8, 0, true));
    }

    #[rstest]
    #[case::too_few(json!([{"index": 0, "embedding": [1]}]))]
    #[case::twice(json!([{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]))]
    #[case::out_of_range(json!([{"index": 0, "embedding": [1]}, {"index": 9, "embedding": [1]}]))]
    #[case::uneven(json!([{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]))]
    #[case::empty(json!([{"index": 0, "embedding": []}, {"index": 1, "embedding": []}]))]
    #[case::words(json!([{"index": 0, "embedding": "AAAA"}, {"index": 1, "embedding": [1]}]))]
    fn embeddings_that_do_not_fit_are_refused(#[case] data: Json) {
        let body = json!({"data": data});
        assert!(read_embeddings(body.to_string().as_bytes(), 2, 0).is_err());
    }

    #[rstest]
    #[case(r#"{"error": {"message": "no", "code": "c", "param": "p"}}"#, "no", Some("c"))]
    #[case(r#"{"error": {"message": "no", "type": "t", "code": null}}"#, "no", Some("t"))]
    #[case(r#"{"error": "no"}"#, "no", None)]
    #[case(r#"[{"error": {"message": "no", "code": 429}}]"#, "no", Some("429"))]
    #[case(r#"{"detail": "no"}"#, "no", None)]
    #[case("<html>no</html>", "", None)]
    fn refusals_come_in_many_shapes(
        #[case] body: &str,
        #[case] message: &str,
        #[case] code: Option<&str>,
    ) {
        let complaint = Complaint::read(body.as_bytes());
        assert_eq!((complaint.message.as_str(), complaint.code.as_deref()), (message, code));
    }

    #[test]
    fn a_refusal_that_quotes_a_key_or_a_question_is_cut_and_cleaned() {
        let body = json!({"error": {"message": format!("Incorrect key sk-abcdefghijklmnop {}", "word ".repeat(99))}});
        let message = Complaint::read(body.to_string().as_bytes()).message;
        assert!(message.starts_with("Incorrect key [redacted] word"), "{message}");
        assert_eq!(message.chars().count(), MESSAGE_CHARS_MAX + 1);
    }
}
