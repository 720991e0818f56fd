//! Numbers that stand for texts, the same on every machine and in every version: FNV-1a. For names
//! that are made up and for buckets, never against somebody who means harm.

/// The number of these bytes.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // FNV leaves the last bytes in the low bits; fold the high ones in.
    state ^ (state >> 32)
}

/// The id of a call whose provider gives none: the same answer always gets the same ids, and two
/// answers in one conversation different ones.
pub(crate) fn call_id(answer: &str, index: usize) -> String {
    format!("call_{:016x}_{index}", of(answer.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_answer_gets_the_same_ids_and_each_call_its_own() {
        assert_eq!(call_id("r1", 0), call_id("r1", 0));
        assert_ne!(call_id("r1", 0), call_id("r1", 1));
        assert_ne!(call_id("r1", 0), call_id("r2", 0));
        assert!(call_id("any length of id", 99).len() <= 40, "OpenAI takes 40 characters");
    }
}
