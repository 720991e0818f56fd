//! Groq: as OpenAI, without `responses` (which it has in another form), and with the use of a
//! stream under `x_groq`, which the family's decoder reads.

use super::openai::{Compatible, embed};

/// Groq.
pub static GROQ: Compatible = Compatible {
    kind: "groq",
    address: "https://api.groq.com/openai/v1",
    takes_responses: false,
    has_thinkers: false,
    knows_refusals: false,
    embed: embed::ask,
    read_embeddings: embed::read,
};
