//! What Gemini is sent, and how its answers, counts and refusals are read.

use std::time::Duration;

use http::HeaderMap;
use rstest::rstest;
use serde_json::{Value as Json, json};

use super::Gemini;
use crate::{
    Usage,
    chat::{Answer, Finish, Format, Image, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::{
        Class, Dialect, Unreadable,
        trial::{
            asking, body, body_by, call, events, frame, joined, read, refused, result, text, turn,
        },
    },
    settings::JsonMode,
};

const ANSWER: &str = include_str!("../../../tests/fixtures/gemini/answer.json");
const STREAM: &str = include_str!("../../../tests/fixtures/gemini/stream.sse");
const STREAM_TEXT: &str = include_str!("../../../tests/fixtures/gemini/stream_text.sse");
const BLOCKED: &str = include_str!("../../../tests/fixtures/gemini/blocked.json");
const FOR_A_MINUTE: &str = include_str!("../../../tests/fixtures/gemini/refused_for_a_minute.json");
const FOR_THE_DAY: &str = include_str!("../../../tests/fixtures/gemini/refused_for_the_day.json");
const MODEL: &str = "gemini-3-flash";
const OLD_MODEL: &str = "gemini-2.5-pro";

fn whole() -> Answer {
    Gemini.read_answer(ANSWER.as_bytes()).unwrap()
}

#[test]
fn thoughts_are_not_among_the_candidates_and_cached_tokens_are_among_the_question() {
    let expected = Usage {
        tokens_in: 125,
        tokens_out: 100,
        cached: 100,
        cache_written: 0,
        reasoning: 70,
        ..Usage::default()
    };
    assert_eq!(Gemini.read_usage(ANSWER.as_bytes()), Some(expected));
    assert_eq!(read(&Gemini, STREAM).unwrap().1.usage(), Some(expected));
}

#[test]
fn sound_is_told_apart_from_words() {
    let body = json!({
        "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": 40, "candidatesTokenCount": 9, "totalTokenCount": 49,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 8}, {"modality": "AUDIO", "tokenCount": 32},
            ],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
        },
    });
    let usage = Gemini.read_usage(body.to_string().as_bytes()).unwrap();
    assert_eq!((usage.audio_in, usage.audio_out, usage.total()), (32, 5, 49));
}

#[test]
fn a_cumulative_count_replaces_the_one_before() {
    let usage = joined(&events(&Gemini, STREAM_TEXT)).usage.unwrap();
    assert_eq!((usage.tokens_in, usage.tokens_out), (8, 4));
}

