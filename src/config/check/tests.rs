//! Each check refuses what it is there for, and names the key.

use crate::config::tests::{faults, legal};

/// The only fault of `yaml` is at `key` and says `reason`.
#[track_caller]
fn refused(yaml: &str, key: &str, reason: &str) {
    let found = faults(yaml);
    assert!(found.len() == 1 && found[0].starts_with(&format!("{key}: ")) && found[0].contains(reason), "{yaml}\nfound {found:#?}");
}

#[test]
fn ports_are_not_shared() {
    refused("listen: {rest: '127.0.0.1:7334'}", "listen.grpc", "is taken by `listen.rest`");
    refused("listen: {admin: '127.0.0.1:7333'}", "listen.admin", "is taken by `listen.rest`");
    legal("listen: {rest: '127.0.0.1:0', grpc: '127.0.0.1:0', admin: '127.0.0.1:0'}");
    legal("listen: {rest: '127.0.0.1:7', grpc: '127.0.0.2:7'}");
}

#[test]
fn numbers_keep_to_their_ranges() {
    for (key, value) in [
        ("workers", "1025"),
        ("listen.head_timeout", "0s"),
        ("listen.max_head_bytes", "4KiB"),
        ("listen.max_connections", "0"),
        ("aliases.refresh", "0s"),
        ("timeouts.connect", "0s"),
        ("timeouts.first_byte", "2d"),
        ("timeouts.total", "2d"),
        ("retry.budget_ratio", "1.5"),
        ("retry.budget_ratio", ".nan"),
        ("retry.min_per_second", "-1"),
        ("fallback.replay_bytes", "1GiB"),
        ("limits.max_requests", "0"),
        ("limits.retry_after", "0s"),
        ("limits.grpc_inspect_bytes", "1B"),
        ("limits.grpc_inflate_bytes", "2GiB"),
        ("limits.held_bytes", "1KiB"),
        ("shadow.concurrency", "0"),
        ("shadow.queue", "0"),
        ("shadow.max_bytes", "1GiB"),
        ("shadow.max_memory", "1KiB"),
        ("shadow.timeout", "2h"),
        ("metrics.max_aliases", "10001"),
        ("log.access_sample", "1.1"),
        ("shutdown.grace", "2h"),
        ("shutdown.delay", "2h"),
        ("retirement.quiet", "2d"),
        ("embedder.timeout", "1h"),
    ] {
        let yaml = match key.split_once('.') {
            Some((section, leaf)) => format!("{section}: {{{leaf}: {value}}}"),
            None => format!("{key}: {value}"),
        };
        refused(&yaml, key, "must be between");
    }
}

#[test]
fn timeouts_fit_each_other_and_qdrant() {
    refused("timeouts: {idle_rest: 5s}", "timeouts.idle_rest", "below 5s");
    refused("timeouts: {idle_rest: 0s}", "timeouts.idle_rest", "above 0s");
    refused("timeouts: {first_byte: 3s, total: 2s}", "timeouts.first_byte", "longer than `timeouts.total`");
    legal("timeouts: {first_byte: 3s}");
}

#[test]
fn upstreams_are_whole() {
    refused("upstreams: {eu: {rest_url: 'http://eu'}}", "upstreams.default", "is missing");
    refused("upstreams: {default: {}, eu: {}}", "upstreams.eu.rest_url", "is missing");
    refused("upstreams: {default: {}, 'e u': {rest_url: 'http://eu'}}", "upstreams.\"e u\"", "a name has");
    refused("upstreams: {default: {credentials: replace}}", "upstreams.default.credentials", "needs an `api_key`");
    refused("upstreams: {default: {api_key: \"a\\nb\"}}", "upstreams.default.api_key", "visible ASCII");
    refused("upstreams: {default: {api_key: ''}}", "upstreams.default.api_key", "not empty");
    refused("upstreams: {default: {grpc_connections: 0}}", "upstreams.default.grpc_connections", "between 1 and 64");
    refused("upstreams: {default: {ca_file: ca.pem}}", "upstreams.default.ca_file", "is never used");
    refused("upstreams: {default: {rest_url: 'https://g/qdrant'}}", "upstreams.default.grpc_url", "leads below a path");
    legal("upstreams: {default: {rest_url: 'https://g/qdrant', grpc_url: 'https://g/qdrant'}}");
    legal("upstreams: {default: {ca_file: ca.pem, rest_url: 'https://q', credentials: replace, api_key: k}}");
}

