//! How a list is narrowed: by the value of a field and, where the collection declares more, from one value
//! on, up to one, by letters within a text, by an entry of a list, and by how far away a place is.
//!
//! A condition is named by its field and a word: `date_end from`, `location contains`,
//! `distances.distance has`. Start at [`Condition::read`] and [`clause`]; places are [`near`].

use base::RecordId;
use jiff::civil::Date;
use serde_json::Value as Json;
use store::{Db, Dialect};

use super::{
    CollectionKit, Invalid, RecordError,
    list::{Bindings, filter_clause},
};
use crate::{
    field,
    indexes::{expression, text},
};

/// The most places whose distance is reckoned for one list.
const PLACES_MAX: usize = 5_000;

/// The mean radius of the Earth.
const EARTH_KM: f64 = 6_371.0;
const KM_OF_A_MILE: f64 = 1.609_344;

/// What a list is narrowed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition<'a> {
    /// The field.
    pub field: &'a str,
    /// What it is held against, and how.
    pub way: Way,
}

/// How a field is held against what is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It has this value.
    Is,
    /// It does not have this value; what has none is so too.
    Not,
    /// It has this value or a later, larger one.
    From,
    /// It has this value or an earlier, smaller one.
    To,
    /// These letters are within it, large or small.
    Contains,
    /// It is a list, one of whose entries is this, or begins with this word: `50` finds `50 miles`.
    Has,
}

/// The words after a field, and what they mean.
const WAYS: [(&str, Way); 5] = [
    ("not", Way::Not),
    ("from", Way::From),
    ("to", Way::To),
    ("contains", Way::Contains),
    ("has", Way::Has),
];

/// The names under which a list is narrowed by how far away a place is.
pub const NEAR: [&str; 4] = ["near.latitude", "near.longitude", "near.miles", "near.km"];

impl<'a> Condition<'a> {
    /// Reads the name of a condition: a field alone, or a field and a word.
    pub fn read(name: &'a str) -> Self {
        let worded = name.trim().rsplit_once(' ').and_then(|(field, word)| {
            let way = WAYS.iter().find(|it| it.0 == word)?.1;
            Some(Self { field: field.trim(), way })
        });
        worded.unwrap_or(Self { field: name, way: Way::Is })
    }

    /// Does the collection let lists be narrowed so?
    pub fn is_declared(self, kit: &CollectionKit) -> bool {
        let spec = &kit.spec;
        let named = |fields: &[String]| fields.iter().any(|it| it == self.field);
        match self.way {
            Way::Is | Way::Not | Way::From | Way::To => named(&spec.filters),
            Way::Contains => named(&spec.search) || named(&spec.filters),
            Way::Has => named(&spec.entries),
        }
    }
}

/// The condition that a field is as it is wished for.
///
/// # Errors
/// [`Invalid`] when lists are not narrowed so, or nothing could be like this value.
pub(super) fn clause(
    dialect: Dialect,
    kit: &CollectionKit,
    name: &str,
    value: &Json,
    bind: &mut Bindings,
) -> Result<String, Invalid> {
    let condition = Condition::read(name);
    if !condition.is_declared(kit) {
        let known: Vec<&str> =
            kit.spec.filters.iter().chain(&kit.spec.entries).map(String::as_str).collect();
        let fault = Invalid::input(&field::pointer(condition.field), "is not a field to narrow by");
        return Err(fault.hint(format!("one of: {}", known.join(", "))));
    }
    let Condition { field, way } = condition;
    let said = expression(dialect, "r", field);
    match way {
        Way::Is => Ok(filter_clause(dialect, kit, "r", field, value, bind)),
        Way::Not => match kit.filter_text(dialect, field, value) {
            None => Ok(format!("{said} IS NOT NULL")),
            Some(value) => Ok(format!("COALESCE({said}, '') <> {}", bind.put(value))),
        },
        Way::From => bound(dialect, kit, &said, field, ">=", value, bind),
        Way::To => bound(dialect, kit, &said, field, "<=", value, bind),
        Way::Contains => {
            let letters = bind.put(format!("%{}%", literal(&lower(value))));
            Ok(format!("lower({said}) LIKE {letters} ESCAPE '\\'"))
        }
        Way::Has => Ok(entry(dialect, field, &lower(value), bind)),
    }
}

