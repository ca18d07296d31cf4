//! The query of a request.

use axum::extract;
use hyper::Uri;

/// The pairs of a query, in order.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Query {
        Query(extract::Query::try_from_uri(uri).map(|extract::Query(pairs)| pairs).unwrap_or_default())
    }

    /// The first value of `name`.
    pub(crate) fn get(&self, name: &'static str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of `name`, which may be repeated.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
