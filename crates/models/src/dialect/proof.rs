//! Whose proof of a thought a signature is. Providers sign what their models think and want it back
//! unchanged, each only its own: a foreign proof is refused. So whoever reads a proof writes its
//! owner before it, and a dialect sends none but its own.

/// Anthropic's `signature` of a thinking block.
pub const ANTHROPIC: &str = "anthropic";
/// Anthropic's `data` of a redacted thinking block.
pub const ANTHROPIC_REDACTED: &str = "anthropic.redacted";
/// Gemini's `thoughtSignature` of the part that follows.
pub const GEMINI: &str = "gemini";
/// Gemini's `thoughtSignature` of a thought itself.
pub const GEMINI_THOUGHT: &str = "gemini.thought";

/// Nobody's: a thought that came without a proof, shown to callers whose dialect wants one.
pub const UNSIGNED: &str = "unsigned";

/// The proof with its owner's name.
pub fn mark(owner: &str, proof: &str) -> String {
    format!("{owner}:{proof}")
}

/// The proof, if it is this owner's.
pub fn own<'a>(owner: &str, signature: &'a str) -> Option<&'a str> {
    signature.strip_prefix(owner)?.strip_prefix(':')
}

/// Does it carry the name of any owner?
pub fn is_marked(signature: &str) -> bool {
    [ANTHROPIC, ANTHROPIC_REDACTED, GEMINI, GEMINI_THOUGHT, UNSIGNED]
        .iter()
        .any(|it| own(it, signature).is_some())
}

/// Do bytes of a request for Anthropic hold a proof of another provider? Then they cannot pass as
/// they are: Anthropic would refuse them.
pub fn is_foreign_to_anthropic(body: &[u8]) -> bool {
    has_proof_of(body, b"\"signature\"", &[GEMINI, GEMINI_THOUGHT, UNSIGNED])
}

/// Do bytes of a request for OpenAI's `responses` hold a proof of another provider? Theirs carry no
/// name, so every name is foreign.
pub fn is_foreign_to_openai(body: &[u8]) -> bool {
    const ALL: &[&str] = &[ANTHROPIC, ANTHROPIC_REDACTED, GEMINI, GEMINI_THOUGHT, UNSIGNED];
    has_proof_of(body, b"\"encrypted_content\"", ALL)
}

/// Does a field of this name (quotes included) hold a proof of one of these?
fn has_proof_of(body: &[u8], field: &[u8], owners: &[&str]) -> bool {
    let mut rest = body;
    // From quote to quote: most of a text has none, and is walked over in one go.
    while let Some(at) = rest.iter().position(|it| *it == b'"') {
        let Some(after) = rest[at..].strip_prefix(field) else {
            rest = &rest[at + 1..];
            continue;
        };
        rest = after;
        let Some(value) = after.trim_ascii_start().strip_prefix(b":") else { continue };
        let Some(value) = value.trim_ascii_start().strip_prefix(b"\"") else { continue };
        let is_by = |owner: &&str| {
            value.strip_prefix(owner.as_bytes()).is_some_and(|it| it.starts_with(b":"))
        };
        if owners.iter().any(is_by) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_given_to_nobody_but_its_owner() {
        let proof = mark(GEMINI_THOUGHT, "AbC=");
        assert_eq!(own(GEMINI_THOUGHT, &proof), Some("AbC="));
        assert_eq!(own(GEMINI, &proof), None);
        assert_eq!(own(ANTHROPIC, &proof), None);
        assert!(is_marked(&proof) && !is_marked("AbC="));
    }

    #[test]
    fn bytes_with_a_foreign_proof_do_not_pass_to_anthropic() {
        assert!(is_foreign_to_anthropic(br#"{"signature" : "gemini.thought:AbC="}"#));
        assert!(is_foreign_to_anthropic(br#"{"signature":"E"},{"signature":"unsigned:"}"#));
        assert!(!is_foreign_to_anthropic(br#"{"signature":"EqQB","text":"gemini: a sign"}"#));
        assert!(!is_foreign_to_anthropic(br#"{"signature":"anthropic:EqQB"}"#));
    }

    #[test]
    fn bytes_with_any_named_proof_do_not_pass_to_openai() {
        assert!(is_foreign_to_openai(br#"{"encrypted_content": "anthropic:AbC="}"#));
        assert!(is_foreign_to_openai(
            br#"{"encrypted_content":"gAAA"},{"encrypted_content":"gemini:x"}"#
        ));
        assert!(!is_foreign_to_openai(br#"{"encrypted_content":"gAAA","signature":"gemini:x"}"#));
        assert!(!is_foreign_to_openai(br#"{"encrypted_content":null}"#));
    }
}
