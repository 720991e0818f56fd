//! A line through numbers over time.

use super::{ACCENT, FOOTER, GREY, Item, Kind, LEFT, Layout, RIGHT, TRACK, WIDTH, part};
use crate::{Chart, clean, lines};

const HEIGHT: f32 = 120.0;
/// Room for the numbers of the scale.
const SCALE: f32 = 34.0;
/// Beside the line and its ends, single points are shown when they do not touch each other.
const DOTS_MAX: usize = 60;

impl Layout<'_> {
    pub(super) fn chart(&mut self, chart: &Chart) {
        let finite = chart.points.iter().filter(|it| it.value.is_finite());
        let points: Vec<(i64, f64, &str)> =
            finite.map(|it| (it.at, it.value, it.label.as_str())).collect();
        let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
            return;
        };
        self.need(HEIGHT + 40.0);
        let figure = self.tree.add(None, Kind::Figure(clean::line(&chart.told)));
        let (left, top) = (LEFT + SCALE, self.y + 8.0);
        let (width, bottom) = (WIDTH - SCALE, top + HEIGHT);
        let (least, most) = scale(chart.least, chart.most);
        for step in 0..=4_u8 {
            let share = f32::from(step) / 4.0;
            let y = bottom - HEIGHT * share;
            self.put(Item::Bar { at: (left, y), size: (width, 0.6), colour: TRACK });
            let value = least + (most - least) * f64::from(step) / 4.0;
            self.label(&shown(value), LEFT, y + 3.0, false);
        }
        // Results of one moment stand in the middle.
        let span = last.0.saturating_sub(first.0) as f64;
        let place = |at: i64| match span > 0.0 {
            true => (at.saturating_sub(first.0) as f64 / span).clamp(0.0, 1.0) as f32,
            false => 0.5,
        };
        let places: Vec<(f32, f32)> = points
            .iter()
            .map(|(at, value, _)| {
                (left + width * place(*at), bottom - HEIGHT * part(*value, least, most))
            })
            .collect();
        if places.len() <= DOTS_MAX {
            for (x, y) in &places {
                let at = (x - 1.75, y - 1.75);
                self.put(Item::Bar { at, size: (3.5, 3.5), colour: ACCENT });
            }
        }
        self.put(Item::Stroke { points: places, width: 1.4, colour: ACCENT, node: Some(figure) });
        self.label(first.2, left, bottom + 12.0, false);
        if last.2 != first.2 {
            self.label(last.2, RIGHT, bottom + 12.0, true);
        }
        self.y = bottom + 24.0;
    }

    /// A small text; with `ends` it ends at the place instead of beginning there. It is decoration: the
    /// figure says the same in words.
    fn label(&mut self, text: &str, x: f32, y: f32, ends: bool) {
        let line = lines::single(self.letters, FOOTER.weight, &clean::line(text));
        let x = if ends { x - line.width * FOOTER.size } else { x };
        self.put(Item::Text {
            at: (x, y),
            size: FOOTER.size,
            weight: FOOTER.weight,
            colour: GREY,
            line,
            node: None,
        });
    }
}

/// A scale that has a length.
fn scale(least: f64, most: f64) -> (f64, f64) {
    match least.is_finite() && most.is_finite() {
        true if most > least => (least, most),
        true => (least - 1.0, least + 1.0),
        false => (0.0, 1.0),
    }
}

fn shown(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    rounded.to_string()
}
