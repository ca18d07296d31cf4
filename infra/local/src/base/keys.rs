//! Access keys, and what is derived from the secret of a state folder.

use std::fmt;

use aws_sigv4::sign::v4::calculate_signature;
use chrono::{DateTime, TimeDelta, Utc};

/// How long the address of a deployment package is good for, as on AWS.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(10);

/// Id of the access key that every local cloud has.
const OWN_KEY_ID: &str = "local";

/// An access key: who signs requests with its secret is let in.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    id: String,
    secret: String,
}

/// Why a text is not an access key. The text itself is not repeated: it may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no colon, or nothing after it.
    #[error("a key has the form ID:SECRET")]
    Form,
    /// The id would not fit into a signature.
    #[error("the ID of a key has 1 to 128 characters out of A-Z, a-z, 0-9, `-` and `_`")]
    Id,
}

/// What a caller needs to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    key: AccessKey,
    token: String,
}

/// All secrets of one local cloud.
pub(crate) struct Keyring {
    /// The secret of the state folder. Everything else is derived from it, and it is never handed out.
    secret: String,
    registered: Vec<AccessKey>,
}

impl AccessKey {
    /// A key of this id and secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> AccessKey {
        AccessKey { id: id.into(), secret: secret.into() }
    }

    /// Reads `ID:SECRET`.
    pub fn parse(text: &str) -> Result<AccessKey, KeyError> {
        let (id, secret) = text.split_once(':').filter(|(_, secret)| !secret.is_empty()).ok_or(KeyError::Form)?;
        if !(1..=128).contains(&id.len()) || !id.chars().all(is_id_symbol) {
            return Err(KeyError::Id);
        }
        Ok(AccessKey::new(id, secret))
    }

    /// The value for `AWS_ACCESS_KEY_ID`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The value for `AWS_SECRET_ACCESS_KEY`.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Access {
    /// Signs requests to the services.
    pub fn key(&self) -> &AccessKey {
        &self.key
    }

    /// The header `x-coldwatch-token` of requests to `/_local/`, and the value for `COLDWATCH_LOCAL_TOKEN`.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl Keyring {
    pub(crate) fn new(secret: String, registered: Vec<AccessKey>) -> Keyring {
        Keyring { secret, registered }
    }

    /// What the program that embeds the stand-in, and the user's own tools, use.
    pub(crate) fn access(&self) -> Access {
        let key = AccessKey::new(OWN_KEY_ID, self.derived("key", OWN_KEY_ID));
        Access { key, token: self.token() }
    }

    /// The key of a function. Its id is the function's name, so that the log of requests shows who asked.
    pub(crate) fn of_function(&self, name: &str) -> AccessKey {
        AccessKey::new(name, self.derived("function", name))
    }

    /// Every secret that a request may be signed with under this id, which may be the name of a function.
    pub(crate) fn secrets_of(&self, id: &str, is_function: bool) -> Vec<String> {
        let own = (id == OWN_KEY_ID).then(|| self.derived("key", OWN_KEY_ID));
        let registered = self.registered.iter().filter(|key| key.id == id).map(|key| key.secret.clone());
        own.into_iter().chain(registered).chain(is_function.then(|| self.derived("function", id))).collect()
    }

    pub(crate) fn token(&self) -> String {
        self.derived("token", "")
    }

    /// The query that lets its holder read a deployment package for ten minutes from `now`.
    pub(crate) fn code_query(&self, hash: &str, now: DateTime<Utc>) -> String {
        let expires = (now + CODE_LIFE).timestamp();
        format!("expires={expires}&signature={}", self.code_signature(hash, expires))
    }

    /// Signs the address of a deployment package until `expires`, in seconds since 1970.
    pub(crate) fn code_signature(&self, hash: &str, expires: i64) -> String {
        self.derived("code", &format!("{hash}/{expires}"))
    }

    /// HMAC-SHA256 with the folder's secret: nobody gets from one derived secret to another.
    fn derived(&self, purpose: &str, name: &str) -> String {
        calculate_signature(&self.secret, format!("coldwatch/{purpose}/{name}").as_bytes())
    }
}

/// Compares in a time that does not depend on where the texts differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let differs = one.bytes().zip(other.bytes()).fold(0, |differs, (one, other)| differs | (one ^ other));
    one.len() == other.len() && differs == 0
}

/// What the id of a key may consist of.
fn is_id_symbol(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_and_never_printed() {
        let key = AccessKey::parse("judge:se:cret").unwrap();
        assert_eq!((key.id(), key.secret()), ("judge", "se:cret"));
        assert!(!format!("{key:?}").contains("cret"), "{key:?}");
        assert_eq!(AccessKey::parse("judge"), Err(KeyError::Form));
        assert_eq!(AccessKey::parse("judge:"), Err(KeyError::Form));
        assert_eq!(AccessKey::parse(":secret"), Err(KeyError::Id));
        assert_eq!(AccessKey::parse("a/b:secret"), Err(KeyError::Id));
    }

    #[test]
    fn every_purpose_has_a_secret_of_its_own() {
        let keys = Keyring::new("one".to_owned(), vec![AccessKey::new("f", "registered")]);
        let function = keys.of_function("f");
        assert_eq!(keys.secrets_of("f", true), ["registered".to_owned(), function.secret().to_owned()]);
        assert!(keys.secrets_of("local", false).contains(&keys.access().key().secret().to_owned()));
        assert_eq!(keys.secrets_of("f", false), ["registered".to_owned()]);
        let other = Keyring::new("two".to_owned(), Vec::new());
        assert_ne!(other.of_function("f"), function);
        assert_ne!(keys.of_function("g").secret(), function.secret());
        assert_ne!(keys.code_signature("ab", 1), keys.code_signature("ab", 2));
    }

    #[test]
    fn equal_texts_are_the_same_and_others_are_not() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("", "a"));
    }
}
