//! How long to wait before the next attempt. No clock and no dice here: both are arguments.

use std::time::Duration;

/// The longest wait between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// The wait after the attempt with this number, counted from 1: 2, 4, 8 … s, and up to a quarter
/// more by `random` (0 to 1), so that jobs that failed together do not come back together.
pub(crate) fn pause(attempt: u32, random: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let plain = Duration::from_secs(2_u64 << doublings).min(PAUSE_MAX);
    plain.mul_f64(1.0 + 0.25 * random.clamp(0.0, 1.0))
}

/// The wait that a handler asked for, within reason: at most an hour.
pub(crate) fn asked(wait: Duration) -> Duration {
    wait.min(Duration::from_secs(3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_from_two_seconds() {
        let pauses: Vec<u64> = (1..=4).map(|it| pause(it, 0.0).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16]);
    }

    #[test]
    fn jitter_only_ever_lengthens_a_pause_and_by_a_quarter_at_most() {
        assert_eq!(pause(1, 1.0), Duration::from_millis(2_500));
        assert_eq!(pause(2, 0.5), Duration::from_millis(4_500));
        assert_eq!(pause(1, 40.0), Duration::from_millis(2_500));
    }

    #[test]
    fn a_pause_ends() {
        assert_eq!(pause(u32::MAX, 0.0), PAUSE_MAX);
        assert_eq!(pause(0, 0.0).as_secs(), 2);
        assert_eq!(asked(Duration::MAX).as_secs(), 3600);
    }
}
