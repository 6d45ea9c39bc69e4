use super::super::testing::{PLAIN, parse, parsed};
use super::*;

fn body(line: &str) -> Value {
    match parsed::<RouteArgs>(line).action {
        Action::Set(args) => args.body().expect("no file to read"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn variants_become_a_route() {
    let wanted = json!({"variants": [{"name": "stable", "weight": 90.0}, {"name": "new", "weight": 10.0, "collection": "docs_v2"}]});
    assert_eq!(body("set docs stable=90 new=10:docs_v2"), wanted);
    let far = body("set docs stable=1 new=0.5:eu/docs:v2 --salt s --anonymous stable --split-reads all");
    assert_eq!(far["variants"][1], json!({"name": "new", "weight": 0.5, "collection": "docs:v2", "upstream": "eu"}));
    assert_eq!((&far["salt"], &far["anonymous"], &far["split"]), (&json!("s"), &json!("stable"), &json!("all")));
}

#[test]
fn flags_replace_what_the_file_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("route.yaml");
    std::fs::write(&file, "salt: old\nvariants: [{name: stable, weight: 1}]\n").expect("written");
    let body = body(&format!("set docs --file {} --salt new", file.display()));
    assert_eq!(body, json!({"salt": "new", "variants": [{"name": "stable", "weight": 1}]}));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for line in ["set docs", "set docs stable", "set docs stable=x:docs", "weights docs", "weights docs stable=90:docs_v1", "show"] {
        assert!(parse::<RouteArgs>(line).is_err(), "{line}");
    }
}

#[test]
fn a_route_is_shown_with_its_shares() {
    let route = json!({
        "alias": "docs", "revision": 4, "salt": "route:docs", "warnings": ["`docs_v2` was not listed"],
        "variants": [{"name": "stable", "weight": 90.0}, {"name": "new", "weight": 10.0, "collection": "docs_v2"}],
        "share_percent": {"stable": 90.0, "new": 10.0},
    });
    let wanted = "alias     docs\n\
                  revision  4\n\
                  salt      route:docs\n\
                  warning   `docs_v2` was not listed\n\n\
                  VARIANT  WEIGHT  SHARE  COLLECTION  UPSTREAM\n\
                  stable       90   90 %  -           -\n\
                  new          10   10 %  docs_v2     -";
    assert_eq!(shown(&route, PLAIN), wanted);
    let page = json!({"items": [route], "next": null});
    assert!(listed(&page, PLAIN).contains("stable 90 %, new 10 % (docs_v2)"), "{}", listed(&page, PLAIN));
}
