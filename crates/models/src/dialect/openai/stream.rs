//! Streams of `chat/completions`.

use serde_json::Value as Json;

use super::{
    answer,
    chunk::{Call, Chunk, Delta, Function},
    complaint, usage,
};
use crate::{
    Usage,
    chat::Event,
    dialect::{Class, Complaint, Decoder, Unreadable, fingerprint},
    price::Tariff,
    sse::Frame,
    tokens,
};

/// Reads the pieces of one streamed answer. Of several answers in one stream the first is told;
/// their use is told together.
#[derive(Default)]
pub(super) struct Chat {
    id: String,
    has_begun: bool,
    calls: Vec<Called>,
    usage: Option<Usage>,
    /// As it was stated last.
    tariff: Tariff,
    /// How many bytes all the answers in this stream said.
    said_bytes: usize,
    /// Not only the first said something.
    has_others: bool,
    /// Of the answers in this stream, by number: has it ended?
    ended: Vec<bool>,
    is_done: bool,
    has_failed: bool,
}

/// A call that the model is making.
struct Called {
    /// The provider's number of it.
    index: Option<usize>,
    id: String,
    /// Its name is known, and it was told.
    is_told: bool,
    /// Arguments from before its name was known.
    early: String,
}

impl Decoder for Chat {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Unreadable> {
        let data = frame.data.trim_ascii();
        if data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.is_done = true;
            return Ok(());
        }
        let broken = || Unreadable::Shape("a frame of its stream is broken");
        let text = std::str::from_utf8(data).map_err(|_| broken())?;
        let chunk: Chunk<'_> = match serde_json::from_str(text) {
            Ok(chunk) => chunk,
            // An event with a name of its own is none of the dialect's.
            Err(_) if !matches!(&frame.event[..], b"" | b"message" | b"error") => return Ok(()),
            Err(_) => return Err(broken()),
        };
        if frame.event[..] == b"error"[..] || chunk.error.is_some() {
            self.fail(complaint::of(200, &value(text)), events);
            return Ok(());
        }
        self.tariff = Tariff::of_word(chunk.service_tier.as_str()).unwrap_or(self.tariff);
        let has_choice = chunk.choices.iter().next().is_some();
        if !self.has_begun && (has_choice || chunk.id.said().is_some()) {
            self.has_begun = true;
            self.id = chunk.id.as_str().to_owned();
            let model = chunk.model.as_str().to_owned();
            events.push(Event::Begin { id: self.id.clone(), model });
        }
        for choice in chunk.choices.iter() {
            let number = choice.index.0.unwrap_or(0);
            // A number from outside: what is far too large is no number.
            if number < 1_024 && self.ended.len() <= number {
                self.ended.resize(number + 1, false);
            }
            if let Some(delta) = &choice.delta {
                let said = said_bytes(delta);
                self.said_bytes += said;
                self.has_others |= number > 0 && said > 0;
                if number == 0 {
                    self.say(delta, events);
                }
            }
            let Some(word) = choice.finish_reason.said() else { continue };
            let Some(ended) = self.ended.get_mut(number) else { continue };
            if !std::mem::replace(ended, true) && number == 0 {
                self.tell_the_nameless(events);
                events.push(Event::End(answer::finish(word, !self.calls.is_empty())));
            }
        }
        if let Some(raw) = chunk.usage {
            self.count(usage::of(&value(raw.get())), events);
        }
        if let Some(raw) = chunk.x_groq {
            let groq = value(raw.get());
            self.count(groq.get("usage").and_then(usage::of), events);
            if let Some(words) = groq.get("error").and_then(Json::as_str) {
                let message = complaint::presentable(words);
                self.fail(
                    Complaint { message, class: Class::Broken, ..Default::default() },
                    events,
                );
            }
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        let all_ended = !self.ended.is_empty() && self.ended.iter().all(|it| *it);
        !self.has_failed && (all_ended || (self.is_done && self.has_begun))
    }

    fn usage(&self) -> Option<Usage> {
        if !self.has_others || self.usage.is_some_and(|it| it.tokens_out > 0) {
            return usage::on_terms(self.usage, self.tariff);
        }
        // Whoever estimates from the events hears the first answer, and all are paid for.
        let tokens_out = tokens::of_bytes(self.said_bytes);
        let estimated = Usage { tokens_out, estimated: true, ..self.usage.unwrap_or_default() };
        usage::on_terms(Some(estimated), self.tariff)
    }

    fn is_usage_only(&self, frame: &Frame) -> bool {
        // Most frames do not speak of it, which is seen sooner than read.
        let Ok(text) = std::str::from_utf8(&frame.data) else { return false };
        text.contains("_tokens\"")
            && serde_json::from_str::<Chunk<'_>>(text).is_ok_and(|it| {
                it.usage.is_some() && it.choices.0.is_some_and(|choices| choices.is_empty())
            })
    }
}

