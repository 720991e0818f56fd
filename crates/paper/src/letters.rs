//! The letters: two weights of one family that the repository carries, how wide they are, and how a run
//! of text becomes glyphs.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, UnicodeBuffer};

use crate::PaperError;

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf");

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// All letters.
pub(crate) struct Letters {
    regular: Face,
    bold: Face,
}

struct Face {
    font: Font,
    shaper: rustybuzz::Face<'static>,
    units: f32,
}

/// Text of one direction as glyphs, the first one left.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// The text.
    pub(crate) text: String,
    /// The glyphs.
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// How wide they are at size 1.
    pub(crate) width: f32,
}

impl Letters {
    pub(crate) fn open() -> Result<Self, PaperError> {
        Ok(Self { regular: Face::open(REGULAR)?, bold: Face::open(BOLD)? })
    }

    /// The font, as the document embeds it.
    pub(crate) fn font(&self, weight: Weight) -> Font {
        self.face(weight).font.clone()
    }

    /// How wide a character is by itself, at size 1. Those that stand on others have no width.
    pub(crate) fn width(&self, weight: Weight, it: char) -> f32 {
        let face = self.face(weight);
        // What there is no letter for is drawn as a box, which has a width too.
        let glyph = face.shaper.glyph_index(it).unwrap_or_default();
        f32::from(face.shaper.glyph_hor_advance(glyph).unwrap_or_default()) / face.units
    }

    /// How wide a text is by its characters, at size 1.
    pub(crate) fn width_of(&self, weight: Weight, text: &str) -> f32 {
        text.chars().map(|it| self.width(weight, it)).sum()
    }

    /// The glyphs of a text of one direction.
    pub(crate) fn shape(&self, weight: Weight, text: &str, is_rtl: bool) -> Run {
        let face = self.face(weight);
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let direction = if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight };
        buffer.set_direction(direction);
        let shaped = rustybuzz::shape(&face.shaper, &[], buffer);
        let (infos, positions) = (shaped.glyph_infos(), shaped.glyph_positions());
        let mut starts: Vec<usize> = infos.iter().map(|it| it.cluster as usize).collect();
        starts.sort_unstable();
        starts.dedup();
        let scale = |units: i32| units as f32 / face.units;
        let mut width = 0.0;
        let glyphs = infos.iter().zip(positions).map(|(info, position)| {
            let start = info.cluster as usize;
            // What belongs to a glyph ends where the next group of characters begins.
            let next = starts.partition_point(|it| *it <= start);
            let end = starts.get(next).copied().unwrap_or(text.len());
            width += scale(position.x_advance);
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                scale(position.x_advance),
                scale(position.x_offset),
                scale(position.y_offset),
                scale(position.y_advance),
                start..end,
                None,
            )
        });
        let glyphs = glyphs.collect();
        Run { text: text.to_owned(), glyphs, width }
    }

    fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

impl Face {
    fn open(bytes: &'static [u8]) -> Result<Self, PaperError> {
        let damaged = || PaperError::Drawing("a font is damaged".to_owned());
        let font = Font::new(bytes.into(), 0).ok_or_else(damaged)?;
        let shaper = rustybuzz::Face::from_slice(bytes, 0).ok_or_else(damaged)?;
        let units = font.units_per_em();
        Ok(Self { font, shaper, units })
    }
}
