//! What Anthropic is sent, and how its answers, counts and refusals are read.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value as Json, json};

use super::Anthropic;
use crate::{
    Usage,
    chat::{Event, Finish, Format, Image, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::{
        Class, Dialect, Rates, Unreadable, Wire,
        trial::{
            asking, body, body_by, call, events, frame, joined, read, read_by, refused, result,
            text, turn,
        },
    },
    face::pass::Pass,
    price::Tariff,
    quirk::Quirks,
    settings::JsonMode,
    sse::Scanner,
};

const ANSWER: &str = include_str!("../../../tests/fixtures/anthropic/answer.json");
const STREAM: &str = include_str!("../../../tests/fixtures/anthropic/stream.sse");
const STREAM_TEXT: &str = include_str!("../../../tests/fixtures/anthropic/stream_text.sse");
const MODEL: &str = "claude-sonnet-4-5";

const COUNTED: Usage = Usage {
    tokens_in: 1112,
    tokens_out: 45,
    cached: 1000,
    cache_written: 100,
    cache_written_1h: 0,
    reasoning: 20,
    audio_in: 0,
    audio_out: 0,
    web_searches: 0,
    estimated: false,
    tariff: Tariff::Ordinary,
};

#[test]
fn what_is_kept_for_an_hour_and_what_was_searched_are_counted_whole_and_in_pieces() {
    let usage = json!({
        "input_tokens": 12, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 100,
        "cache_creation": {"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 60},
        "output_tokens": 45, "output_tokens_details": {"thinking_tokens": 20},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 3},
    });
    let expected = Usage { cache_written_1h: 60, web_searches: 2, ..COUNTED };
    let whole = |usage: &Json| {
        let body = json!({"type": "message", "content": [], "usage": usage}).to_string();
        Anthropic.read_usage(body.as_bytes())
    };
    assert_eq!(whole(&usage), Some(expected));
    let mut first = usage.clone();
    first.as_object_mut().unwrap().remove("server_tool_use");
    first["output_tokens"] = 1.into();
    let event = |data: Json| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
    let last = json!({"output_tokens": 45, "output_tokens_details": {"thinking_tokens": 20}, "server_tool_use": {"web_search_requests": 2}});
    let stream = [
        event(json!({"type": "message_start", "message": {"id": "msg_1", "usage": first}})),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last}),
        ),
        event(json!({"type": "message_stop"})),
    ];
    assert_eq!(read(&Anthropic, &stream.concat()).unwrap().1.usage(), Some(expected));
    // What ran there and has no price here does not pass for tokens alone.
    let mut more = usage;
    more["server_tool_use"]["code_execution_requests"] = 1.into();
    assert_eq!(whole(&more).map(|it| it.tariff), Some(Tariff::Other));
}