#[test]
fn carriers_can_be_found_in_a_request() {
    for (carrier, reason) in [
        ("{cookie: 'a b'}", "name of a cookie"),
        ("{query: 'a=b'}", "name of a parameter"),
        ("{jwt_claim: ''}", "name of a claim"),
        ("{name_suffix: u}", "a separator"),
        ("{name_suffix: '/u='}", "a separator"),
        ("{heder: x}", "unknown variant"),
        ("x-user-id", "expected"),
    ] {
        refused(&format!("identity: {{carriers: [{carrier}]}}"), "identity.carriers[0]", reason);
    }
    refused("identity: {carriers: [{header: x-pointsman-variant}]}", "identity.carriers[0].header", "own headers");
    refused("identity: {carriers: [{header: 'a b'}]}", "identity.carriers[0].header", "name of a header");
    refused("identity: {carriers: [{query: u}, {query: u}]}", "identity.carriers[1]", "twice");
    refused("identity: {carriers: [{header: x-v}], force_header: X-V}", "identity.carriers[0]", "cannot share");
    assert!(legal("identity: {carriers: []}").identity.carriers.is_empty());
}

#[test]
fn routes_are_judged_as_the_admin_api_judges_them() {
    let route = |variants: &str| format!("routes: {{docs: {{variants: [{variants}]}}}}");
    let stable = "{name: stable, weight: 1}";
    refused(&route(stable), "routes.docs.variants", "2 to 64 variants");
    refused(&route(&format!("{stable}, {{name: b, weight: 1}}")), "routes.docs.variants[1].collection", "is missing");
    refused(
        &route(&format!("{stable}, {{name: b, weight: 1, collection: c, upstream: us}}")),
        "routes.docs.variants[1].upstream",
        "not configured",
    );
    refused(&route(&format!("{stable}, {{name: b, collection: c}}")), "routes.docs.variants[1].weight", "is missing");
    refused(
        &format!("routes: {{'a/b': {{variants: [{stable}, {{name: b, weight: 1, collection: c}}]}}}}"),
        "routes.\"a/b\"",
        "without `/`",
    );
}

#[test]
fn a_token_can_travel_in_a_header() {
    refused("admin: {token: ''}", "admin.token", "not empty");
    refused("admin: {token: ' x'}", "admin.token", "visible ASCII");
    legal("admin: {token: correct-horse}");
    legal("admin: {token: correct-horse, feedback_token: battery-staple}");
    refused("admin: {feedback_token: battery-staple}", "admin.feedback_token", "needs `admin.token`");
    refused("admin: {token: correct-horse, feedback_token: correct-horse}", "admin.feedback_token", "must be another");
    refused("admin: {token: correct-horse, feedback_token: ''}", "admin.feedback_token", "not empty");
}

#[test]
fn an_admin_port_that_others_reach_needs_a_token() {
    for open in ["0.0.0.0:7335", "[::]:7335", "10.0.0.7:7335", "[::ffff:10.0.0.7]:7335"] {
        refused(&format!("listen: {{admin: '{open}'}}"), "listen.admin", "set `admin.token`");
        legal(&format!("listen: {{admin: '{open}'}}\nadmin: {{token: sesame}}"));
    }
    for own in ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        legal(&format!("listen: {{admin: '{own}'}}"));
    }
}

#[test]
fn hosts_and_origins_of_the_admin_port_are_such() {
    legal("admin: {allowed_hosts: [pointsman, 'pointsman.example:8443', '*.svc.cluster.local'], allowed_origins: ['https://ops.example']}");
    refused("admin: {allowed_hosts: ['https://pointsman.example']}", "admin.allowed_hosts[0]", "is not a host name");
    refused("admin: {allowed_origins: [pointsman.example]}", "admin.allowed_origins[0]", "is not an origin");
}

#[test]
fn tls_files_are_named() {
    refused("listen: {tls: {cert_file: '', key_file: k.pem}}", "listen.tls.cert_file", "is empty");
    refused("listen: {tls: {cert_file: c.pem}}", "listen.tls.key_file", "is missing");
}

#[test]
fn webhooks_can_be_reached_and_told_apart() {
    let with = |rest: &str| format!("webhooks: [{{name: chat, url: 'https://h.example/x'{rest}}}]");
    legal(&with(
        ", format: slack, events: ['canary.*', kill_switch.on, '*'], secret_env: KEY, timeout: 5s, headers: {authorization: Bearer x}",
    ));
    refused("webhooks: [{name: a, url: 'http://h'}, {name: a, url: 'http://h'}]", "webhooks[1].name", "appears twice");
    refused("webhooks: [{name: 'a b', url: 'http://h'}]", "webhooks[0].name", "a name has");
    refused("webhooks: [{name: a}]", "webhooks[0].url", "is missing");
    refused("webhooks: [{name: a, url: 'ftp://h'}]", "webhooks[0].url", "must begin with http:// or https://");
    refused("webhooks: [{name: a, url: 'http://u:p@h'}]", "webhooks[0].url", "authorization");
    refused(&with(", format: teams"), "webhooks[0].format", "unknown variant");
    refused(&with(", events: []"), "webhooks[0].events", "is empty");
    for pattern in ["'canary*'", "Canary.x", "''", "'*.x'", "canary."] {
        refused(&with(&format!(", events: [{pattern}]")), "webhooks[0].events[0]", "is not a kind of event");
    }
    refused(&with(", timeout: 0s"), "webhooks[0].timeout", "must be between");
    refused(&with(", secret_env: ''"), "webhooks[0].secret_env", "not the name of an environment variable");
    refused(&with(", headers: {'a b': x}"), "webhooks[0].headers.\"a b\"", "name of a header");
    refused(&with(", headers: {content-type: x}"), "webhooks[0].headers.content-type", "by Pointsman itself");
    refused(&with(", headers: {x-pointsman-event: x}"), "webhooks[0].headers.x-pointsman-event", "by Pointsman itself");
    refused(&with(", headers: {x-key: ''}"), "webhooks[0].headers.x-key", "not empty");
}

