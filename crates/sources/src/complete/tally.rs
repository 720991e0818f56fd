//! Counting what was answered, and why the rest was not.

/// How many of a completion got an answer, and what is to be said of the others.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) answered: u64,
    unanswered: u64,
    /// Why not, and for how many.
    why: Vec<(String, u64)>,
}

/// The most reasons that are told of one completion.
const REASONS_MAX: usize = 10;

impl Tally {
    /// One more that got no answer.
    pub(super) fn lacks(&mut self, why: Option<&str>) {
        self.unanswered += 1;
        let Some(why) = why else { return };
        match self.why.iter().position(|it| it.0 == why) {
            Some(at) => self.why[at].1 += 1,
            None if self.why.len() < REASONS_MAX => self.why.push((why.to_owned(), 1)),
            None => {}
        }
    }

    /// Each reason with how many got no answer for it. Those of whom nothing was said were not asked any
    /// more, for the first one.
    pub(super) fn reasons(mut self) -> Vec<(String, u64)> {
        if self.why.is_empty() && self.unanswered > 0 {
            self.why.push(("nobody was asked".into(), 0));
        }
        let told: u64 = self.why.iter().map(|it| it.1).sum();
        if let Some(first) = self.why.first_mut() {
            first.1 += self.unanswered.saturating_sub(told);
        }
        self.why
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_with_how_many_it_cost() {
        let mut tally = Tally::default();
        for why in [Some("locked"), Some("away"), Some("locked"), None] {
            tally.lacks(why);
        }
        assert_eq!(tally.reasons(), [("locked".to_owned(), 3), ("away".to_owned(), 1)]);
        assert!(Tally::default().reasons().is_empty());
    }
}
