//! How many tokens a text has, when nobody counted: one for every four bytes of UTF-8, rounded up.
//!
//! English prose has about 4.4 bytes to a token in the vocabularies in use and JSON about 3.3, so
//! this errs by a quarter at most there; text in scripts of three bytes a letter is counted a little
//! low. It is used where a provider sends no counts (the ledger then says `estimated`) and to refuse
//! what is far too long; never where a provider's own count is there.

use crate::{Message, Usage};

const BYTES_PER_TOKEN: usize = 4;
/// What the frame around a message takes: its role and its ends.
const TOKENS_PER_MESSAGE: u64 = 4;

/// About how many tokens a text has.
pub fn estimate(text: &str) -> u64 {
    text.len().div_ceil(BYTES_PER_TOKEN) as u64
}

/// About how many tokens a question has.
pub fn estimate_messages(messages: &[Message]) -> u64 {
    messages.iter().map(|it| estimate(&it.content) + TOKENS_PER_MESSAGE).sum()
}

/// About how many tokens so many bytes of text have.
pub(crate) fn of_bytes(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}

/// What was used: the provider's counts, and estimates where there are none. Some servers send the
/// fields and leave them at zero; some tell the use of an answer only at its end, which may not have
/// come.
pub(crate) fn completed(counted: Option<Usage>, asked: u64, said: u64) -> Usage {
    let mut usage = counted.unwrap_or_default();
    if usage.tokens_in == 0 && asked > 0 {
        usage.tokens_in = asked;
        usage.estimated = true;
    }
    if usage.tokens_out == 0 && said > 0 {
        usage.tokens_out = said;
        usage.estimated = true;
    }
    usage.estimated |= counted.is_none();
    usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_counted_is_estimated_and_what_was_counted_stays() {
        let usage = |tokens_in, tokens_out, estimated| Usage {
            tokens_in,
            tokens_out,
            estimated,
            ..Usage::default()
        };
        let counted = Some(usage(7, 3, false));
        assert_eq!(completed(counted, 50, 9), usage(7, 3, false));
        assert_eq!(completed(None, 50, 9), usage(50, 9, true));
        assert_eq!(completed(Some(usage(0, 0, false)), 50, 9), usage(50, 9, true));
        assert_eq!(completed(Some(usage(7, 0, true)), 50, 9), usage(7, 9, true));
        assert_eq!(completed(None, 0, 0), usage(0, 0, true));
    }

    #[test]
    fn four_bytes_are_a_token_and_a_rest_is_one_more() {
        assert_eq!(["", "a", "four", "fives"].map(estimate), [0, 1, 1, 2]);
        assert_eq!(estimate_messages(&[Message::user("four"), Message::system("")]), 9);
    }
}
