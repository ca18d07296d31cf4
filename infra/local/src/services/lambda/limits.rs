//! Reserved concurrency, tags and the settings of the account.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::answers::no_content;
use super::errors::LambdaError;
use super::name::FunctionRef;
use super::request;
use super::{Call, Lambda};
use crate::function::account::function_arn;
use crate::function::code::{MAX_EXTRACTED_BYTES, MAX_ZIP_BYTES};
use crate::function::definition::Function;
use crate::wire::connections::json as respond;
use crate::wire::query::Query;

/// AWS's default for the code of an account: 75 GB.
const MAX_CODE_BYTES: u64 = 80_530_636_800;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PutFunctionConcurrency {
    reserved_concurrent_executions: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TagResource {
    tags: BTreeMap<String, String>,
}

/// The sum of the reservations of all functions.
pub(super) fn reserved_by_all(functions: &BTreeMap<String, Function>) -> u32 {
    functions.values().filter_map(|function| function.reserved_concurrency).sum()
}

impl Lambda {
    pub(super) fn put_function_concurrency(
        &self,
        reference: &FunctionRef,
        call: &Call,
    ) -> Result<Response, LambdaError> {
        let asked: PutFunctionConcurrency = request::read(&call.body)?;
        let member = "reservedConcurrentExecutions";
        let missing = || LambdaError::violates(member, "null", "Member must not be null");
        let reserved = request::within(member, asked.reserved_concurrent_executions.ok_or_else(missing)?, 0, u32::MAX)?;
        let mut functions = self.lock();
        let all = reserved_by_all(&functions);
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let others = all - function.reserved_concurrency.unwrap_or(0);
        let minimum = self.concurrency.minimum();
        let left = self.concurrency.limit().checked_sub(others).and_then(|left| left.checked_sub(reserved));
        if left.is_none_or(|left| left < minimum) {
            return Err(LambdaError::invalid(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [{minimum}]."
            )));
        }
        self.change(&mut functions, reference, |function| {
            function.reserved_concurrency = Some(reserved);
            Ok(())
        })?;
        Ok(respond(200, &json!({ "ReservedConcurrentExecutions": reserved })))
    }

    pub(super) fn get_function_concurrency(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        Ok(match function.reserved_concurrency {
            Some(reserved) => respond(200, &json!({ "ReservedConcurrentExecutions": reserved })),
            None => respond(200, &json!({})),
        })
    }

    pub(super) fn delete_function_concurrency(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        self.change(&mut self.lock(), reference, |function| {
            function.reserved_concurrency = None;
            Ok(())
        })?;
        Ok(no_content())
    }

    pub(super) fn get_account_settings(&self) -> Response {
        let functions = self.lock();
        let size: u64 = functions.values().map(|function| function.latest.code.size).sum();
        let limit = self.concurrency.limit();
        let shown = json!({
            "AccountLimit": {
                "TotalCodeSize": MAX_CODE_BYTES,
                "CodeSizeUnzipped": MAX_EXTRACTED_BYTES,
                "CodeSizeZipped": MAX_ZIP_BYTES,
                "ConcurrentExecutions": limit,
                "UnreservedConcurrentExecutions": limit.saturating_sub(reserved_by_all(&functions)),
            },
            "AccountUsage": { "TotalCodeSize": size, "FunctionCount": functions.len() },
        });
        respond(200, &shown)
    }

    pub(super) fn tag_resource(&self, reference: &FunctionRef, call: &Call) -> Result<Response, LambdaError> {
        let asked: TagResource = request::read(&call.body)?;
        self.change_tags(reference, |tags| tags.extend(asked.tags))
    }

    pub(super) fn untag_resource(&self, reference: &FunctionRef, query: &Query) -> Result<Response, LambdaError> {
        self.change_tags(reference, |tags| {
            for key in query.all("tagKeys") {
                tags.remove(key);
            }
        })
    }

    /// ARN and tags of every function, in order.
    pub(crate) fn tags(&self) -> Vec<(String, BTreeMap<String, String>)> {
        self.lock().iter().map(|(name, function)| (function_arn(name), function.tags.clone())).collect()
    }

    fn change_tags(
        &self,
        reference: &FunctionRef,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<Response, LambdaError> {
        self.change(&mut self.lock(), reference, |function| {
            function.check_settled(reference)?;
            change(&mut function.tags);
            Ok(())
        })?;
        Ok(no_content())
    }

    pub(super) fn list_tags(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        Ok(respond(200, &json!({ "Tags": function.tags })))
    }
}
