//! Any bytes: nothing panics, nothing takes long, nothing doubtful is warm.

use proptest::prelude::*;

use super::*;

#[test]
fn bytes_that_are_not_text_do_not_matter_elsewhere() {
    let mut bytes = b"\x97\xa5 cut\n\xff\xfe\x00\n".to_vec();
    bytes.extend(log("END RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n"));
    assert_eq!(report_for(&bytes, ID).map(|report| report.start), Some(StartKind::Warm));
}

#[test]
fn hostile_logs_are_read_in_linear_time() {
    let start = |i: usize| format!("START RequestId: {i} Version: 1\n");
    let again = "INIT_REPORT Init Duration: 1.00 ms\tPhase: invoke\tStatus: error\n";
    let hostile: [&dyn Fn(usize) -> String; 7] = [
        &|i| format!("{}{again}", start(i)),
        &|i| format!("INIT_START Runtime Version: {}\n{}REPORT RequestId: {i}\n", "x".repeat(900), start(i)),
        &|_| "{\n\"type\":\"platform.report\",\"k\":\n".to_owned(),
        &|_| "REPORT RequestId: a Error Type: END RequestId: a ".to_owned(),
        &|_| "REPORT RequestId: a\nDuration: 1.00 ms\n".to_owned(),
        &|i| format!("REPORT RequestId: a\n{}", start(i % 3)),
        &|_| "{\"type\":\"platform.report\",".to_owned(),
    ];
    for piece in hostile {
        let mut log = String::from("REPORT RequestId: a\n");
        for i in 0.. {
            if log.len() > 1_000_000 {
                break;
            }
            log += &piece(i);
        }
        let begin = std::time::Instant::now();
        reports(log.as_bytes());
        // Quadratic time would take minutes.
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?} for {:?} …", begin.elapsed(), &log[..80]);
    }
}

/// Pieces of platform lines in any order, so that what is made of them comes close to the grammar.
fn nearly_a_log() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "START RequestId: a Version: 1", "END RequestId: a", "REPORT RequestId: a", "REPORT RequestId: b", "INIT_START ", "INIT_REPORT ", "RequestId: a",
            "\tDuration: 1.00 ms", "\tBilled Duration: 2 ms", "\tMemory Size: 128 MB", "\tMax Memory Used: 9 MB", "\tInit Duration: 1.00 ms",
            " Status: timeout", "\tStatus: error", "\tPhase: invoke", "XRAY TraceId: 1-2", "\n", "\n", "\t", " ", "| ", "{", "}", "{\n", "\"type\":\"platform.report\",",
            r#"{"type":"platform.report","record":{"requestId":"a","metrics":{"durationMs":1,"billedDurationMs":1,"memorySizeMB":1,"maxMemoryUsedMB":1}}}"#,
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_warm_is_whole_and_billed_as_such(log in nearly_a_log()) {
        for report in reports(&log) {
            if report.start == StartKind::Warm {
                prop_assert!(report.duration.is_some() && report.memory_size_mb.is_some() && report.max_memory_used_mb.is_some());
                prop_assert_eq!((report.init, report.restore, report.billing), (None, None, BillingCheck::Agrees));
            }
        }
    }

    #[test]
    fn asking_for_an_id_finds_the_last_of_its_reports(log in nearly_a_log()) {
        let all = reports(&log);
        for report in &all {
            let asked = report_for(&log, &report.request_id);
            prop_assert!(asked.is_none() || asked.as_ref() == all.iter().rfind(|other| other.request_id == report.request_id));
        }
    }

    #[test]
    fn what_is_written_is_read(duration in 0_u64..90_000_000, init in prop::option::of(0_u64..1_000_000), memory in 128_u32..10_240) {
        let hundredths = |value: u64| format!("{}.{:02} ms", value / 100, value % 100);
        let billed = (duration + init.unwrap_or(0)).div_ceil(100);
        let mut text = format!("REPORT RequestId: a\tDuration: {}\tBilled Duration: {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: 99 MB\t", hundredths(duration));
        if let Some(init) = init {
            text.extend(["Init Duration: ", &hundredths(init), "\t"]);
        }
        let read = report_for(text.as_bytes(), "a").expect("a REPORT was written");
        let exact = |value: u64| Duration::from_micros(value * 10);
        prop_assert_eq!((read.duration, read.init, read.memory_size_mb), (Some(exact(duration)), init.map(exact), Some(memory)));
        prop_assert_eq!(read.billing, BillingCheck::Agrees);
        prop_assert_eq!(read.cold(), Some(init.is_some()));
    }
}
