//! Which rollout a command means: its id, the alias it is about, or `latest`. Every command that takes an id asks here.

use serde_json::Value;

use super::fields::words;
use super::{Api, Failure, at, paging};

/// What `latest` stands for is the one that was made last.
const LATEST: &str = "latest";
/// The end of every id is a ULID, which grows with time.
const ULID: usize = 26;
/// What tables put in place of a name's middle.
const ELLIPSIS: char = '…';
/// A name with more mistakes is another name.
const MOST_MISTAKES: usize = 2;

/// One sort of things that have ids.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) noun: &'static str,
    /// Under which the API lists them.
    pub(super) resource: &'static str,
    /// What their ids begin with.
    prefix: &'static str,
    /// Where an item says what else it may be called.
    names: &'static [&'static str],
    /// The states nothing leads out of.
    ends: &'static [&'static str],
    /// Their command.
    command: &'static str,
}

pub(super) const CANARY: Kind = Kind {
    noun: "canary",
    resource: "canaries",
    prefix: "canary_",
    names: &["/alias"],
    ends: &["completed", "rolled_back", "aborted", "superseded", "failed"],
    command: "canary",
};
pub(super) const DEPLOYMENT: Kind = Kind {
    noun: "deployment",
    resource: "deployments",
    prefix: "dep_",
    names: &["/alias"],
    ends: &["completed", "rolled_back", "cancelled", "failed"],
    command: "deployment",
};
pub(super) const EXPERIMENT: Kind = Kind {
    noun: "experiment",
    resource: "experiments",
    prefix: "exp_",
    names: &["/spec/alias", "/spec/name"],
    ends: &["ended"],
    command: "experiment",
};
pub(super) const SHADOW: Kind = Kind {
    noun: "shadow comparison",
    resource: "shadows",
    prefix: "shadow_",
    names: &["/spec/alias"],
    ends: &["ended"],
    command: "shadow",
};
pub(super) const RETIREMENT: Kind = Kind {
    noun: "retirement",
    resource: "retirements",
    prefix: "ret_",
    names: &["/collection"],
    ends: &["done", "cancelled", "refused"],
    command: "retire",
};

/// Help of the arguments that name one.
pub(super) const WHICH: &str = "Its id, its alias (the one under way, or else the newest), or latest";
pub(super) const WHICH_EXPERIMENT: &str = "Its id, its name, its alias (the one under way, or else the newest), or latest";
pub(super) const WHICH_RETIREMENT: &str = "Its id, its collection (the one under way, or else the newest), or latest";

impl Kind {
    pub(super) fn path(&self) -> String {
        at(&["v1", self.resource])
    }

    /// The word of its commands.
    pub(super) fn word(&self) -> &'static str {
        self.command
    }

    pub(super) fn is_over(&self, item: &Value) -> bool {
        item["state"].as_str().is_some_and(|state| self.ends.contains(&state))
    }

    /// Whether it cannot be anything but an id, so that nothing has to be looked up.
    fn is_id(&self, said: &str) -> bool {
        let Some(rest) = said.strip_prefix(self.prefix) else { return false };
        let end = rest.len().checked_sub(ULID).and_then(|begin| rest.get(begin..));
        end.is_some_and(|end| end.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()))
    }

    /// What an item may be called, but for its id.
    pub(super) fn names<'i>(&self, item: &'i Value) -> impl Iterator<Item = &'i str> {
        self.names.iter().filter_map(|pointer| item.pointer(pointer)?.as_str())
    }
}

/// The id that `said` stands for.
pub(super) async fn resolve(api: &Api, kind: &Kind, said: &str) -> Result<String, Failure> {
    if kind.is_id(said) {
        return Ok(said.to_owned());
    }
    pick(kind, &paging::all(api, &kind.path()).await?, said)
}

fn pick(kind: &Kind, all: &[Value], said: &str) -> Result<String, Failure> {
    let matching: Vec<&Value> = all.iter().filter(|item| is_meant(kind, item, said)).collect();
    let newest = matching.iter().max_by_key(|item| age(item));
    let exact = matching.iter().find(|item| id(item) == said).or(newest.filter(|_| said == LATEST));
    let live: Vec<&Value> = matching.iter().copied().filter(|item| said.contains(ELLIPSIS) || !kind.is_over(item)).collect();
    match (exact, &live[..], newest) {
        (Some(one), ..) | (None, [one], _) | (None, [], Some(one)) => Ok(id(one).to_owned()),
        (None, [_, _, ..], _) => Err(ambiguous(kind, &live, said)),
        // An id of another form: whether there is one is for Pointsman to say.
        (None, [], None) if said.starts_with(kind.prefix) => Ok(said.to_owned()),
        (None, [], None) => Err(unknown(kind, all, said)),
    }
}

