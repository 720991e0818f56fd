//! Access tokens: JSON web tokens, HS256, signed by a key of the ring. Other tokens of this room are signed and read
//! the same way.

use base::{SessionId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    authenticate::AuthError,
    key_ring::{Key, Ring},
};

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Whose it is.
    pub(crate) sub: UserId,
    /// The session it belongs to.
    pub(crate) sid: SessionId,
    /// When it was made, in seconds since 1970.
    pub(crate) iat: i64,
    /// When it ends, in seconds since 1970.
    pub(crate) exp: i64,
    /// Who made it.
    pub(crate) iss: String,
}

pub(crate) fn sign(key: &Key, claims: &impl Serialize) -> String {
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &key.encoding).expect("claims are JSON and the key is one for HMAC")
}

/// The id of the key that a token says it was signed with. Nothing is verified yet.
pub(crate) fn kid(token: &str) -> Result<String, AuthError> {
    let header = decode_header(token).map_err(|_| AuthError::TokenInvalid)?;
    match (header.alg, header.kid) {
        (Algorithm::HS256, Some(kid)) => Ok(kid),
        _ => Err(AuthError::TokenInvalid),
    }
}

/// What a token says, once its signature, algorithm, issuer and time are found in order.
pub(crate) fn verify(
    ring: &Ring,
    token: &str,
    issuer: &str,
    now: Timestamp,
) -> Result<Claims, AuthError> {
    let claims: Claims = claims(ring, token, issuer, &["exp", "iss", "sub"])?;
    if now.as_second() >= claims.exp { Err(AuthError::TokenExpired) } else { Ok(claims) }
}

/// What a token says, once its signature, algorithm and issuer are found in order. Its time is for the caller to look
/// at: the library would ask the clock of the machine.
pub(crate) fn claims<T: DeserializeOwned>(
    ring: &Ring,
    token: &str,
    issuer: &str,
    required: &[&str],
) -> Result<T, AuthError> {
    let key = ring.key(&kid(token)?).ok_or(AuthError::TokenInvalid)?;
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_issuer(&[issuer]);
    rules.set_required_spec_claims(required);
    rules.validate_exp = false;
    let read = decode::<T>(token, &key.decoding, &rules).map_err(|_| AuthError::TokenInvalid)?;
    Ok(read.claims)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use jsonwebtoken::EncodingKey;
    use serde_json::{Value as Json, json};

    use super::*;

    const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

    fn at(seconds: i64) -> Timestamp {
        base::clock::from_micros(seconds * 1_000_000)
    }

    fn ring() -> Ring {
        Ring::new(vec![Key::new(SECRET)], at(0))
    }

    fn claims() -> Claims {
        Claims {
            sub: UserId::generate(),
            sid: SessionId::generate(),
            iat: 100,
            exp: 200,
            iss: "mainstay".into(),
        }
    }

    fn read(token: &str) -> Result<Claims, String> {
        verify(&ring(), token, "mainstay", at(150)).map_err(|it| it.code().to_owned())
    }

    fn forge(header: Json, claims: &impl Serialize, secret: &[u8]) -> String {
        let part = |it: &[u8]| URL_SAFE_NO_PAD.encode(it);
        let body = serde_json::to_vec(claims).unwrap();
        let message = format!("{}.{}", part(header.to_string().as_bytes()), part(&body));
        let key = EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        format!("{message}.{}", signature.unwrap())
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let (key, claims) = (Key::new(SECRET), claims());
        assert_eq!(read(&sign(&key, &claims)), Ok(claims));
    }

    #[test]
    fn a_token_made_by_hand_as_the_standard_says_is_read() {
        let (header, claims) = (json!({"alg": "HS256", "kid": Key::new(SECRET).kid}), claims());
        assert_eq!(read(&forge(header, &claims, SECRET)), Ok(claims));
    }

    #[test]
    fn a_token_ends_at_its_second() {
        let token = sign(&Key::new(SECRET), &claims());
        assert!(verify(&ring(), &token, "mainstay", at(199)).is_ok());
        assert!(matches!(
            verify(&ring(), &token, "mainstay", at(200)),
            Err(AuthError::TokenExpired)
        ));
    }

    #[test]
    fn a_token_of_another_key_is_refused_even_under_a_known_kid() {
        let kid = Key::new(SECRET).kid;
        let other = b"another secret, also long enough, really";
        let invalid = Err("token_invalid".to_owned());
        assert_eq!(read(&sign(&Key::new(other), &claims())), invalid);
        assert_eq!(read(&forge(json!({"alg": "HS256", "kid": kid}), &claims(), other)), invalid);
    }

    #[test]
    fn other_algorithms_are_refused_and_none_above_all() {
        let kid = Key::new(SECRET).kid;
        for alg in ["none", "None", "HS384", "RS256"] {
            let token = forge(json!({"alg": alg, "kid": kid}), &claims(), SECRET);
            let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
            assert!(read(&token).is_err(), "{alg}");
            assert!(read(&unsigned).is_err(), "{alg} without a signature");
        }
    }

    #[test]
    fn a_token_without_kid_issuer_or_session_is_refused() {
        let kid = Key::new(SECRET).kid;
        let header = json!({"alg": "HS256", "kid": kid});
        let whole = serde_json::to_value(claims()).unwrap();
        assert!(read(&forge(header.clone(), &whole, SECRET)).is_ok());
        assert!(read(&forge(json!({"alg": "HS256"}), &whole, SECRET)).is_err());
        for missing in ["sub", "sid", "exp", "iss"] {
            let mut part = whole.clone();
            part.as_object_mut().unwrap().remove(missing);
            assert!(read(&forge(header.clone(), &part, SECRET)).is_err(), "without {missing}");
        }
        let mut other = whole;
        other["iss"] = "somebody else".into();
        assert!(read(&forge(header, &other, SECRET)).is_err());
    }

    #[test]
    fn a_changed_letter_anywhere_is_noticed() {
        let token = sign(&Key::new(SECRET), &claims());
        for at in (0..token.len()).filter(|it| token.as_bytes()[*it] != b'.') {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(read(&changed).is_err(), "at {at}: {changed}");
        }
    }
}
