//! `CloudFormation`, of which there is `DescribeStacks`: stacks are what the stand-in's own API says they are.
//!
//! Forms and texts: API reference of `CloudFormation`, `DescribeStacks`, in the query protocol.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::function::account::{ACCOUNT, REGION};

/// `apiVersion` of the service, by which its requests are known.
const API_VERSION: &str = "2010-05-15";
/// Statuses of a stack begin so (API reference, `Stack`, `StackStatus`).
const BEGINNINGS: [&str; 7] = ["CREATE_", "DELETE_", "IMPORT_", "REVIEW_", "ROLLBACK_", "UPDATE_", "UPDATE_ROLLBACK_"];

/// The stacks, by name.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    statuses: Mutex<BTreeMap<String, String>>,
}

/// The operation of a form, if it is one for this service.
pub(crate) fn operation(body: &[u8]) -> Option<String> {
    (field(body, "Version").as_deref() == Some(API_VERSION)).then(|| field(body, "Action"))?
}

/// The stack that a form names.
pub(crate) fn stack(body: &[u8]) -> Option<String> {
    field(body, "StackName")
}

impl Stacks {
    /// Sets the status of stacks, or of none: then the answer names the one that no stack can have.
    pub(crate) fn set(&self, statuses: BTreeMap<String, String>) -> Result<(), String> {
        let possible = |status: &str| BEGINNINGS.iter().any(|beginning| status.starts_with(beginning));
        if let Some((name, status)) = statuses.iter().find(|(_, status)| !possible(status)) {
            return Err(format!("no stack can have the status {status}, which `{name}` is to have"));
        }
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).extend(statuses);
        Ok(())
    }

    /// Answers one operation.
    pub(crate) fn answer(&self, operation: &str, body: &[u8], now: DateTime<Utc>) -> Response {
        if operation != "DescribeStacks" {
            return failure(400, "InvalidAction", &format!("the local cloud does not know the operation {operation}"));
        }
        let asked = stack(body);
        let statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |name: &str| asked.as_deref().is_none_or(|asked| asked == name || asked == stack_id(name));
        let found = statuses.iter().filter(|(name, _)| wanted(name));
        let members: Vec<String> = found.map(|(name, status)| member(name, status, now)).collect();
        match asked {
            Some(asked) if members.is_empty() => {
                failure(400, "ValidationError", &format!("Stack with id {asked} does not exist"))
            }
            _ => xml(200, described(&members.concat())),
        }
    }
}

fn stack_id(name: &str) -> String {
    format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/00000000-0000-4000-8000-000000000000")
}

fn member(name: &str, status: &str, created: DateTime<Utc>) -> String {
    let created = created.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!(
        "<member><StackName>{name}</StackName><StackId>{}</StackId><CreationTime>{created}</CreationTime>\
         <StackStatus>{status}</StackStatus></member>",
        stack_id(name)
    )
}

fn described(members: &str) -> String {
    format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/{API_VERSION}/\">\
         <DescribeStacksResult><Stacks>{members}</Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
}

/// An error as the service sends it.
pub(crate) fn failure(status: u16, code: &str, message: &str) -> Response {
    let side = if status < 500 { "Sender" } else { "Receiver" };
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/{API_VERSION}/\"><Error>\
             <Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        ),
    )
}

fn xml(status: u16, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

/// The value of a form's field.
fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_for_this_service_by_its_version() {
        for (body, expected) in [
            ("Action=DescribeStacks&Version=2010-05-15&StackName=shop", Some("DescribeStacks")),
            ("Action=GetCallerIdentity&Version=2011-06-15", None),
            ("Version=2010-05-15", None),
            ("{}", None),
        ] {
            assert_eq!(operation(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn what_no_stack_can_be_changes_nothing() {
        let stacks = Stacks::default();
        let statuses = [("shop", "UPDATE_IN_PROGRESS"), ("till", "BROKEN")];
        let refused = stacks.set(statuses.map(|(name, status)| (name.to_owned(), status.to_owned())).into());
        assert_eq!(refused, Err("no stack can have the status BROKEN, which `till` is to have".to_owned()));
        let answer = stacks.answer("DescribeStacks", b"StackName=shop", DateTime::UNIX_EPOCH);
        assert_eq!(answer.status(), 400);
    }
}
