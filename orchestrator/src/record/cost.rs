//! What invocations cost, from public list prices. An estimate: free tiers and discounts are not known here.

use std::time::Duration;

/// Month in which the prices below were read, from the public price list of us-east-1 (aws.amazon.com/lambda/pricing).
pub const PRICES_READ_ON: &str = "2026-09";
/// USD per GB-second on x86-64, first tier.
pub const USD_PER_GB_SECOND_X86_64: f64 = 0.000_016_666_7;
/// USD per GB-second on arm64, first tier.
pub const USD_PER_GB_SECOND_ARM64: f64 = 0.000_013_333_4;
/// USD per invocation.
pub const USD_PER_INVOCATION: f64 = 0.000_000_2;

/// Billed GB-seconds: billed duration times memory in units of 1,024 MB.
pub fn gb_seconds(billed: Duration, memory_mb: u32) -> f64 {
    billed.as_secs_f64() * f64::from(memory_mb) / 1_024.0
}

/// USD for invocations of one function. An unknown architecture is priced as x86-64, the dearer one.
pub fn usd(gb_seconds: f64, invocations: u32, architecture: Option<&str>) -> f64 {
    let price = match architecture {
        Some("arm64") => USD_PER_GB_SECOND_ARM64,
        _ => USD_PER_GB_SECOND_X86_64,
    };
    gb_seconds * price + f64::from(invocations) * USD_PER_INVOCATION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_small_cold_starts_cost_a_hundredth_of_a_cent() {
        let billed = Duration::from_secs(15);
        let dollars = usd(gb_seconds(billed, 512), 50, Some("x86_64"));
        assert!((dollars - 0.000_135).abs() < 1e-6, "{dollars}");
        assert!(usd(gb_seconds(billed, 512), 50, Some("arm64")) < dollars);
    }
}