impl Chat {
    fn say(&mut self, delta: &Delta<'_>, events: &mut Vec<Event>) {
        let thought = delta.reasoning_content.said().or(delta.reasoning.said());
        events.extend(thought.map(|it| Event::Thinking(it.to_owned())));
        events.extend(delta.content.said().map(|it| Event::Text(it.to_owned())));
        events.extend(delta.refusal.said().map(|it| Event::Refusal(it.to_owned())));
        for call in delta.tool_calls.iter() {
            let at = self.place(call);
            self.call(at, call.function.as_ref(), events);
        }
        if delta.function_call.is_some() {
            // The form before tools: one call, without an id.
            if self.calls.is_empty() {
                self.open(None, "");
            }
            self.call(0, delta.function_call.as_ref(), events);
        }
    }

    /// Which call a fragment belongs to. Most servers number them; some number all of them 0, or
    /// none, and then another id is another call.
    fn place(&mut self, call: &Call<'_>) -> usize {
        let id = call.id.said();
        let of = |it: &Called| {
            let same_id = id.is_none_or(|id| it.id == id);
            match call.index.0 {
                Some(index) => it.index == Some(index) && same_id,
                None => same_id,
            }
        };
        match self.calls.iter().rposition(of) {
            Some(at) => at,
            None => self.open(call.index.0, id.unwrap_or_default()),
        }
    }

    fn open(&mut self, index: Option<usize>, id: &str) -> usize {
        let at = self.calls.len();
        let id = if id.is_empty() { fingerprint::call_id(&self.id, at) } else { id.to_owned() };
        self.calls.push(Called { index, id, is_told: false, early: String::new() });
        at
    }

    fn call(&mut self, at: usize, function: Option<&Function<'_>>, events: &mut Vec<Event>) {
        let called = &mut self.calls[at];
        let Some(function) = function else { return };
        if let Some(name) = function.name.said().filter(|_| !called.is_told) {
            called.is_told = true;
            let (id, name) = (called.id.clone(), name.to_owned());
            events.push(Event::ToolBegin { index: at, id, name });
            if !called.early.is_empty() {
                let text = std::mem::take(&mut called.early);
                events.push(Event::ToolArguments { index: at, text });
            }
        }
        match function.arguments.said() {
            Some(text) if called.is_told => {
                events.push(Event::ToolArguments { index: at, text: text.to_owned() });
            }
            Some(text) => called.early.push_str(text),
            None => {}
        }
    }

    /// Calls whose name never came are calls all the same.
    fn tell_the_nameless(&mut self, events: &mut Vec<Event>) {
        for (at, called) in self.calls.iter_mut().enumerate().filter(|(_, it)| !it.is_told) {
            called.is_told = true;
            events.push(Event::ToolBegin { index: at, id: called.id.clone(), name: String::new() });
            let text = std::mem::take(&mut called.early);
            events.push(Event::ToolArguments { index: at, text });
        }
    }

    fn count(&mut self, usage: Option<Usage>, events: &mut Vec<Event>) {
        if let Some(usage) = usage.filter(|it| self.usage.as_ref() != Some(it)) {
            self.usage = Some(usage);
            events.push(Event::Usage(usage));
        }
    }

    fn fail(&mut self, complaint: Complaint, events: &mut Vec<Event>) {
        self.has_failed = true;
        events.push(Event::Failed(complaint));
    }
}

/// How many bytes a piece says of words, thoughts and arguments.
fn said_bytes(delta: &Delta<'_>) -> usize {
    let thought = delta.reasoning_content.said().or(delta.reasoning.said());
    let words = [thought, delta.content.said(), delta.refusal.said()];
    let functions = delta.tool_calls.iter().filter_map(|it| it.function.as_ref());
    let of = |it: &Function<'_>| {
        it.name.said().map_or(0, str::len) + it.arguments.said().map_or(0, str::len)
    };
    let called: usize = functions.chain(&delta.function_call).map(of).sum();
    words.into_iter().flatten().map(str::len).sum::<usize>() + called
}

