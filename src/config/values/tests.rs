use proptest::prelude::*;

use super::*;

#[test]
fn lengths_of_time_are_read_and_written_alike() {
    for (text, milliseconds) in [("250ms", 250), ("90s", 90_000), ("30m", 1_800_000), ("1h", 3_600_000), ("7d", 604_800_000), ("0s", 0)] {
        let period: Period = text.parse().expect(text);
        assert_eq!(period, Period::from_millis(milliseconds), "{text}");
        assert_eq!(period.to_string(), text);
    }
    assert_eq!("60s".parse::<Period>().expect("legal").to_string(), "1m");
}

#[test]
fn sizes_are_read_and_written_alike() {
    for (text, bytes) in [("512B", 512), ("64KiB", 65_536), ("4MiB", 4_194_304), ("1GiB", 1_073_741_824), ("0B", 0)] {
        let size: Size = text.parse().expect(text);
        assert_eq!(size, Size::from_bytes(bytes), "{text}");
        assert_eq!(size.to_string(), text);
    }
}

#[test]
fn what_is_no_length_of_time_or_size_is_refused() {
    for text in ["", "90", "s", "-1s", "1.5s", "1 s", "1S", "1m30s", "99999999999999999999s", "18446744073709551615d"] {
        let fault = text.parse::<Period>().expect_err(text);
        assert!(fault.to_string().starts_with(&format!("`{text}` is not a length of time")), "{fault}");
    }
    for text in ["", "64", "64KB", "64kib", "-1B", "1.5MiB", "18446744073709551615GiB"] {
        let fault = text.parse::<Size>().expect_err(text);
        assert!(fault.to_string().starts_with(&format!("`{text}` is not a size")), "{fault}");
    }
}

proptest! {
    #[test]
    fn every_length_of_time_survives_writing(milliseconds in prop_oneof![any::<u64>(), 0..100_000_u64, (0..1000_u64).prop_map(|minutes| minutes * 60_000)]) {
        let period = Period::from_millis(milliseconds);
        prop_assert_eq!(period.to_string().parse(), Ok(period));
        prop_assert_eq!(u64::try_from(period.get().as_millis()), Ok(milliseconds));
    }

    #[test]
    fn every_size_survives_writing(bytes in prop_oneof![any::<u64>(), 0..100_000_u64, (0..10_000_u64).prop_map(|kib| kib << 10)]) {
        let size = Size::from_bytes(bytes);
        prop_assert_eq!(size.to_string().parse(), Ok(size));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,40}") {
        let _ = (text.parse::<Period>(), text.parse::<Size>(), text.parse::<UpstreamUrl>(), text.parse::<LogFilter>(), text.parse::<Header>());
    }
}

#[test]
fn a_secret_is_never_printed() {
    let secret = Secret::new("hunter2");
    let shown = format!("{secret} {secret:?} {:#?} {}", Some(&secret), serde_json::to_string(&secret).expect("a text"));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(secret.expose(), "hunter2");
}

#[test]
fn urls_name_a_host_and_perhaps_a_path() {
    for text in
        ["http://127.0.0.1:6333", "https://qdrant.example", "http://[::1]:6333", "https://q:443", "https://g/qdrant", "http://g:80/a/b%20c"]
    {
        assert_eq!(text.parse::<UpstreamUrl>().expect(text).to_string(), text);
    }
    assert_eq!("http://q:6333/".parse::<UpstreamUrl>().expect("the root is no path").to_string(), "http://q:6333");
    assert_eq!("https://g/qdrant/".parse::<UpstreamUrl>().expect("one slash at its end").to_string(), "https://g/qdrant");
    assert_eq!("https://q:1".parse::<UpstreamUrl>().expect("legal").with_port(2).to_string(), "https://q:2");
    for (text, reason) in [
        ("qdrant:6333", "must begin with"),
        ("ftp://q", "must begin with"),
        ("http://q?x=1", "a query or a fragment"),
        ("http://q/path#x", "a query or a fragment"),
        ("http://q//path", "an empty segment"),
        ("http://q/path//", "an empty segment"),
        ("http://q/a/%2e%2E/b", "`..`"),
        ("http://q:99999", "is not a URL"),
        ("http://q:", "is not a URL"),
        ("http://", "is not a URL"),
        ("http://a b", "is not a URL"),
    ] {
        let fault = text.parse::<UpstreamUrl>().expect_err(text).to_string();
        assert!(fault.contains(reason), "{text}: {fault}");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let fault = "http://user:hunter2@q".parse::<UpstreamUrl>().expect_err("refused").to_string();
    assert!(fault.contains("api_key") && !fault.contains("hunter2"), "{fault}");
}

#[test]
fn header_names_are_legal_and_not_our_own() {
    assert_eq!("X-User-Id".parse::<Header>().expect("legal").to_string(), "x-user-id");
    assert!("x user".parse::<Header>().expect_err("a blank").contains("cannot be the name"));
    assert!("X-Pointsman-Variant".parse::<Header>().expect_err("ours").contains("own headers"));
}

#[test]
fn log_filters_are_levels_and_components() {
    for text in ["info", "WARN", "off", "info,pointsman::proxy=debug", "pointsman=trace", "warn,[span{field=1}]=debug"] {
        assert_eq!(text.parse::<LogFilter>().expect(text).as_str(), text);
    }
    assert_eq!("inof".parse::<LogFilter>(), Err(LogFilterFault::NoLevel("inof".into())));
    assert_eq!("info,proxy".parse::<LogFilter>(), Err(LogFilterFault::NoLevel("proxy".into())));
    assert_eq!(" ".parse::<LogFilter>(), Err(LogFilterFault::Empty));
    assert!(matches!("pointsman=loud".parse::<LogFilter>(), Err(LogFilterFault::Malformed(..))));
}
