//! The Resource Groups Tagging API: `GetResources`, over the tags of functions.
//!
//! Limits and texts: botocore's model of `resourcegroupstaggingapi`. Functions are the only resources there are.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::aws_json::{self, Refusal};

/// Resources a page holds unless asked otherwise, and at most.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 100;
/// Most filters of a request, and most values of a filter.
const FILTERS: usize = 50;
const VALUES: usize = 20;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct GetResources {
    /// Where the page begins; empty for the first.
    pagination_token: String,
    tag_filters: Vec<TagFilter>,
    resources_per_page: Option<usize>,
    resource_type_filters: Vec<String>,
    #[serde(rename = "ResourceARNList")]
    resource_arn_list: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

/// Answers one operation. `functions` are the ARNs of all functions with their tags, in order.
pub(crate) fn answer(operation: &str, body: &[u8], functions: &[(String, BTreeMap<String, String>)]) -> Response {
    aws_json::respond(match operation {
        "GetResources" => aws_json::read(body).and_then(|asked| get_resources(&asked, functions)),
        other => Err(aws_json::unknown(other)),
    })
}

fn get_resources(asked: &GetResources, functions: &[(String, BTreeMap<String, String>)]) -> Result<Value, Refusal> {
    let most = asked.resources_per_page.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&most) {
        return Err(invalid(format!("ResourcesPerPage must be between 1 and {LONGEST_PAGE}, not {most}")));
    }
    if asked.tag_filters.len() > FILTERS || asked.tag_filters.iter().any(|filter| filter.values.len() > VALUES) {
        return Err(invalid(format!("at most {FILTERS} TagFilters with {VALUES} Values each")));
    }
    if !asked.resource_arn_list.is_empty() && !asked.tag_filters.is_empty() {
        return Err(invalid("ResourceARNList and TagFilters cannot be used together".to_owned()));
    }
    let after = &asked.pagination_token;
    if !after.is_empty() && !functions.iter().any(|(arn, _)| arn == after) {
        return Err(Refusal::of(
            "PaginationTokenExpiredException",
            "the PaginationToken does not belong to this listing",
        ));
    }
    let wanted = |(arn, tags): &&(String, BTreeMap<String, String>)| {
        let listed = asked.resource_arn_list.is_empty() || asked.resource_arn_list.contains(arn);
        !tags.is_empty() && listed && asked.tag_filters.iter().all(|filter| filter.holds(tags))
    };
    let types = &asked.resource_type_filters;
    let functions_wanted = types.is_empty() || types.iter().any(|kind| kind == "lambda" || kind == "lambda:function");
    let rest = functions.iter().filter(|_| functions_wanted).filter(wanted);
    let mut rest = rest.skip_while(|(arn, _)| !after.is_empty() && arn <= after).peekable();
    let page: Vec<_> = rest.by_ref().take(most).collect();
    let more = rest.peek().is_some();
    let token = page.last().filter(|_| more).map(|(arn, _)| arn.as_str()).unwrap_or_default();
    let shown = page.iter().map(|(arn, tags)| {
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        json!({ "ResourceARN": arn, "Tags": tags })
    });
    Ok(json!({ "PaginationToken": token, "ResourceTagMappingList": shown.collect::<Vec<_>>() }))
}

impl TagFilter {
    /// Without values, the key alone decides.
    fn holds(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(&self.key).is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }
}

/// What a request without meaning is answered with.
fn invalid(message: String) -> Refusal {
    Refusal::of("InvalidParameterException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions() -> Vec<(String, BTreeMap<String, String>)> {
        let tags = |value: &str| BTreeMap::from([("coldwatch".to_owned(), value.to_owned())]);
        vec![
            ("a".into(), tags("enabled")),
            ("b".into(), BTreeMap::new()),
            ("c".into(), tags("disabled")),
            ("d".into(), tags("enabled")),
        ]
    }

    fn listed(request: Value) -> Result<(Vec<String>, String), &'static str> {
        let asked = serde_json::from_value(request).unwrap();
        let page = get_resources(&asked, &functions()).map_err(|refusal| refusal.code)?;
        let list = page["ResourceTagMappingList"].as_array().unwrap();
        let arns = list.iter().map(|shown| shown["ResourceARN"].as_str().unwrap().to_owned()).collect();
        Ok((arns, page["PaginationToken"].as_str().unwrap().to_owned()))
    }

    #[test]
    fn filters_choose_by_key_value_and_type() {
        let all = ["a", "c", "d"].map(str::to_owned).to_vec();
        let enabled = json!([{ "Key": "coldwatch", "Values": ["enabled"] }]);
        assert_eq!(listed(json!({})), Ok((all.clone(), String::new())));
        assert_eq!(listed(json!({ "TagFilters": [{ "Key": "coldwatch" }] })), Ok((all, String::new())));
        assert_eq!(listed(json!({ "TagFilters": enabled })), Ok((vec!["a".into(), "d".into()], String::new())));
        assert_eq!(listed(json!({ "ResourceTypeFilters": ["s3"] })), Ok((vec![], String::new())));
    }

    #[test]
    fn pages_follow_each_other_and_end_with_an_empty_token() {
        assert_eq!(listed(json!({ "ResourcesPerPage": 2 })), Ok((vec!["a".into(), "c".into()], "c".into())));
        let second = json!({ "ResourcesPerPage": 2, "PaginationToken": "c" });
        assert_eq!(listed(second), Ok((vec!["d".into()], String::new())));
    }

    #[test]
    fn limits_are_enforced() {
        for bad in [
            json!({ "ResourcesPerPage": 0 }),
            json!({ "ResourcesPerPage": 101 }),
            json!({ "TagFilters": [{ "Key": "k", "Values": vec!["v"; 21] }] }),
            json!({ "TagFilters": [{ "Key": "k" }], "ResourceARNList": ["a"] }),
        ] {
            assert_eq!(listed(bad.clone()), Err("InvalidParameterException"), "{bad}");
        }
        assert_eq!(listed(json!({ "PaginationToken": "x" })), Err("PaginationTokenExpiredException"));
    }
}
