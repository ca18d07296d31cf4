//! Systems Manager's Parameter Store: `PutParameter` and `GetParameter` of plain text.
//!
//! There is no encryption, so a `SecureString` is refused, and a parameter has no history: only its last version
//! can be read. Texts and limits: botocore's model of `ssm`, and the user guide, "Managing parameter tiers".

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::sha256;
use crate::base::stored::{Folder, StoreError, Stored};
use crate::function::account::parameter_arn;
use crate::wire::aws_json::{self, Refusal};

/// Longest value of the tier `Standard`, and of `Advanced`.
const STANDARD_BYTES: usize = 4_096;
const ADVANCED_BYTES: usize = 8_192;

/// The store.
pub(crate) struct Parameters {
    folder: Folder<Parameter>,
    by_name: Mutex<BTreeMap<String, Parameter>>,
}

/// A parameter as it is kept, in a file named by the digest of its name, which has slashes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parameter {
    version: u32,
    name: String,
    value: String,
    kind: String,
    tier: String,
    /// How often it was put.
    put: u64,
    modified: DateTime<Utc>,
}

impl Stored for Parameter {
    const VERSION: u32 = 1;
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    name: String,
    value: String,
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(default)]
    overwrite: bool,
    tier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    name: String,
}

/// The parameter could not be put. The text says why, in AWS's words.
#[derive(Debug, thiserror::Error)]
#[error("parameter `{parameter}`: {reason}")]
pub struct ParameterError {
    parameter: String,
    reason: String,
}

impl Parameters {
    /// The parameters kept in `folder`.
    pub(crate) fn open(folder: &Path) -> Result<Parameters, StoreError> {
        let folder = Folder::open(folder.join("parameters"))?;
        let parameters = folder.load()?.into_iter().map(|parameter: Parameter| (parameter.name.clone(), parameter));
        let by_name = Mutex::new(parameters.collect());
        Ok(Parameters { folder, by_name })
    }

    /// Answers one operation.
    pub(crate) fn answer(&self, operation: &str, body: &[u8]) -> Response {
        aws_json::respond(match operation {
            "PutParameter" => aws_json::read(body).and_then(|put| self.put(put)),
            "GetParameter" => aws_json::read(body).and_then(|get| self.get(&get)),
            other => Err(aws_json::unknown(other)),
        })
    }

    /// Has a parameter of this value, of the tier that the value needs, without going through the API.
    pub(crate) fn put_text(&self, name: &str, value: String) -> Result<(), ParameterError> {
        let (kind, tier) = (Some("String".to_owned()), Some("Intelligent-Tiering".to_owned()));
        let put = self.put(Put { name: name.to_owned(), value, kind, overwrite: true, tier });
        put.map(drop).map_err(|refusal| ParameterError { parameter: name.to_owned(), reason: refusal.message })
    }

    fn put(&self, put: Put) -> Result<Value, Refusal> {
        let mut kept = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let present = kept.get(&put.name);
        if present.is_some() && !put.overwrite {
            return Err(Refusal::of(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to \
                 true.",
            ));
        }
        let kind = put.kind.or_else(|| present.map(|parameter| parameter.kind.clone()));
        let kind = kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
        if kind == "SecureString" {
            return Err(invalid("the local cloud does not encrypt: Type must be String or StringList"));
        }
        let tier = tier(put.tier.as_deref(), put.value.len())?;
        let parameter = Parameter {
            version: Parameter::VERSION,
            name: put.name,
            put: present.map_or(1, |parameter| parameter.put + 1),
            value: put.value,
            kind,
            tier: tier.to_owned(),
            modified: Utc::now(),
        };
        let saved = self.folder.save(&sha256::hex(parameter.name.as_bytes()), &parameter);
        saved.map_err(|error| Refusal { status: 500, code: "InternalServerError", message: error.to_string() })?;
        let answer = json!({ "Version": parameter.put, "Tier": tier });
        kept.insert(parameter.name.clone(), parameter);
        Ok(answer)
    }

    fn get(&self, get: &Get) -> Result<Value, Refusal> {
        let kept = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let prefix = parameter_arn("");
        // In an ARN, a name that begins with a slash does not get a second one.
        let name = match get.name.strip_prefix(&prefix) {
            Some(rest) if kept.contains_key(rest) => rest.to_owned(),
            Some(rest) => format!("/{rest}"),
            None => get.name.clone(),
        };
        let parameter = kept.get(&name).ok_or_else(|| Refusal::of("ParameterNotFound", ""))?;
        Ok(json!({ "Parameter": {
            "Name": name,
            "Type": parameter.kind,
            "Value": parameter.value,
            "Version": parameter.put,
            "LastModifiedDate": parameter.modified.timestamp(),
            "ARN": parameter_arn(&name),
            "DataType": "text",
        } }))
    }
}

/// The tier a value goes into, or why it fits none.
fn tier(asked: Option<&str>, bytes: usize) -> Result<&'static str, Refusal> {
    let tier = match asked.unwrap_or("Standard") {
        "Intelligent-Tiering" if bytes <= STANDARD_BYTES => "Standard",
        "Intelligent-Tiering" | "Advanced" => "Advanced",
        "Standard" => "Standard",
        other => return Err(invalid(format!("Tier must be Standard, Advanced or Intelligent-Tiering, not {other}"))),
    };
    match tier {
        "Standard" if bytes > STANDARD_BYTES => Err(invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier.",
        )),
        "Advanced" if bytes > ADVANCED_BYTES => {
            Err(invalid("Advanced tier parameters support a maximum parameter value of 8192 characters."))
        }
        tier => Ok(tier),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::of("ValidationException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(name: &str, value: &str) -> Put {
        Put { name: name.into(), value: value.into(), kind: Some("String".into()), overwrite: true, tier: None }
    }

    #[test]
    fn what_was_put_is_read_back_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let parameters = Parameters::open(folder.path()).unwrap();
        parameters.put(put("/coldwatch/suite", "one")).unwrap();
        assert_eq!(parameters.put(put("/coldwatch/suite", "two")).unwrap()["Version"], 2);
        let again = Parameters::open(folder.path()).unwrap();
        for name in ["/coldwatch/suite", "arn:aws:ssm:us-east-1:000000000000:parameter/coldwatch/suite"] {
            let got = again.get(&Get { name: name.into() }).unwrap();
            assert_eq!((&got["Parameter"]["Value"], &got["Parameter"]["Version"]), (&json!("two"), &json!(2)));
        }
    }

    #[test]
    fn a_value_has_to_fit_its_tier() {
        assert_eq!(tier(None, 4_096), Ok("Standard"));
        assert_eq!(tier(Some("Intelligent-Tiering"), 4_097), Ok("Advanced"));
        for (asked, bytes) in [(None, 4_097), (Some("Advanced"), 8_193), (Some("Gold"), 1)] {
            assert_eq!(tier(asked, bytes).unwrap_err().code, "ValidationException", "{asked:?}");
        }
    }
}