#[test]
fn a_whole_answer_and_the_same_in_pieces_are_one_answer() {
    let whole = Anthropic.read_answer(ANSWER.as_bytes()).unwrap();
    assert_eq!(whole.finish, Finish::ToolCalls);
    assert_eq!(
        whole.parts,
        [
            Part::Thinking {
                text: "The caller wants the weather.".into(),
                signature: Some("anthropic:EqQBCkYIAR==".into()),
            },
            Part::Thinking {
                text: String::new(),
                signature: Some("anthropic.redacted:EmwKAhgB".into()),
            },
            text("I look it up."),
            call("toolu_01A09q", r#"{"city":"Bern","days":2}"#),
        ]
    );
    assert_eq!(joined(&events(&Anthropic, STREAM)), whole);
}

#[test]
fn the_three_counts_of_the_question_are_one_question() {
    assert_eq!(Anthropic.read_usage(ANSWER.as_bytes()), Some(COUNTED));
}

#[test]
fn a_cumulative_count_replaces_the_one_before() {
    let (said, decoder) = read(&Anthropic, STREAM_TEXT).unwrap();
    // The start says 1, the end 15: it is not 16.
    let expected = Usage { tokens_in: 25, tokens_out: 15, ..Usage::default() };
    assert_eq!(joined(&said).usage, Some(expected));
    assert_eq!(decoder.usage(), Some(expected));
}

#[test]
fn cached_tokens_of_a_stream_are_counted_once() {
    let (_, decoder) = read(&Anthropic, STREAM).unwrap();
    assert_eq!(decoder.usage(), Some(COUNTED));
}

#[test]
fn a_stream_that_ends_early_has_the_counts_so_far() {
    let cut = STREAM_TEXT.split("event: message_delta").next().unwrap();
    let (_, decoder) = read(&Anthropic, cut).unwrap();
    assert_eq!(decoder.usage().unwrap().tokens_in, 25);
    assert!(!decoder.is_complete());
}

#[test]
fn what_the_beginning_says_of_the_answer_is_no_count() {
    let silent = STREAM_TEXT.replace(r#","usage":{"output_tokens":15}"#, "");
    assert_ne!(silent, STREAM_TEXT);
    let usage = read(&Anthropic, &silent).unwrap().1.usage().unwrap();
    assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (25, 0, true));
}

#[test]
fn a_zero_at_the_end_takes_no_count_back() {
    let stream = STREAM_TEXT.replace(
        r#""usage":{"output_tokens":15}"#,
        r#""usage":{"input_tokens":0,"output_tokens":15}"#,
    );
    assert_eq!(read(&Anthropic, &stream).unwrap().1.usage().unwrap().tokens_in, 25);
}

#[test]
fn a_call_without_arguments_has_an_empty_object() {
    let stream = STREAM
        .replace(r#""partial_json":"{\"city\":\"Bern\",""#, r#""partial_json":"""#)
        .replace(r#""partial_json":"\"days\":2}""#, r#""partial_json":"""#);
    let parts = joined(&events(&Anthropic, &stream)).parts;
    assert_eq!(parts.last(), Some(&call("toolu_01A09q", "{}")));
}

#[test]
fn rules_stand_beside_the_talk_and_turns_take_turns() {
    let rule = Part::Text { text: "Be brief.".into(), cache: true };
    let request = asking(
        MODEL,
        [
            turn(Role::System, [rule]),
            turn(Role::User, [text("One.")]),
            turn(Role::User, [text("Two."), text("")]),
            turn(Role::Assistant, [call("a.b:1", r#"{"city":"Bern"}"#)]),
            turn(Role::User, [text("Be quick.")]),
            turn(Role::Tool, [result("a.b:1", [text("Sun.")])]),
            turn(Role::System, [text("Be kind.")]),
        ],
    );
    let body = body(&Anthropic, &request);
    assert_eq!(
        body["system"],
        json!([
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be kind."},
        ])
    );
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a_b_1", "name": "get_weather", "input": {"city": "Bern"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a_b_1", "content": [{"type": "text", "text": "Sun."}]},
                {"type": "text", "text": "Be quick."},
            ]},
        ])
    );
    assert_eq!(body["max_tokens"], 64_000);
    assert_eq!(body.get("stream"), None);
}

#[test]
fn an_answer_is_as_long_as_the_caller_says_and_the_model_can() {
    let limit = |model: &str, max_tokens, max_output| {
        let request = Request { max_tokens, ..asking(model, [turn(Role::User, [text("?")])]) };
        let quirks = Quirks { max_output, ..Quirks::new(JsonMode::Auto) };
        let body = Anthropic.chat_body(&request, model, quirks).unwrap();
        body["max_tokens"].as_u64().unwrap()
    };
    assert_eq!(limit("claude-opus-4-1", None, None), 32_000);
    assert_eq!(limit("claude-opus-4-1", Some(7), None), 7);
    // It would be refused, and a shorter one is what can be had.
    assert_eq!(limit("claude-opus-4-1", Some(100_000), None), 32_000);
    // Of others nobody knows, but for what the settings say.
    assert_eq!(limit("house-model", None, None), super::MAX_TOKENS_DEFAULT);
    assert_eq!(limit("house-model", Some(100_000), None), 100_000);
    assert_eq!(limit("house-model", None, Some(9_000)), 9_000);
    assert_eq!(limit("claude-opus-4-1", None, Some(1_000)), 1_000);
    assert_eq!(limit("claude-opus-4-1", Some(7), Some(1_000)), 7);
}

#[test]
fn pictures_go_by_bytes_or_address() {
    let images = [
        Image::Url { url: "data:image/png;base64,AAAA".into(), detail: None },
        Image::Url { url: "https://x.example/a.png".into(), detail: None },
    ];
    let request = asking(MODEL, [turn(Role::User, images.map(Part::Image))]);
    let content = &body(&Anthropic, &request)["messages"][0]["content"];
    let sources = json!([
        {"type": "base64", "media_type": "image/png", "data": "AAAA"},
        {"type": "url", "url": "https://x.example/a.png"},
    ]);
    assert_eq!(json!([content[0]["source"], content[1]["source"]]), sources);
}

