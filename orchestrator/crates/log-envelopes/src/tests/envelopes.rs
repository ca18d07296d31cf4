//! What services and their tools hand out.

use super::*;

fn log_events(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| json!({"timestamp": AT, "message": line, "ingestionTime": AT + 900})).collect()
}

/// The payload of a subscription filter.
fn subscription(lines: &[String]) -> Value {
    let events: Vec<_> = lines.iter().map(|line| json!({"id": "39", "timestamp": AT, "message": line})).collect();
    json!({
        "messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": GROUP, "logStream": STREAM,
        "subscriptionFilters": ["all"], "logEvents": events,
    })
}

#[test]
fn answers_of_cloudwatch_logs_as_json() {
    for lines in [lines(), events()] {
        let got = json!({"events": log_events(&lines), "nextForwardToken": "f/0", "nextBackwardToken": "b/0"});
        for text in
            [got.to_string(), format!("{got:#}\n"), json!(log_events(&lines)).to_string(), format!("\u{feff}{got:#}")]
        {
            assert!(has_both(text.as_bytes()).iter().all(|entry| entry.at_ms == Some(AT)));
        }
        let filtered: Vec<_> = lines
            .iter()
            .map(|line| json!({"logStreamName": STREAM, "timestamp": AT, "message": line, "ingestionTime": AT, "eventId": "39"}))
            .collect();
        let filtered =
            json!({"searchedLogStreams": [{"logStreamName": STREAM, "searchedCompletely": true}], "events": filtered});
        assert!(
            has_both(format!("{filtered:#}").as_bytes()).iter().all(|entry| entry.stream.as_deref() == Some(STREAM))
        );
        has_both(json!(lines).to_string().as_bytes());
        has_both(format!("{:#}", json!(lines)).as_bytes());
        // With `--query events[].[timestamp,message]`.
        let pairs: Vec<_> = lines.iter().map(|line| json!([AT, line])).collect();
        has_both(format!("{:#}", json!(pairs)).as_bytes());
        // Pages one after another.
        let (first, second) = lines.split_at(3);
        let page = |lines: &[String]| format!("{:#}\n", json!({"events": log_events(lines)}));
        has_both((page(first) + &page(second)).as_bytes());
    }
}

#[test]
fn answers_of_cloudwatch_logs_as_yaml() {
    for lines in [lines(), events()] {
        let mut plain = String::from("events:\n");
        let mut folded = String::from("---\nevents:\n");
        let mut list = String::new();
        for line in &lines {
            let quoted = serde_json::to_string(line).expect("a string");
            writeln!(plain, "- ingestionTime: {AT}\n  message: {quoted}\n  timestamp: {AT}").expect("memory");
            // As the CLI breaks long strings: a backslash, and the blank behind it escaped.
            let broken = quoted.replacen(": ", ":\\\n    \\ ", 1);
            writeln!(folded, "- message: {broken}\n  timestamp: {AT}").expect("memory");
            writeln!(list, "- {quoted}").expect("memory");
        }
        plain += "nextBackwardToken: b/0\nnextForwardToken: f/0\n";
        assert!(has_both(plain.as_bytes()).iter().all(|entry| entry.at_ms == Some(AT)), "{plain}");
        has_both(folded.as_bytes());
        has_both(plain.replace('\n', "\r\n").as_bytes());
    }
    let result = base64(lines().concat().as_bytes());
    has_both(format!("ExecutedVersion: $LATEST\nLogResult: {result}\nStatusCode: 200\n").as_bytes());
}

#[test]
fn answers_of_cloudwatch_logs_as_text() {
    for lines in [lines(), events()] {
        let text: String =
            lines.iter().fold(String::from("b/0\tf/0\n"), |text, line| text + &format!("EVENTS\t{AT}\t{line}\t{AT}\n"));
        has_both(text.as_bytes());
        let trimmed =
            lines.iter().fold(String::new(), |text, line| text + &format!("EVENTS\t{AT}\t{}\t{AT}\n", line.trim_end()));
        has_both(trimmed.as_bytes());
    }
}

#[test]
fn the_result_of_an_invocation() {
    let tail = base64(lines().concat().as_bytes());
    let invoked = json!({"StatusCode": 200, "LogResult": tail, "ExecutedVersion": "$LATEST"});
    let wrapped: String =
        tail.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
    let url_safe = tail.replace('+', "-").replace('/', "_");
    for text in [
        invoked.to_string(),
        format!("{invoked:#}\n"),
        format!("{tail}\n"),
        tail.trim_end_matches('=').to_owned(),
        format!("\"{tail}\"\n"),
        wrapped,
        url_safe,
        format!("$LATEST\t{tail}\t200\n"),
        format!("{{'StatusCode': 200, 'LogResult': '{tail}', 'ExecutedVersion': '$LATEST'}}\n"),
        format!("X-Amz-Log-Result: {tail}\r\n"),
        format!("|  LogResult  |  {tail}  |\n"),
    ] {
        has_both(text.as_bytes());
    }
    // The tail begins in the middle of a character.
    let mut cut = b"\x97\xa5 cut\n".to_vec();
    cut.extend(lines().concat().into_bytes());
    has_both(base64(&cut).as_bytes());
}

