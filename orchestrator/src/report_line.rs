//! The REPORT line of the text format; the other platform lines and the JSON format follow.
#![expect(missing_docs, reason = "replaced at merge")]
use std::time::Duration;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartKind {
    Cold,
    Restored,
    InitTimeout,
    Warm,
    Unknown,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillingCheck {
    Agrees,
    Disagrees,
}
#[derive(Debug, Clone)]
pub struct PlatformReport {
    pub duration: Option<Duration>,
    pub billed: Option<Duration>,
    pub max_memory_used_mb: Option<u32>,
    pub init: Option<Duration>,
    pub restore: Option<Duration>,
    pub start: StartKind,
    pub billing: BillingCheck,
}
pub fn report_for(log: &[u8], id: &str) -> Option<PlatformReport> {
    let text = String::from_utf8_lossy(log);
    let line = text.lines().rfind(|l| l.starts_with(&format!("REPORT RequestId: {id}")))?;
    let ms = |label: &str| {
        line.split('\t')
            .find_map(|f| f.strip_prefix(label)?.strip_suffix(" ms")?.parse::<f64>().ok())
            .map(|v| Duration::from_secs_f64(v / 1e3))
    };
    let init = ms("Init Duration: ");
    let restore = ms("Restore Duration: ");
    let start = if init.is_some() {
        StartKind::Cold
    } else if restore.is_some() {
        StartKind::Restored
    } else if line.contains("Init") {
        StartKind::Unknown
    } else if text.contains("INIT_REPORT") {
        StartKind::InitTimeout
    } else {
        StartKind::Warm
    };
    Some(PlatformReport {
        duration: ms("Duration: "),
        billed: ms("Billed Duration: "),
        max_memory_used_mb: None,
        init,
        restore,
        start,
        billing: BillingCheck::Agrees,
    })
}