fn is_meant(kind: &Kind, item: &Value, said: &str) -> bool {
    let shortened = |(front, back): (&str, &str)| id(item).starts_with(front) && id(item).ends_with(back);
    said == LATEST || id(item) == said || kind.names(item).any(|name| name == said) || said.split_once(ELLIPSIS).is_some_and(shortened)
}

fn id(item: &Value) -> &str {
    item["id"].as_str().unwrap_or_default()
}

/// Orders ids by when they were made; what stands before that does not count.
fn age(item: &Value) -> &str {
    let id = id(item);
    id.len().checked_sub(ULID).and_then(|begin| id.get(begin..)).unwrap_or_default()
}

fn ambiguous(kind: &Kind, live: &[&Value], said: &str) -> Failure {
    let ids: Vec<String> = live.iter().map(|item| format!("  {}  {}", id(item), words(&item["state"]))).collect();
    Failure::Reference(format!("`{said}` has more than one {} under way; name one of these:\n{}", kind.noun, ids.join("\n")))
}

fn unknown(kind: &Kind, all: &[Value], said: &str) -> Failure {
    let (noun, command) = (kind.noun, kind.command);
    if all.is_empty() {
        return Failure::Reference(format!("there is no {noun} yet"));
    }
    let mistakes = |name: &str| strsim::osa_distance(name, said);
    let near =
        all.iter().flat_map(|item| kind.names(item)).filter(|name| mistakes(name) <= MOST_MISTAKES).min_by_key(|name| mistakes(name));
    let meant = near.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    Failure::Reference(format!("there is no {noun} of `{said}`{meant}\n  pointsman {command} list shows them all"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIRST: &str = "canary_01M8HRS1X8DSSR2EME8P57ARDS";
    const SECOND: &str = "canary_01M8HRS3XXMWYZ8EFKHQNXPXS1";
    const THIRD: &str = "canary_01M8HRV3M20DK49QTKDKCGVT5F";

    fn canary(id: &str, alias: &str, state: &str) -> Value {
        json!({"id": id, "alias": alias, "state": state})
    }

    fn picked(all: &[Value], said: &str) -> Result<String, String> {
        pick(&CANARY, all, said).map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_alias_means_the_live_one_or_else_the_newest() {
        let all = [canary(SECOND, "docs", "failed"), canary(FIRST, "docs", "stepping"), canary(THIRD, "news", "completed")];
        assert_eq!(picked(&all, "docs").as_deref(), Ok(FIRST));
        assert_eq!(picked(&all, "news").as_deref(), Ok(THIRD));
        assert_eq!(picked(&all, "latest").as_deref(), Ok(THIRD));
        let over = [canary(SECOND, "docs", "failed"), canary(FIRST, "docs", "aborted")];
        assert_eq!(picked(&over, "docs").as_deref(), Ok(SECOND));
    }

    #[test]
    fn an_id_is_taken_as_it_is_and_as_tables_shorten_it() {
        assert!(CANARY.is_id(FIRST) && !CANARY.is_id("canary_none") && !CANARY.is_id("docs"));
        let all = [canary(FIRST, "docs", "stepping"), canary(SECOND, "news", "stepping")];
        assert_eq!(picked(&all, "canary_01M8…P57ARDS").as_deref(), Ok(FIRST));
        assert_eq!(picked(&all, "canary_none").as_deref(), Ok("canary_none"), "Pointsman says that there is none");
    }

    #[test]
    fn what_is_ambiguous_or_unknown_says_what_there_is() {
        let all = [canary(FIRST, "docs", "stepping"), canary(SECOND, "docs", "paused")];
        let said = picked(&all, "docs").expect_err("two are under way");
        assert!(said.contains("more than one canary") && said.contains(FIRST) && said.contains(SECOND), "{said}");
        let said = picked(&all, "dosc").expect_err("a typo");
        assert_eq!(said, "there is no canary of `dosc`; did you mean `docs`?\n  pointsman canary list shows them all");
        assert_eq!(picked(&[], "docs").expect_err("none"), "there is no canary yet");
    }

    #[test]
    fn an_experiment_has_a_name_too() {
        let one = json!({"id": "exp_ranking_01M8HRS1X8DSSR2EME8P57ARDS", "state": "running", "spec": {"alias": "docs", "name": "ranking"}});
        let found = pick(&EXPERIMENT, std::slice::from_ref(&one), "ranking").map_err(|failure| failure.to_string());
        assert_eq!(found.as_deref(), Ok("exp_ranking_01M8HRS1X8DSSR2EME8P57ARDS"));
        assert!(EXPERIMENT.is_id("exp_ranking_01M8HRS1X8DSSR2EME8P57ARDS"));
    }
}
