//! The id of a record, which may stand for a number.
//!
//! Whoever calls by integers needs ids that are integers, and everything inside knows ids as UUIDs. So
//! the id of a numbered record is a UUID of version 8 (RFC 9562) made of nothing but its number, and
//! neither has to be looked up to know the other. The number is written in decimal digits: record 17 is
//! `00000000-0000-8000-8000-000000000017`, and people read it in a log, databases by their functions of text.
//!
//! Start at [`RecordId::numbered`].

use std::{fmt, str::FromStr};

use serde::de;
use uuid::Uuid;

use super::{InvalidId, id};

id! {
    /// A record of a collection.
    RecordId = ""
}

/// What is the same in the ids of all numbered records: version 8, the variant of RFC 9562, zeros.
const FRAME: u128 = 0x0000_0000_0000_8000_8000_0000_0000_0000;

/// The decimal digits of a number in an id, four bits each: all that stand behind the variant.
const DIGITS: u32 = 15;

impl RecordId {
    /// The largest number that an id stands for: fifteen digits, which JSON holds exactly.
    pub const LARGEST_NUMBER: u64 = 999_999_999_999_999;

    /// What an id of a record looks like.
    pub const EXPECTED: &str = "a UUID, or a whole number from 1 on";

    /// The id that stands for a number; none for 0 and for numbers with more than fifteen digits.
    pub const fn numbered(number: u64) -> Option<Self> {
        if number == 0 || number > Self::LARGEST_NUMBER {
            return None;
        }
        let (mut bits, mut rest, mut place) = (FRAME, number, 0);
        while rest > 0 {
            bits |= ((rest % 10) as u128) << (4 * place);
            rest /= 10;
            place += 1;
        }
        Some(Self(Uuid::from_u128(bits)))
    }

    /// The number that the id stands for; none for ids of other records.
    pub const fn number(self) -> Option<u64> {
        let bits = self.0.as_u128();
        if bits >> (4 * DIGITS) != FRAME >> (4 * DIGITS) {
            return None;
        }
        let (mut number, mut place) = (0, DIGITS);
        while place > 0 {
            place -= 1;
            let digit = (bits >> (4 * place)) & 0xf;
            if digit > 9 {
                return None;
            }
            number = number * 10 + digit as u64;
        }
        if number == 0 { None } else { Some(number) }
    }
}

impl FromStr for RecordId {
    type Err = InvalidId;

    /// A UUID, or a number in decimal digits as people write it: nothing before or after it.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let is_plain = text.bytes().all(|it| it.is_ascii_digit()) && !text.starts_with('0');
        let number = || text.parse().ok().filter(|_| is_plain).and_then(Self::numbered);
        let found = Uuid::try_parse(text).ok().map(Self).or_else(number);
        found.ok_or_else(|| InvalidId::new(text, "a record", Self::EXPECTED))
    }
}

impl<'de> serde::Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = RecordId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(RecordId::EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RecordId, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<RecordId, E> {
                let refused =
                    || InvalidId::new(&number.to_string(), "a record", RecordId::EXPECTED);
                RecordId::numbered(number).ok_or_else(refused).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for RecordId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RecordId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // A text for whoever makes types of this: a number is understood beside it.
        schemars::json_schema!({"type": "string", "format": "uuid", "x-numbered": true})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, number: u64) {
        let id: RecordId = text.parse().expect("it is an id");
        assert_eq!((id.number(), Some(id)), (Some(number), RecordId::numbered(number)));
    }

    #[test]
    fn a_number_and_its_uuid_are_the_same_id() {
        check("17", 17);
        check("00000000-0000-8000-8000-000000000017", 17);
        check("999999999999999", RecordId::LARGEST_NUMBER);
        check("00000000-0000-8000-8999-999999999999", RecordId::LARGEST_NUMBER);
        let id = RecordId::numbered(1_000_000_000_000).expect("it is a number");
        assert_eq!(id.to_string(), "00000000-0000-8000-8001-000000000000");
        assert_eq!(
            (id.uuid().get_version_num(), id.uuid().get_variant()),
            (8, uuid::Variant::RFC4122)
        );
    }

    #[test]
    fn what_is_no_number_of_a_record_is_no_id() {
        for wrong in
            ["", "0", "-1", "+1", "017", "1e3", "1.0", " 17", "17 ", "1000000000000000", "١٧"]
        {
            let refused = wrong.parse::<RecordId>().map_err(|it| it.to_string());
            let told = format!(
                "`{wrong}` is not a record id: expected a UUID, or a whole number from 1 on"
            );
            assert_eq!(refused, Err(told));
        }
        assert_eq!(RecordId::numbered(0), None);
        assert_eq!(RecordId::numbered(RecordId::LARGEST_NUMBER + 1), None);
    }

    #[test]
    fn only_ids_made_of_decimal_digits_stand_for_a_number() {
        for other in [
            "00000000-0000-8000-8000-000000000000",
            "00000000-0000-8000-8000-00000000001a",
            "00000000-0000-4000-8000-000000000017",
            "00000000-0000-8001-8000-000000000017",
            "00000000-0000-0000-0000-000000000000",
            "00000000000000000000000000000017",
        ] {
            let id: RecordId = other.parse().expect("it is a UUID");
            assert_eq!(id.number(), None, "{other}");
        }
        assert_eq!(RecordId::generate().number(), None);
    }

    #[test]
    fn json_may_name_a_record_by_a_number_or_by_a_text() {
        let read = |json: &str| serde_json::from_str::<RecordId>(json).ok();
        let there = RecordId::numbered(17);
        assert_eq!((read("17"), read("\"17\"")), (there, there));
        assert_eq!(read("\"00000000-0000-8000-8000-000000000017\""), there);
        for wrong in ["0", "-17", "17.0", "1e3", "true", "null", "[17]", "1000000000000000"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let written = serde_json::to_string(&there).expect("it is written");
        assert_eq!(written, "\"00000000-0000-8000-8000-000000000017\"");
    }

    proptest! {
        #[test]
        fn every_number_comes_back(number in 1..=RecordId::LARGEST_NUMBER) {
            let id = RecordId::numbered(number).expect("it is in range");
            prop_assert_eq!(id.number(), Some(number));
            prop_assert_eq!(number.to_string().parse::<RecordId>(), Ok(id));
            prop_assert_eq!(id.to_string().parse::<RecordId>(), Ok(id));
        }

        #[test]
        fn the_ids_of_numbers_stand_in_their_order(one in 1..=RecordId::LARGEST_NUMBER, other in 1..=RecordId::LARGEST_NUMBER) {
            let id = |it| RecordId::numbered(it).expect("it is in range").to_string();
            prop_assert_eq!(id(one).cmp(&id(other)), one.cmp(&other));
        }

        #[test]
        fn no_other_id_is_taken_for_a_number(bits in any::<u128>()) {
            let id = RecordId::from_uuid(Uuid::from_u128(bits));
            if let Some(number) = id.number() {
                prop_assert_eq!(RecordId::numbered(number), Some(id));
            }
        }
    }
}
