//! What goes wrong has an exit code and a sentence.

use super::{House, said};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_failure_has_its_exit_code() {
    let house = House::new("").await;
    // Nothing can listen on port 1 here, and no name ends in .invalid.
    for url in ["http://127.0.0.1:1", "http://pointsman.invalid:7335"] {
        let away = house.run(&format!("status --admin {url}")).await;
        assert!(away.code == 3 && away.err.starts_with(&format!("{url} cannot be asked: ")), "{away:?}");
    }
    for url in [house.pointsman.rest(""), house.upstream.rest.clone()] {
        let wrong_port = house.run(&format!("status --admin {url}")).await;
        assert!(wrong_port.code == 3 && wrong_port.err.contains("is not Pointsman's admin port"), "{wrong_port:?}");
        assert!(wrong_port.err.contains("--admin"), "{wrong_port:?}");
    }
    for line in ["route weights docs", "canary create docs", "alias list --admin ftp://x", "status --config nowhere.yaml --output xml"] {
        assert_eq!(house.run(line).await.code, 2, "{line}");
    }
    for line in ["canary show canary_none", "canary abort canary_none", "canary show canary_none --watch"] {
        let unknown = house.refused(line).await;
        assert_eq!(unknown, "refused (404): there is no canary `canary_none`", "{line}");
    }
    let nothing = house.run("canary show docs").await;
    assert_eq!((nothing.code, nothing.err.as_str()), (1, "there is no canary yet"), "{nothing:?}");
    let plan = house.refused("canary create docs docs_v2 --stage 50%/1h --stage 20%/1h").await;
    assert!(plan.lines().any(|line| line.starts_with("  stages[1].percentage: ")), "{plan}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_need_the_token_and_reads_do_not() {
    let house = House::new("admin: {token: sesame}").await;
    house.told("status").await;
    for line in ["kill-switch on", "kill-switch on --token wrong"] {
        let refused = house.refused(line).await;
        assert!(refused.starts_with("refused (401): ") && refused.ends_with("--token or POINTSMAN_ADMIN_TOKEN"), "{refused}");
    }
    house.told("kill-switch on --token sesame").await;
    let mut by_environment = house.command("kill-switch off");
    by_environment.env("POINTSMAN_ADMIN_TOKEN", "sesame");
    assert_eq!(said(by_environment).await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_its_configuration_nothing_has_to_be_said() {
    let house = House::new("admin: {token: sesame}").await;
    let config = format!("listen: {{admin: '{}'}}\nadmin: {{token: sesame}}\n", house.pointsman.admin);
    std::fs::create_dir(house.folder.path().join("config")).expect("the folder can be written");
    std::fs::write(house.folder.path().join("config/pointsman.yaml"), config).expect("the folder can be written");
    let mut beside = house.command("kill-switch on");
    beside.env_remove("POINTSMAN_ADMIN_URL");
    let beside = said(beside).await;
    assert_eq!(beside.code, 0, "{beside:?}");
    let named = house.refused("kill-switch off").await;
    assert!(named.starts_with("refused (401): "), "the configured token went to a port that was named: {named}");
}

/// The token of a service may be in the service's environment only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_admin_port_is_asked_without_its_token_and_served_only_with_it() {
    let house = House::new("listen: {admin: '0.0.0.0:0'}\nadmin: {token: sesame}").await;
    let config = format!("listen: {{admin: '0.0.0.0:{}'}}\n", house.pointsman.admin.port());
    std::fs::create_dir(house.folder.path().join("config")).expect("the folder can be written");
    std::fs::write(house.folder.path().join("config/pointsman.yaml"), config).expect("the folder can be written");
    let beside = async |line: &str| {
        let mut command = house.command(line);
        command.env_remove("POINTSMAN_ADMIN_URL").env_remove("POINTSMAN__ADMIN__TOKEN");
        said(command).await
    };
    for line in ["status", "events", "healthcheck", "kill-switch on --token sesame"] {
        let asked = beside(line).await;
        assert_eq!(asked.code, 0, "{line}: {asked:?}");
    }
    let refused = beside("kill-switch off").await;
    assert!(refused.err.starts_with("refused (401): "), "{refused:?}");
    let check = beside("check").await;
    assert!(check.code == 1 && check.err.contains("listen.admin: ") && check.err.contains("admin.token"), "{check:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_is_not_told_about() {
    let house = House::new("").await;
    let mut shell = tokio::process::Command::new("sh");
    shell.arg("-c").arg(format!("{} audit | true", env!("CARGO_BIN_EXE_pointsman")));
    shell.env("POINTSMAN_ADMIN_URL", house.pointsman.admin(""));
    let quiet = said(shell).await;
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
}