fn value(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::chat::Finish;

    fn frame(data: &str) -> Frame {
        let data = Bytes::copy_from_slice(data.as_bytes());
        Frame { raw: data.clone(), event: Bytes::new(), data }
    }

    fn read(frames: &[Json]) -> (Vec<Event>, Chat) {
        let (mut chat, mut events) = (Chat::default(), Vec::new());
        for it in frames {
            chat.frame(&frame(&it.to_string()), &mut events).unwrap();
        }
        (events, chat)
    }

    fn delta(delta: Json) -> Json {
        json!({"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
    }

    fn end(word: &str) -> Json {
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": word}]})
    }

    fn begin(index: usize, id: &str, name: &str) -> Event {
        Event::ToolBegin { index, id: id.into(), name: name.into() }
    }

    fn more(index: usize, text: &str) -> Event {
        Event::ToolArguments { index, text: text.into() }
    }

    #[test]
    fn of_several_answers_that_nobody_counts_all_are_estimated() {
        let of = |index: usize, delta: Json| json!({"id": "c", "choices": [{"index": index, "delta": delta}]});
        let said = [
            of(0, json!({"content": "four"})),
            of(1, json!({"content": "eight by"})),
            of(
                2,
                json!({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}5"}}]}),
            ),
        ];
        let (events, chat) = read(&said);
        assert_eq!(events.iter().filter(|it| matches!(it, Event::Text(_))).count(), 1);
        let usage = chat.usage().unwrap();
        assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (0, 4, true));
        // What the server counts is what it was, and one answer alone is estimated by its events.
        let counted = json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 9}});
        let (_, chat) = read(&[said.to_vec(), vec![counted]].concat());
        let usage = chat.usage().unwrap();
        assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (3, 9, false));
        assert_eq!(read(&said[..1]).1.usage(), None);
    }

    #[test]
    fn fragments_of_several_calls_are_told_apart_by_their_number() {
        let (events, _) = read(&[
            delta(
                json!({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
            ),
            delta(
                json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}}]}),
            ),
            delta(
                json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}, {"index": 1, "function": {"arguments": "}"}}]}),
            ),
            end("tool_calls"),
        ]);
        assert_eq!(
            events[1..],
            [
                begin(0, "a", "f"),
                begin(1, "b", "g"),
                more(1, "{"),
                more(0, "{}"),
                more(1, "}"),
                Event::End(Finish::ToolCalls)
            ]
        );
    }

    #[rstest]
    #[case::all_of_them_number_0(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}, {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}}]))]
    #[case::without_numbers(json!([{"id": "a", "function": {"name": "f", "arguments": "{}"}}, {"id": "b", "function": {"name": "g", "arguments": {}}}]))]
    #[case::numbers_from_1(json!([{"index": 1, "id": "a", "function": {"name": "f", "arguments": "{}"}}, {"index": 2, "id": "b", "function": {"name": "g", "arguments": "{}"}}]))]
    fn whole_calls_come_in_several_shapes(#[case] calls: Json) {
        let (events, _) = read(&[delta(json!({"tool_calls": calls})), end("stop")]);
        assert_eq!(
            events[1..],
            [
                begin(0, "a", "f"),
                more(0, "{}"),
                begin(1, "b", "g"),
                more(1, "{}"),
                Event::End(Finish::ToolCalls)
            ]
        );
    }

    #[test]
    fn a_call_without_an_id_gets_one_and_a_name_may_come_late() {
        let (events, _) = read(&[
            delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]})),
            delta(
                json!({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "}"}}]}),
            ),
        ]);
        let id = fingerprint::call_id("chatcmpl-1", 0);
        assert_eq!(events[1..], [begin(0, &id, "f"), more(0, "{"), more(0, "}")]);
        let (events, _) =
            read(&[delta(json!({"function_call": {"name": "f", "arguments": "{}"}}))]);
        assert_eq!(events[1..], [begin(0, &id, "f"), more(0, "{}")]);
    }

    #[rstest]
    #[case(json!({"content": "a", "reasoning_content": "b"}), vec![Event::Thinking("b".into()), Event::Text("a".into())])]
    #[case(json!({"reasoning": "b"}), vec![Event::Thinking("b".into())])]
    #[case(json!({"reasoning": {"new": "shape"}, "content": "a"}), vec![Event::Text("a".into())])]
    #[case(json!({"refusal": "no"}), vec![Event::Refusal("no".into())])]
    #[case(json!({"content": [{"type": "text", "text": "a"}, {"type": "new", "x": [1]}]}), vec![Event::Text("a".into())])]
    #[case(json!({"role": "assistant", "content": "", "new_field": {"a": [1, 2]}}), vec![])]
    #[case(json!({"content": 5, "tool_calls": null}), vec![])]
    #[case(json!({"content": "\u{1F600} \"quoted\"\n"}), vec![Event::Text("\u{1F600} \"quoted\"\n".into())])]
    fn a_piece_has_several_shapes(#[case] piece: Json, #[case] expected: Vec<Event>) {
        assert_eq!(read(&[delta(piece)]).0[1..], expected);
    }

    #[test]
    fn the_use_is_replaced_and_never_added() {
        let usage = |out: u64| json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": out}});
        let (events, chat) = read(&[usage(1), usage(1), usage(3)]);
        assert_eq!(events.len(), 2);
        assert_eq!(chat.usage().map(|it| (it.tokens_in, it.tokens_out)), Some((7, 3)));
        let (_, without) = read(&[delta(json!({"content": "a"})), end("stop")]);
        assert_eq!((without.usage(), without.is_complete()), (None, true));
    }

    #[test]
    fn the_tier_is_the_one_that_was_stated_last() {
        let mut first = delta(json!({"content": "a"}));
        first["service_tier"] = "flex".into();
        let usage = json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}});
        let (_, chat) = read(&[first.clone(), end("stop"), usage.clone()]);
        assert_eq!(chat.usage().map(|it| (it.total(), it.tariff)), Some((10, Tariff::Flex)));
        // It broke off before anything was counted.
        let told = read(&[first.clone()]).1.usage().unwrap();
        assert_eq!((told.total(), told.estimated, told.tariff), (0, true, Tariff::Flex));
        let mut last = usage;
        last["service_tier"] = "default".into();
        let (_, chat) = read(&[first, end("stop"), last]);
        assert_eq!(chat.usage().map(|it| it.tariff), Some(Tariff::Ordinary));
    }

    #[test]
    fn groq_tells_use_and_failure_in_a_field_of_its_own() {
        let mut last = end("stop");
        last["x_groq"] = json!({"id": "req_1", "usage": {"prompt_tokens": 7, "completion_tokens": 3, "queue_time": 0.1}});
        let (_, chat) = read(&[delta(json!({"content": "a"})), last]);
        assert_eq!(chat.usage().map(|it| it.total()), Some(10));
        let mut last = end("stop");
        last["x_groq"] = json!({"error": "over capacity"});
        let (events, chat) = read(&[delta(json!({"content": "a"})), last]);
        assert!(matches!(events.last(), Some(Event::Failed(it)) if it.message == "over capacity"));
        assert!(!chat.is_complete());
    }

    #[test]
    fn an_event_with_a_name_of_its_own_breaks_no_stream() {
        let mut chat = Chat::default();
        let mut events = Vec::new();
        let named = |name: &'static str| Frame {
            raw: "still here".into(),
            event: name.into(),
            data: "still here".into(),
        };
        assert_eq!(chat.frame(&named("keepalive"), &mut events), Ok(()));
        assert!(events.is_empty());
        assert!(chat.frame(&named(""), &mut events).is_err());
    }

    #[rstest]
    #[case(r#"{"choices":[],"usage":{"prompt_tokens":1}}"#, true)]
    #[case(r#"{"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":1}}"#, false)]
    #[case(r#"{"choices":[],"usage":null}"#, false)]
    #[case(r#"{"choices":[],"prompt_filter_results":[{"usage":1}]}"#, false)]
    #[case(r#"{"usage":{"prompt_tokens":1}}"#, false)]
    #[case("[DONE]", false)]
    fn only_a_frame_with_the_use_alone_is_one(#[case] data: &str, #[case] expected: bool) {
        assert_eq!(Chat::default().is_usage_only(&frame(data)), expected);
    }

    #[rstest]
    #[case("{\"choices\": [")]
    #[case("hello")]
    #[case("{\"choices\": \"none\"}")]
    fn a_broken_frame_is_not_trusted(#[case] data: &str) {
        let read = Chat::default().frame(&frame(data), &mut Vec::new());
        assert!(matches!(read, Err(Unreadable::Shape(_))));
    }

    #[test]
    fn an_error_in_the_stream_is_a_failure() {
        let error = json!({"error": {"message": "busy", "type": "overloaded_error", "code": 529}});
        let (events, chat) = read(&[delta(json!({"content": "a"})), error, end("stop")]);
        let failed = events.iter().find_map(|it| match it {
            Event::Failed(complaint) => Some(complaint.class),
            _ => None,
        });
        assert_eq!((failed, chat.is_complete()), (Some(Class::Overloaded), false));
    }

    #[test]
    fn of_several_answers_the_first_is_told_and_all_must_end() {
        let of = |index: usize, text: &str, end: Json| json!({"id": "x", "choices": [{"index": index, "delta": {"content": text}, "finish_reason": end}]});
        let (events, chat) =
            read(&[of(0, "a", Json::Null), of(1, "b", Json::Null), of(0, "", "stop".into())]);
        assert_eq!(events[1..], [Event::Text("a".into()), Event::End(Finish::Stop)]);
        assert!(!chat.is_complete());
        let (_, chat) = read(&[
            of(0, "a", "stop".into()),
            of(1, "b", "length".into()),
            of(usize::MAX, "c", "stop".into()),
        ]);
        assert!(chat.is_complete());
    }
}
