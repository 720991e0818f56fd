//! What sites have said in their `robots.txt`, remembered for a while: so many sites, so many bytes, and
//! the oldest goes first.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::robots::Robots;

/// How long the rules of a site are remembered.
const KEPT_FOR: Duration = Duration::from_secs(3600);
/// Sites whose rules are remembered.
const SITES_MAX: usize = 256;
/// Bytes of all of them.
const BYTES_MAX: usize = 8 << 20;

/// What is remembered.
#[derive(Default)]
pub(crate) struct Rules {
    sites: HashMap<String, (Instant, Arc<Robots>)>,
    bytes: usize,
}

impl Rules {
    /// What a site has said, if it was not too long ago.
    pub(crate) fn get(&self, site: &str, now: Instant) -> Option<Arc<Robots>> {
        let known = self.sites.get(site);
        let known = known.filter(|it| now.saturating_duration_since(it.0) < KEPT_FOR);
        known.map(|it| it.1.clone())
    }

    /// Remembers what a site has said just now.
    pub(crate) fn put(&mut self, site: String, robots: Arc<Robots>, now: Instant) {
        self.forget(&site);
        self.bytes += size(&site, &robots);
        self.sites.insert(site, (now, robots));
        while self.sites.len() > SITES_MAX || self.bytes > BYTES_MAX {
            let oldest = self.sites.iter().min_by_key(|it| it.1.0).map(|it| it.0.clone());
            match oldest {
                Some(site) => self.forget(&site),
                None => return,
            }
        }
    }

    fn forget(&mut self, site: &str) {
        if let Some((_, robots)) = self.sites.remove(site) {
            self.bytes = self.bytes.saturating_sub(size(site, &robots));
        }
    }
}

fn size(site: &str, robots: &Robots) -> usize {
    site.len() + robots.bytes() + 128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Arc<Robots> {
        Arc::new(Robots::read(text))
    }

    #[test]
    fn the_rules_of_a_new_site_are_remembered_however_many_are_known() {
        let mut known = Rules::default();
        let began = Instant::now();
        for at in 0..2 * SITES_MAX {
            let now = began + Duration::from_millis(at as u64);
            known.put(format!("https://{at}.example:443"), rules(""), now);
        }
        let last = format!("https://{}.example:443", 2 * SITES_MAX - 1);
        assert!(known.get(&last, began).is_some());
        assert!(known.get("https://0.example:443", began).is_none(), "the oldest went");
        assert_eq!(known.sites.len(), SITES_MAX);
        assert!(known.get(&last, began + KEPT_FOR + Duration::from_secs(60)).is_none(), "old");
    }

    #[test]
    fn long_rules_of_many_sites_do_not_fill_the_memory() {
        let mut known = Rules::default();
        let line = format!("Disallow: /{}\n", "x".repeat(1_000));
        let long = rules(&format!("User-agent: *\n{}", line.repeat(450)));
        let now = Instant::now();
        for at in 0..SITES_MAX {
            known.put(format!("https://{at}.example:443"), long.clone(), now);
        }
        assert!(known.bytes <= BYTES_MAX && !known.sites.is_empty());
        for site in known.sites.keys().cloned().collect::<Vec<_>>() {
            known.forget(&site);
        }
        assert_eq!(known.bytes, 0);
    }
}
