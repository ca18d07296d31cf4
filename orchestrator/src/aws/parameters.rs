//! Systems Manager's Parameter Store: reads the parameter that holds a suite.

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::json;

use super::bare::{BareClient, BareService, Protocol};
use super::error::AwsError;

const SERVICE: BareService =
    BareService { name: "Systems Manager", id: "ssm", prefix: "ssm", protocol: Protocol::Json("AmazonSSM") };

/// The parameters of the account.
#[derive(Debug, Clone)]
pub struct Parameters {
    client: BareClient,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    parameter: Parameter,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

impl Parameters {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: BareClient::new(config, SERVICE) }
    }

    /// The value of a parameter, decrypted if needed; `None` if the parameter does not exist.
    pub async fn get(&self, name: &str) -> Result<Option<String>, AwsError> {
        let asked = json!({ "Name": name, "WithDecryption": true });
        match self.client.call::<Reply>("GetParameter", &asked).await {
            Ok(reply) => Ok(Some(reply.parameter.value)),
            Err(error) if error.code() == Some("ParameterNotFound") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
