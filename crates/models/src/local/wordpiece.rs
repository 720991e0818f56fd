//! Texts as tokens of the model's own vocabulary.

use tokenizers::{Error, Tokenizer, TruncationParams};

/// The most tokens of one text, its two marks included: as many as the model was trained with. What
/// comes after them is not seen.
pub const TOKENS_MAX: usize = 256;

/// No word of the vocabulary is longer than 100 letters and no letter longer than four bytes, so what
/// comes after this many bytes is not seen either, but for words of nonsense and wide gaps.
const TEXT_BYTES_MAX: usize = TOKENS_MAX * 100 * 4;

/// A vocabulary.
pub(super) struct Wordpiece(Tokenizer);

/// A text as the network takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tokens {
    /// The numbers of its tokens, with the marks of its beginning and its end.
    pub(super) ids: Vec<u32>,
    /// It is longer than what is seen of it.
    pub(super) is_cut: bool,
}

impl Wordpiece {
    /// Reads a vocabulary.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut tokenizer = Tokenizer::from_bytes(bytes)?;
        // The file asks for 128 tokens, filled up to that: right for training, not for reading.
        let most = TruncationParams { max_length: TOKENS_MAX, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(most))?;
        tokenizer.with_padding(None);
        Ok(Self(tokenizer))
    }

    /// The tokens of a text.
    pub(super) fn tokens(&self, text: &str) -> Result<Tokens, Error> {
        let seen = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let encoded = self.0.encode_fast(seen, true)?;
        let is_cut = seen.len() < text.len() || !encoded.get_overflowing().is_empty();
        Ok(Tokens { ids: encoded.get_ids().to_vec(), is_cut })
    }
}