#[test]
fn subscriptions_in_every_wrapping() {
    for lines in [lines(), events()] {
        let payload = subscription(&lines);
        has_all(payload.to_string().as_bytes());
        has_all(format!("{payload:#}").as_bytes());
        let packed = gzip(payload.to_string().as_bytes());
        has_all(&packed);
        let data = base64(&packed);
        let event = json!({"awslogs": {"data": data}});
        has_all(event.to_string().as_bytes());
        has_all(format!("{event:#}").as_bytes());
        has_all(data.as_bytes());
        let kinesis = json!({"Records": [{"kinesis": {"data": data, "approximateArrivalTimestamp": 1_700_000_000.5}}]});
        has_all(kinesis.to_string().as_bytes());
        has_all(json!({"records": [{"recordId": "1", "data": data}]}).to_string().as_bytes());
        let queued = json!({"Records": [{"messageId": "1", "body": event.to_string()}]});
        has_all(queued.to_string().as_bytes());
        // Firehose joins what it gets, and packs it once more.
        let half = |lines: &[String]| subscription(lines).to_string();
        let (first, second) = lines.split_at(3);
        has_all((half(first) + &half(second)).as_bytes());
        let mut members = gzip(half(first).as_bytes());
        members.extend(gzip(half(second).as_bytes()));
        has_all(&members);
        has_all(&gzip(&members));
    }
}

#[test]
fn exports_of_the_console_as_csv() {
    for lines in [lines(), events()] {
        for (separator, end) in [(",", "\n"), (";", "\r\n"), ("\t", "\n")] {
            let quoted = |line: &str| format!("\"{}\"", line.replace('"', "\"\""));
            let rows = |head: &[&str], row: &dyn Fn(&str) -> Vec<String>| {
                let mut text = head.join(separator) + end;
                for line in &lines {
                    text += &(row(line).join(separator) + end);
                }
                text
            };
            let viewer = rows(&["timestamp", "message"], &|line| vec![AT.to_string(), quoted(line)]);
            assert!(has_both(viewer.as_bytes()).iter().all(|entry| entry.at_ms == Some(AT)), "{viewer}");
            has_both(format!("\u{feff}{viewer}").as_bytes());
            has_both(&gzip(viewer.as_bytes()));
            let insights = rows(&["@timestamp", "@message", "@logStream", "@log"], &|line| {
                vec![
                    "2026-01-31 10:20:30.123".to_owned(),
                    quoted(line),
                    STREAM.to_owned(),
                    format!("000000000000:{GROUP}"),
                ]
            });
            has_all(insights.as_bytes());
            let reversed =
                rows(&["@message", "@timestamp"], &|line| vec![quoted(line), "2026-01-31 10:20:30.123".to_owned()]);
            has_both(reversed.as_bytes());
        }
    }
    // Cells without quotation marks, where the lines need none.
    let bare: String = lines().iter().filter(|line| !line.contains('"')).map(|line| format!("{AT},{line}")).collect();
    has_both(format!("timestamp,message\n{bare}").as_bytes());
    let tail = base64(lines().concat().as_bytes());
    has_both(format!("function,LogResult\ncheckout,{tail}\n").as_bytes());
}

#[test]
fn results_of_logs_insights_as_json() {
    let row = |line: &str| {
        json!([
            {"field": "@timestamp", "value": "2026-01-31 10:20:30.123"}, {"field": "@message", "value": line},
            {"field": "@logStream", "value": STREAM}, {"field": "@log", "value": format!("000000000000:{GROUP}")},
            {"field": "@ptr", "value": "CmIK"},
        ])
    };
    let rows: Vec<_> = lines().iter().map(|line| row(line)).collect();
    let results = json!({"results": rows, "statistics": {"recordsMatched": 8.0}, "status": "Complete"});
    has_all(results.to_string().as_bytes());
    has_all(format!("{results:#}").as_bytes());
    let exported: Vec<_> = lines().iter().map(|line| json!({"@timestamp": "2026-01-31 10:20:30.123", "@message": line, "@logStream": STREAM, "@log": format!("000000000000:{GROUP}")})).collect();
    has_all(json!(exported).to_string().as_bytes());
}

