//! How a function failed. Where only its handler raised, the start before it is as proven as any other.

use serde::Deserialize;

/// Beginnings of the types under which Lambda reports its own findings: an exit, a lack of memory, a timeout.
const OF_THE_RUNTIME: [&str; 3] = ["Runtime.", "Sandbox.", "Extension."];

/// Why an invocation failed, by the type of the error and never by its message: that may quote anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The handler was reached, and reported an error of this type.
    Handler(String),
    /// The runtime failed, or nothing says what did.
    Runtime(String),
}

impl Failure {
    /// From what a failed function answered. `header` is `X-Amz-Function-Error`; it names an error without a plain type.
    pub fn of(payload: &[u8], header: &str) -> Self {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            error_type: String,
        }
        let Ok(Answer { error_type }) = serde_json::from_slice(payload) else {
            return Self::Runtime(header.to_owned());
        };
        let name = if is_plain(&error_type) { error_type.as_str() } else { header };
        if is_of_the_runtime(&error_type) { Self::Runtime(name.to_owned()) } else { Self::Handler(name.to_owned()) }
    }
}

/// Whether an error of this type is the runtime's and not the handler's.
pub fn is_of_the_runtime(error_type: &str) -> bool {
    OF_THE_RUNTIME.iter().any(|beginning| error_type.starts_with(beginning))
}

fn is_plain(name: &str) -> bool {
    name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_handlers_unless_lambda_reports_it_or_nothing_is_said() {
        for (payload, wanted) in [
            (r#"{"errorType":"KeyError","errorMessage":"secret"}"#, Failure::Handler("KeyError".into())),
            (r#"{"errorType":"Function.ResponseTooLarge"}"#, Failure::Handler("Function.ResponseTooLarge".into())),
            (r#"{"errorType":"&alloc::string::String"}"#, Failure::Handler("Unhandled".into())),
            (r#"{"errorType":"Runtime.ExitError"}"#, Failure::Runtime("Runtime.ExitError".into())),
            (r#"{"errorType":"Runtime.OutOfMemory"}"#, Failure::Runtime("Runtime.OutOfMemory".into())),
            (r#"{"errorType":"Sandbox.Timedout"}"#, Failure::Runtime("Sandbox.Timedout".into())),
            (r#"{"errorMessage":"Task timed out after 3.00 seconds"}"#, Failure::Runtime("Unhandled".into())),
            ("", Failure::Runtime("Unhandled".into())),
        ] {
            assert_eq!(Failure::of(payload.as_bytes(), "Unhandled"), wanted, "{payload}");
        }
    }
}
