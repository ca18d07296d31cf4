//! The ways a request can name a function: name, partial ARN, full ARN, each with or without qualifier.

use super::errors::LambdaError;
use crate::function::account::{ACCOUNT, LATEST, REGION, function_arn, qualified_arn};

/// AWS's pattern for `FunctionName`, as its validation error prints it.
const PATTERN: &str = "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?\
                       (function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

/// A function, and the version or alias of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionRef {
    pub name: String,
    /// `$LATEST`, a version number, or the name of an alias. Absent means `$LATEST`, but shows
    /// unqualified ARNs.
    pub qualifier: Option<String>,
}

impl FunctionRef {
    /// Reads what the request's path names, and its `Qualifier`.
    pub(crate) fn parse(text: &str, qualifier: Option<&str>) -> Result<FunctionRef, LambdaError> {
        let parsed = split(text).ok_or_else(|| invalid(text))?;
        match (&parsed.qualifier, qualifier) {
            (Some(named), Some(asked)) if named != asked => Err(LambdaError::invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            )),
            (None, Some(asked)) => Ok(FunctionRef { qualifier: Some(asked.to_owned()), ..parsed }),
            _ => Ok(parsed),
        }
    }

    /// The ARN in the form the request asked for: with qualifier if it had one.
    pub(crate) fn arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => qualified_arn(&self.name, qualifier),
            None => function_arn(&self.name),
        }
    }

    /// A function named without a qualifier shares what is set for `$LATEST`.
    pub(crate) fn qualifier_or_latest(&self) -> &str {
        self.qualifier.as_deref().unwrap_or(LATEST)
    }

    pub(crate) fn not_found(&self) -> LambdaError {
        LambdaError::NotFound(format!("Function not found: {}", self.arn()))
    }
}

fn split(text: &str) -> Option<FunctionRef> {
    let rest = if text.starts_with("arn:") {
        // arn : partition : lambda : region : account : function : name [: qualifier]
        let mut parts = text.splitn(6, ':');
        let service = parts.nth(2)?;
        let (region, account, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let ours = service == "lambda" && region == REGION && account == ACCOUNT;
        rest.strip_prefix("function:").filter(|_| ours)?
    } else {
        let rest = text.strip_prefix(ACCOUNT).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text);
        rest.strip_prefix("function:").unwrap_or(rest)
    };
    let (name, qualifier) = match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (rest, None),
    };
    let well_formed = is_word(name) && name.len() <= 64 && qualifier.is_none_or(is_qualifier);
    well_formed.then(|| FunctionRef { name: name.to_owned(), qualifier: qualifier.map(str::to_owned) })
}

pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn is_qualifier(text: &str) -> bool {
    text == LATEST || is_word(text)
}

fn invalid(text: &str) -> LambdaError {
    LambdaError::violates("functionName", text, &format!("Member must satisfy regular expression pattern: {PATTERN}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, Option<String>)> {
        FunctionRef::parse(text, None).ok().map(|parsed| (parsed.name, parsed.qualifier))
    }

    #[test]
    fn every_form_of_a_name_is_understood() {
        let plain = Some(("target".to_owned(), None));
        let qualified = Some(("target".to_owned(), Some("7".to_owned())));
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:target";
        for text in ["target", "function:target", "000000000000:function:target", arn] {
            assert_eq!(parsed(text), plain, "{text}");
            assert_eq!(parsed(&format!("{text}:7")), qualified, "{text}:7");
        }
        assert_eq!(parsed("target:$LATEST"), Some(("target".to_owned(), Some(LATEST.to_owned()))));
    }

    #[test]
    fn what_is_no_function_of_this_account_is_refused() {
        let elsewhere = "arn:aws:lambda:eu-west-1:000000000000:function:target";
        for text in ["", "two words", "a/b", "target:", "arn:aws:s3:::bucket", elsewhere] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn two_qualifiers_must_agree() {
        assert!(FunctionRef::parse("target:1", Some("1")).is_ok());
        assert!(FunctionRef::parse("target:1", Some("2")).is_err());
        let reference = FunctionRef::parse("target", Some("live")).unwrap();
        assert_eq!(reference.arn(), "arn:aws:lambda:us-east-1:000000000000:function:target:live");
    }
}
