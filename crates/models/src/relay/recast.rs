//! One answer in another form: pieces gathered into a whole, a whole told in pieces. Where the form
//! that is wanted is the form that is there, nothing comes through here.

use crate::{
    Usage,
    chat::{Answer, Event, Finish, Part},
};

/// Gathers the pieces of one answer.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    id: String,
    model: String,
    parts: Vec<Part>,
    finish: Option<Finish>,
    usage: Option<Usage>,
    /// Where in `parts` the calls are.
    calls: Vec<usize>,
}

impl Gathered {
    /// Takes a piece.
    pub(crate) fn take(&mut self, event: Event) {
        match event {
            Event::Begin { id, model } => {
                self.id = id;
                self.model = model;
            }
            Event::Text(more) => match self.parts.last_mut() {
                Some(Part::Text { text, .. }) => text.push_str(&more),
                _ => self.parts.push(Part::Text { text: more, cache: false }),
            },
            Event::Thinking(more) => match self.parts.last_mut() {
                Some(Part::Thinking { text, signature: None }) => text.push_str(&more),
                _ => self.parts.push(Part::Thinking { text: more, signature: None }),
            },
            Event::Signature(more) => match self.parts.last_mut() {
                Some(Part::Thinking { signature, .. }) => {
                    signature.get_or_insert_default().push_str(&more);
                }
                _ => self.parts.push(Part::Thinking { text: String::new(), signature: Some(more) }),
            },
            Event::ToolBegin { index, id, name } => {
                self.calls.resize(self.calls.len().max(index + 1), usize::MAX);
                self.calls[index] = self.parts.len();
                self.parts.push(Part::ToolCall { id, name, arguments: String::new() });
            }
            Event::ToolArguments { index, text } => {
                let at = self.calls.get(index).copied().unwrap_or(usize::MAX);
                if let Some(Part::ToolCall { arguments, .. }) = self.parts.get_mut(at) {
                    arguments.push_str(&text);
                }
            }
            Event::Refusal(more) => match self.parts.last_mut() {
                Some(Part::Refusal(text)) => text.push_str(&more),
                _ => self.parts.push(Part::Refusal(more)),
            },
            Event::Usage(usage) => self.usage = Some(usage),
            Event::End(finish) => self.finish = Some(finish),
            Event::Failed(_) | Event::Other => {}
        }
    }

    /// The whole answer; none when its end is missing.
    pub(crate) fn whole(self) -> Option<Answer> {
        Some(Answer {
            id: self.id,
            model: self.model,
            parts: self.parts,
            finish: self.finish?,
            usage: self.usage,
        })
    }
}

/// The pieces of a whole answer. None when it has parts that no answer in pieces has.
pub(crate) fn pieces(answer: &Answer) -> Option<Vec<Event>> {
    let mut events = vec![Event::Begin { id: answer.id.clone(), model: answer.model.clone() }];
    let mut calls = 0;
    for part in &answer.parts {
        match part {
            Part::Text { text, .. } => events.push(Event::Text(text.clone())),
            Part::Thinking { text, signature } => {
                if !text.is_empty() {
                    events.push(Event::Thinking(text.clone()));
                }
                events.extend(signature.clone().map(Event::Signature));
            }
            Part::ToolCall { id, name, arguments } => {
                let (id, name) = (id.clone(), name.clone());
                events.push(Event::ToolBegin { index: calls, id, name });
                events.push(Event::ToolArguments { index: calls, text: arguments.clone() });
                calls += 1;
            }
            Part::Refusal(text) => events.push(Event::Refusal(text.clone())),
            Part::Image(_) | Part::ToolResult { .. } => return None,
        }
    }
    events.extend(answer.usage.map(Event::Usage));
    events.push(Event::End(answer.finish.clone()));
    Some(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_told_in_pieces_and_gathered_is_the_same() {
        let answer = Answer {
            id: "id".into(),
            model: "m".into(),
            parts: vec![
                Part::Thinking { text: "hm".into(), signature: Some("proof".into()) },
                Part::Text { text: "Hello".into(), cache: false },
                Part::ToolCall { id: "c1".into(), name: "look".into(), arguments: "{}".into() },
                Part::ToolCall {
                    id: "c2".into(),
                    name: "see".into(),
                    arguments: "{\"a\":1}".into(),
                },
            ],
            finish: Finish::ToolCalls,
            usage: Some(Usage { tokens_in: 3, tokens_out: 2, ..Usage::default() }),
        };
        let mut gathered = Gathered::default();
        pieces(&answer).unwrap().into_iter().for_each(|it| gathered.take(it));
        assert_eq!(gathered.whole(), Some(answer));
    }

    #[test]
    fn pieces_without_an_end_are_no_answer() {
        let mut gathered = Gathered::default();
        gathered.take(Event::Text("Hel".into()));
        gathered.take(Event::Text("lo".into()));
        assert_eq!(gathered.parts, [Part::Text { text: "Hello".into(), cache: false }]);
        assert_eq!(gathered.whole(), None);
    }
}