/// The condition that a field is at least, or at most, this.
fn bound(
    dialect: Dialect,
    kit: &CollectionKit,
    said: &str,
    name: &str,
    sign: &str,
    value: &Json,
    bind: &mut Bindings,
) -> Result<String, Invalid> {
    let fault = |message: &str| Invalid::input(&field::pointer(name), message);
    let kinds = kit.schema.kinds(name);
    if kinds.integer && !kinds.text {
        let number = number(value).ok_or_else(|| fault("must be a number"))?;
        return Ok(format!("{} {sign} {}", as_number(dialect, said), bind.put(number)));
    }
    let given = value.as_str().map_or_else(|| value.to_string(), |it| it.trim().to_owned());
    let form = kit.schema.part(name).and_then(|it| it.get("format")).and_then(Json::as_str);
    if form == Some("date") && given.parse::<Date>().is_err() {
        return Err(fault("is no day").hint("write it like 2026-11-21"));
    }
    Ok(compared(dialect, said, sign, given, bind))
}

/// The condition that a field has this day or a later one; a moment begins with its day.
pub(crate) fn since_clause(dialect: Dialect, name: &str, day: Date, bind: &mut Bindings) -> String {
    compared(dialect, &expression(dialect, "r", name), ">=", day.to_string(), bind)
}

/// By bytes: the language of the database must not change what is earlier.
fn compared(
    dialect: Dialect,
    said: &str,
    sign: &str,
    value: String,
    bind: &mut Bindings,
) -> String {
    let plain = if dialect == Dialect::Postgres { " COLLATE \"C\"" } else { "" };
    format!("({said}{plain}) {sign} {}", bind.put(value))
}

/// The condition that a list holds an entry: a text, or the field of an object behind the last point.
fn entry(dialect: Dialect, field: &str, wanted: &str, bind: &mut Bindings) -> String {
    let (list, within) = match field.rsplit_once('.') {
        Some((list, within)) => (list, Some(within)),
        None => (field, None),
    };
    let (one, first) = (bind.put(wanted), bind.put(format!("{} %", literal(wanted))));
    let steps: Vec<String> =
        list.split('.').map(|it| format!("\"{}\"", it.replace('"', ""))).collect();
    let (rows, said) = match dialect {
        Dialect::Sqlite => {
            let path = text(&format!("$.{}", steps.join(".")));
            let said = match within {
                Some(name) => {
                    let path = text(&format!("$.\"{}\"", name.replace('"', "")));
                    format!("lower(CAST(e.value ->> {path} AS TEXT))")
                }
                None => "lower(CAST(e.value AS TEXT))".to_owned(),
            };
            (format!("json_each(r.data, {path}) e"), said)
        }
        Dialect::Postgres => {
            let path = text(&format!("{{{}}}", steps.join(",")));
            let said = match within {
                Some(name) => format!("lower(e.entry ->> {})", text(name)),
                None => "lower(e.entry #>> '{}')".to_owned(),
            };
            // What is no list has no entries, and asking for them would be an error.
            let list = format!(
                "CASE jsonb_typeof(r.data #> {path}) WHEN 'array' THEN r.data #> {path} ELSE '[]' END"
            );
            (format!("jsonb_array_elements({list}) AS e(entry)"), said)
        }
    };
    format!("EXISTS (SELECT 1 FROM {rows} WHERE {said} = {one} OR {said} LIKE {first} ESCAPE '\\')")
}

/// A place and how far around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    latitude: f64,
    longitude: f64,
    km: f64,
}

impl Near {
    /// Reads the conditions about a place; none when there are none.
    ///
    /// # Errors
    /// [`Invalid`] when one is missing or is no number that it could be.
    pub(super) fn read(
        kit: &CollectionKit,
        given: &[(String, Json)],
    ) -> Result<Option<Self>, Invalid> {
        let find = |name: &str| given.iter().find(|it| it.0 == name).map(|it| &it.1);
        if NEAR.iter().all(|it| find(it).is_none()) {
            return Ok(None);
        }
        if kit.spec.located.is_none() {
            let message = format!("`{}` have no place", kit.name);
            return Err(Invalid::input("/near", message));
        }
        let pointer = |name: &str| field::pointer(name);
        let number_of = |name: &str, most: f64| match find(name) {
            None => Err(Invalid::input(&pointer(name), "is missing")
                .hint("a place is a latitude, a longitude and how far around it")),
            Some(value) => number(value).filter(|it| it.abs() <= most).ok_or_else(|| {
                Invalid::input(&pointer(name), format!("must be a number, at most {most}"))
            }),
        };
        let (name, km_of_one) = match find("near.km") {
            Some(_) => ("near.km", 1.0),
            None => ("near.miles", KM_OF_A_MILE),
        };
        let around = number_of(name, 25_000.0)?;
        if around <= 0.0 {
            return Err(Invalid::input(&pointer(name), "must be more than 0"));
        }
        Ok(Some(Self {
            latitude: number_of("near.latitude", 90.0)?,
            longitude: number_of("near.longitude", 180.0)?,
            km: around * km_of_one,
        }))
    }

