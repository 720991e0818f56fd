//! What answers, streams and refusals in the shapes of the official clients are read as.

use std::time::Duration;

use http::HeaderMap;
use rstest::rstest;

use super::OPENAI;
use crate::{
    Usage,
    chat::{Answer, Event, Finish, Part},
    dialect::{
        Class, Dialect, fingerprint,
        groq::GROQ,
        huggingface::HUGGINGFACE,
        trial::{joined, read, text},
    },
    sse::Scanner,
};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/openai/", $name))
    };
}

fn usage(tokens_in: u64, tokens_out: u64, cached: u64, reasoning: u64) -> Option<Usage> {
    Some(Usage { tokens_in, tokens_out, cached, reasoning, ..Usage::default() })
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }
}

fn thought(text: &str) -> Part {
    Part::Thinking { text: text.into(), signature: None }
}

#[rstest]
#[case::text(fixture!("chat.json"), vec![text("Hello! How can I assist you today?")], Finish::Stop, usage(70, 30, 20, 11))]
#[case::tools(
    fixture!("chat_tools.json"),
    vec![call("call_abc123", "get_current_weather", "{\n\"location\": \"Boston, MA\"\n}"), call("call_def456", "get_time", "{}")],
    Finish::ToolCalls,
    usage(82, 17, 0, 0)
)]
fn answers_are_read(
    #[case] body: &str,
    #[case] parts: Vec<Part>,
    #[case] finish: Finish,
    #[case] usage: Option<Usage>,
) {
    let answer = OPENAI.read_answer(body.as_bytes()).unwrap();
    assert_eq!((answer.parts, answer.finish, answer.usage), (parts, finish, usage));
    assert_eq!(OPENAI.read_usage(body.as_bytes()), usage);
}

#[rstest]
#[case::text(fixture!("chat.sse"), vec![text("Grüße 😀 \"you\"")], Finish::Stop, usage(70, 30, 20, 11))]
#[case::tools(
    fixture!("chat_tools.sse"),
    vec![call("call_a", "get_weather", "{\"location\":\"Paris\"}"), call("call_b", "get_time", "{}")],
    Finish::ToolCalls,
    None
)]
#[case::thinking(fixture!("thinking.sse"), vec![thought("Let me see."), text("42")], Finish::Stop, usage(7, 9, 4, 6))]
#[case::groq(fixture!("groq.sse"), vec![text("Fast")], Finish::Stop, usage(18, 5, 0, 0))]
#[case::azure(fixture!("azure.sse"), vec![text("Hi")], Finish::Filtered, None)]
fn streams_are_read(
    #[case] stream: &str,
    #[case] parts: Vec<Part>,
    #[case] finish: Finish,
    #[case] usage: Option<Usage>,
    #[values("\n", "\r\n", "\r")] end: &str,
) {
    let (events, decoder) = read(&GROQ, &stream.replace('\n', end)).unwrap();
    let Answer { id, model, parts: said, finish: ended, usage: used } = joined(&events);
    assert_eq!((said, ended, used), (parts, finish, usage));
    assert!(id.starts_with("chatcmpl-") && !model.is_empty(), "{id} {model}");
    assert!(decoder.is_complete());
    assert_eq!(decoder.usage(), usage);
}