#[test]
fn thoughts_go_back_with_their_own_proof_and_never_with_another() {
    let thought = |signature: Option<&str>| Part::Thinking {
        text: "Hm.".into(),
        signature: signature.map(str::to_owned),
    };
    let parts = [
        thought(None),
        thought(Some("gemini:AbC")),
        thought(Some("gAAAA")),
        thought(Some("anthropic:EqQ")),
        thought(Some("anthropic.redacted:Emw")),
        text("Sun."),
    ];
    let request = asking(MODEL, [turn(Role::User, [text("?")]), turn(Role::Assistant, parts)]);
    assert_eq!(
        body(&Anthropic, &request)["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "Hm.", "signature": "EqQ"},
            {"type": "redacted_thinking", "data": "Emw"},
            {"type": "text", "text": "Sun."},
        ])
    );
}

#[test]
fn the_tier_stands_among_the_counts_and_the_last_one_said_holds() {
    let whole = json!({"content": [], "usage": {"input_tokens": 3, "output_tokens": 2, "service_tier": "batch"}});
    let used = |body: &Json| Anthropic.read_usage(body.to_string().as_bytes());
    assert_eq!(used(&whole).map(|it| (it.total(), it.tariff)), Some((5, Tariff::Batch)));
    let uncounted = json!({"content": [], "usage": {"service_tier": "priority"}});
    assert_eq!(
        used(&uncounted).map(|it| (it.estimated, it.tariff)),
        Some((true, Tariff::Priority))
    );
    let plain = json!({"content": [], "usage": {"input_tokens": 3, "output_tokens": 2, "service_tier": "standard"}});
    assert_eq!(used(&plain).map(|it| it.tariff), Some(Tariff::Ordinary));

    let mut decoder = Anthropic.decoder();
    for event in [
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1, "service_tier": "priority"}}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
    ] {
        decoder.frame(&frame(&event), &mut Vec::new()).unwrap();
    }
    assert_eq!(decoder.usage().map(|it| (it.total(), it.tariff)), Some((5, Tariff::Priority)));
}

fn by_schema(schema: Json) -> crate::chat::Request {
    let format = Format::JsonSchema { name: "answer".into(), schema, strict: None };
    crate::chat::Request { format: Some(format), ..asking(MODEL, [turn(Role::User, [text("?")])]) }
}

#[test]
fn a_schema_is_asked_for_in_simpler_ways_step_by_step() {
    let schema =
        json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]});
    let request = by_schema(schema.clone());
    let beside = body_by(&Anthropic, &request, JsonMode::JsonSchema);
    assert_eq!(beside["output_config"]["format"]["schema"]["additionalProperties"], false);
    assert_eq!(beside.get("tools"), None);

    let by_tool = body_by(&Anthropic, &request, JsonMode::JsonObject);
    assert_eq!(by_tool["tools"][0]["input_schema"], schema);
    assert_eq!(by_tool["tool_choice"], json!({"type": "tool", "name": "answer_as_json"}));

    let in_words = body_by(&Anthropic, &request, JsonMode::Plain);
    let rule = in_words["system"][0]["text"].as_str().unwrap();
    assert!(rule.ends_with(&schema.to_string()), "{rule}");
}

#[test]
fn a_schema_that_cannot_go_beside_goes_into_a_tool_or_into_words() {
    let open = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    assert!(body(&Anthropic, &by_schema(open)).get("tools").is_some());
    let list = json!({"type": "array", "items": {"type": "object"}});
    assert!(body(&Anthropic, &by_schema(list)).get("system").is_some());
}

#[test]
fn an_older_model_answers_by_a_tool() {
    let mut request =
        by_schema(json!({"type": "object", "properties": {"a": {"type": "integer"}}}));
    request.model = "claude-sonnet-4-20250514".into();
    assert!(body(&Anthropic, &request).get("tools").is_some());
}