#[test]
fn a_webhook_keeps_its_secrets_when_it_is_printed() {
    let config = legal("webhooks: [{name: chat, url: 'https://h.example/T0/B0?k=1', headers: {authorization: Bearer hush}}]");
    let printed = serde_saphyr::to_string(&config).expect("it can be printed");
    assert!(printed.contains("https://h.example/") && !["T0", "k=1", "hush"].iter().any(|secret| printed.contains(secret)), "{printed}");
    assert_eq!(legal(&printed).webhooks[0].name, "chat");
}

#[test]
fn an_embedder_keeps_its_keys_when_it_is_printed() {
    let config = legal("embedder: {url: 'https://ann:hush@e.example/v1?key=hush', model: small, key: hush}");
    let printed = serde_saphyr::to_string(&config).expect("it can be printed");
    assert!(printed.contains("e.example/v1?key=") && !printed.contains("hush") && !printed.contains("ann"), "{printed}");
    legal(&printed);
    for url in ["ftp://e/?key=hush", "hush", "https://?hush"] {
        let found = faults(&format!("embedder: {{url: '{url}', model: small}}"));
        assert!(found.len() == 1 && found[0].starts_with("embedder.url: ") && !found[0].contains("hush"), "{found:?}");
    }
    let found = faults("prometheus: {url: 'http://p?key=hush'}");
    assert!(found.len() == 1 && !found[0].contains("hush"), "{found:?}");
}

#[test]
fn patterns_match_kinds_and_families() {
    let config = legal("webhooks: [{name: a, url: 'http://h', events: ['canary.*', kill_switch.on]}, {name: b, url: 'http://h'}]");
    let wants = |webhook: usize, kind: &str| config.webhooks[webhook].events.iter().any(|pattern| pattern.matches(kind));
    assert!(["canary.paused", "canary.rolled_back", "kill_switch.on"].iter().all(|kind| wants(0, kind) && wants(1, kind)));
    assert!(["canary", "canaryx.paused", "kill_switch.off", "kill_switch.on.x"].iter().all(|kind| !wants(0, kind) && wants(1, kind)));
}

#[test]
fn freeze_windows_are_those_of_plans_with_a_name() {
    let legal = legal(
        "freeze:\n  - {name: fair, kind: once, from: 2026-11-27T00:00:00Z, until: 2026-12-01T00:00:00Z}\n  \
         - {name: weekend, kind: weekly, days: [fri, sat], from: \"16:00\", until: \"08:00\"}\n",
    );
    let names: Vec<&str> = legal.freeze.iter().map(|freeze| freeze.name.as_str()).collect();
    assert_eq!(names, ["fair", "weekend"]);
    for (window, fault) in [
        ("{name: \"\", kind: weekly, days: [fri], from: \"16:00\", until: \"24:00\"}", "freeze[0].name"),
        ("{name: x, kind: weekly, days: [], from: \"16:00\", until: \"24:00\"}", "freeze[0].days"),
        ("{name: x, kind: once, from: 2026-12-01T00:00:00Z, until: 2026-11-27T00:00:00Z}", "freeze[0].until"),
        ("{name: x, kind: yearly}", "yearly"),
        ("{name: x, kind: weekly, days: [fri], from: \"16:00\", until: \"24:00\", zone: CET}", "zone"),
        ("{kind: weekly, days: [fri], from: \"16:00\", until: \"24:00\"}", "freeze[0].name"),
    ] {
        let faults = faults(&format!("freeze: [{window}]"));
        assert!(faults.len() == 1 && faults[0].contains(fault), "{window}: {faults:?}");
    }
}

#[test]
fn a_prometheus_is_a_url_with_a_short_timeout() {
    let legal = legal("prometheus: {url: \"https://p.example/prometheus/\", timeout: 500ms, token: sesame}");
    assert_eq!(legal.prometheus.url.expect("it has one").join("/api"), "https://p.example/prometheus/api");
    for (section, fault) in
        [("{url: \"ftp://p\"}", "prometheus.url"), ("{timeout: 6s}", "prometheus.timeout"), ("{token: \"two words \"}", "prometheus.token")]
    {
        let faults = faults(&format!("prometheus: {section}"));
        assert!(faults.len() == 1 && faults[0].starts_with(fault), "{section}: {faults:?}");
    }
}