#[test]
fn a_refusal_comes_in_pieces() {
    let (events, _) = read(&OPENAI, fixture!("refusal.sse")).unwrap();
    let refusal: String = events
        .iter()
        .filter_map(|it| if let Event::Refusal(text) = it { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(refusal, "I'm sorry, I cannot.");
}

#[test]
fn an_error_after_the_first_words_is_a_failure() {
    let (events, decoder) = read(&OPENAI, fixture!("chat_error.sse")).unwrap();
    let Some(Event::Failed(complaint)) = events.last() else { panic!("{events:?}") };
    assert_eq!((complaint.class, complaint.kind.as_deref()), (Class::Broken, Some("server_error")));
    assert!(!decoder.is_complete());
}

#[rstest]
#[case::context(400, fixture!("error_context.json"), Class::ContextLength, Some("context_length_exceeded"), None)]
#[case::quota(429, fixture!("error_quota.json"), Class::OutOfQuota, Some("insufficient_quota"), None)]
#[case::rate(429, fixture!("error_rate.json"), Class::RateLimited, Some("rate_limit_exceeded"), Some(800))]
#[case::groq_rate(429, fixture!("error_groq_rate.json"), Class::RateLimited, Some("rate_limit_exceeded"), Some(5_289))]
#[case::model(404, fixture!("error_model.json"), Class::UnknownModel, Some("model_not_found"), None)]
#[case::key(401, fixture!("error_key.json"), Class::Unauthorized, Some("invalid_api_key"), None)]
#[case::huggingface(402, fixture!("error_huggingface.json"), Class::OutOfQuota, None, None)]
#[case::vllm(400, fixture!("error_vllm.json"), Class::ContextLength, Some("400"), None)]
fn refusals_are_read(
    #[case] status: u16,
    #[case] body: &str,
    #[case] class: Class,
    #[case] code: Option<&str>,
    #[case] wait: Option<u64>,
) {
    let it = HUGGINGFACE.complaint(status, &HeaderMap::new(), body.as_bytes());
    assert_eq!((it.class, it.code.as_deref()), (class, code));
    assert_eq!(it.retry_after, wait.map(Duration::from_millis));
    assert!(!it.message.is_empty() && !it.message.contains("sk-proj"), "{}", it.message);
}

#[rstest]
#[case(fixture!("embeddings.json"))]
#[case(fixture!("embeddings_base64.json"))]
fn embeddings_are_read(#[case] body: &str) {
    let (vectors, used) = OPENAI.read_embeddings(body.as_bytes(), 2).unwrap();
    assert_eq!(vectors, [[0.002_306_425_5, -0.009_327_292, -0.002_884_222_2], [0.5, -0.25, 0.125]]);
    assert_eq!(used, usage(8, 0, 0, 0));
}

#[test]
fn models_are_read() {
    let models = OPENAI.read_models(fixture!("models.json").as_bytes()).unwrap();
    assert_eq!(models, ["gpt-4o-mini", "text-embedding-3-small"]);
}

#[test]
fn a_stream_of_responses_is_read_beside() {
    let mut scanner = Scanner::sse();
    scanner.push(fixture!("responses.sse").into());
    let (mut decoder, mut events) = (OPENAI.responses_decoder().unwrap(), Vec::new());
    for frame in &mut scanner {
        decoder.frame(&frame.unwrap(), &mut events).unwrap();
    }
    let answer = joined(&events);
    assert_eq!(
        answer.parts,
        [text("Hi there!"), call("call_9", "get_weather", "{\"location\":\"Paris\"}")]
    );
    assert_eq!((answer.finish, answer.usage), (Finish::ToolCalls, usage(36, 87, 4, 12)));
    assert!(decoder.is_complete());
    let whole = OPENAI.read_usage(fixture!("responses.json").as_bytes());
    assert_eq!(whole, usage(36, 87, 4, 12));
    assert_eq!(GROQ.responses_decoder().map(|_| ()), None);
}

#[test]
fn a_call_without_an_id_gets_the_same_in_a_stream_and_in_a_whole_answer() {
    let whole =
        br#"{"id": "x", "choices": [{"message": {"tool_calls": [{"function": {"name": "f"}}]}}]}"#;
    let stream = "data: {\"id\": \"x\", \"choices\": [{\"delta\": {\"tool_calls\": [{\"function\": {\"name\": \"f\"}}]}}]}\n\n";
    let id = fingerprint::call_id("x", 0);
    assert_eq!(OPENAI.read_answer(whole).unwrap().parts, [call(&id, "f", "{}")]);
    assert_eq!(joined(&read(&OPENAI, stream).unwrap().0).parts, [call(&id, "f", "")]);
}
