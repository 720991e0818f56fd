//! Numbers in 16 bits: half the memory, and a score that differs in the fourth decimal place.
//!
//! The format is IEEE 754 binary16. Vectors are of length one, so the numbers are small: what does
//! not fit becomes the largest that does, and there is no infinity and nothing that is no number.

/// The 16 bits. Signed, because that is how the graph takes them.
pub(crate) type Half = i16;

/// 2^112, by which the exponents of the two formats differ.
const SHIFT: f32 = f32::from_bits(0x7780_0000);

/// The nearest number in 16 bits, ties to even.
pub(crate) fn narrow(value: f32) -> Half {
    bits_of(value).cast_signed()
}

fn bits_of(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    // From 2^16 on, and whatever is no number.
    if magnitude >= 0x4780_0000 {
        return sign | LARGEST;
    }
    // Below 2^-14 there are only multiples of 2^-24.
    if magnitude < 0x3880_0000 {
        let steps = f32::from_bits(magnitude) * 16_777_216.0;
        return sign | steps.round_ties_even() as u16;
    }
    let rounded = magnitude + 0x0fff + ((magnitude >> 13) & 1);
    sign | (((rounded - 0x3800_0000) >> 13) as u16).min(LARGEST)
}

/// 65,504.
const LARGEST: u16 = 0x7bff;

/// The same number in 32 bits. Without a branch, so that a loop over it is compiled to instructions
/// that take several at once.
#[inline(always)]
pub(crate) fn widen(half: Half) -> f32 {
    let half = half.cast_unsigned();
    let magnitude = f32::from_bits(u32::from(half & 0x7fff) << 13) * SHIFT;
    f32::from_bits(magnitude.to_bits() | (u32::from(half & 0x8000) << 16))
}

/// Appends a vector to packed rows.
pub(crate) fn pack(vector: &[f32], into: &mut Vec<Half>) {
    into.extend(vector.iter().map(|it| narrow(*it)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_number_of_16_bits_comes_back_as_itself() {
        for half in 0..=LARGEST {
            for it in [half, half | 0x8000].map(u16::cast_signed) {
                assert_eq!(narrow(widen(it)), it, "{it:#06x} is {}", widen(it));
            }
        }
    }

    #[test]
    fn known_numbers_are_written_as_the_standard_says() {
        for (value, half) in
            [(0.0, 0x0000), (1.0, 0x3c00), (-2.0, 0xc000), (65_504.0, 0x7bff), (0.1, 0x2e66)]
        {
            assert_eq!(bits_of(value), half, "{value}");
        }
        // The smallest there is, and halfway to it: to the even one.
        assert_eq!((narrow(5.960_464_5e-8), narrow(2.980_232_2e-8)), (1, 0));
    }

    #[test]
    fn what_does_not_fit_becomes_the_largest_that_does() {
        for value in [65_520.0, 1e9, f32::INFINITY, f32::NAN] {
            assert_eq!(bits_of(value) & 0x7fff, LARGEST, "{value}");
        }
        assert_eq!(bits_of(f32::NEG_INFINITY), 0x8000 | LARGEST);
    }

    proptest! {
        #[test]
        fn a_number_of_a_vector_moves_by_half_a_step_at_most(value in -1.0f32..1.0) {
            let step = (value.abs() / 2048.0).max(3.0e-8);
            prop_assert!((widen(narrow(value)) - value).abs() <= step);
        }
    }
}
