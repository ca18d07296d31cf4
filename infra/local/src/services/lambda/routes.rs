//! Which operation a request asks for. Methods and paths: AWS's service model of Lambda, API 2015-03-31.

use hyper::Method;
use percent_encoding::percent_decode_str;

/// The operations the stand-in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateFunction,
    GetFunction,
    GetFunctionConfiguration,
    UpdateFunctionConfiguration,
    UpdateFunctionCode,
    DeleteFunction,
    ListFunctions,
    PublishVersion,
    ListVersionsByFunction,
    CreateAlias,
    GetAlias,
    UpdateAlias,
    DeleteAlias,
    ListAliases,
    PutFunctionConcurrency,
    GetFunctionConcurrency,
    DeleteFunctionConcurrency,
    GetAccountSettings,
    GetRuntimeManagementConfig,
    PutRuntimeManagementConfig,
    TagResource,
    UntagResource,
    ListTags,
    Invoke,
    PutFunctionEventInvokeConfig,
    UpdateFunctionEventInvokeConfig,
    GetFunctionEventInvokeConfig,
    ListFunctionEventInvokeConfigs,
    DeleteFunctionEventInvokeConfig,
}

/// An operation and the names its path carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub operation: Operation,
    /// Function name or resource ARN; empty where the path has none.
    pub subject: String,
    /// Name of an alias; empty elsewhere.
    pub alias: String,
}

/// The operation of `method` on `path`, if it is one of Lambda's.
pub(crate) fn route(method: &Method, path: &str) -> Option<Route> {
    use Operation as O;
    let path = path.trim_matches('/');
    let steps: Vec<&str> = path.split('/').collect();
    let (operation, subject, alias) = match (method.as_str(), steps.as_slice()) {
        ("POST", ["2015-03-31", "functions"]) => (O::CreateFunction, "", ""),
        ("GET", ["2015-03-31", "functions"]) => (O::ListFunctions, "", ""),
        ("GET", ["2015-03-31", "functions", name]) => (O::GetFunction, *name, ""),
        ("DELETE", ["2015-03-31", "functions", name]) => (O::DeleteFunction, *name, ""),
        ("GET", ["2015-03-31", "functions", name, "configuration"]) => (O::GetFunctionConfiguration, *name, ""),
        ("PUT", ["2015-03-31", "functions", name, "configuration"]) => (O::UpdateFunctionConfiguration, *name, ""),
        ("PUT", ["2015-03-31", "functions", name, "code"]) => (O::UpdateFunctionCode, *name, ""),
        ("POST", ["2015-03-31", "functions", name, "versions"]) => (O::PublishVersion, *name, ""),
        ("GET", ["2015-03-31", "functions", name, "versions"]) => (O::ListVersionsByFunction, *name, ""),
        ("POST", ["2015-03-31", "functions", name, "aliases"]) => (O::CreateAlias, *name, ""),
        ("GET", ["2015-03-31", "functions", name, "aliases"]) => (O::ListAliases, *name, ""),
        ("GET", ["2015-03-31", "functions", name, "aliases", alias]) => (O::GetAlias, *name, *alias),
        ("PUT", ["2015-03-31", "functions", name, "aliases", alias]) => (O::UpdateAlias, *name, *alias),
        ("DELETE", ["2015-03-31", "functions", name, "aliases", alias]) => (O::DeleteAlias, *name, *alias),
        ("POST", ["2015-03-31", "functions", name, "invocations"]) => (O::Invoke, *name, ""),
        ("PUT", ["2017-10-31", "functions", name, "concurrency"]) => (O::PutFunctionConcurrency, *name, ""),
        ("DELETE", ["2017-10-31", "functions", name, "concurrency"]) => (O::DeleteFunctionConcurrency, *name, ""),
        ("GET", ["2019-09-30", "functions", name, "concurrency"]) => (O::GetFunctionConcurrency, *name, ""),
        (method, ["2019-09-25", "functions", name, "event-invoke-config"]) => (event_config(method)?, *name, ""),
        ("GET", ["2019-09-25", "functions", name, "event-invoke-config", "list"]) => {
            (O::ListFunctionEventInvokeConfigs, *name, "")
        }
        ("GET", ["2016-08-19", "account-settings"]) => (O::GetAccountSettings, "", ""),
        ("GET", ["2021-07-20", "functions", name, "runtime-management-config"]) => {
            (O::GetRuntimeManagementConfig, *name, "")
        }
        ("PUT", ["2021-07-20", "functions", name, "runtime-management-config"]) => {
            (O::PutRuntimeManagementConfig, *name, "")
        }
        ("POST", ["2017-03-31", "tags", resource]) => (O::TagResource, *resource, ""),
        ("DELETE", ["2017-03-31", "tags", resource]) => (O::UntagResource, *resource, ""),
        ("GET", ["2017-03-31", "tags", resource]) => (O::ListTags, *resource, ""),
        _ => return None,
    };
    Some(Route { operation, subject: decoded(subject), alias: decoded(alias) })
}

fn event_config(method: &str) -> Option<Operation> {
    match method {
        "PUT" => Some(Operation::PutFunctionEventInvokeConfig),
        "POST" => Some(Operation::UpdateFunctionEventInvokeConfig),
        "GET" => Some(Operation::GetFunctionEventInvokeConfig),
        "DELETE" => Some(Operation::DeleteFunctionEventInvokeConfig),
        _ => None,
    }
}

fn decoded(step: &str) -> String {
    percent_decode_str(step).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_in_the_path_is_decoded() {
        let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aa/invocations";
        let subject = "arn:aws:lambda:us-east-1:000000000000:function:a".to_owned();
        let expected = Route { operation: Operation::Invoke, subject, alias: String::new() };
        assert_eq!(route(&Method::POST, path), Some(expected));
    }

    #[test]
    fn a_trailing_slash_does_not_matter_and_other_paths_are_not_ours() {
        let listed = route(&Method::GET, "/2015-03-31/functions/").map(|route| route.operation);
        assert_eq!(listed, Some(Operation::ListFunctions));
        assert_eq!(route(&Method::PATCH, "/2015-03-31/functions/a"), None);
        assert_eq!(route(&Method::GET, "/"), None);
    }
}
