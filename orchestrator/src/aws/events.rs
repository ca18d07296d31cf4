//! EventBridge: announces new findings.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime as SdkDateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use tokio::time::sleep;

use super::error::AwsError;
use crate::record::event::{FindingEvent, SOURCE};

const SERVICE: &str = "EventBridge";
const OPERATION: &str = "PutEvents";
/// Events a request may hold (`PutEvents` reference).
const MAX_ENTRIES: usize = 10;
/// Times that an event is sent that EventBridge did not take into its bus.
const ATTEMPTS: u32 = 4;
/// Wait before the second time, doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The default event bus.
#[derive(Debug, Clone)]
pub struct Events {
    client: Client,
}

impl Events {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// Sends the events. A request that fails is repeated as the SDK does; of one that is answered, the events that
    /// were not taken are. The first that is not taken in the end is the error.
    pub async fn put(&self, events: &[FindingEvent]) -> Result<(), AwsError> {
        let entries: Vec<PutEventsRequestEntry> = events.iter().map(entry).collect();
        for request in entries.chunks(MAX_ENTRIES) {
            self.put_some(request.to_vec()).await?;
        }
        Ok(())
    }

    async fn put_some(&self, mut entries: Vec<PutEventsRequestEntry>) -> Result<(), AwsError> {
        for attempt in 0.. {
            let put = self.client.put_events().set_entries(Some(entries.clone()));
            let reply = put.send().await.map_err(|e| AwsError::from_sdk(SERVICE, OPERATION, &e))?;
            let results = entries.into_iter().zip(reply.entries.unwrap_or_default());
            let refused: Vec<_> = results.filter(|(_, result)| result.error_code.is_some()).collect();
            let Some((_, first)) = refused.first() else { break };
            if attempt + 1 == ATTEMPTS || !refused.iter().all(|(_, result)| may_pass(result)) {
                return Err(AwsError::Refused {
                    service: SERVICE,
                    operation: OPERATION,
                    code: first.error_code.clone().unwrap_or_default(),
                    message: String::new(),
                });
            }
            sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
            entries = refused.into_iter().map(|(entry, _)| entry).collect();
        }
        Ok(())
    }
}

/// Whether the bus may take an event another time.
fn may_pass(result: &PutEventsResultEntry) -> bool {
    let passing = ["ThrottlingException", "InternalFailure", "InternalException"];
    result.error_code.as_deref().is_some_and(|code| passing.contains(&code))
}

fn entry(event: &FindingEvent) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder()
        .source(SOURCE)
        .detail_type(event.detail_type)
        .time(SdkDateTime::from_millis(event.time.timestamp_millis()))
        .set_resources(Some(event.resources.clone()))
        .detail(&event.detail)
        .build()
}