#[test]
fn figures_that_logs_insights_found() {
    let json = json!({"results": [
        [{"field": "@requestId", "value": ID}, {"field": "@duration", "value": "20.5"}, {"field": "@billedDuration", "value": "171.0"},
         {"field": "@initDuration", "value": "150.25"}, {"field": "@memorySize", "value": "2.56E8"}, {"field": "@maxMemoryUsed", "value": "6.1E7"}],
        [{"field": "@requestId", "value": OTHER}, {"field": "@duration", "value": "170.5"}, {"field": "@billedDuration", "value": "171.0"},
         {"field": "@memorySize", "value": "2.56E8"}, {"field": "@maxMemoryUsed", "value": "6.1E7"}],
    ]});
    let csv = format!(
        "@requestId,@duration,@billedDuration,@initDuration,@memorySize,@maxMemoryUsed\n\
        {ID},20.5,171.0,150.25,2.56E8,6.1E7\n{OTHER},170.5,171.0,,2.56E8,6.1E7\n"
    );
    for (bytes, second) in [(json.to_string(), None), (csv, Some(false))] {
        let (found, _) = found(bytes.as_bytes());
        assert_eq!(found.iter().map(|it| it.report.cold()).collect::<Vec<_>>(), [Some(true), second], "{bytes}");
        assert_eq!((found[0].report.memory_size_mb, found[0].report.max_memory_used_mb), (Some(256), Some(61)));
    }
}

#[test]
fn files_that_services_write() {
    // The export to S3, one gzip a stream; and several of them joined.
    let exported: Vec<String> = lines().iter().map(|line| format!("2026-01-31T10:20:30.123Z {line}")).collect();
    let (first, second) = exported.split_at(3);
    let mut joined = gzip(first.concat().as_bytes());
    joined.extend(gzip(second.concat().as_bytes()));
    for bytes in [gzip(exported.concat().as_bytes()), joined, gzip(&gzip(exported.concat().as_bytes()))] {
        assert!(has_both(&bytes).iter().all(|entry| entry.at_ms == Some(AT)));
    }
    for lines in [lines(), events()] {
        has_both(&gzip(lines.concat().as_bytes()));
        has_both(lines.concat().as_bytes());
        has_both(base64(&gzip(lines.concat().as_bytes())).as_bytes());
        // Collectors write one JSON object a line.
        for wrap in [
            |line: &String| json!({"log": line, "stream": "stdout", "time": "2026-01-31T10:20:30.123456789Z"}),
            |line: &String| json!({"@timestamp": "2026-01-31T10:20:30.123Z", "message": line, "event": {"original": line}, "cloud": {"region": "x"}}),
            |line: &String| json!({"timestamp": AT, "message": line, "level": "info", "service": "lambda"}),
            |line: &String| json!({"result": {"_raw": line, "_time": "2026-01-31T10:20:30.123+00:00"}}),
            |line: &String| json!({"_source": {"@message": line, "@timestamp": AT}}),
            |line: &String| json!({"ts": 1_769_854_830.123, "line": line}),
        ] {
            let text: String = lines.iter().map(|line| format!("{}\n", wrap(line))).collect();
            assert_eq!(has_both(text.as_bytes()).len(), 2);
            let all: Vec<_> = lines.iter().map(wrap).collect();
            has_both(json!({"hits": {"hits": all}}).to_string().as_bytes());
        }
    }
    let values: Vec<_> = lines().iter().map(|line| json!(["1769854830123000000", line])).collect();
    let loki = json!({"data": {"result": [{"stream": {"function": "checkout"}, "values": values}]}});
    assert!(has_both(loki.to_string().as_bytes()).iter().all(|entry| entry.at_ms == Some(AT)));
    // A collector may have parsed the event.
    let parsed: Vec<_> = events()
        .iter()
        .map(|line| json!({"timestamp": AT, "message": serde_json::from_str::<Value>(line).expect("JSON")}))
        .collect();
    has_both(json!({"events": parsed}).to_string().as_bytes());
}

#[test]
fn batches_of_the_telemetry_api() {
    let batch: Vec<Value> = events().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for text in [
        json!(batch).to_string(),
        format!("{:#}", json!(batch)),
        format!("{}\n{}\n", json!(batch[..3]), json!(batch[3..])),
    ] {
        has_both(text.as_bytes());
    }
}

#[test]
fn utf_16_as_powershell_writes_it() {
    let text = lines().concat().replace('\n', "\r\n");
    let little: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    has_both(&little);
}

#[test]
fn what_was_unpacked_is_said() {
    let event = json!({"awslogs": {"data": base64(&gzip(subscription(&lines()).to_string().as_bytes()))}});
    assert_eq!(found(event.to_string().as_bytes()).1.to_string(), "unpacked JSON lines, base64, gzip");
    assert_eq!(found(lines().concat().as_bytes()).1.to_string(), "read as plain text");
    let nothing = found(b"START\nEND Duration: 3.22 ms\tBilled Duration: 4 ms\n").1;
    assert_eq!(nothing.like_reports, 1);
    let Err(ReadError::Packed(name)) = read(&b"PK\x03\x04..."[..], Limits::default(), |_| {}) else { panic!("a zip") };
    assert_eq!(name, "zip archive");
}
