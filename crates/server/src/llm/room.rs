//! Room in memory for requests to models: how much of them may be there at the same moment.
//!
//! A request may be large, because pictures come inside of it, and it stays until its answer begins.
//! Who says how long theirs is gets that much; who does not gets little.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// How many of the largest requests fit.
const LARGEST_AT_ONCE: usize = 8;
/// What a request may have that does not say how long it is.
const UNSAID_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What is counted as one.
const UNIT: usize = 1024;

/// Room in memory for requests. A clone is the same room.
#[derive(Debug, Clone)]
pub struct Room {
    units: Arc<Semaphore>,
    bytes_max: usize,
}

/// Room that was taken; given back when dropped.
pub(crate) struct Taken {
    _units: OwnedSemaphorePermit,
    /// How long the body may be.
    pub(crate) bytes_max: usize,
}

impl Room {
    /// Room for some requests of this size, and many that are smaller.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let units = (LARGEST_AT_ONCE * bytes_max.div_ceil(UNIT)).min(Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(units)), bytes_max }
    }

    /// Takes room for a request whose body is so long, if that was said.
    ///
    /// # Errors
    /// `body_too_large` before anything of it is read, `unavailable` when there is no room now.
    pub(crate) fn take(&self, said: Option<u64>) -> Result<Taken, Problem> {
        let bytes_max = match said.map(|it| usize::try_from(it).unwrap_or(usize::MAX)) {
            Some(length) if length > self.bytes_max => return Err(self.too_large(self.bytes_max)),
            Some(length) => length,
            None => UNSAID_BYTES_MAX.min(self.bytes_max),
        };
        let units = u32::try_from(bytes_max.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let taken = self.units.clone().try_acquire_many_owned(units).map_err(|_| {
            Problem::new(
                "unavailable",
                "Too many large requests are being answered at this moment.",
            )
            .retry_after(Duration::from_secs(1))
        })?;
        Ok(Taken { _units: taken, bytes_max })
    }

    /// What a body beyond its bound is told.
    pub(crate) fn too_large(&self, bytes_max: usize) -> Problem {
        let problem =
            Problem::new("body_too_large", format!("The body is larger than {bytes_max} bytes."));
        if bytes_max < self.bytes_max {
            return problem.hint("say how long it is: send `Content-Length`");
        }
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_some_large_requests_and_then_for_none() {
        let room = Room::new(10_240);
        let mut taken: Vec<_> = (0..8).map(|_| room.take(Some(10_240)).ok().unwrap()).collect();
        let refused = room.take(Some(2_000)).err().unwrap();
        assert_eq!((refused.status(), refused.comes_back_in().is_some()), (503, true));
        taken.pop();
        assert!(room.take(Some(2_000)).is_ok());
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_read() {
        let room = Room::new(10_240);
        assert_eq!(room.take(Some(10_241)).err().unwrap().code(), "body_too_large");
        assert_eq!(room.take(Some(7)).ok().unwrap().bytes_max, 7);
    }

    #[test]
    fn who_does_not_say_how_much_comes_may_bring_little() {
        let room = Room::new(32 * 1024 * 1024);
        let taken = room.take(None).ok().unwrap();
        assert_eq!(taken.bytes_max, UNSAID_BYTES_MAX);
    }
}
