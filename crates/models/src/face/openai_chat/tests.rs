//! What is peeked at, and what a splice changes and leaves alone.

use bytes::Bytes;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, Value as Json, json};

use super::*;

#[rstest]
#[case::inserted(
    r#"{"model":"a","stream":true,"x":1e5}"#,
    r#"{"model":"b","stream_options":{"include_usage":true},"stream":true,"x":1e5}"#
)]
#[case::set(
    r#"{"stream_options":{"include_usage" : false },"stream":true,"model":"a"}"#,
    r#"{"stream_options":{"include_usage" : true },"stream":true,"model":"b"}"#
)]
#[case::already(
    r#"{"model":"a","stream":true,"stream_options":{"include_usage":true}}"#,
    r#"{"model":"b","stream":true,"stream_options":{"include_usage":true}}"#
)]
#[case::beside(
    r#"{"model":"a","stream":true,"stream_options":{ "x":1}}"#,
    r#"{"model":"b","stream":true,"stream_options":{"include_usage":true, "x":1}}"#
)]
#[case::empty(
    r#"{"model":"a","stream":true,"stream_options":{ }}"#,
    r#"{"model":"b","stream":true,"stream_options":{"include_usage":true }}"#
)]
#[case::null(
    r#"{"model":"a","stream":true,"stream_options":null}"#,
    r#"{"model":"b","stream":true,"stream_options":{"include_usage":true}}"#
)]
#[case::no_stream(r#"{"model":"a","stream":false}"#, r#"{"model":"b","stream":false}"#)]
fn the_wish_for_the_use_is_spliced_in(#[case] body: &'static str, #[case] expected: &str) {
    assert_eq!(OpenaiChat.rewrite(&Bytes::from(body), "b", Inject::Usage), expected);
    let untouched = body.replace(r#""a""#, r#""b""#);
    assert_eq!(OpenaiChat.rewrite(&Bytes::from(body), "b", Inject::Nothing), untouched);
}

#[rstest]
#[case::lowered(
    false,
    r#"{"model":"a", "max_tokens" : 90, "odd":1.0}"#,
    r#"{"model":"a", "max_tokens" : 50, "odd":1.0}"#
)]
#[case::both(
    false,
    r#"{"max_completion_tokens":60,"model":"a","max_tokens":9}"#,
    r#"{"max_completion_tokens":50,"model":"a","max_tokens":9}"#
)]
#[case::the_callers_word(
    true,
    r#"{"model":"a","max_tokens":90}"#,
    r#"{"model":"a","max_tokens":50}"#
)]
#[case::said(false, r#"{ "model":"a" ,"n":2}"#, r#"{ "model":"a","max_tokens":50 ,"n":2}"#)]
#[case::null(false, r#"{"model":"a","max_tokens":null}"#, r#"{"model":"a","max_tokens":50}"#)]
#[case::said_in_the_newer_word(
    true,
    r#"{"model":"a","max_tokens":null}"#,
    r#"{"model":"a","max_completion_tokens":50,"max_tokens":null}"#
)]
fn a_limit_is_spliced_in(
    #[case] of_completion: bool,
    #[case] body: &'static str,
    #[case] expected: &str,
) {
    let limited = OpenaiChat.limit(&Bytes::from(body), Limit { tokens: 50, of_completion });
    let limited = limited.unwrap();
    assert_eq!(limited.body, expected);
    let says_none = !body.contains("90") && !body.contains("60");
    assert_eq!(limited.is_ours, says_none, "{body}");
}

#[test]
fn a_peek_sees_what_the_gateway_must_know() {
    let body = br#"{
        "model": "mod\u0065l", "stream": true, "stream_options": {"include_usage": true, "x": 1},
        "max_tokens": 5.0, "max_completion_tokens": 7, "n": 2, "seed": {"any": ["thing"]},
        "messages": [{"role": "user", "content": "four by four has 16"}]
    }"#;
    assert_eq!(
        OpenaiChat.peek(body),
        Ok(Peek {
            model: "model".into(),
            stream: true,
            include_usage: true,
            max_tokens: Some(7),
            answers: 2,
            prompt_tokens: 6,
        })
    );
    let least = OpenaiChat.peek(br#"{"model": "m", "stream": null}"#).unwrap();
    assert_eq!(least, Peek { model: "m".into(), answers: 1, ..Peek::default() });
}

#[rstest]
#[case(r#"{"messages": []}"#, "model", "missing_required_parameter")]
#[case(r#"{"model": 5}"#, "model", "invalid_type")]
#[case(r#"{"model": "m", "stream": "yes"}"#, "stream", "invalid_type")]
#[case(r#"{"model": "m", "max_tokens": -1}"#, "max_tokens", "invalid_type")]
#[case(
    r#"{"model": "m", "stream_options": {"include_usage": 1}}"#,
    "stream_options.include_usage",
    "invalid_type"
)]
#[case(r#"{"model": "m", "model": "n"}"#, "", "invalid_json")]
#[case(r#"["m"]"#, "", "invalid_json")]
#[case(r#"{"model": "m"} x"#, "", "invalid_json")]
#[case("", "", "invalid_json")]
fn a_peek_says_what_is_wrong(#[case] body: &str, #[case] field: &str, #[case] code: &str) {
    let error = OpenaiChat.peek(body.as_bytes()).unwrap_err();
    assert_eq!((error.field.as_str(), error.code), (field, code));
}

