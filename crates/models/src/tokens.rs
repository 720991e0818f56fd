//! How many tokens a text has, when nobody counted: one for every four bytes of UTF-8, rounded up.
//!
//! English prose has about 4.4 bytes to a token in the vocabularies in use and JSON about 3.3, so
//! this errs by a quarter at most there; text in scripts of three bytes a letter is counted a little
//! low. It is used where a provider sends no counts (the ledger then says `estimated`) and to refuse
//! what is far too long; never where a provider's own count is there.

use crate::Message;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bytes_are_a_token_and_a_rest_is_one_more() {
        assert_eq!(["", "a", "four", "fives"].map(estimate), [0, 1, 1, 2]);
        assert_eq!(estimate_messages(&[Message::user("four"), Message::system("")]), 9);
    }
}