#[test]
fn a_count_of_candidates_that_is_left_out_is_told_by_the_total() {
    let body = json!({"usageMetadata": {"promptTokenCount": 8, "thoughtsTokenCount": 2, "totalTokenCount": 15}});
    let usage = Gemini.read_usage(body.to_string().as_bytes()).unwrap();
    assert_eq!((usage.tokens_out, usage.reasoning), (7, 2));
    let body = json!({"usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8}});
    assert_eq!(Gemini.read_usage(body.to_string().as_bytes()).unwrap().tokens_out, 0);
}

#[test]
fn calls_without_ids_get_the_same_made_up_ones_every_time_and_the_answer_ends_with_calls() {
    let ids = |answer: &Answer| -> Vec<String> {
        let id = |it: &Part| match it {
            Part::ToolCall { id, .. } => Some(id.clone()),
            _ => None,
        };
        answer.parts.iter().filter_map(id).collect()
    };
    let answer = whole();
    let made_up = ids(&answer);
    assert_eq!(answer.finish, Finish::ToolCalls);
    assert!(made_up[0].ends_with("_0") && made_up[1].ends_with("_1"), "{made_up:?}");
    assert_eq!(ids(&joined(&events(&Gemini, STREAM))), made_up);
}

#[test]
fn proofs_come_before_the_part_they_belong_to() {
    let parts = whole().parts;
    let thought = |text: &str, signature: Option<&str>| Part::Thinking {
        text: text.into(),
        signature: signature.map(str::to_owned),
    };
    assert_eq!(parts[0], thought("The caller wants the weather twice.", None));
    assert_eq!(parts[1], thought("", Some("gemini:CiQB0e2Kbw==")));
    assert!(matches!(parts[2], Part::ToolCall { .. }));
    let pieces = joined(&events(&Gemini, STREAM)).parts;
    assert_eq!(
        pieces[0],
        thought("The caller wants the weather twice.", Some("gemini:CiQB0e2Kbw=="))
    );
}

#[test]
fn proofs_go_back_on_the_part_they_came_on() {
    let mut parts = whole().parts;
    parts.push(text("Wait."));
    parts.push(Part::Thinking { text: String::new(), signature: Some("gemini:End".into()) });
    parts.push(Part::Thinking { text: "x".into(), signature: Some("anthropic:No".into()) });
    let request = asking(MODEL, [turn(Role::User, [text("?")]), turn(Role::Assistant, parts)]);
    let body = body(&Gemini, &request);
    let parts = body["contents"][1]["parts"].as_array().unwrap();
    let proofs: Vec<&Json> = parts.iter().map(|it| &it["thoughtSignature"]).collect();
    assert_eq!(proofs, [&json!("CiQB0e2Kbw=="), &Json::Null, &Json::Null, &json!("End")]);
    assert_eq!(parts[3]["text"], "");
}

#[rstest]
#[case(MODEL, json!("skip_thought_signature_validator"))]
#[case(OLD_MODEL, Json::Null)]
fn a_call_whose_proof_is_lost_goes_with_the_word_for_that(
    #[case] model: &str,
    #[case] proof: Json,
) {
    let calls = [call("a", "{}"), call("b", "{}")];
    let request = asking(model, [turn(Role::User, [text("?")]), turn(Role::Assistant, calls)]);
    let body = body(&Gemini, &request);
    let parts = &body["contents"][1]["parts"];
    assert_eq!(
        (&parts[0]["thoughtSignature"], &parts[1]["thoughtSignature"]),
        (&proof, &Json::Null)
    );
}

#[test]
fn a_talk_is_told_in_turns_with_the_names_of_tools() {
    let request = Request {
        max_tokens: Some(9),
        temperature: Some(0.7),
        top_k: Some(5),
        stop: vec!["\n".into()],
        tools: vec![Tool {
            name: "get_weather".into(),
            description: Some("Tells it.".into()),
            parameters: json!({"properties": {"city": {"type": "string"}}}),
            strict: Some(true),
        }],
        tool_choice: Some(ToolChoice::Named("get_weather".into())),
        ..asking(
            MODEL,
            [
                turn(Role::System, [text("Be brief.")]),
                turn(
                    Role::User,
                    [
                        text("One."),
                        Part::Image(Image::Bytes {
                            media_type: "image/png".into(),
                            data: "AAAA".into(),
                        }),
                    ],
                ),
                turn(Role::Assistant, [call("a", r#"{"city":"Bern"}"#)]),
                turn(Role::Tool, [result("a", [text("Sun.")])]),
                turn(Role::User, [text("And?")]),
            ],
        )
    };
    assert_eq!(
        body(&Gemini, &request),
        json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "One."}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
                {"role": "model", "parts": [{"functionCall": {"id": "a", "name": "get_weather", "args": {"city": "Bern"}}, "thoughtSignature": "skip_thought_signature_validator"}]},
                {"role": "user", "parts": [{"functionResponse": {"id": "a", "name": "get_weather", "response": {"output": "Sun."}}}, {"text": "And?"}]},
            ],
            "tools": [{"functionDeclarations": [{"name": "get_weather", "description": "Tells it.", "parametersJsonSchema": {"properties": {"city": {"type": "string"}}, "type": "object"}}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}},
            "generationConfig": {"temperature": 0.7, "topK": 5, "maxOutputTokens": 9, "stopSequences": ["\n"]},
        })
    );
}

#[test]
fn a_schema_is_asked_for_in_simpler_ways_step_by_step() {
    let schema = json!({"type": "object"});
    let request = Request {
        format: Some(Format::JsonSchema { name: "a".into(), schema: schema.clone(), strict: None }),
        ..asking(OLD_MODEL, [turn(Role::User, [text("?")])])
    };
    let beside = body_by(&Gemini, &request, JsonMode::JsonSchema);
    let config = json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    assert_eq!((&beside["generationConfig"], beside.get("systemInstruction")), (&config, None));
    let mixed = body_by(&Gemini, &request, JsonMode::JsonObject);
    assert_eq!(mixed["generationConfig"], json!({"responseMimeType": "application/json"}));
    assert!(mixed.get("systemInstruction").is_some());
    let words = body_by(&Gemini, &request, JsonMode::Plain);
    assert_eq!(words.get("generationConfig"), None);
    assert!(words.get("systemInstruction").is_some());
}

#[rstest]
#[case(OLD_MODEL, Some("none"), None, json!({"includeThoughts": false, "thinkingBudget": 128}))]
#[case("gemini-2.5-flash", Some("none"), None, json!({"includeThoughts": false, "thinkingBudget": 0}))]
#[case("gemini-2.5-flash", Some("medium"), None, json!({"includeThoughts": true, "thinkingBudget": 8192}))]
#[case(MODEL, Some("minimal"), None, json!({"includeThoughts": true, "thinkingLevel": "MINIMAL"}))]
#[case(MODEL, Some("high"), None, json!({"includeThoughts": true, "thinkingLevel": "HIGH"}))]
#[case(MODEL, None, Some(2048), json!({"includeThoughts": true, "thinkingBudget": 2048}))]
fn how_much_to_think_is_told_in_the_words_of_the_generation(
    #[case] model: &str,
    #[case] effort: Option<&str>,
    #[case] budget_tokens: Option<u64>,
    #[case] expected: Json,
) {
    let reasoning = Reasoning { effort: effort.map(str::to_owned), budget_tokens };
    let request =
        Request { reasoning: Some(reasoning), ..asking(model, [turn(Role::User, [text("?")])]) };
    assert_eq!(body(&Gemini, &request)["generationConfig"]["thinkingConfig"], expected);
}

#[test]
fn what_cannot_be_said_is_refused_by_its_field() {
    let picture = Part::Image(Image::Url { url: "https://x.example/a.png".into(), detail: None });
    for messages in [
        vec![turn(Role::User, [picture])],
        vec![turn(Role::User, [text("?")]), turn(Role::Tool, [result("nobody", [text("Sun.")])])],
        vec![turn(Role::System, [text("Be brief.")])],
    ] {
        assert_eq!(refused(&Gemini, &asking(MODEL, messages)), "messages");
    }
}

#[test]
fn a_question_that_is_held_back_is_an_answer_without_words() {
    let answer = Gemini.read_answer(BLOCKED.as_bytes()).unwrap();
    assert_eq!((answer.parts.len(), &answer.finish), (0, &Finish::Filtered));
    assert_eq!(answer.usage.unwrap().tokens_in, 8);
    let mut decoder = Gemini.decoder();
    let mut events = Vec::new();
    decoder.frame(&frame(&serde_json::from_str(BLOCKED).unwrap()), &mut events).unwrap();
    assert!(decoder.is_complete());
    assert_eq!(joined(&events).finish, Finish::Filtered);
}

#[test]
fn an_answer_that_goes_on_after_its_end_is_not_trusted() {
    let end =
        json!({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]});
    let counts = json!({"usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}});
    let mut decoder = Gemini.decoder();
    let mut events = Vec::new();
    decoder.frame(&frame(&end), &mut events).unwrap();
    decoder.frame(&frame(&counts), &mut events).unwrap();
    assert_eq!(decoder.usage().unwrap().tokens_in, 3);
    assert!(decoder.frame(&frame(&end), &mut events).is_err());
}

#[rstest]
#[case("STOP", Finish::Stop)]
#[case("MAX_TOKENS", Finish::Length)]
#[case("PROHIBITED_CONTENT", Finish::Filtered)]
#[case("MALFORMED_FUNCTION_CALL", Finish::Other("malformed_function_call".into()))]
#[case("NEW_WORD", Finish::Other("new_word".into()))]
fn a_reason_that_nobody_knows_is_kept(#[case] word: &str, #[case] expected: Finish) {
    let body = json!({"candidates": [{"content": {"parts": []}, "finishReason": word}]});
    assert_eq!(Gemini.read_answer(body.to_string().as_bytes()).unwrap().finish, expected);
}

#[track_caller]
fn complaint(status: u16, body: &str) -> (Class, Option<Duration>) {
    let it = Gemini.complaint(status, &HeaderMap::new(), body.as_bytes());
    (it.class, it.retry_after)
}

#[test]
fn a_limit_of_the_minute_is_waited_for_and_one_of_the_day_is_not() {
    assert_eq!(complaint(429, FOR_A_MINUTE), (Class::RateLimited, Some(Duration::from_secs(34))));
    assert_eq!(complaint(429, FOR_THE_DAY), (Class::OutOfQuota, None));
}

#[rstest]
#[case(400, json!({"status": "INVALID_ARGUMENT", "message": "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."}), Class::ContextLength)]
#[case(400, json!({"status": "INVALID_ARGUMENT", "message": "429 is no temperature"}), Class::Invalid)]
#[case(400, json!({"status": "INVALID_ARGUMENT", "message": "API key not valid.", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}), Class::Unauthorized)]
#[case(400, json!({"status": "FAILED_PRECONDITION"}), Class::Unauthorized)]
#[case(403, json!({"status": "PERMISSION_DENIED", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "BILLING_DISABLED"}]}), Class::OutOfQuota)]
#[case(404, json!({"status": "NOT_FOUND"}), Class::UnknownModel)]
#[case(429, json!({"status": "RESOURCE_EXHAUSTED"}), Class::RateLimited)]
#[case(500, json!({"status": "INTERNAL"}), Class::Broken)]
#[case(503, json!({"status": "UNAVAILABLE"}), Class::Overloaded)]
#[case(504, json!({"status": "DEADLINE_EXCEEDED"}), Class::Timeout)]
#[case(503, json!({"status": "NEW_WORD"}), Class::Overloaded)]
fn a_refusal_is_told_from_its_structure(
    #[case] status: u16,
    #[case] error: Json,
    #[case] expected: Class,
) {
    assert_eq!(complaint(status, &json!({"error": error}).to_string()).0, expected);
    assert_eq!(complaint(status, &json!([{"error": error}]).to_string()).0, expected);
}

#[test]
fn an_error_sent_as_an_answer_is_no_answer() {
    let body = br#"[{"error":{"code":429,"message":"no","status":"NEW_WORD"}}]"#;
    let Err(Unreadable::Complaint(complaint)) = Gemini.read_answer(body) else { panic!() };
    assert_eq!((complaint.class, complaint.code.as_deref()), (Class::RateLimited, Some("429")));
    assert!(matches!(Gemini.read_answer(b"{}"), Err(Unreadable::Shape(_))));
}

#[rstest]
#[case("gemini-2.5-flash", "models/gemini-2.5-flash:generateContent")]
#[case("models/gemini-2.5-flash", "models/gemini-2.5-flash:generateContent")]
#[case("tunedModels/mine", "tunedModels/mine:generateContent")]
#[case("../../x?key=1#", "models/..%2F..%2Fx%3Fkey%3D1%23:generateContent")]
fn a_name_leads_nowhere_else(#[case] model: &str, #[case] expected: &str) {
    assert_eq!(Gemini.chat_path(model, false), expected);
}

#[test]
fn embeddings_are_asked_for_in_one_request_and_come_in_order() {
    let (path, body) = Gemini.embed("e", &["a".into(), String::new()], Some(2)).unwrap();
    assert_eq!(path, "models/e:batchEmbedContents");
    assert_eq!(
        body["requests"][1],
        json!({"model": "models/e", "content": {"parts": [{"text": " "}]}, "outputDimensionality": 2})
    );
    let answer = br#"{"embeddings":[{"values":[1,0]},{"values":[0,1]}],"usageMetadata":{"promptTokenCount":3}}"#;
    let (vectors, usage) = Gemini.read_embeddings(answer, 2).unwrap();
    assert_eq!((vectors, usage.unwrap().tokens_in), (vec![vec![1.0, 0.0], vec![0.0, 1.0]], 3));
    assert!(Gemini.read_embeddings(answer, 3).is_err());
}

#[test]
fn models_are_listed_without_their_folder() {
    let body = br#"{"models":[{"name":"models/gemini-2.5-flash"},{"name":"tunedModels/mine"}]}"#;
    assert_eq!(
        Gemini.read_models(body),
        Ok(vec!["gemini-2.5-flash".into(), "tunedModels/mine".into()])
    );
}