/// Values of JSON, some of them deep, with words that look like what is sought.
fn values() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[a-z\"\\\\{}:, é\u{1F600}\n]{0,12}".prop_map(Json::from),
        Just(Json::from("\"model\":\"x\"")),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            fields(inner, 4).prop_map(Json::from),
        ]
    })
}

fn fields(
    value: impl Strategy<Value = Json>,
    most: usize,
) -> impl Strategy<Value = Map<String, Json>> {
    let name =
        prop_oneof!["[a-z_\" ]{0,6}", Just("model".to_owned()), Just("stream_options".to_owned())];
    prop::collection::vec((name, value), 0..most).prop_map(|it| it.into_iter().collect())
}

/// A request with its fields in any order.
fn requests() -> impl Strategy<Value = Json> {
    let include_usage = prop_oneof![
        Just(None),
        any::<bool>().prop_map(|it| Some(Json::from(it))),
        Just(Some(Json::Null)),
    ];
    let options = (fields(values(), 3), include_usage).prop_map(|(mut fields, include_usage)| {
        fields.retain(|name, _| name != "include_usage");
        fields.extend(include_usage.map(|it| ("include_usage".to_owned(), it)));
        Json::from(fields)
    });
    let options = prop::option::of(prop_oneof![4 => options, 1 => Just(Json::Null)]);
    (fields(values(), 5), options, any::<bool>(), any::<prop::sample::Index>()).prop_map(
        |(extra, options, stream, at)| {
            let mut all: Vec<(String, Json)> = extra
                .into_iter()
                .filter(|(name, _)| name != "model" && name != "stream_options")
                .collect();
            all.retain(|(name, _)| name != "stream");
            all.insert(at.index(all.len() + 1), ("model".into(), "old \"model\"".into()));
            all.insert(at.index(all.len() + 1), ("stream".into(), stream.into()));
            if let Some(options) = options {
                all.insert(at.index(all.len() + 1), ("stream_options".into(), options));
            }
            all.into_iter().collect::<Map<_, _>>().into()
        },
    )
}

/// The same value with spaces that mean nothing.
fn written(value: &Json, is_wide: bool) -> Bytes {
    let text =
        if is_wide { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    Bytes::from(text.unwrap())
}

proptest! {
    #[test]
    fn only_the_model_and_the_wish_for_the_use_change(
        request in requests(),
        model in "[a-z\"\\\\/:é]{0,12}",
        is_wide: bool,
        injects: bool,
    ) {
        let body = written(&request, is_wide);
        let inject = if injects { Inject::Usage } else { Inject::Nothing };
        let rewritten = OpenaiChat.rewrite(&body, &model, inject);

        let mut expected = request.clone();
        expected["model"] = model.as_str().into();
        if injects && request["stream"] == true {
            match &mut expected["stream_options"] {
                Json::Object(options) => drop(options.insert("include_usage".into(), true.into())),
                options => *options = json!({"include_usage": true}),
            }
        }
        let read: Json = serde_json::from_slice(&rewritten).unwrap();
        prop_assert_eq!(&read, &expected);

        // Byte for byte: one place is the model, and the wish is one more, for at most `false`.
        let plain = OpenaiChat.rewrite(&body, &model, Inject::Nothing);
        let (old, new) = (splice::quoted("old \"model\""), splice::quoted(&model));
        let text = std::str::from_utf8(&body).unwrap();
        let is_spliced = text.match_indices(&old).any(|(at, _)| {
            [&text[..at], new.as_str(), &text[at + old.len()..]].concat().as_bytes() == &plain[..]
        });
        prop_assert!(is_spliced);
        let same = |(a, b): &(&u8, &u8)| a == b;
        let before = plain.iter().zip(&rewritten[..]).take_while(same).count();
        let rest = (&plain[before..], &rewritten[before..]);
        let after = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(same).count();
        prop_assert!(rest.0.len() - after <= "false".len());
    }

    #[test]
    fn what_is_peeked_at_is_what_is_read(request in requests(), is_wide: bool) {
        let body = written(&request, is_wide);
        if let Ok(peek) = OpenaiChat.peek(&body) {
            prop_assert_eq!(peek.model, "old \"model\"");
            prop_assert_eq!(peek.stream, request["stream"] == true);
            let asked = request.pointer("/stream_options/include_usage") == Some(&Json::Bool(true));
            prop_assert_eq!(peek.include_usage, asked);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let body = Bytes::from(body);
        prop_assert_eq!(&OpenaiChat.rewrite(&body, "m", Inject::Usage), &body);
        prop_assert!(OpenaiChat.peek(&body).is_err());
        prop_assert!(OpenaiChat.read(&body).is_err());
    }
}
