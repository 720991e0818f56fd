//! How near two vectors are: the sum of their products, with the widest instructions of the machine.
//!
//! Rows are packed in 16 bits ([`super::half`]). What the machine can do is asked once, when
//! [`Dot::of_this_machine`] is made; a machine without AVX2 and F16C gets a loop that the compiler
//! spreads over what it has.
//!
//! The one place of this room with `unsafe` in it, beside the distance that the graph asks for.

use super::half::{Half, widen};

/// The two products, as this machine makes them.
#[derive(Clone, Copy)]
pub(crate) struct Dot {
    with_query: fn(&[Half], &[f32]) -> f32,
    of_rows: fn(&[Half], &[Half]) -> f32,
    name: &'static str,
}

impl Dot {
    /// The fastest that this machine can do.
    pub(crate) fn of_this_machine() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = wide::if_possible() {
            return wide;
        }
        Self::plain()
    }

    /// What every machine can do.
    pub(crate) fn plain() -> Self {
        Self { with_query: plain_with_query, of_rows: plain_of_rows, name: "plain" }
    }

    /// A packed row and a query of the same length.
    #[inline]
    pub(crate) fn with_query(self, row: &[Half], query: &[f32]) -> f32 {
        debug_assert_eq!(row.len(), query.len());
        (self.with_query)(row, query)
    }

    /// Two packed rows of the same length.
    #[inline]
    pub(crate) fn of_rows(self, one: &[Half], other: &[Half]) -> f32 {
        debug_assert_eq!(one.len(), other.len());
        (self.of_rows)(one, other)
    }

    /// What it is called in figures.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }
}

/// The product of two vectors that are not packed.
pub(crate) fn plain(one: &[f32], other: &[f32]) -> f32 {
    let (ones, one_rest) = one.as_chunks::<8>();
    let (others, other_rest) = other.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for (a, b) in ones.iter().zip(others) {
        for at in 0..8 {
            sums[at] += a[at] * b[at];
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn plain_with_query(row: &[Half], query: &[f32]) -> f32 {
    let (rows, row_rest) = row.as_chunks::<8>();
    let (queries, query_rest) = query.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for (a, b) in rows.iter().zip(queries) {
        for at in 0..8 {
            sums[at] += widen(a[at]) * b[at];
        }
    }
    let rest: f32 = row_rest.iter().zip(query_rest).map(|(a, b)| widen(*a) * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn plain_of_rows(one: &[Half], other: &[Half]) -> f32 {
    let (ones, one_rest) = one.as_chunks::<8>();
    let (others, other_rest) = other.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for (a, b) in ones.iter().zip(others) {
        for at in 0..8 {
            sums[at] += widen(a[at]) * widen(b[at]);
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(a, b)| widen(*a) * widen(*b)).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "instructions that not every machine has, asked for before use")]
mod wide {
    use std::arch::x86_64::{
        __m128i, __m256, _mm_loadu_si128, _mm256_add_ps, _mm256_cvtph_ps, _mm256_fmadd_ps,
        _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };

    use super::{Dot, Half, plain_of_rows, plain_with_query};

    pub(super) fn if_possible() -> Option<Dot> {
        let has_all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        has_all.then_some(Dot { with_query, of_rows, name: "avx2" })
    }

    fn with_query(row: &[Half], query: &[f32]) -> f32 {
        // SAFETY: this function is handed out by `if_possible` alone, after it found the three.
        unsafe { with_query_wide(row, query) }
    }

    fn of_rows(one: &[Half], other: &[Half]) -> f32 {
        // SAFETY: as above.
        unsafe { of_rows_wide(one, other) }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    fn with_query_wide(row: &[Half], query: &[f32]) -> f32 {
        let (rows, row_rest) = row.as_chunks::<16>();
        let (queries, query_rest) = query.as_chunks::<16>();
        // Two sums, so that one product need not wait for the one before it.
        let (mut even, mut odd) = (_mm256_setzero_ps(), _mm256_setzero_ps());
        for (a, b) in rows.iter().zip(queries) {
            let (a, a_next) = halves(a);
            let (b, b_next) = floats(b);
            even = _mm256_fmadd_ps(a, b, even);
            odd = _mm256_fmadd_ps(a_next, b_next, odd);
        }
        sum(_mm256_add_ps(even, odd)) + plain_with_query(row_rest, query_rest)
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    fn of_rows_wide(one: &[Half], other: &[Half]) -> f32 {
        let (ones, one_rest) = one.as_chunks::<16>();
        let (others, other_rest) = other.as_chunks::<16>();
        let (mut even, mut odd) = (_mm256_setzero_ps(), _mm256_setzero_ps());
        for (a, b) in ones.iter().zip(others) {
            let (a, a_next) = halves(a);
            let (b, b_next) = halves(b);
            even = _mm256_fmadd_ps(a, b, even);
            odd = _mm256_fmadd_ps(a_next, b_next, odd);
        }
        sum(_mm256_add_ps(even, odd)) + plain_of_rows(one_rest, other_rest)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    fn halves(sixteen: &[Half; 16]) -> (__m256, __m256) {
        let at = sixteen.as_ptr().cast::<__m128i>();
        // SAFETY: sixteen numbers of 16 bits are two loads of 128; neither needs to be aligned.
        let (first, next) = unsafe { (_mm_loadu_si128(at), _mm_loadu_si128(at.add(1))) };
        (_mm256_cvtph_ps(first), _mm256_cvtph_ps(next))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    fn floats(sixteen: &[f32; 16]) -> (__m256, __m256) {
        let at = sixteen.as_ptr();
        // SAFETY: sixteen numbers of 32 bits are two loads of 256; neither needs to be aligned.
        unsafe { (_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    fn sum(eight: __m256) -> f32 {
        let mut out = [0f32; 8];
        // SAFETY: eight numbers of 32 bits are one store of 256, which need not be aligned.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), eight) };
        out.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vector::half;

    proptest! {
        #[test]
        fn the_machine_and_the_plain_loop_agree(
            pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..100),
        ) {
            let (one, other): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (mut row, mut next) = (Vec::new(), Vec::new());
            half::pack(&one, &mut row);
            half::pack(&other, &mut next);
            let (fast, slow) = (Dot::of_this_machine(), Dot::plain());
            let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
            prop_assert!(near(fast.with_query(&row, &other), slow.with_query(&row, &other)));
            prop_assert!(near(fast.of_rows(&row, &next), slow.of_rows(&row, &next)));
            prop_assert!((slow.with_query(&row, &other) - plain(&one, &other)).abs() < 0.05);
        }
    }

    #[test]
    fn a_vector_of_length_one_is_at_one_from_itself() {
        let vector = [0.6f32, 0.0, 0.0, 0.8, 0.0];
        let mut row = Vec::new();
        half::pack(&vector, &mut row);
        assert!((Dot::of_this_machine().with_query(&row, &vector) - 1.0).abs() < 1e-3);
    }
}
