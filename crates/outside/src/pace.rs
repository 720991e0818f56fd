//! Taking turns at a site: one question at a time, with a pause between two.
//!
//! The turn of this process; several processes that ask the same site know nothing of each other here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex as Door, OwnedMutexGuard},
    time::sleep,
};

/// Sites that are remembered; of more, those that nobody is at are forgotten.
const SITES_MAX: usize = 1_024;

/// Whose turn it is at which site. Clones speak of the same sites.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<Mutex<HashMap<String, Site>>>);

/// When the last question was done with.
type Site = Arc<Door<Option<Instant>>>;

/// A turn; it ends when it is dropped.
#[derive(Debug)]
pub struct Turn(OwnedMutexGuard<Option<Instant>>);

impl Pace {
    /// Waits until nobody else asks this site and the last question is so long past.
    pub async fn turn(&self, site: &str, pause: Duration) -> Turn {
        let door = self.door(site);
        let turn = door.lock_owned().await;
        if let Some(last) = *turn {
            sleep(pause.saturating_sub(last.elapsed())).await;
        }
        Turn(turn)
    }

    fn door(&self, site: &str) -> Site {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sites.len() >= SITES_MAX && !sites.contains_key(site) {
            sites.retain(|_, it| Arc::strong_count(it) > 1);
        }
        sites.entry(site.to_owned()).or_default().clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0 = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_asks_after_the_other_with_a_pause_between() {
        let (pace, pause, long) =
            (Pace::default(), Duration::from_millis(60), Duration::from_secs(60));
        let began = Instant::now();
        drop(pace.turn("a", long).await);
        drop(pace.turn("b", long).await);
        assert!(began.elapsed() < long, "another site does not wait");
        drop(pace.turn("a", pause).await);
        assert!(began.elapsed() >= pause);
    }

    #[tokio::test]
    async fn a_turn_is_waited_for() {
        let pace = Pace::default();
        let turn = pace.turn("a", Duration::ZERO).await;
        let second = pace.turn("a", Duration::ZERO);
        let early = tokio::time::timeout(Duration::from_millis(30), second).await;
        assert!(early.is_err(), "the first is still asking");
        drop(turn);
        drop(pace.turn("a", Duration::ZERO).await);
    }
}
