//! Secrets that are drawn, shown once, and kept only as a digest.

use base::Secret;
use rand::{TryRng, rngs::SysRng};
use sha2::{Digest, Sha256};

/// How many base62 digits hold 32 bytes.
pub(crate) const LENGTH: usize = 43;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 32 bytes from the randomness of the machine.
pub(crate) fn draw() -> [u8; 32] {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).expect("the machine gives randomness");
    bytes
}

/// A fresh secret: 32 random bytes as 43 base62 digits.
pub(crate) fn draw_text() -> Secret<String> {
    Secret::new(base62(&draw()))
}

/// The bytes, read as one number, in 43 digits of base 62.
pub(crate) fn base62(bytes: &[u8; 32]) -> String {
    let mut number = *bytes;
    let mut digits = [0; LENGTH];
    for digit in digits.iter_mut().rev() {
        // Long division of the whole number by 62; what is left over is the next digit.
        let mut rest = 0_usize;
        for byte in &mut number {
            let value = (rest << 8) | usize::from(*byte);
            *byte = u8::try_from(value / 62).expect("the rest was below 62");
            rest = value % 62;
        }
        *digit = DIGITS[rest];
    }
    digits.iter().map(|it| char::from(*it)).collect()
}

/// Could [`base62`] have written this text?
pub(crate) fn is_base62(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// What is kept of a secret: the SHA-256 of its text, in hexadecimal digits. A plain hash is enough
/// here, because what is hashed is 256 random bits that nobody can guess.
pub(crate) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_32_bytes_fits_in_43_digits() {
        assert_eq!(base62(&[0; 32]), "0".repeat(43));
        let mut one = [0; 32];
        one[31] = 61;
        assert_eq!(base62(&one), format!("{}z", "0".repeat(42)));
        one[31] = 62;
        assert_eq!(base62(&one), format!("{}10", "0".repeat(41)));
        assert!(is_base62(&base62(&[255; 32])));
        assert_ne!(base62(&[255; 32]), base62(&[254; 32]));
    }

    #[test]
    fn two_draws_differ() {
        assert_ne!(draw(), draw());
    }

    #[test]
    fn the_digest_is_plain_sha_256() {
        assert_eq!(
            digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