    /// Is this place near enough? Along the great circle.
    fn reaches(&self, latitude: f64, longitude: f64) -> bool {
        let (here, there) = (self.latitude.to_radians(), latitude.to_radians());
        let across = (longitude - self.longitude).to_radians() / 2.0;
        let up = (there - here) / 2.0;
        let half = up.sin().powi(2) + here.cos() * there.cos() * across.sin().powi(2);
        2.0 * EARTH_KM * half.sqrt().clamp(0.0, 1.0).asin() <= self.km
    }
}

/// The condition that a record's place is near: the ids of those that are, among the records that fit
/// everything else. SQLite has no sines, so the circle is drawn here and only the band in the database.
///
/// # Errors
/// [`RecordError::Invalid`] when too many places would have to be looked at.
pub(super) fn near(
    db: &Db,
    kit: &CollectionKit,
    near: Near,
    wheres: &[String],
    bind: &mut Bindings,
) -> Result<String, RecordError> {
    let Some(located) = &kit.spec.located else { return Ok("1 = 0".to_owned()) };
    let dialect = db.dialect();
    let latitude = as_number(dialect, &expression(dialect, "r", &located.latitude));
    let longitude = as_number(dialect, &expression(dialect, "r", &located.longitude));
    let degrees = (near.km / EARTH_KM).to_degrees();
    let mut band = Bindings(bind.0.clone());
    let (low, high) = (band.put(near.latitude - degrees), band.put(near.latitude + degrees));
    let sql = format!(
        "SELECT r.id, {latitude} AS latitude, {longitude} AS longitude
           FROM records r
          WHERE {wheres} AND {latitude} BETWEEN {low} AND {high} AND {longitude} IS NOT NULL
          LIMIT {limit}",
        wheres = wheres.join(" AND "),
        limit = PLACES_MAX + 1,
    );
    let rows = db.query(sql.as_str(), &band.0)?;
    if rows.len() > PLACES_MAX {
        let message = format!("more than {PLACES_MAX} records lie that far around");
        let fault = Invalid::input("/near", message);
        return Err(fault.hint("narrow the list by something else too, or ask for less").into());
    }
    let mut ids = Vec::new();
    for row in rows {
        if near.reaches(row.get("latitude")?, row.get("longitude")?) {
            let id: RecordId = row.get("id")?;
            ids.push(bind.put(id));
        }
    }
    Ok(if ids.is_empty() { "1 = 0".to_owned() } else { format!("r.id IN ({})", ids.join(", ")) })
}

fn as_number(dialect: Dialect, said: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("CAST({said} AS REAL)"),
        Dialect::Postgres => format!("CAST({said} AS double precision)"),
    }
}

fn number(value: &Json) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    number.is_finite().then_some(number)
}

fn lower(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).trim().to_lowercase()
}

/// Letters that mean themselves in a pattern.
fn literal(letters: &str) -> String {
    letters.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_field_and_perhaps_a_word() {
        let read = |name| {
            let Condition { field, way } = Condition::read(name);
            (field, way)
        };
        assert_eq!(read("date_end from"), ("date_end", Way::From));
        assert_eq!(read("distances.distance has"), ("distances.distance", Way::Has));
        assert_eq!(read("state"), ("state", Way::Is));
        assert_eq!(read("price list"), ("price list", Way::Is));
    }

    #[test]
    fn how_far_it_is_goes_along_the_great_circle() {
        // From Portland, Oregon: Seattle is 145 miles away, Boise 344.
        let near =
            |miles: f64| Near { latitude: 45.5152, longitude: -122.6784, km: miles * KM_OF_A_MILE };
        let (seattle, boise) = ((47.6062, -122.3321), (43.6150, -116.2023));
        assert!(
            near(150.0).reaches(seattle.0, seattle.1) && !near(140.0).reaches(seattle.0, seattle.1)
        );
        assert!(near(350.0).reaches(boise.0, boise.1) && !near(335.0).reaches(boise.0, boise.1));
        // Across the line at which days begin.
        let far_east = Near { latitude: 0.0, longitude: 179.5, km: 150.0 };
        assert!(far_east.reaches(0.0, -179.5));
    }

    #[test]
    fn letters_of_a_pattern_mean_themselves() {
        assert_eq!(literal(r"100%_\"), r"100\%\_\\");
    }
}