#[test]
fn what_the_tool_for_the_answer_is_called_with_is_the_answer() {
    let whole = json!({
        "content": [{"type": "tool_use", "id": "t", "name": "answer_as_json", "input": {"a": 1}}],
        "stop_reason": "tool_use",
    });
    let whole = whole.to_string();
    let ours = Anthropic.read_answer_by_tool(whole.as_bytes()).unwrap();
    assert_eq!(
        (ours.parts.as_slice(), &ours.finish),
        ([text(r#"{"a":1}"#)].as_slice(), &Finish::Stop)
    );
    // A tool of the caller's that has this name is a tool.
    let theirs = Anthropic.read_answer(whole.as_bytes()).unwrap();
    let called = Part::ToolCall {
        id: "t".into(),
        name: "answer_as_json".into(),
        arguments: r#"{"a":1}"#.into(),
    };
    assert_eq!(
        (theirs.parts.as_slice(), &theirs.finish),
        ([called].as_slice(), &Finish::ToolCalls)
    );

    let stream = STREAM.replace("get_weather", "answer_as_json");
    let read = read_by(Anthropic.decoder_by_tool(), Scanner::sse(), &stream);
    let ours = joined(&read.unwrap().0);
    assert_eq!(ours.finish, Finish::Stop);
    assert_eq!(ours.parts[2], text(r#"I look it up.{"city":"Bern","days":2}"#));
    let theirs = joined(&events(&Anthropic, &stream));
    assert_eq!(theirs.finish, Finish::ToolCalls);
    assert!(
        theirs
            .parts
            .iter()
            .any(|it| matches!(it, Part::ToolCall { name, .. } if name == "answer_as_json"))
    );
}

#[test]
fn tools_are_offered_and_forced_as_asked() {
    let mut request = asking(MODEL, [turn(Role::User, [text("?")])]);
    request.tools = vec![Tool {
        name: "get_weather".into(),
        description: None,
        parameters: Json::Null,
        strict: Some(true),
    }];
    request.parallel_tool_calls = Some(false);
    let schema = json!({"type": "object", "properties": {}});
    let body_of = |choice| {
        let mut request = request.clone();
        request.tool_choice = choice;
        body(&Anthropic, &request)
    };
    assert_eq!(
        body_of(None)["tools"],
        json!([{"name": "get_weather", "input_schema": schema, "strict": true}])
    );
    for (choice, expected) in [
        (None, json!({"type": "auto", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::Required), json!({"type": "any", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::None), json!({"type": "none"})),
        (
            Some(ToolChoice::Named("get_weather".into())),
            json!({"type": "tool", "name": "get_weather", "disable_parallel_tool_use": true}),
        ),
    ] {
        assert_eq!(body_of(choice)["tool_choice"], expected);
    }
}

#[test]
fn one_of_two_ways_to_sample_is_sent() {
    let mut request = asking(MODEL, [turn(Role::User, [text("?")])]);
    (request.temperature, request.top_p, request.top_k) = (Some(1.7), Some(0.9), Some(5));
    let body = body(&Anthropic, &request);
    assert_eq!(
        (&body["temperature"], body.get("top_p"), &body["top_k"]),
        (&json!(1.0), None, &json!(5))
    );
}

#[test]
fn what_is_yet_to_come_ends_no_stream_and_passes_where_bytes_pass() {
    let event = |name: &str, data: &str| format!("event: {name}\ndata: {data}\n\n");
    let stream = [
        event("message_start", r#"{"type":"message_start","message":{"id":"msg_1","model":"m"}}"#),
        event("ping", "-"),
        event("house_news", "this is no JSON"),
        event("house_news", r#"{"type":"house_news","error":"none"}"#),
        event(
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"new_kind"}}"#,
        ),
        event(
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"new_delta","x":1}}"#,
        ),
        event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        event(
            "content_block_start",
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        ),
        event(
            "content_block_delta",
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"}}"#,
        ),
        event("content_block_stop", r#"{"type":"content_block_stop","index":1}"#),
        event("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#),
        event("message_stop", r#"{"type":"message_stop"}"#),
    ];
    let (said, decoder) = read(&Anthropic, &stream.concat()).unwrap();
    assert!(decoder.is_complete());
    assert_eq!(joined(&said).parts, [text("Hi")]);
    assert_eq!(said.iter().filter(|it| **it == Event::Other).count(), 1);
    // Whoever speaks the dialect gets all of it, as soon as it comes.
    let mut pass = Pass::new(Wire::AnthropicMessages, Anthropic.decoder(), false);
    let mut pieces = Vec::new();
    pass.push(&Bytes::from(stream[..5].concat()), &mut pieces);
    assert!(pass.has_content());
    pass.push(&Bytes::from(stream[5..].concat()), &mut pieces);
    assert_eq!(pass.finish(&mut pieces), Ok(()));
    assert_eq!(pieces.concat(), stream.concat().as_bytes());
}

#[test]
fn who_lost_the_thoughts_of_a_turn_goes_on_without_new_ones() {
    let mut request = asking(
        MODEL,
        [
            turn(Role::User, [text("?")]),
            turn(Role::Assistant, [call("a", "{}")]),
            turn(Role::Tool, [result("a", [text("Sun.")])]),
        ],
    );
    request.reasoning = Some(Reasoning { effort: Some("low".into()), budget_tokens: None });
    assert_eq!(body(&Anthropic, &request).get("thinking"), None);
    request.messages[1]
        .parts
        .insert(0, Part::Thinking { text: "Hm.".into(), signature: Some("anthropic:E".into()) });
    let body = body(&Anthropic, &request);
    assert_eq!(body["thinking"], json!({"type": "enabled", "budget_tokens": 1024}));
    assert_eq!(body["max_tokens"], 64_000);
}

#[test]
fn what_cannot_be_said_is_refused_by_its_field() {
    let picture = Part::Image(Image::Url { url: "https://x.example/a.png".into(), detail: None });
    let user = turn(Role::User, [text("?")]);
    for (field, messages) in [
        ("messages", vec![user.clone(), turn(Role::Assistant, [picture.clone()])]),
        ("messages", vec![user.clone(), turn(Role::System, [picture])]),
        ("messages", vec![user.clone(), turn(Role::Assistant, [call("a", "{\"a\":")])]),
        ("messages", vec![turn(Role::System, [text("Be brief.")])]),
    ] {
        assert_eq!(refused(&Anthropic, &asking(MODEL, messages)), field);
    }
    let mut request = asking(MODEL, [user]);
    request.stop = vec!["\n".into()];
    assert_eq!(refused(&Anthropic, &request), "stop");
    request.stop.clear();
    request.extra = json!({"n": 2}).as_object().unwrap().clone();
    assert_eq!(refused(&Anthropic, &request), "n");
}

#[test]
fn an_error_sent_as_an_answer_is_no_answer() {
    let body = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let Err(Unreadable::Complaint(complaint)) = Anthropic.read_answer(body) else { panic!() };
    assert_eq!(complaint.class, Class::Overloaded);
    assert_eq!(Anthropic.read_answer(b"{}"), Err(Unreadable::Shape("it has no `content`")));
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let parse = |(name, it): &(&str, &str)| -> (http::HeaderName, http::HeaderValue) {
        (name.parse().unwrap(), it.parse().unwrap())
    };
    pairs.iter().map(parse).collect()
}

#[test]
fn questions_and_answers_each_have_a_rate_of_their_own() {
    let rates = Anthropic.rates(&headers(&[
        ("date", "Sat, 21 Nov 2026 08:00:00 GMT"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-11-21T08:00:01Z"),
        ("anthropic-ratelimit-input-tokens-remaining", "40000"),
        ("anthropic-ratelimit-input-tokens-reset", "2026-11-21T08:00:30Z"),
        ("anthropic-ratelimit-output-tokens-remaining", "7000"),
        ("anthropic-ratelimit-output-tokens-reset", "2026-11-21T08:00:05Z"),
    ]));
    let seconds = |it| Some(std::time::Duration::from_secs(it));
    let expected = Rates {
        requests_left: Some(49),
        requests_reset: seconds(1),
        input_left: Some(40_000),
        input_reset: seconds(30),
        output_left: Some(7_000),
        output_reset: seconds(5),
        ..Rates::default()
    };
    assert_eq!(rates, expected);
}

#[test]
fn a_key_and_a_token_go_where_each_belongs_and_are_never_shown() {
    let names = |key| -> Vec<String> {
        Anthropic.headers(key).iter().map(|(name, it)| format!("{name}: {it:?}")).collect()
    };
    assert_eq!(names(None), ["anthropic-version: \"2023-06-01\""]);
    assert_eq!(names(Some("sk-ant-api03-x"))[1], "x-api-key: Sensitive");
    assert_eq!(names(Some("sk-ant-oat01-x"))[1], "authorization: Sensitive");
}

#[test]
fn models_are_listed_by_their_ids() {
    let body = br#"{"data":[{"type":"model","id":"claude-opus-4-6","display_name":"Opus"}],"has_more":false}"#;
    assert_eq!(Anthropic.read_models(body), Ok(vec!["claude-opus-4-6".into()]));
}
